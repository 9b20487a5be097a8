"""Faults that show only while others talk: half of a command now, the other half a moment later.

A server with a thread for each client has them when it lets go of its mutex in between. Here the
other half waits for the end of the turn, in which others are obeyed.
"""

from __future__ import annotations

from collections.abc import Callable

from parley import wire
from parley.hub import Hub, Limits, Member

from .registry import breaks


class InTwoSteps(Hub):
    """A hub that can put something off until all who are ready in this turn have been obeyed."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._later: list[Callable[[], object]] = []

    def next_deadline(self) -> float | None:
        return 0.0 if self._later else super().next_deadline()

    def tick(self, now: float) -> None:
        super().tick(now)
        later, self._later = self._later, []
        for step in later:
            step()


@breaks("LOCK-1")
class LocksTooLate(InTwoSteps):
    """OK LOCK is sent, and a moment later nothing arrives any more."""

    def do_lock(self, member: Member, arguments: str) -> None:
        if member.held is not None:
            super().do_lock(member, arguments)
            return
        wire.no_arguments(arguments)
        self.reply(member, "OK", "LOCK")
        self._later.append(lambda: self._lock(member))

    def _lock(self, member: Member) -> None:
        if member.here:
            owed = [*member.outbox]
            super().do_lock(member, "")
            member.outbox[:] = owed  # without a second OK LOCK


@breaks("LOCK-4")
class CountsTooEarly(InTwoSteps):
    """What is said between the last held event and OK UNLOCK arrives there, and is not counted."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        held = self.release(member)
        self._later.append(lambda: self.reply(member, "OK", "UNLOCK", held))


@breaks("LOCK-4")
class LosesTheLast(InTwoSteps):
    """What is said while a hold is emptied is held too, and never delivered."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        held = member.held
        if held is None:
            super().do_unlock(member, arguments)
            return
        self._send(member, b"".join(held))
        member.held = []
        self._later.append(lambda: self._unlock(member, len(held)))

    def _unlock(self, member: Member, held: int) -> None:
        if member.held is not None:
            member.held.clear()
            self.release(member)
            self.reply(member, "OK", "UNLOCK", held)
