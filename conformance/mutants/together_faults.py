"""Faults that no rule shows by itself: most take two members who are locked at the same time.

They are what random sessions are for: whoever tests rule by rule has one of everything.
"""

from __future__ import annotations

from parley.extensions import ExtendedHub
from parley.hub import Hub, Job, Member, Outcome, Room

from .registry import breaks


class Noticing(Hub):
    """A hub that knows whether whoever caused an event was locked."""

    by_locked = False

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        self.by_locked = member.held is not None
        return super().obey(member, line, now)

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        self.by_locked = member.held is not None
        super().leave(member, cause, now, words)


@breaks("RELY-1")
class LockedOnesMissOneAnother(Noticing):
    """A locked member is not told that another locked one has left."""

    def _hold(self, member: Member, line: bytes) -> None:
        if not (self.by_locked and line.startswith(b"LEFT ")):
            super()._hold(member, line)


@breaks("RELY-2")
class LockedOnesTellAtOnce(Noticing, ExtendedHub):
    """Among four or more, what a locked member tells another locked one is not held."""

    def _hold(self, member: Member, line: bytes) -> None:
        if self.by_locked and len(self.names) > 3 and line.startswith(b"TOLD "):
            self._send(member, line)
        else:
            super()._hold(member, line)


@breaks("RELY-3")
class LockedOnesComeUnheard(Noticing, ExtendedHub):
    """A locked member is not told that another one came who was locked where it came from."""

    def _hold(self, member: Member, line: bytes) -> None:
        if not (self.by_locked and line.startswith(b"JOINED ")):
            super()._hold(member, line)


@breaks("RELY-4")
class WhatLockedOnesSayIsForgotten(Noticing, ExtendedHub):
    """A message that ends its speaker's lock is not in the history."""

    def remember(self, room: Room, name: str, text: str) -> None:
        if not self.by_locked:
            super().remember(room, name, text)


@breaks("RELY-5")
class LoginsPassTheLock(ExtendedHub):
    """That somebody has logged in is not held."""

    logging_in = False

    def finish(self, job: Job, result: object, now: float) -> Outcome | None:
        self.logging_in = True
        outcome = super().finish(job, result, now)
        self.logging_in = False
        return outcome

    def _hold(self, member: Member, line: bytes) -> None:
        if self.logging_in:
            self._send(member, line)
        else:
            super()._hold(member, line)


@breaks("RELY-6")
class OffersPassTheLockOfMany(ExtendedHub):
    """Among four or more, an offer to a locked member is not held."""

    def _hold(self, member: Member, line: bytes) -> None:
        if len(self.names) > 3 and line.startswith(b"OFFERED "):
            self._send(member, line)
        else:
            super()._hold(member, line)
