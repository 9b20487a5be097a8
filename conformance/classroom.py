"""python -m conformance class SUBMISSIONS: grades the folders of a class, each by itself.

Exit status 0: all were graded, whatever their verdicts; 1: some could not be graded, or the run was
interrupted, and the same command goes on with it; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from . import terminal
from .again import words_for_added
from .class_run import Job, Plan, Run, write
from .options import add_own, digests_of
from .overview import COLUMNS, EXTENSION_COLUMN, Row, as_csv, as_page, printable
from .process_tree import adopt_orphans
from .results import read_rubric
from .sandbox import Limits, choose_isolation
from .spec import LEVELS, Spec, SpecError, read_spec
from .submissions import Submission, find_submissions, folder_name
from .target import TargetError

#: What is written beside the folders with the reports.
PAGE, TABLE = "index.html", "grades.csv"


def main(arguments: Sequence[str]) -> int:
    """Grades a class. Returns the exit status."""
    known = _parser().parse_args(arguments)
    console = terminal.console()
    errors = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        spec = read_spec(additions=known.spec)
        _check(known, spec)
        found, others = find_submissions(known.submissions, known.output.resolve())
        if not found:
            raise ValueError(f"{known.submissions} has no subfolder to grade")
        plan = _plan(known, spec)
        hidden = [path.resolve() for path in (known.submissions, known.output)]
        readable = [path.resolve() for path in (*known.readable, *known.spec, *known.tests)]
        isolation = choose_isolation(readable, hidden, known.sandbox, plan.limits)
    except (SpecError, TargetError, ValueError, OSError) as error:
        errors.print(f"conformance class: {error}")
        return 2
    for sentence in (*_what_was_found(known.submissions, found, others), str(isolation)):
        console.print(Text(sentence), soft_wrap=True)
    taken = {PAGE, TABLE}
    jobs = [Job(each, known.output / folder_name(each.name, taken)) for each in found]
    adopt_orphans()
    try:
        with tempfile.TemporaryDirectory() as scratch, _Screen(console, len(jobs)) as screen:
            run = Run(plan, spec, isolation, Path(scratch), screen)
            _stop_on_signals(run)
            run.grade(jobs)
        _write_overview(known.output, run, jobs, spec)
    except OSError as error:
        errors.print(f"conformance class: {error}")
        return 1
    return _report(console, known.output, run, len(jobs))


def _plan(known: argparse.Namespace, spec: Spec) -> Plan:
    """What the command line says about every grade. Raises TargetError, ValueError, OSError."""
    return Plan(
        options={
            "level": known.level,
            "only": known.only,
            "start_timeout": known.start_timeout,
            "answer_timeout": known.answer_timeout,
            "own_tests": [str(folder.resolve()) for folder in known.tests],
            "additions": digests_of(known.spec, known.tests),
        },
        spec_files=[file.resolve() for file in known.spec],
        again_with=words_for_added(known),
        given_seed=known.seed,
        seed=random.SystemRandom().randrange(2**32) if known.seed is None else known.seed,
        rubric=read_rubric(known.rubric, spec),
        limits=Limits(known.time, known.memory << 20, known.disk << 20, known.processes),
        beside=known.beside,
        jobs=known.jobs,
        again=known.again,
    )


def _report(console: Console, output: Path, run: Run, wanted: int) -> int:
    """The last lines, and the exit status."""
    graded = sum(row.graded for row in run.rows.values())
    console.print(Text(f"{graded} of {wanted} submissions graded"))
    if run.stopped:
        console.print(Text("interrupted: the same command goes on from here"))
    for name in (PAGE, TABLE):
        console.print(Text(str(output / name), style="dim"), soft_wrap=True)
    return 0 if graded == wanted else 1


def _write_overview(output: Path, run: Run, jobs: Sequence[Job], spec: Spec) -> None:
    rows = [run.rows[name] for job in jobs if (name := job.submission.name) in run.rows]
    notes = [
        f"Graded with suite and spec {spec.version}, seed {run.plan.seed}.",
        f"Kept apart by {run.isolation}.",
    ]
    if run.stopped:
        notes.append(f"Interrupted: {len(jobs) - len(rows)} submissions are missing here.")
    output.mkdir(parents=True, exist_ok=True)
    write(output / PAGE, as_page(rows, spec, notes))
    write(output / TABLE, as_csv(rows, spec))


def _what_was_found(folder: Path, found: Sequence[Submission], others: Sequence[str]) -> list[str]:
    """What stands in the folder of a class, in sentences."""
    deeper = sum(each.deeper for each in found)
    lacking = sum(each.root is None for each in found)
    told = [f"{len(found)} submissions in {printable(str(folder))}"]
    if deeper:
        told.append(f"{deeper} of them one level deeper")
    if lacking:
        told.append(f"{lacking} without a parley.toml")
    sentences = [", ".join(told)]
    if others:
        names = ", ".join(map(printable, others[:5])) + (" …" if others[5:] else "")
        sentences.append(f"left out, for they are no folders (unpack archives first): {names}")
    return sentences


def _stop_on_signals(run: Run) -> None:
    def stop(*_: object) -> None:
        run.stopped = True

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


class _Screen:
    """A bar at a terminal; a line for each submission everywhere."""

    def __init__(self, console: Console, wanted: int) -> None:
        self._console = console
        self._wanted = wanted
        self._done = 0
        self._progress = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[names]}", markup=False),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=wanted, names="")

    def __enter__(self) -> _Screen:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def running(self, names: Sequence[str]) -> None:
        self._progress.update(self._task, names=", ".join(map(printable, names)))

    def done(self, name: str, row: Row, how: str) -> None:
        self._done += 1
        results = row.results
        if row.graded:
            level = "no level" if results["level"] is None else f"level {results['level']}"
            words = f"{results['verdict']}, {level}, {results['score']} of {results['max_score']}"
            words += f" points ({how or format(results['duration_s'], '.1f') + ' s'})"
        else:
            words = f"not graded: {printable(row.reason.partition(chr(10))[0])}"
        style = {"pass": "green", "partial": "green", "fail": "red"}.get(
            results["verdict"], "magenta"
        )
        line = Text(f"[{self._done}/{self._wanted}] {printable(name)}: ")
        self._progress.console.print(line + Text(words, style=style), soft_wrap=True)
        self._progress.advance(self._task)


def _check(known: argparse.Namespace, spec: Spec) -> None:
    """Raises ValueError for what the parser cannot know."""
    for path in (known.submissions, *known.beside, *known.readable):
        if not path.is_dir():
            raise ValueError(f"there is no folder {path}")
    hidden = [path.resolve() for path in (known.submissions, known.output)]
    for path in (*known.spec, *known.tests):
        if any(path.resolve().is_relative_to(folder) for folder in hidden):
            raise ValueError(f"{path} is among the submissions or reports: keep it elsewhere")
    unknown = [name for name in known.only if name not in {*spec.requirements, *spec.capabilities}]
    if unknown:
        raise ValueError(f"--only {' '.join(unknown)}: there is no such requirement")
    names = [path.resolve().name for path in known.beside]
    if len(set(names)) < len(names):
        raise ValueError("--beside: two folders of the same name")


def _positive(word: str) -> int:
    number = int(word)
    if not 0 < number <= 2**20:
        raise ValueError
    return number


def _seconds(word: str) -> float:
    seconds = float(word)
    if not 0 < seconds < 86400:
        raise ValueError
    return seconds


def _parser() -> argparse.ArgumentParser:
    columns = "; ".join(f"{name}: {what}" for name, what in COLUMNS.items())
    parser = argparse.ArgumentParser(
        prog="conformance class",
        description="Grades all submissions of a class. Each subfolder is one, with its "
        "parley.toml in it or one level deeper. What was graded already and has not changed "
        "since, is not graded again; what could not be graded, is tried again.",
        epilog=f"Columns of {TABLE}: {columns}; then, for each extension, {EXTENSION_COLUMN}. "
        "Exit status 0: all graded; 1: some could not be graded, or interrupted; 2: wrong usage.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("submissions", type=Path, metavar="SUBMISSIONS", help="a folder with a folder for each")
    add("--output", type=Path, default=Path("reports/class"), metavar="DIR", help="(%(default)s)")
    add("--level", type=int, choices=LEVELS, help="grade up to this level, without extensions")
    add("--only", action="append", default=[], metavar="ID", help="a requirement or extension")
    add_own(parser)
    add("--rubric", type=Path, metavar="FILE", help="points per requirement (TOML)")
    add("--seed", type=int, help="repeats the choices of an earlier run")
    add(
        "--jobs", type=_positive, metavar="N", help="at a time (in sandboxes: the processors; or 1)"
    )
    add("--again", action="store_true", help="grade again what was graded already")
    add("--time", type=_seconds, default=600.0, metavar="S", help="for each (%(default)g s)")
    add("--memory", type=_positive, default=2048, metavar="MIB", help="for each (%(default)s)")
    add("--processes", type=_positive, default=2000, metavar="N", help="for each (%(default)s)")
    add("--disk", type=_positive, default=1024, metavar="MIB", help="for each (%(default)s)")
    add(
        "--beside",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="stands beside each submission, like parley/ beside a copy of impl_threads/",
    )
    add(
        "--readable",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="submissions may read this too, for example a compiler in your home",
    )
    add(
        "--no-sandbox",
        dest="sandbox",
        action="store_false",
        help="limits only, even where bubblewrap works",
    )
    add("--start-timeout", type=_seconds, default=10.0, metavar="S", help="(%(default)g s)")
    add("--answer-timeout", type=_seconds, default=5.0, metavar="S", help="(%(default)g s)")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
