"""Compares what a client received with what the model says that it has to receive.

The words of an ERR or a BYE, the time of a PAST and the ids of transfers are the server's own; the
order of the items of a listing is, too. Everything else has to be exact.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..lines import Line, escape, parse
from ..model import Owed

#: What is wrong where a line is of the right kind, but this field differs.
FIELDS = {
    "OK NICK number": "NICK-6",
    "OK SAY seq": "SAY-5",
    "MSG seq": "SAY-5",
    "MSG text": "SAY-3",
    "MSG room": "ROOM-4",
    "HERE name": "WHO-2",
    "HERE number": "WHO-2",
    "OK JOIN room": "ROOM-7",
    "OK TELL name": "TELL-1",
    "TOLD text": "TELL-3",
    "PAST seq": "HIST-2",
    "PAST name": "HIST-2",
    "PAST text": "HIST-2",
    "PAST room": "HIST-2",
    "OFFERED size": "FILE-2",
    "OFFERED sha256": "FILE-2",
    "OFFERED filename": "FILE-2",
    "OK CHUNK octets": "FILE-7",
}
#: What is wrong where two lines of a kind come in the wrong order.
_ORDER = {"MSG": "SAY-6", "JOINED": "JOINED-5"}


@dataclass(frozen=True)
class Difference:
    """Where a stream leaves what is owed: the line that ought to stand there, and what does."""

    expected: Owed | None  # None: nothing more is owed
    got: Line | None  # None: nothing more has come
    later: bool = False  # whether the line that came is owed, but not yet
    behind: bool = False  # whether the expected line comes behind it

    @property
    def is_missing(self) -> bool:
        """Whether the expected line did not come: what stands in its place is the next one."""
        return self.got is None or (self.later and not self.behind)

    @property
    def is_surplus(self) -> bool:
        """Whether the line that came is one too many: the expected one comes behind it."""
        return self.expected is None or (self.behind and not self.later)


class Comparer:
    """Knows which ids the server gave to the transfers of the model."""

    def __init__(self, ids: dict[str, int]) -> None:
        self.ids = ids  # the model's: it reads commands with the ids of the server

    def compare(self, owed: list[Owed], got: list[Line]) -> tuple[int, Difference | None]:
        """How many lines are as they ought to be, and the first that is not."""
        at = 0
        while at < len(owed) and at < len(got):
            end = at + 1
            while owed[at].run and end < len(owed) and owed[end].run == owed[at].run:
                end += 1
            left = owed[at:end]
            for line in got[at:end]:
                match = next((each for each in left if self.same(each, line)), None)
                if match is None:
                    later = any(self.same(each, line) for each in owed[end:])
                    behind = any(self.same(left[0], each) for each in got[at + 1 :])
                    return at, Difference(left[0], line, later, behind)
                left.remove(match)
                at += 1
        if at < len(owed):
            return at, Difference(owed[at], None)
        return at, Difference(None, got[at]) if at < len(got) else None

    def same(self, owed: Owed, got: Line) -> bool:
        """Whether this is the line that is owed. The first line of a transfer tells its id."""
        if not owed.transfer and owed.text == got.text:
            return True
        wanted = parse(self.text(owed, got))
        if wanted.kind != got.kind:
            return False
        free = {"BYE": ("words",), "PAST": ("time",)}.get(got.kind, ())
        if any(got[name] != value for name, value in wanted.fields.items() if name not in free):
            return False
        if owed.transfer and owed.transfer not in self.ids.values():
            self.ids[got["id"]] = owed.transfer
        return True

    def text(self, owed: Owed, got: Line | None = None) -> str:
        """A line that is owed as this server would write it; a new id is the one that came."""
        if not owed.transfer:
            return owed.text
        known = next((each for each, mine in self.ids.items() if mine == owed.transfer), None)
        if known is None and got is not None and got.fields.get("id", "") not in self.ids:
            known = got.fields.get("id")
        return owed.text.replace("#", known or str(owed.transfer), 1)


def rule_broken(difference: Difference, other: str | None) -> str | None:
    """The requirement that a difference refutes; `other` forbids the line that came, if any does.

    None where the line alone does not tell.
    """
    expected, got = difference.expected, difference.got
    if expected is None or difference.is_surplus:
        return other
    if got is None or difference.is_missing or expected.rule.startswith("LOCK-"):
        return expected.rule
    wanted = parse(expected.text.replace("#", "0", 1) if expected.transfer else expected.text)
    if difference.later:  # two lines in the wrong order
        return _ORDER.get(got.kind) if got.kind == wanted.kind else None
    if got.kind != wanted.kind:
        return expected.rule
    fields = (name for name, value in wanted.fields.items() if got.fields.get(name) != value)
    differs = next((name for name in fields if name != "id"), "")
    return FIELDS.get(f"{got.kind} {differs}", expected.rule)


def says_why(difference: Difference) -> str:
    """What is different, in words for people."""
    if difference.is_surplus:
        return "a line that the spec does not call for"
    if difference.is_missing:
        return "a line is missing: the PING sent afterwards was answered without it"
    if difference.later:
        return "these lines are in another order than the spec has them"
    return "this is not the line that the spec calls for here"


def shown(got: Line) -> str:
    """A line that came, as sessions show it. The time of a PAST is not the same twice."""
    if got.kind == "PAST":
        return escape(got.text.replace(f" {got['time']} ", " 1790000000 ", 1))
    return escape(got.text)
