"""python -m conformance TARGET…: grades servers, and says in its exit status how they did.

0: every tested MUST passed. 1: some failed. 2: it could not grade: wrong usage, a server that does
not start, nothing selected, or a mistake in the suite itself.
"""

from __future__ import annotations

import argparse
import random
import re
import resource
import signal
import ssl
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from . import __version__, terminal
from .grade import Options
from .results import Result, Rubric, read_rubric
from .run import grade, grade_several
from .spec import LEVELS, Spec, SpecError, read_spec
from .target import Bound, Target, TargetError, build, from_address, from_command, from_folder
from .tls import Authority, context_for

#: What is graded when nothing is named: the reference servers of this repository.
REFERENCE = ("impl_poll", "impl_threads", "impl_asyncio")
#: What is needed to grade one target.
Job = tuple[Target, Spec, Rubric, Options]
#: Descriptors that the largest crowd of a test needs, with some to spare.
DESCRIPTORS = 2048


def main(arguments: Sequence[str] | None = None) -> int:
    """Grades what the command line names. Returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    known, pytest_arguments = parser.parse_known_args(arguments)
    console = terminal.console()
    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        spec = read_spec()
        rubric = read_rubric(known.rubric)
        targets = _targets(known)
        _check_ids(known.only, spec)
    except (TargetError, SpecError, ValueError, OSError) as error:
        errors.print(f"conformance: {error}")
        return 2
    _raise_descriptor_limit()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the servers on the way out
    seed = known.seed if known.seed is not None else random.SystemRandom().randrange(2**32)
    with tempfile.TemporaryDirectory() as folder:
        try:
            context, always = _tls(known, targets, Path(folder))
        except (TargetError, OSError) as error:
            errors.print(f"conformance: {error}")
            return 2
        jobs = []
        for target in targets:
            options = Options(
                level=known.level,
                only=known.only,
                seed=seed,
                start_timeout=known.start_timeout,
                answer_timeout=known.answer_timeout,
                tls=context,
                always=always,
                pytest_arguments=pytest_arguments,
                again=_again(target, seed, known.tls),
            )
            jobs.append((target, spec, rubric, options))
        try:
            results = _grade(jobs, console)
        except KeyboardInterrupt:
            errors.print("conformance: interrupted")
            return 2
    return _report(console, spec, results, known.output)


def _tls(
    known: argparse.Namespace, targets: Sequence[Target], folder: Path
) -> tuple[ssl.SSLContext | None, dict[str, Bound]]:
    """With what clients connect, and what servers are started with. Raises TargetError, OSError."""
    if not known.tls:
        return None, {}
    if known.connect:
        return context_for(known.cafile), {}
    if lacking := [target.name for target in targets if "tls" not in target.options]:
        raise TargetError(f"--tls: parley.toml of {', '.join(lacking)} has no option tls")
    authority = Authority(folder)
    return authority.context, {"tls": str(authority.file)}


def _grade(jobs: Sequence[Job], console: Console) -> list[Result]:
    """Grades all targets: several at a time, unless something needs the one terminal or process."""
    first = jobs[0][-1]
    if len(jobs) == 1 or first.pytest_arguments or first.tls:  # an SSLContext stays where it is
        return [_grade_one(*job, console=console) for job in jobs]
    with console.status(f"grading {', '.join(job[0].name for job in jobs)}"):
        built = {number: _build(*job) for number, job in enumerate(jobs)}
        sound = [number for number, broken in built.items() if broken is None]
        graded = dict(zip(sound, grade_several([jobs[number] for number in sound]), strict=True))
    return [built[number] or graded[number] for number in range(len(jobs))]


def _build(target: Target, spec: Spec, rubric: Rubric, options: Options) -> Result | None:
    """Builds a target; if that fails, this is its result."""
    try:
        build(target)
    except TargetError as error:
        why = str(error)
        return Result(target, spec, rubric, options.seed, [], [], set(), False, 0.0, broken=why)
    return None


def _grade_one(
    target: Target, spec: Spec, rubric: Rubric, options: Options, console: Console
) -> Result:
    if failed := _build(target, spec, rubric, options):
        return failed
    if not console.is_terminal or options.pytest_arguments:  # --pdb wants the terminal for itself
        return grade(target, spec, rubric, options)
    with console.status(f"grading {target.name}") as status:
        options.progress = lambda words: status.update(f"grading {target.name}: {words}")
        return grade(target, spec, rubric, options)


def _report(console: Console, spec: Spec, results: Sequence[Result], output: Path) -> int:
    """Shows and writes all results, and makes them one exit status."""
    for result in results:
        terminal.show_cards(console, result)
    terminal.show_table(console, spec, results)
    folders: set[str] = set()
    for result in results:
        written = result.write(output / _folder_name(result.target.name, folders))
        terminal.show_summary(console, result, written)
    verdicts = {result.verdict for result in results}
    if "error" in verdicts:
        return 2
    return 1 if "fail" in verdicts else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance",
        description="Grades servers that speak the protocol of protocol.md.",
        epilog="Everything else is passed on to pytest: -x, -v, -k WORDS, --pdb. "
        "Exit status 0: every tested MUST passed; 1: some failed; 2: could not grade.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "targets", nargs="*", type=Path, metavar="FOLDER", help="a folder with parley.toml"
    )
    parser.add_argument(
        "--command", action="append", default=[], help='"./server --host {host} --port {port}"'
    )
    parser.add_argument(
        "--connect", action="append", default=[], metavar="HOST:PORT", help="a server that runs"
    )
    parser.add_argument(
        "--level", type=int, choices=LEVELS, help="grade up to this level, without extensions"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="ID",
        help="grade only this requirement, or the extension of this name",
    )
    parser.add_argument(
        "--output", type=Path, default=Path("reports"), metavar="DIR", help="(%(default)s)"
    )
    parser.add_argument("--tls", action="store_true", help="grade over TLS")
    parser.add_argument(
        "--cafile", type=Path, metavar="FILE", help="authorities to trust, with --connect --tls"
    )
    parser.add_argument("--rubric", type=Path, metavar="FILE", help="points per requirement (TOML)")
    parser.add_argument("--seed", type=int, help="repeats the choices of an earlier run")
    parser.add_argument(
        "--start-timeout", type=_seconds, default=10.0, metavar="S", help="(%(default)g s)"
    )
    parser.add_argument(
        "--answer-timeout", type=_seconds, default=5.0, metavar="S", help="(%(default)g s)"
    )
    parser.add_argument("--version", action="version", version=__version__)
    return parser


def _targets(known: argparse.Namespace) -> list[Target]:
    targets = [from_folder(folder) for folder in known.targets]
    targets += [from_command(command) for command in known.command]
    targets += [from_address(address) for address in known.connect]
    if targets:
        return targets
    checkout = Path(__file__).resolve().parent.parent
    if not all((checkout / name / "parley.toml").is_file() for name in REFERENCE):
        raise TargetError("name a target: a folder with parley.toml, --command or --connect")
    return [from_folder(checkout / name) for name in REFERENCE]


def _check_ids(only: Sequence[str], spec: Spec) -> None:
    known = {*spec.requirements, *spec.capabilities}
    if unknown := [name for name in only if name not in known]:
        raise TargetError(f"--only {' '.join(unknown)}: there is no such requirement")


def _again(target: Target, seed: int, tls: bool) -> list[str]:
    """The command line that grades this target again, as a person would type it."""
    if target.address:
        host, port = target.address
        what = ["--connect", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    elif target.folder:
        what = [str(target.folder)]
    else:
        what = ["--command", target.command or ""]
    package = (__package__ or "conformance").split(".")[0]
    return ["python", "-m", package, *what, *(["--tls"] if tls else []), "--seed", str(seed)]


def _folder_name(name: str, taken: set[str]) -> str:
    """A name of a server as a folder's: nothing in it can lead elsewhere."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-") or "server"
    folder, number = base, 2
    while folder in taken:
        folder, number = f"{base}-{number}", number + 1
    taken.add(folder)
    return folder


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 0 < seconds < 3600:
        raise ValueError
    return seconds


def _raise_descriptor_limit() -> None:
    """macOS grants 256 descriptors, fewer than a crowd of clients needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS:
        wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
