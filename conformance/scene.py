"""The scene of a failure: the part of a session that its card shows, and the line that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .compare import excerpt, is_line
from .inbox import FENCE
from .lines import escape
from .peer import Entry
from .violation import Violation

#: Lines of the session that a card shows, up to the one that is marked and some behind it.
SESSION_LINES = 30
BEHIND_MARK = 6
#: Clients up to which a session is shown whole; of more, one is, and what the others sent.
CROWD = 5
#: Lines in a row that differ by a number, or not at all: of more than these, two are shown.
ROW = 4

#: What a client did that has to be known, however long ago it was.
DEEDS = ("(reads no more)", "(end of stream)", "(reset)")
#: A line of a session; one that says how the server was started is none.
_STEP = re.compile(r"(?P<who>[a-z]+)(?P<way>[<>]) ?(?P<line>.*)")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,17})")
NO_END = "here the end of the line is missing"


@dataclass(frozen=True)
class Row:
    """Lines that are like the one before them, and are shown as a note: how many they are."""

    count: int
    counts_up: bool  # whether each has the number behind that of the one before

    def __str__(self) -> str:
        alike = "like it, each with the next number" if self.counts_up else "of the same"
        return f"… {self.count} more {alike}"


def scene(
    log: Sequence[Entry], violation: Violation, at: tuple[int, int] | None
) -> tuple[list[str], dict[str, Any] | None]:
    """The end of the session, and the place in it where the failure shows.

    `at`: where what was expected and what came differ, if both are lines.
    """
    client = violation.client.label if violation.client else None
    log = list(log)
    if client and violation.timed_out and violation.got == "(nothing)":
        log.append(Entry(client, "<", "(nothing)"))
    marked, words = _marked(log, client, violation)
    labels = list(dict.fromkeys(entry.client for entry in log))
    if len(labels) > CROWD and client:
        matter = [each for each in log if each is marked or _matters(each, client)]
    else:
        matter = log
    head = []
    if len(matter) < len(log):
        head.append(f"… {len(labels)} clients: all of {client}, and what the others sent")
    shown = _in_rows(matter, marked)
    place = next((n for n, each in enumerate(shown) if each is marked), None)
    end = len(shown) if place is None else min(len(shown), place + 1 + BEHIND_MARK)
    if len(shown) - end <= BEHIND_MARK:
        end = len(shown)
    start = max(0, end - SESSION_LINES)
    if start:
        head.append(f"… {_count(shown[:start])} earlier lines")
        earlier = [each for each in shown[:start] if isinstance(each, Entry)]
        deeds = [each for each in earlier if each.direction == ">" and each.text in DEEDS]
        head += [f"{each.client}> {each.text}" for each in deeds[-len(DEEDS) :]]
    lines, mark = list(head), None
    for each in shown[start:end]:
        if isinstance(each, Row):
            lines.append(str(each))
            continue
        who = f"{each.client}{each.direction} "
        column = at[1] if at and each is marked else 0
        text, moved = excerpt(each.text, column if each is marked else None)
        if each is marked:
            mark = {"line": len(lines), "column": len(who) + (moved or 0), "words": words}
        lines.append(who + text)
    if end < len(shown):
        lines.append(f"… {_count(shown[end:])} later lines")
    return lines, mark


def found(violation: Violation) -> list[Entry]:
    """A session that was found at random, up to the line that is wrong."""
    session = violation.session[: len(violation.session) - violation.ahead]
    steps = (_STEP.fullmatch(line) for line in session)
    log = [Entry(step["who"], step["way"], step["line"]) for step in steps if step]
    if log and violation.client and violation.got and is_line(violation.got):
        log.append(Entry(violation.client.label, "<", escape(violation.got)))
    return log


def _in_rows(log: Sequence[Entry], marked: Entry | None) -> list[Entry | Row]:
    """The same session; of many lines in a row that are alike the first and the last are left."""
    shown: list[Entry | Row] = []
    begin = 0
    while begin < len(log):
        end, step = begin + 1, None
        while end < len(log) and marked is not log[end - 1] and marked is not log[end]:
            further = _step(log[end - 1], log[end])
            if further is None or further != (step or further):
                break
            end, step = end + 1, further
        if end - begin > ROW and step is not None:
            shown += [log[begin], Row(end - begin - 2, any(step)), log[end - 1]]
        else:
            shown += log[begin:end]
        begin = end
    return shown


def _step(one: Entry, following: Entry) -> tuple[int, ...] | None:
    """By how much each number in a line is more than in the one before: by nothing, or by one.

    None if anything else differs. In a row all steps are the same, so nothing that was lost,
    doubled or swapped hides in it.
    """
    if (one.client, one.direction) != (following.client, following.direction):
        return None
    before, after = _NUMBER.split(one.text), _NUMBER.split(following.text)
    if before[::2] != after[::2]:
        return None
    steps = tuple(int(b) - int(a) for a, b in zip(before[1::2], after[1::2], strict=True))
    return steps if all(step in (0, 1) for step in steps) else None


def _count(shown: Iterable[Entry | Row]) -> int:
    """How many lines of the session that is."""
    return sum(each.count if isinstance(each, Row) else 1 for each in shown)


def _marked(
    log: Sequence[Entry], client: str | None, violation: Violation
) -> tuple[Entry | None, str]:
    """The line of the session that is wrong, or behind which one is missing; and why it is."""
    received = [each for each in log if each.client == client and each.direction == "<"]
    got = escape(violation.got or "")
    if violation.got == "(nothing)" and not violation.timed_out:
        proofs = (f"PONG {FENCE}", "OK UNLOCK", "(end of stream")
        proof = next((each for each in received[::-1] if each.text.startswith(proofs)), None)
        return proof, "what was expected had to come before this"
    for entry in reversed(received):
        if entry.text == got:
            if got.startswith("("):
                return entry, "here something else was due"
            if (violation.expected or "").startswith("(nothing"):
                return entry, "this should not have come"
            return entry, NO_END if violation.timed_out else "the first wrong octet"
    return None, ""


def _matters(entry: Entry, client: str) -> bool:
    """Whether a line of a crowd's session is shown: one's own, and what others did."""
    return entry.client == client or (
        entry.direction == ">" and not entry.text.startswith(f"PING {FENCE}")
    )
