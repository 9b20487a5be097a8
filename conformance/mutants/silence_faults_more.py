"""More faults of those who say nothing: whose line counts, what is left behind by one sent away."""

from __future__ import annotations

from typing import ClassVar
from unittest import mock

from parley import wire
from parley.hub import Hub, Limits, Member, Outcome, Room
from parley.state import Deadlines
from parley.wire import MAX_LINE, Refusal

from .registry import breaks
from .silence_faults import Deaf


@breaks("SILENCE-1")
class PongsUnaskedAreNoLife(Hub):
    """A member that sends nothing but PONG before it is asked is asked all the same."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if member.name is None or member.asked or not line.startswith(b"PONG"):
            return super().obey(member, line, now)
        with mock.patch.object(self._silences, "start"):
            return super().obey(member, line, now)


@breaks("SILENCE-2")
class RefusalsAreNoLife(Deaf):
    """A member whose lines are all refused is sent away."""

    def is_life(self, line: bytes) -> bool:
        verb = line.split(b" ")[0].decode(errors="replace").upper()
        return not verb or self._find(verb) is not None


@breaks("SILENCE-2")
class BadLinesAreNoLife(Deaf):
    """A member whose lines are no UTF-8 is sent away."""

    def is_life(self, line: bytes) -> bool:
        return len(line) >= MAX_LINE or "\ufffd" not in line.decode(errors="replace")


@breaks("SILENCE-2")
class OnlyTheRightPongIsLife(Deaf):
    """A PONG whose token is not that of the PING is no sign of life."""

    def is_life(self, line: bytes) -> bool:
        return not line.startswith(b"PONG ") or line == b"PONG still-there"


@breaks("SILENCE-2")
class AsksOnceInALife(Hub):
    """Who has answered two PINGs is sent away without being asked a third time."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._answers: dict[Member, int] = {}

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        self._answers[member] = self._answers.get(member, 0) + member.asked
        return super().obey(member, line, now)

    def tick(self, now: float) -> None:
        for member in self.names.values():
            member.asked = member.asked or self._answers.get(member, 0) >= 2
        super().tick(now)


@breaks("SILENCE-1")
class EventsAreLife(Hub):
    """A member to which others talk is never asked."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        for member in room.members.values():
            if not member.asked:
                self._silences.start(member, self._now)


@breaks("SILENCE-3")
class LockedOnesAreClosed(Hub):
    """A member that is locked and does not answer is said to have closed."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        closed = cause == "timeout" and member.held is not None
        super().leave(member, "closed" if closed else cause, now, words)


@breaks("WHO-5")
class AskedAreNotListed(Hub):
    """Who has been asked, and has not answered yet, is missing in WHO."""

    def listing(self, room: Room) -> list[bytes]:
        here = [each for each in room.members.values() if not each.asked]
        return [wire.line("HERE", each.name or "", each.number) for each in here]


@breaks("LOCK-1")
class HoldsPings(Hub):
    """The PING to a silent member is held if it is locked."""

    def _send(self, member: Member, lines: bytes) -> None:
        if member.held is not None and lines.startswith(b"PING "):
            member.held.append(lines)
        else:
            super()._send(member, lines)


@breaks("SILENCE-3")
class GoodbyesAreBare(Hub):
    """The BYE to a member that does not answer has no words."""

    def _send_away(self, member: Member, cause: str, words: str) -> None:
        super()._send_away(member, cause, words)
        if member.name is not None:
            member.outbox[-1] = b"BYE\n"


# What is left behind


@breaks("SILENCE-3")
class NamesOfTheSilentInSmallLetters(Hub):
    """The LEFT of a member that does not answer has its name in small letters."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        name = member.name or ""
        if cause == "timeout":
            member.name = name.lower()
        super().exit(member, cause, words)
        member.name = name


class _FreesNamesLater(Hub):
    """The name of one who goes for this cause is free half a second after its LEFT."""

    cause: ClassVar[str]

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._kept = Deadlines(0.5)

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        here = member.here
        super().leave(member, cause, now, words)
        if here and member.name is not None and cause == self.cause:
            self.names[wire.fold(member.name)] = member
            self._kept.start(member, now)

    def next_deadline(self) -> float | None:
        deadlines = (super().next_deadline(), self._kept.next())
        return min((due for due in deadlines if due is not None), default=None)

    def tick(self, now: float) -> None:
        super().tick(now)
        for member in self._kept.take_expired(now):
            self.names.pop(wire.fold(member.name or ""), None)


@breaks("SILENCE-3")
class NamesOfTheSilentAreFreeLater(_FreesNamesLater):
    """The name of a member that did not answer is free half a second after its LEFT."""

    cause = "timeout"


@breaks("SLOW-4")
class NamesOfTheSlowAreFreeLater(_FreesNamesLater):
    """The name of a member that does not read is free half a second after its LEFT."""

    cause = "slow"


@breaks("SLOW-4")
class NamesOfTheSlowStayInUse(Hub):
    """The name of a member that was dropped because it does not read is never free again."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        here = member.here
        super().leave(member, cause, now, words)
        if here and member.name is not None and cause == "slow":
            self.names[wire.fold(member.name)] = member


@breaks("LOCK-13")
class HeirsOfTheSilentAreLocked(Hub):
    """Who takes the name of a member that was silent and locked is locked."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._locked: set[str] = set()

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.name is not None and member.held is not None and cause == "timeout":
            self._locked.add(wire.fold(member.name))
        super().leave(member, cause, now, words)

    def admit(self, member: Member, name: str) -> None:
        super().admit(member, name)
        if wire.fold(name) in self._locked:
            member.held = []


@breaks("NICK-6")
class NumbersOfTheSilentAreFree(Hub):
    """The number of the newest member is given again when it was sent away for its silence."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        newest = member.here and member.number == self._last_number
        super().leave(member, cause, now, words)
        if newest and cause == "timeout":
            self._last_number -= 1


# Those who choose no name


@breaks("NAMELESS-1")
class RefusedOnceNamelessForEver(Hub):
    """Who was refused a name once is sent away in time, though it has got another."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._refused: set[Member] = set()

    def do_nick(self, member: Member, arguments: str) -> None:
        try:
            super().do_nick(member, arguments)
        except Refusal:
            self._refused.add(member)
            raise

    def _named(self, member: Member) -> None:
        if member not in self._refused:
            return super()._named(member)
        with mock.patch.object(self._handshakes, "stop"):
            super()._named(member)


# The time of a lock


@breaks("LOCK-18")
class WhoAsksStaysLocked(Hub):
    """The time of a lock begins anew with every other line of its member."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        outcome = super().obey(member, line, now)
        if member.held is not None and line != b"LOCK":
            self._locks.start(member, now)
        return outcome


@breaks("LOCK-18")
class OverflownLocksTimeOut(Hub):
    """The time of a lock goes on when too much was held, and then ends the next one."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._stale = Deadlines(self.limits.hold_time)

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        if member not in self._stale:
            self._stale.start(member, self._now)

    def release(self, member: Member) -> int:
        self._stale.stop(member)
        return super().release(member)

    def _hold(self, member: Member, line: bytes) -> None:
        with mock.patch.object(self._stale, "stop"):
            super()._hold(member, line)

    def next_deadline(self) -> float | None:
        deadlines = (super().next_deadline(), self._stale.next())
        return min((due for due in deadlines if due is not None), default=None)

    def tick(self, now: float) -> None:
        for member in self._stale.take_expired(now):
            if member.held is not None:
                self.release(member)
                self._send(member, wire.line("UNLOCKED", "timeout"))
        super().tick(now)
