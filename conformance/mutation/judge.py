"""Grades a copy of a server in which one thing is changed: does the suite notice?

The copy is graded as a command line, like any server, until the first failure: by what has killed
other changes of the same function, then in the order of building. A change is `killed` by the
requirement that this failure refutes, has `survived` if there is none, and is `unclear` if the
grade came to no end. Several copies are judged at the same time, each in a folder of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from ..grading import Grades
from ..spec import ID
from .changes import Change

#: Where the suite is: the copies are graded from here, whatever they contain.
SUITE = Path(__file__).resolve().parents[2]
#: What every server of this repository is made of, besides its own folder.
SHARED = "parley"
#: Which server shows what was changed in a file that the servers share.
SHOWN_BY = "impl_poll"

#: So many requirements are tried first.
LIKELY = 3
#: How the reason of a test begins for which the machine was too busy.
UNTOLD = "untested: unknown: too busy"

_CORE = ("--level", "6")
_EXTENSIONS = tuple(
    word
    for name in ("direct", "rooms", "history", "accounts", "files")
    for word in ("--only", name)
)
_TLS = ("--only", "tls")
#: By file: what is graded first, and what if that shows nothing: the tests that can reach it.
_REACH: dict[str, tuple[tuple[str, ...], ...]] = {
    "parley/accounts.py": (("--only", "accounts"), _CORE),
    "parley/files.py": (("--only", "files"), ("--level", "4")),
    "parley/extensions.py": (
        ("--only", "direct", "--only", "rooms", "--only", "history"),
        ("--level", "5"),
    ),
    "parley/channel.py": (("--level", "4"), _TLS, ("--level", "5", "--tls")),
    "parley/guard.py": (_CORE, _EXTENSIONS),
    "parley/hub.py": (_CORE, _EXTENSIONS),
    "parley/state.py": (_CORE, _EXTENSIONS),
    "parley/wire.py": (_CORE, _EXTENSIONS),
}
#: Of what waits for events: whether it spins. A whole grade of that would take minutes to tell.
_REST = ("--only", "IDLE-1")
_EVERYTHING = (_REST, _CORE, _EXTENSIONS, _TLS)


@dataclass(frozen=True)
class Verdict:
    """What became of a change: killed, survived or unclear; `by` is the requirement, or why.

    `told`: what the card of a failure says is wrong.
    """

    outcome: str
    by: str
    seconds: float
    told: str = field(default="", compare=False)


class Reach(NamedTuple):
    """What a change in a file can reach: the folder of a server, and what is graded of it."""

    server: str
    stages: tuple[tuple[str, ...], ...]


@dataclass
class Judge:
    """Grades copies of the servers below `root`. May be used by several threads."""

    root: Path
    patience: float  # seconds for one grade
    stages: tuple[tuple[str, ...], ...] | None = None  # what is graded; None: as the file asks for
    #: Capabilities of the servers as they are, by what is graded of them.
    offers: dict[Reach, list[str]] = field(default_factory=dict)
    #: By file and function: what has killed changes there, the latest first.
    killers: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    grades: Grades = field(default_factory=Grades)

    def judge(self, change: Change) -> Verdict:
        """Grades a server with this change."""
        likely = self.killers.get((change.file, change.function), [])[:LIKELY]
        first = tuple(word for name in likely for word in ("--only", name))
        verdict = self._grade(change.file, change.made_in, first)
        self.learn(change, verdict)
        return verdict

    def learn(self, change: Change, verdict: Verdict) -> None:
        """What has killed one change of a function may kill others: it is tried first."""
        if self.stages is None and verdict.outcome == "killed" and re.fullmatch(ID, verdict.by):
            place = change.file, change.function
            others = [each for each in self.killers.get(place, ()) if each != verdict.by]
            self.killers[place] = [verdict.by, *others]

    def reach(self, file: str) -> Reach:
        """What is graded for a change in this file."""
        package = Path(file).parts[0]
        server = package if (self.root / package / "parley.toml").is_file() else SHOWN_BY
        return Reach(server, self.stages or _REACH.get(file, _EVERYTHING))

    def baseline(self, file: str) -> Verdict:
        """Grades the server of a file as it is: it has to survive. Goes for all of that reach."""
        self.offers.pop(self.reach(file), None)
        return self._grade(file, lambda source: source)

    def _grade(
        self, file: str, made: Callable[[bytes], bytes], first: Sequence[str] = ()
    ) -> Verdict:
        started = time.monotonic()
        with self._copy(file, made) as (folder, target):
            if first:
                results = self._grade_stage(folder, target, first)
                outcome, by = what_became(results)
                if outcome == "killed":
                    seconds = round(time.monotonic() - started, 1)
                    return Verdict(outcome, by, seconds, _told(results))
            reach = self.reach(file)
            for stage in reach.stages:
                results = self._grade_stage(folder, target, stage)
                outcome, by = what_became(results)
                # An extension that HELLO does not name any more is not graded, and so not failed.
                offered = results.get("server", {}).get("capabilities")
                if outcome == "survived":
                    self.offers.setdefault(reach, offered)
                if outcome != "killed" and offered is not None:
                    if offered != self.offers.get(reach, offered):
                        outcome, by = "killed", "what HELLO offers"
                if outcome != "survived":
                    break
        return Verdict(outcome, by, round(time.monotonic() - started, 1), _told(results))

    @contextlib.contextmanager
    def _copy(self, file: str, made: Callable[[bytes], bytes]) -> Iterator[tuple[Path, Path]]:
        """A folder with the packages that the server needs, and the server's folder in it."""
        package, server = Path(file).parts[0], self.reach(file).server
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
            folder = Path(name)
            for each in {package, server, SHARED}:
                if (self.root / each).is_dir():
                    ignored = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(self.root / each, folder / each, ignore=ignored)
            changed = folder / file
            changed.write_bytes(made(changed.read_bytes()))
            yield folder, folder / server

    def _grade_stage(self, folder: Path, target: Path, stage: Sequence[str]) -> dict[str, Any]:
        """The results of a grade; if it came to no end, what stopped it."""
        done = self.grades.run([str(target), "-x", *stage], self.patience, SUITE)
        end_servers_in(folder)
        return done.results or {"broken": done.last_line}


def _told(results: dict[str, Any]) -> str:
    """What the first card says: what the test was about, and what came instead."""
    cards = (test["card"] for test in results.get("tests", ()) if test["status"] == "fail")
    return next((f"{card['test']}: {card['why']}, got {card['got']}" for card in cards if card), "")


def what_became(results: dict[str, Any]) -> tuple[str, str]:
    """The outcome of a grade, and by what."""
    failed = [test for test in results.get("tests", ()) if test["status"] == "fail"]
    if failed:
        return "killed", str(failed[0]["blames"][0])
    broken = str(results.get("broken") or "")
    errors = [str(test["reason"]) for test in results.get("tests", ()) if test["status"] == "error"]
    if "does not start" in broken or any(each.startswith("StartError") for each in errors):
        return "killed", "START-1"
    if results.get("verdict") in ("pass", "partial"):
        untold = [each for each in results.get("tests", ()) if each["reason"].startswith(UNTOLD)]
        return ("unclear", str(untold[0]["reason"])) if untold else ("survived", "")
    return "unclear", broken.partition("\n")[0] or "the grade broke off"


def end_servers_in(folder: Path) -> None:
    """Ends what a grade that was cut off could not end any more (where there is /proc)."""
    for path in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if path.readlink().is_relative_to(folder.resolve()):
                os.kill(int(path.parent.name), signal.SIGKILL)
