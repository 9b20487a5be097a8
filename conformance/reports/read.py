"""Reads results.json back: the one source of every report.

A file may be old, cut off or made by hand, so each value is checked before it is used. Every string
is printable from here on, except `broken`, which may have several lines.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from ..card import NO_DETAILS
from ..reasons import reason_for
from ..results import SCHEMA, STATUSES
from ..spec import LEVELS
from .hygiene import cleaned, printable

#: Parts of a failure card that are lines, and those that are one text or nothing.
_LISTS = ("session", "stderr", "stdout", "notes")
_TEXTS = (
    *("requirement", "where", "keyword", "text", "test", "why", "difference", "server"),
    *("options", "command", "hint", "again", "replay"),
)
_OPTIONAL = ("client", "expected", "got")

#: Seconds that nothing takes: JSON has NaN and Infinity, for Python at least.
FOREVER = 1e9

T = TypeVar("T")


class ReportError(Exception):
    """A report that cannot be made. The message is one line for whoever asked for it."""


@dataclass(frozen=True)
class Test:
    """What one test did."""

    __test__ = False  # not one of pytest's

    name: str
    cites: tuple[str, ...]
    status: str
    duration: float  # seconds
    reason: str
    blames: tuple[str, ...]
    card: dict[str, Any]


@dataclass(frozen=True)
class Check:
    """One requirement and how it went."""

    id: str
    level: int | None  # None for one of an extension
    capability: str | None
    keyword: str
    text: str
    status: str
    points: int
    max_points: int
    untestable: str = ""  # why no test can prove or refute it

    @property
    def where(self) -> str:
        """Its place for people: `level 2`, or the name of the extension."""
        return self.capability or f"level {self.level}"

    @property
    def about(self) -> str:
        """What its level is about."""
        return LEVELS.get(-1 if self.level is None else self.level, "extension")


@dataclass(frozen=True)
class Extension:
    """The grade of one extension."""

    offered: bool
    verdict: str
    score: int
    max_score: int


@dataclass(frozen=True)
class Graded:
    """The grade of one server, as results.json has it."""

    path: Path
    name: str
    folder: str | None
    command: str | None
    sha256: str | None
    verdict: str
    broken: str
    broken_by: str | None
    level: int | None
    score: int
    max_score: int
    extensions: dict[str, Extension]
    checks: tuple[Check, ...]
    tests: tuple[Test, ...]
    sessions: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]  # cites, lines
    unclean: tuple[str, ...]
    load: dict[str, Any] | None
    suite: str
    spec: str
    seed: int
    graded_at: str  # UTC, as RFC 3339 has it
    duration: float  # seconds
    machine: dict[str, Any]

    @property
    def is_void(self) -> bool:
        """Whether the suite itself went wrong: then there is no grade, not even none at all."""
        return self.verdict == "error" and self.broken_by != "server"

    @property
    def level_words(self) -> str:
        return "no level" if self.level is None else f"level {self.level}"

    def counts(self) -> dict[str, int]:
        """How many requirements have each status."""
        found = [check.status for check in self.checks]
        return {status: found.count(status) for status in STATUSES}

    def total(self, counted: Sequence[str] = ()) -> tuple[int, int]:
        """Points and how many there could be: of the levels, and of the extensions counted."""
        extra = [self.extensions[name] for name in counted if name in self.extensions]
        return (
            self.score + sum(each.score for each in extra),
            self.max_score + sum(each.max_score for each in extra),
        )

    def cards(self, requirement: str) -> list[dict[str, Any]]:
        """The cards of all tests that refute a requirement."""
        return [test.card for test in self.tests if requirement in test.blames and test.card]

    def reason(self, check: Check) -> str:
        """Why a requirement has not simply passed, in one line."""
        if check.status == "pass":
            return ""
        if check.status == "untestable":
            return check.untestable
        if cards := self.cards(check.id):
            return str(cards[0]["why"])
        if check.status == "skip" and self.broken:
            return "not judged: the server could not be graded"
        return reason_for(check.id, check.status, self.tests)

    def seconds(self, check: Check) -> float:
        """How long the tests took whose first citation is this requirement."""
        return sum(test.duration for test in self.tests if test.cites[:1] == (check.id,))

    def why_void(self) -> str:
        """What went wrong in the suite, in one line."""
        if self.broken:
            return " ".join(self.broken.split())
        return next((test.reason for test in self.tests if test.status == "error"), "unknown")


def read(path: Path) -> Graded:
    """Reads one results.json. Raises ReportError for any other file."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ReportError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise ReportError(f"{path} is no results.json: it is not JSON") from None
    if not isinstance(table, dict) or table.get("schema") != SCHEMA:
        raise ReportError(f"{path} is no results.json: its schema is not {SCHEMA}")
    try:
        return _graded(path, table)
    except (KeyError, TypeError, ValueError) as error:
        what = printable(str(error).strip("'"))
        raise ReportError(f"{path} is no whole results.json: {what}") from None


def _graded(path: Path, table: dict[str, Any]) -> Graded:
    broken = _text(table["broken"] or "", "broken")
    table = cleaned(table)
    server = _of(dict)(table["server"], "server")
    machine = _of(dict)(table["machine"], "machine")
    extensions = _of(dict)(table["extensions"], "extensions")
    return Graded(
        path=path,
        name=_text(server["name"], "name"),
        folder=_optional(server.get("folder"), "folder"),
        command=_optional(server["command"], "command"),
        sha256=_optional(server["sha256"], "sha256"),
        verdict=_text(table["verdict"], "verdict"),
        broken="\n".join(map(printable, broken.split("\n"))),
        broken_by=_optional(table.get("broken_by"), "broken_by"),
        level=None if table["level"] is None else _whole(table["level"], "level"),
        score=_whole(table["score"], "score"),
        max_score=_whole(table["max_score"], "max_score"),
        extensions={name: _extension(each) for name, each in extensions.items()},
        checks=_each(partial(_check, extensions), table["requirements"], "requirements"),
        tests=_each(_test, table["tests"], "tests"),
        sessions=_each(_session, table.get("sessions", []), "sessions"),
        unclean=_texts(table["unclean"], "unclean"),
        load=None if table["load"] is None else _of(dict)(table["load"], "load"),
        suite=_text(table["suite"], "suite"),
        spec=_text(table["spec"], "spec"),
        seed=_whole(table["seed"], "seed"),
        graded_at=_text(table["graded_at"], "graded_at"),
        duration=_seconds(table["duration_s"], "duration_s"),
        machine=machine,
    )


def _extension(table: Any) -> Extension:
    return Extension(
        bool(table["offered"]),
        _text(table["verdict"], "verdict"),
        _whole(table["score"], "score"),
        _whole(table["max_score"], "max_score"),
    )


def _check(extensions: dict[str, Any], table: Any) -> Check:
    status = _text(table["status"], "status")
    if status not in STATUSES:
        raise ValueError(f"there is no status {status}")
    capability = _optional(table["capability"], "capability")
    if capability is not None and capability not in extensions:
        raise ValueError(f"there is no extension {capability}")
    return Check(
        id=_text(table["id"], "id"),
        level=None if table["level"] is None else _whole(table["level"], "level"),
        capability=capability,
        keyword=_text(table["keyword"], "keyword"),
        text=_text(table["text"], "text"),
        status=status,
        points=_whole(table["points"], "points"),
        max_points=_whole(table["max_points"], "max_points"),
        untestable=_optional(table["untestable"], "untestable") or "",
    )


def _test(table: Any) -> Test:
    return Test(
        name=_text(table["name"], "name"),
        cites=_texts(table["cites"], "cites"),
        status=_text(table["status"], "status"),
        duration=_seconds(table["duration"], "duration"),
        reason=_text(table["reason"], "reason"),
        blames=_texts(table["blames"], "blames"),
        card=_card(table["card"]),
    )


def _card(table: Any) -> dict[str, Any]:
    card: dict[str, Any] = _of(dict)(table, "card")
    if card:
        card = NO_DETAILS | card
        for name in _LISTS:
            _texts(card[name], name)
        for name in _TEXTS:
            _text(card[name], name)
        for name in _OPTIONAL:
            _optional(card[name], name)
        if card["differs"] is not None:
            _whole(card["differs"], "differs")
        if card["mark"] is not None:
            _mark(_of(dict)(card["mark"], "mark"))
    return card


def _mark(mark: dict[str, Any]) -> None:
    """Checks where a card says that a line of its session is wrong, and why."""
    for name in ("line", "column"):
        _whole(mark[name], name)
    _text(mark["words"], "words")


def _session(table: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return _texts(table["cites"], "cites"), _texts(table["lines"], "lines")


def _of(kind: type[T]) -> Callable[[Any, str], T]:
    def checked(value: Any, what: str) -> T:
        if not isinstance(value, kind) or isinstance(value, bool):
            raise TypeError(f"{what} is not what it should be")
        return value

    return checked


def _each(make: Callable[[Any], T], table: Any, what: str) -> tuple[T, ...]:
    return tuple(make(each) for each in _of(list)(table, what))


_text = _of(str)
_whole = _of(int)


def _optional(value: Any, what: str) -> str | None:
    return None if value is None else _text(value, what)


def _texts(value: Any, what: str) -> tuple[str, ...]:
    return tuple(_text(each, what) for each in _of(list)(value, what))


def _seconds(value: Any, what: str) -> float:
    seconds = float(_whole(value, what) if isinstance(value, int) else _of(float)(value, what))
    if not 0 <= seconds < FOREVER:
        raise ValueError(f"{what} is no time")
    return seconds
