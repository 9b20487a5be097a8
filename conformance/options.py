"""The command line of the suite: its options, and what they name, read and checked.

Whatever is wrong with it is one clear line: TargetError, SpecError, ValueError or OSError.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from . import __version__
from .load.rounds import Load
from .pytest_options import ForPytest, add_pytests
from .results import Rubric, read_rubric
from .spec import LEVELS, Spec, read_spec
from .target import Target, TargetError, folder_digest, from_address, from_command, from_folder

#: What is graded when nothing is named: the reference servers of this repository.
REFERENCE = ("impl_poll", "impl_threads", "impl_asyncio")
#: How alike a word and an option are that may be meant by it.
ALMOST = 0.7
EXAMPLES = """\
Grades servers that speak the protocol of protocol.md. Without a target: the three
reference servers.

  %(prog)s my_server                      all of it
  %(prog)s my_server --level 2            as far as you have come
  %(prog)s my_server --only SAY-6         one requirement
  %(prog)s my_server --watch              again and again, while you work
  %(prog)s --command "./server --host {host} --port {port}"
"""
EXIT_STATUS = """\
Exit status: 0 every MUST that was tested holds; 1 one does not; 2 it could not be graded.
"""


@dataclass(frozen=True)
class Task:
    """What a command line asks for, read from the files that it names."""

    targets: list[Target]
    spec: Spec
    rubric: Rubric
    additions: dict[str, str]  # files and folders added to the suite, each with its SHA-256


def read_task(known: argparse.Namespace) -> Task:
    """Reads what the options name. Raises TargetError, SpecError, ValueError, OSError."""
    spec = read_spec(additions=known.spec)
    rubric = read_rubric(known.rubric, spec)
    targets = read_targets(known)
    names = {*spec.requirements, *spec.capabilities}
    if unknown := [name for name in known.only if name not in names]:
        raise TargetError(f"--only {' '.join(unknown)}: there is no such requirement")
    return Task(targets, spec, rubric, digests_of(known.spec, known.tests))


def digests_of(files: Sequence[Path], folders: Sequence[Path]) -> dict[str, str]:
    """The SHA-256 of each of --spec and --tests, by its path. Raises TargetError, OSError."""
    digests = {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    for folder in folders:
        if not folder.is_dir():
            raise TargetError(f"--tests: there is no folder {folder}")
        digests[str(folder)] = folder_digest(folder)
    return digests


def watched(known: argparse.Namespace) -> list[Path]:
    """The files and folders that --watch looks at. Raises TargetError unless one folder is."""
    if len(known.targets) != 1 or known.command or known.connect:
        raise TargetError("--watch takes one folder with a parley.toml")
    files = [*known.targets, *known.spec, *known.tests, known.rubric]
    return [file for file in files if file is not None]


def load_of(known: argparse.Namespace) -> Load:
    """How much load there is to be."""
    asked = {"clients": known.clients, "rate": known.rate, "seconds": known.duration}
    return Load(**{name: value for name, value in asked.items() if value is not None})


class _Parser(argparse.ArgumentParser):
    """One line about what is wrong, and nothing else."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"conformance: {message} (--help tells all options)\n")


def read_words(arguments: Sequence[str]) -> argparse.Namespace:
    """The command line. Exits if it is wrong, before anything is started or written."""
    known, others = parser().parse_known_intermixed_args(arguments)
    if words := [word for word in others if word.startswith("-")] or others:
        ours = [f"--{name.replace('_', '-')}" for name in vars(known)]
        near = difflib.get_close_matches(words[0].partition("=")[0], ours, 1, ALMOST)
        meant = f"; did you mean {near[0]}?" if near else ""
        parser().error(f"unrecognized arguments: {' '.join(words)}{meant}")
    return known


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = _Parser(
        prog="conformance",
        usage="%(prog)s [FOLDER ...] [option ...]",
        description=EXAMPLES,
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    what = made.add_argument_group("what is graded")
    add_targets(what)
    _add_tls(what)
    _add_extent(made.add_argument_group("how much of it"))
    add_load(made.add_argument_group("how much load (level 7)"))
    own = made.add_argument_group("clauses of your own (docs/own-clauses.md)")
    add_own(own)
    own.add_argument(
        "--rubric", type=Path, metavar="FILE", help="points for each requirement (TOML)"
    )
    add_pytests(made.add_argument_group("how pytest runs the tests"))
    _add_rest(made.add_argument_group("how, and what is left of it"))
    return made


def add_targets(group: argparse._ArgumentGroup) -> None:
    """Options that name servers."""
    group.add_argument(
        "targets",
        nargs="*",
        type=Path,
        metavar="FOLDER",
        help="a folder with a parley.toml, which says how to build and start the server",
    )
    group.add_argument(
        "--command",
        action="append",
        default=[],
        metavar="WORDS",
        help="a command that starts a server; {host} and {port} are filled in",
    )
    group.add_argument(
        "--connect",
        action="append",
        default=[],
        metavar="HOST:PORT",
        help="a server that runs already",
    )


def _add_tls(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--tls",
        action="store_true",
        help="speak TLS with it (parley.toml needs the option tls, or --connect)",
    )
    group.add_argument(
        "--cafile",
        type=Path,
        metavar="FILE",
        help="with --tls and --connect: whose certificates to trust (PEM)",
    )


def _add_extent(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--level",
        type=int,
        choices=LEVELS,
        metavar="N",
        help="levels 0 to N, and no extension (without it: everything)",
    )
    group.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="one requirement (SAY-6), or one extension (rooms); may be repeated",
    )
    group.add_argument(
        "-k",
        action=ForPytest,
        metavar="WORDS",
        help="tests whose names have these words (as pytest reads them)",
    )
    group.add_argument(
        "--random",
        type=_times,
        default=1,
        metavar="N",
        help="N times as many random sessions as usual",
    )


def add_load(group: argparse._ArgumentGroup) -> None:
    """Options that say how much load there is to be; what is absent is as the suite has it."""
    group.add_argument("--clients", type=_count, metavar="N", help="members at once")
    group.add_argument(
        "--rate", type=_seconds, metavar="M", help="messages a second, of all talkers together"
    )
    group.add_argument("--duration", type=_seconds, metavar="S", help="seconds of each stretch")


def add_own(group: argparse._ActionsContainer) -> None:
    """Options that name clauses and tests of somebody's own."""
    group.add_argument(
        "--spec",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="adds the requirements and sessions of this file to those of protocol.md; "
        "may be repeated",
    )
    group.add_argument(
        "--tests",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="adds the tests of this folder. They are programs, and run as such, with your "
        "rights: name only folders whose author you trust; may be repeated",
    )


def _add_rest(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--watch",
        action="store_true",
        help="grade again whenever a file changes, each time up to the first level that does "
        "not hold; Ctrl-C ends it",
    )
    group.add_argument(
        "--output",
        type=Path,
        default=Path("reports"),
        metavar="DIR",
        help="where results.json goes, in a folder for each server (%(default)s)",
    )
    group.add_argument(
        "--seed", type=int, metavar="N", help="repeats the random choices of an earlier grade"
    )
    group.add_argument(
        "--start-timeout",
        type=_seconds,
        default=10.0,
        metavar="S",
        help="seconds that the server may take to start (%(default)g)",
    )
    group.add_argument(
        "--answer-timeout",
        type=_seconds,
        default=5.0,
        metavar="S",
        help="seconds that it may take for an answer (%(default)g)",
    )
    group.add_argument("--version", action="version", version=__version__)
    group.add_argument("-h", "--help", action="help", help="shows this text")


def read_targets(known: argparse.Namespace) -> list[Target]:
    """The servers that the command line names, or the reference servers. Raises TargetError."""
    targets = [from_folder(folder) for folder in known.targets]
    targets += [from_command(command) for command in known.command]
    targets += [from_address(address) for address in known.connect]
    if targets:
        return targets
    checkout = Path(__file__).resolve().parent.parent
    if not all((checkout / name / "parley.toml").is_file() for name in REFERENCE):
        raise TargetError("name a target: a folder with parley.toml, --command or --connect")
    return [from_folder(checkout / name) for name in REFERENCE]


def _times(word: str) -> int:
    times = int(word)
    if not 0 < times <= 10_000:
        raise ValueError
    return times


def _count(word: str) -> int:
    count = int(word)
    if not 2 <= count <= 100_000:
        raise ValueError
    return count


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 3600:
        raise argparse.ArgumentTypeError(f"{word} is not a number of seconds, above 0, below 3600")
    return seconds
