"""python -m conformance.stability: grades the same servers again and again, and counts verdicts.

A verdict must not depend on what else the machine does, nor on who is served first. Sound servers,
one of which dawdles, faulty ones and one in another language are graded many times, each time with
another seed, half of the times while every processor is kept busy. Each requirement has to come out
alike every time.
Exit status 0: nothing changed; 1: something did; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from itertools import count
from pathlib import Path

from rich.console import Console
from rich.progress import track

from . import terminal
from .grading import Grades, interrupted_by_signals
from .spec import LEVELS

PACKAGE = (__package__ or "conformance").split(".")[0]
CHECKOUT = Path(__file__).resolve().parent.parent
#: Sound servers: whoever accuses one of these is wrong.
SOUND = ("impl_poll", "impl_threads", "impl_asyncio", "tests/servers/dawdles")
#: The last of them takes its time at everything: too much for the load of level 7.
UNLOADED = {"tests/servers/dawdles": 6}
#: Faults that do not depend on chance, and the level of what each breaks, up to which it is graded:
#: they have to be caught every time.
FAULTY = {
    "case-matters-in-names": 1,
    "drops-every-fiftieth": 2,
    "joined-comes-late": 3,
    "end-is-told-twice": 4,
    "sorts-held": 5,
}
#: A server in another language that reaches level 2 and is blamed for the rest.
FOREIGN = "tests/servers/c_level2"
#: How a test's reason begins that measured, and found the machine too busy for a verdict.
UNKNOWN = "untested: unknown: "
#: Seconds for one grade, on a machine where others compete for every processor.
PATIENCE = 900


@dataclass(frozen=True)
class Grade:
    """How one grade came out. `statuses`: by requirement, and the verdict under its own name."""

    server: str
    seed: int
    loaded: bool
    statuses: dict[str, str]
    duration: float


def grade(grades: Grades, server: str, words: Sequence[str], seed: int, loaded: bool) -> Grade:
    """Grades a server once, in a process of its own like any user does."""
    done = grades.run([*words, "--seed", str(seed)], PATIENCE)
    if not done.results:
        return Grade(server, seed, loaded, {"verdict": done.last_line}, 0.0)
    results = done.results
    statuses = {each["id"]: each["status"] for each in results["requirements"]}
    for test in results["tests"]:
        if test["reason"].startswith(UNKNOWN):
            statuses |= dict.fromkeys(test["cites"], "unknown")
    statuses["verdict"] = results["verdict"]
    return Grade(server, seed, loaded, statuses, results["duration_s"])


@contextmanager
def busy_processors() -> Iterator[None]:
    """Keeps every processor busy with a process of its own that does nothing else."""
    workers = [
        multiprocessing.get_context("spawn").Process(target=_spin, daemon=True)
        for _ in range(os.cpu_count() or 1)
    ]
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.kill()
            worker.join()


def _spin() -> None:
    for _ in count():
        pass


def targets(names: Sequence[str], level: int | None = None) -> dict[str, list[str]]:
    """The words that the suite is called with, by server. Without names: all servers."""
    known = {}
    for name in (*SOUND, FOREIGN):
        bounds = [each for each in (level, UNLOADED.get(name)) if each is not None]
        known[name] = [str(CHECKOUT / name), *(["--level", str(min(bounds))] if bounds else [])]
    for name, broken in FAULTY.items():
        server = f"{{python}} -m {PACKAGE}.mutants {name} --host {{host}} --port {{port}}"
        known[name] = ["--level", str(broken), "--command", server]
    if unknown := [name for name in names if name not in known]:
        print(f"stability: no such server: {', '.join(unknown)}", file=sys.stderr)
        raise SystemExit(2)
    return {name: known[name] for name in names or known}


def changes(grades: Sequence[Grade]) -> dict[str, dict[str, Counter[str]]]:
    """By server, the requirements that did not come out alike in all grades, and how often how."""
    found: dict[str, dict[str, Counter[str]]] = {}
    for server in dict.fromkeys(each.server for each in grades):
        mine = [each.statuses for each in grades if each.server == server]
        for requirement in {name for statuses in mine for name in statuses}:
            outcomes = Counter(statuses.get(requirement, "(absent)") for statuses in mine)
            outcomes.pop("unknown", None)  # the suite said that it could not tell
            if len(outcomes) > 1:
                found.setdefault(server, {})[requirement] = outcomes
    return found


def accusations(grades: Sequence[Grade]) -> list[str]:
    """The sound servers that did not pass whatever of them was graded, and how often."""
    failed = Counter(
        each.server
        for each in grades
        if each.server in SOUND and each.statuses["verdict"] not in ("pass", "partial")
    )
    return [f"{server} {times} times" for server, times in failed.items()]


def bound(grades: int) -> str:
    """What so many alike say of the next one: the rule of three (Hanley, Lippman-Hand 1983)."""
    return f"none in {grades}, so with 95 % confidence fewer than {100 * 3 / grades:.1f} %"


def grade_all(
    chosen: dict[str, list[str]], runs: int, jobs: int, console: Console
) -> Iterator[Grade]:
    """All grades, the second half of them under load. Each has a seed of its own."""
    seeds, grades = count(), Grades()
    for loaded, times in ((False, runs - runs // 2), (True, runs // 2)):
        todo = [
            (name, words, next(seeds), loaded)
            for _ in range(times)
            for name, words in chosen.items()
        ]
        with (
            busy_processors() if loaded else nullcontext(),
            ThreadPoolExecutor(jobs) as pool,
            grades.ended_on_error(),
        ):
            graded = pool.map(lambda each: grade(grades, *each), todo)
            words = "grading under load" if loaded else "grading"
            yield from track(graded, words, len(todo), console=console)


def tell(grades: Sequence[Grade], console: Console) -> bool:
    """Prints how often each server got which verdict, and what changed. True if nothing did."""
    for server, loaded in dict.fromkeys((each.server, each.loaded) for each in grades):
        mine = [each for each in grades if (each.server, each.loaded) == (server, loaded)]
        verdicts = Counter(each.statuses["verdict"] for each in mine)
        told = ", ".join(f"{times} {verdict}" for verdict, times in verdicts.items())
        took = sorted(each.duration for each in mine)
        times = f"{took[len(took) // 2]:.1f} s ({took[0]:.1f} to {took[-1]:.1f})"
        console.print(f"{server}{' under load' if loaded else ''}: {told}, median {times}")
    unknown = sum("unknown" in each.statuses.values() for each in grades)
    if unknown:
        console.print(f"in {unknown} of {len(grades)} grades the load could not be judged")
    changed = changes(grades)
    for server, requirements in changed.items():
        for requirement, outcomes in sorted(requirements.items()):
            told = ", ".join(f"{times} {status}" for status, times in outcomes.items())
            console.print(f"{server}: {requirement} came out differently: {told}")
    accused = accusations(grades)
    if accused:
        console.print(f"accused although sound: {', '.join(accused)}")
    if changed or accused:
        return False
    sound = [each for each in grades if each.server in SOUND]
    for about, some in (("accused sound servers", sound), ("changed verdicts", grades)):
        if some:
            console.print(f"{about}: {bound(len(some))}")
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Grades all servers, or those that are named, and prints what changed."""
    parser = argparse.ArgumentParser(prog="stability", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="SERVER", help="(all of them)")
    parser.add_argument("--runs", type=int, default=50, help="grades of each (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="(%(default)s)")
    parser.add_argument(
        "--level",
        type=int,
        choices=LEVELS,
        help="grade up to this level only; a faulty server is graded up to what it breaks",
    )
    parser.add_argument("--output", type=Path, default=Path("reports"), metavar="DIR")
    known = parser.parse_args(arguments)
    if known.runs < 1 or known.jobs < 1:
        parser.error("--runs and --jobs begin at 1")
    chosen = targets(known.names, known.level)
    console = terminal.console()
    interrupted_by_signals()
    grades = list(grade_all(chosen, known.runs, known.jobs, console))
    nothing_changed = tell(grades, console)
    known.output.mkdir(parents=True, exist_ok=True)
    written = known.output / "stability.json"
    written.write_text(json.dumps([asdict(each) for each in grades], indent=1) + "\n")
    console.print(str(written))
    return 0 if nothing_changed else 1


if __name__ == "__main__":
    sys.exit(main())
