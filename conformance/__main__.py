"""python -m conformance TARGET…: grades servers, and says in its exit status how they did.

0: every tested MUST passed. 1: some failed. 2: it could not grade: wrong usage, a server that does
not start, nothing selected, or a mistake in the suite itself.
"""

from __future__ import annotations

import argparse
import importlib
import random
import resource
import signal
import ssl
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from . import terminal
from .again import again, replay
from .grade import Options
from .options import load_of, read_task, read_words, watched
from .reports import page
from .results import Result, Rubric
from .run import INTERRUPTED, grade, grade_several, not_built
from .spec import Spec, SpecError
from .submissions import folder_name
from .target import Bound, Target, TargetError, build
from .tls import Authority, context_for
from .watch import watch

#: First word of the command line -> the module of this package that is meant instead of a grade.
PROGRAMS = {"class": "classroom", "load": "load.program", "replay": "replay", "report": "reports"}
#: What is needed to grade one target.
Job = tuple[Target, Spec, Rubric, Options]
#: Descriptors that the largest crowd of a test needs, with some to spare.
DESCRIPTORS = 2048
#: Cards for one who mends one thing at a time.
CARDS_WATCHED = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Grades what the command line names. Returns the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and arguments[0] in PROGRAMS:
        program = importlib.import_module(f".{PROGRAMS[arguments[0]]}", __package__)
        return int(program.main(arguments[1:]))
    known = read_words(arguments)
    if known.seed is None:
        known.seed = random.SystemRandom().randrange(2**32)
    console = terminal.console()
    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    _raise_descriptor_limit()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends the servers on the way out

    def once() -> int:
        return _grade_once(known, console, errors)

    try:
        return watch(watched(known), once, console) if known.watch else once()
    except TargetError as error:
        errors.print(f"conformance: {error}")
    except KeyboardInterrupt:
        errors.print("conformance: interrupted")
    return 2


def _grade_once(known: argparse.Namespace, console: Console, errors: Console) -> int:
    """One grade of all targets, from reading to writing. Returns the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            task = read_task(known)
            context, always = _tls(known, task.targets, Path(folder))
        except (TargetError, SpecError, ValueError) as error:
            errors.print(f"conformance: {error}")
            return 2
        except OSError as error:
            errors.print(f"conformance: cannot read {error.filename}: {error.strerror}")
            return 2
        jobs = []
        folders: set[str] = set()
        for target in task.targets:
            options = Options(
                level=known.level,
                only=known.only,
                seed=known.seed,
                load=load_of(known),
                start_timeout=known.start_timeout,
                answer_timeout=known.answer_timeout,
                tls=context,
                always=always,
                own_tests=known.tests,
                additions=task.additions,
                stop_at_level=known.watch,
                pytest_arguments=known.pytest,
                random=known.random,
                again=again(target, known.seed, known),
                replay=replay(target, known.output / folder_name(target.name, folders)),
            )
            jobs.append((target, task.spec, task.rubric, options))
        results = _grade(jobs, console)
    if known.watch and results[0].broken == INTERRUPTED:
        raise KeyboardInterrupt
    try:
        return _report(console, task.spec, results, known)
    except OSError as error:
        errors.print(f"conformance: cannot write {error.filename}: {error.strerror}")
        return 2


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
        return not_built(target, spec, rubric, options, str(error))
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


def _report(
    console: Console, spec: Spec, results: Sequence[Result], known: argparse.Namespace
) -> int:
    """Shows and writes all results, and makes them one exit status."""
    for result in results:
        terminal.show_cards(console, result, CARDS_WATCHED if known.watch else terminal.CARDS)
    if not known.watch:
        terminal.show_table(console, spec, results)
    folders: set[str] = set()
    written = []
    for result in results:
        written.append(result.write(known.output / folder_name(result.target.name, folders)))
        terminal.show_summary(console, result, written[-1])
    pages = [page.write(path) for path in written]
    terminal.show_page(console, page.write_index(written, known.output) if pages[1:] else pages[0])
    verdicts = {result.verdict for result in results}
    if "error" in verdicts:
        return 2
    return 1 if "fail" in verdicts else 0


def _raise_descriptor_limit() -> None:
    """macOS grants 256 descriptors, fewer than a crowd of clients needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < DESCRIPTORS:
        wanted = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    sys.exit(main())
