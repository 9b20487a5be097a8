"""python -m conformance.mutation [FILE…]: changes the servers one by one; does the suite notice?

What is found goes into DIR/mutation.jsonl as it comes (a second run goes on from there), then into
DIR/mutation.json and DIR/mutation.txt; with --record the kills are kept for other machines, too.
Exit status 0: every change that was judged is killed or explained; 1: some are not; 2: wrong usage,
or the suite fails a server in which nothing is changed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from .. import terminal
from ..grading import interrupted_by_signals
from .changes import Change, changes_of
from .judge import Judge, Verdict
from .ledger import (
    EXPLANATIONS,
    KILLS,
    Ledger,
    LedgerError,
    Place,
    place,
    read_explained,
    read_kills,
    report,
    suite_digest,
    summary,
    write_kills,
)

SUITE = Path(__file__).resolve().parents[1]
#: What is changed if nothing is named: what a client can reach while the chat goes on.
FILES = (
    *(f"parley/{name}.py" for name in ("wire", "hub", "guard", "state", "extensions", "files")),
    *(f"parley/{name}.py" for name in ("accounts", "channel")),
    *(
        f"impl_{model}/{name}.py"
        for model in ("poll", "threads", "asyncio")
        for name in ("server", "connection")
    ),
)

#: Left as they are: the defaults of bounds and times. A grade sets its own, by `[options]`.
SETTINGS = {("parley/state.py", "Limits")}


def main(arguments: Sequence[str] | None = None) -> int:
    """Judges the changes of the files that the command line names. Returns the exit status."""
    known, grading = _parser().parse_known_args(arguments)
    interrupted_by_signals()
    console = terminal.console()
    try:
        everything = list(_changes(known.root, known.files or FILES))
        wanted = re.compile(known.match)
        explained, kills = read_explained(known.explained), read_kills(known.killed)
        known.output.mkdir(parents=True, exist_ok=True)
    except (LedgerError, OSError, SyntaxError, re.error) as error:
        print(f"mutation: {error}", file=sys.stderr)
        return 2
    if known.list:
        for change in filter(lambda change: wanted.search(change.key), everything):
            console.print(f"{change.row}: {change.key}", soft_wrap=True)
        return 0
    judge = Judge(known.root, known.patience, (tuple(grading),) if grading else None)
    ledger = Ledger(known.output / "mutation.jsonl", suite_digest(SUITE), kills)
    for change in everything:
        if verdict := ledger.verdict(change):
            judge.learn(change, verdict)
    matching = [change for change in everything if wanted.search(change.key)]
    chosen = _chosen(matching, known.sample, known.seed)
    try:
        status = _judge_all(chosen, explained, judge, ledger, known.jobs, console)
    except KeyboardInterrupt:
        judge.grades.stop()
        print("mutation: interrupted; the next run goes on from here", file=sys.stderr)
        status = 2
    judged = [(change, verdict) for change in everything
              if (verdict := _known(change, explained, ledger))]  # fmt: skip
    if known.record:
        write_kills(known.killed, judged, kills if known.files else {})
    results = report(judged, everything)
    for name, text in (("json", json.dumps(results, indent=1)), ("txt", summary(results))):
        (known.output / f"mutation.{name}").write_text(text + "\n")
    console.print(summary(results), soft_wrap=True)
    stale = _stale(explained, everything)
    for entry in stale:
        console.print(f"no such change any more: {' | '.join(entry)}", soft_wrap=True)
    left = any(verdict.outcome in ("survived", "unclear") for _, verdict in judged)
    return status or int(left or bool(stale))


def _judge_all(
    chosen: Sequence[Change],
    explained: dict[Place, Verdict],
    judge: Judge,
    ledger: Ledger,
    jobs: int,
    console: Console,
) -> int:
    """Judges what is not known yet, several at a time. Returns 2 if a sound server is failed."""
    unknown = [
        change
        for change in chosen
        if (verdict := _known(change, explained, ledger)) is None or verdict.outcome == "unclear"
    ]
    with ThreadPoolExecutor(max(1, jobs)) as pool, Progress(console=console) as progress:
        try:
            files = {judge.reach(change.file): change.file for change in unknown}.values()
            for file, verdict in zip(files, pool.map(judge.baseline, files), strict=True):
                if verdict.outcome != "survived":
                    what = f"{verdict.outcome} ({verdict.by}) {verdict.told}"
                    print(f"mutation: {file} as it is: {what}", file=sys.stderr)
                    return 2
            task = progress.add_task("judging", total=len(unknown))
            running = {pool.submit(judge.judge, change): change for change in unknown}
            for done in as_completed(running):
                if not judge.grades.stopped:
                    ledger.note(running[done], done.result())
                progress.advance(task)
        except BaseException:
            judge.grades.stop()
            pool.shutdown(cancel_futures=True)
            raise
    return 0


def _known(change: Change, explained: dict[Place, Verdict], ledger: Ledger) -> Verdict | None:
    return explained.get(place(change)) or ledger.verdict(change)


def _stale(explained: Iterable[Place], everything: Sequence[Change]) -> list[Place]:
    """Explanations of changes that there are no more, in the files that were looked at."""
    files = {change.file for change in everything}
    return sorted(each for each in {*explained} - {*map(place, everything)} if each[0] in files)


def _changes(root: Path, files: Sequence[str]) -> Iterator[Change]:
    for file in files:
        for change in changes_of(file, (root / file).read_bytes()):
            if (change.file, change.function) not in SETTINGS:
                yield change


def _chosen(everything: list[Change], sample: int | None, seed: int) -> list[Change]:
    if sample is None or sample >= len(everything):
        return everything
    return random.Random(seed).sample(everything, sample)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mutation",
        description="Mutation testing of servers.",
        epilog="Everything else is passed on to every grade, instead of what the file asks for: "
        "--level 2, --only NICK-1.",
        allow_abbrev=False,
    )
    parser.add_argument("files", nargs="*", metavar="FILE", help="below the root; else all servers")
    parser.add_argument("--root", type=Path, default=SUITE.parent, metavar="DIR")
    parser.add_argument("--sample", type=int, metavar="N", help="only so many, chosen at random")
    parser.add_argument(
        "--match", default="", metavar="REGEX", help="only those that --list names so"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the sample (%(default)s)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="(%(default)s)")
    parser.add_argument("--patience", type=float, default=300.0, metavar="S", help="for one grade")
    parser.add_argument("--explained", type=Path, default=EXPLANATIONS, metavar="FILE")
    parser.add_argument(
        "--killed", type=Path, default=KILLS, metavar="FILE",
        help="what is known to be killed; an empty file: nothing is"
    )  # fmt: skip
    parser.add_argument("--record", action="store_true", help="keep what was killed there")
    parser.add_argument("--output", type=Path, default=Path("reports"), metavar="DIR")
    parser.add_argument("--list", action="store_true", help="name the changes and end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
