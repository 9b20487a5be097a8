"""Leaves moves out of a session as long as it still fails: delta debugging.

After Zeller and Hildebrandt, "Simplifying and isolating failure-inducing input" (IEEE TSE, 2002),
with larger pieces first: people, then runs of moves, then single lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from .moves import Move, Sends, Turn, replaced

#: Octets of a line that is worth making short.
LONG = 20
Fails = Callable[[list[Move]], bool]


def shorter(moves: Sequence[Move], fails: Fails) -> list[Move]:
    """A part of the moves that still fails. `fails` says no when it has been asked often enough."""
    kept, before = _the_end(list(moves), fails), 0
    while len(kept) != before:  # what was needed for a move that has gone can go, too
        before = len(kept)
        kept = _without_people(kept, fails)
        size = len(kept) // 2
        while size:
            kept = _without_runs(kept, size, fails)
            size //= 2
    return _without_lines(kept, fails)


def _the_end(moves: list[Move], fails: Fails) -> list[Move]:
    """People take their names, and then it happens: mostly the rest does not matter."""
    size = 1
    while size < len(moves):
        named = [move for move in moves[:-size] if isinstance(move, Sends) and _is_naming(move)]
        fewer = named + moves[-size:]
        if len(fewer) < len(moves) and fails(fewer):
            return fewer
        size *= 2
    return moves


def _is_naming(move: Sends) -> bool:
    return any(b"".join(turn.lines).startswith((b"NICK ", b"LOGIN ")) for turn in move.turns)


def labels_of(move: Move) -> list[str]:
    """Who takes part in a move."""
    return [turn.label for turn in move.turns] if isinstance(move, Sends) else [move.label]


def _without_people(moves: list[Move], fails: Fails) -> list[Move]:
    for label in dict.fromkeys(label for move in moves for label in labels_of(move)):
        fewer = [rest for move in moves if (rest := _without_person(move, label))]
        if fewer and len(fewer) < len(moves) and fails(fewer):
            moves = fewer
    return moves


def _without_person(move: Move, label: str) -> Move | None:
    if not isinstance(move, Sends):
        return None if move.label == label else move
    turns: tuple[Turn, ...] = tuple(turn for turn in move.turns if turn.label != label)
    return Sends(turns) if turns else None


def _without_runs(moves: list[Move], size: int, fails: Fails) -> list[Move]:
    """From the end: what happened last is most often what matters, and the rest can go."""
    end = len(moves)
    while end > 0:
        start = max(0, end - size)
        fewer = moves[:start] + moves[end:]
        if fewer and fails(fewer):
            moves = fewer
        end = start
    return moves


def _without_lines(moves: list[Move], fails: Fails) -> list[Move]:
    at = 0
    while at < len(moves):
        for simpler in _simpler(moves[at]):
            fewer = [*moves[:at], simpler, *moves[at + 1 :]]
            if fails(fewer):
                moves = fewer
                break
        else:
            at += 1
    return moves


def _simpler(move: Move) -> Iterator[Move]:
    """The same with a line less, or with something ordinary in place of a long text."""
    if not isinstance(move, Sends):
        return
    several = sum(len(turn.lines) for turn in move.turns) > 1
    for number, turn in enumerate(move.turns):
        for at, line in enumerate(turn.lines):
            if several and (rest := replaced(move, number, at)):
                yield rest
            if line.startswith(b"SAY ") and len(line) > LONG:
                yield replaced(move, number, at, b"SAY hello") or move
