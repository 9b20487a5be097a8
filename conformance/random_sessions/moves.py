"""What people may do in a session, as data: moves can be drawn, left out, and made again."""

from __future__ import annotations

from dataclasses import dataclass

HALF_CLOSE = "(end of stream)"
RESET = "(reset)"
#: What stands at the end of a line that has no end yet: what comes next belongs to it.
CUT = "(cut)"


@dataclass(frozen=True)
class Turn:
    """What one client sends in one piece: whole lines."""

    label: str
    lines: tuple[bytes, ...]  # without their LF


@dataclass(frozen=True)
class Connects:
    """A client connects."""

    label: str


@dataclass(frozen=True)
class Sends:
    """One client sends lines, or several do at the same time."""

    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Begins:
    """A client sends the first octets of a line, and others have their turn."""

    label: str
    line: bytes
    cut: int  # of its octets, how many


@dataclass(frozen=True)
class Leaves:
    """A client ends its direction, or resets its connection: HALF_CLOSE or RESET.

    In front of a half-close it may send `last` lines, without waiting for the answers.
    """

    label: str
    how: str
    last: tuple[bytes, ...] = ()


Move = Connects | Sends | Begins | Leaves


def replaced(move: Sends, turn: int, line: int, *by: bytes) -> Sends | None:
    """The same with another line in place of one, or without it; None if nothing is left."""
    turns = list(move.turns)
    lines = turns[turn].lines
    rest = (*lines[:line], *by, *lines[line + 1 :])
    turns[turn : turn + 1] = [Turn(turns[turn].label, rest)] if rest else []
    return Sends(tuple(turns)) if turns else None
