"""Faults of protection: those who say nothing, and those who hold for too long."""

from __future__ import annotations

from unittest import mock

from impl_poll.connection import Connection
from parley import wire
from parley.hub import Hub, Limits, Member, Outcome

from .registry import breaks
from .tools import FOR_GOOD, InATenth, OtherLimits


@breaks("SILENCE-1")
class SendsAwayWithoutAsking(Hub):
    """A silent member is sent away without a PING."""

    def tick(self, now: float) -> None:
        for member in self.names.values():
            member.asked = True
        super().tick(now)


@breaks("SILENCE-1")
class AsksTooEarly(InATenth):
    """PING comes after a tenth of the time of silence."""

    times = ("idle",)


@breaks("SILENCE-1")
class AsksWhoTalks(Hub):
    """A member is asked again and again, whatever it says."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if member.name is None:
            return super().obey(member, line, now)
        with mock.patch.object(self._silences, "start"):
            return super().obey(member, line, now)


@breaks("SILENCE-1")
class AsksTheNameless(Hub):
    """A connection that has no name yet is asked whether it is there."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        self._silences.start(member, now)
        return member


@breaks("SILENCE-2")
class PongIsNoLife(Hub):
    """A member that answers nothing but PONG is sent away."""

    def do_pong(self, member: Member, arguments: str) -> None:
        member.asked = True


class Deaf(Hub):
    """A hub that takes some lines of a member that it has asked for no sign of life."""

    def is_life(self, line: bytes) -> bool:
        """Whether a line shows that a member is there."""
        raise NotImplementedError

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if not member.asked or self.is_life(line):
            return super().obey(member, line, now)
        with mock.patch.object(self._silences, "start"):
            outcome = super().obey(member, line, now)
        member.asked = True
        return outcome


@breaks("SILENCE-2")
class OnlyPongIsLife(Deaf):
    """A member that answers PING with another command than PONG is sent away."""

    def is_life(self, line: bytes) -> bool:
        return line.startswith(b"PONG")


@breaks("SILENCE-2")
class EmptyLinesAreNoLife(Deaf):
    """A member that sends nothing but empty lines is sent away."""

    def is_life(self, line: bytes) -> bool:
        return line != b""


@breaks("SILENCE-3")
class GivesNoTimeToAnswer(Hub):
    """A silent member is sent away as soon as it has been asked."""

    def tick(self, now: float) -> None:
        super().tick(now)
        for member in [each for each in self.names.values() if each.asked]:
            self._send_away(member, "timeout", "you did not answer")


@breaks("SILENCE-3")
class AsksForEver(Hub):
    """A member that does not answer is asked again, and again."""

    def tick(self, now: float) -> None:
        for member in self.names.values():
            member.asked = False
        super().tick(now)


@breaks("SILENCE-3")
class SilentOnesAreClosed(Hub):
    """A member that does not answer is said to have closed."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, "closed" if cause == "timeout" else cause, now, words)


@breaks("SILENCE-3")
class GhostsAreToldTwice(Hub):
    """The LEFT of a member that does not answer comes twice."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        super().exit(member, cause, words)
        if cause == "timeout":
            self.publish(self.lobby, "LEFT", "lobby", str(member.name), cause)


@breaks("SILENCE-4")
class OctetsAreLife(Connection):
    """The beginning of a line is taken for a sign of life."""

    def receive(self) -> None:
        super().receive()
        if self.member.here and self.member.name is not None:
            self.member.asked = False
            self.server.hub._silences.start(self.member, self.server.now)


@breaks("SILENCE-5")
class WaitingIsSilence(Hub):
    """A member whose lines wait because it sent too many is silent meanwhile."""

    def _keeps_waiting(self, member: Member) -> bool:
        return False


# Locks


@breaks("LOCK-19")
class ByeLosesHeld(Hub):
    """What is held for a member that does not answer is lost."""

    def _send_away(self, member: Member, cause: str, words: str) -> None:
        if member.held:
            member.held.clear()
        super()._send_away(member, cause, words)


@breaks("LOCK-19")
class AskingUnlocks(Hub):
    """The lock of a silent member ends when it is asked."""

    def tick(self, now: float) -> None:
        super().tick(now)
        for member in self.names.values():
            if member.asked:
                self.release(member)


@breaks("LOCK-17")
class HoldsAnyOctets(OtherLimits):
    """However many octets are held, the lock goes on."""

    other = {"hold_bytes": 2**60}  # noqa: RUF012  # read only


@breaks("LOCK-17")
class TooMuchIsLost(Hub):
    """An event that is too much for the octets that may be held is lost."""

    def _hold(self, member: Member, line: bytes) -> None:
        if member.held_bytes + len(line) <= self.limits.hold_bytes:
            super()._hold(member, line)


@breaks("LOCK-18")
class HoldsForEver(OtherLimits):
    """A lock lasts as long as its member likes."""

    other = {"hold_time": FOR_GOOD}  # noqa: RUF012  # read only


@breaks("LOCK-18")
class UnlocksTooEarly(InATenth):
    """A lock ends after a tenth of its time."""

    times = ("hold_time",)


@breaks("LOCK-18")
class RelockingProlongs(Hub):
    """The time of a lock begins anew when its member locks again."""

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        self._locks.start(member, self._now)


@breaks("LOCK-18")
class TimeLosesHeld(Hub):
    """What was held when the time of a lock is over is lost."""

    def tick(self, now: float) -> None:
        for member in self.names.values():
            if member.held and member in self._locks and self._locks._due[member] <= now:
                member.held.clear()
        super().tick(now)


@breaks("LOCK-18")
class EndedLocksTimeOut(Hub):
    """The time of a lock goes on when it has been ended by UNLOCK."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        held, member.held = member.held, None
        if held:
            self._send(member, b"".join(held))
        self.reply(member, "OK", "UNLOCK", len(held or ()))


@breaks("LOCK-18")
class LocksEndedBySayTimeOut(Hub):
    """The time of a lock goes on when SAY has ended it, and then ends the next one."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._due: dict[Member, float] = {}

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        self._due.setdefault(member, self._now + self.limits.hold_time)

    def do_unlock(self, member: Member, arguments: str) -> None:
        self._due.pop(member, None)
        super().do_unlock(member, arguments)

    def next_deadline(self) -> float | None:
        sound = super().next_deadline()
        return min([*self._due.values(), *([] if sound is None else [sound])], default=None)

    def tick(self, now: float) -> None:
        for member in [member for member, due in self._due.items() if now >= due]:
            del self._due[member]
            if member.held is not None:
                self.release(member)
                self._send(member, wire.line("UNLOCKED", "timeout"))
        super().tick(now)


@breaks("LOCK-18")
class OneLockATime(Hub):
    """Only the first lock of a member has an end."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._had_one: set[Member] = set()

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        if member in self._had_one:
            self._locks.stop(member)
        self._had_one.add(member)


@breaks("LOCK-18")
class EmptyLocksEndQuietly(Hub):
    """When the time of a lock is over that holds nothing, nothing is said."""

    emptied = False

    def release(self, member: Member) -> int:
        self.emptied = member.held == []
        return super().release(member)

    def _send(self, member: Member, line: bytes) -> None:
        if line != b"UNLOCKED timeout\n" or not self.emptied:
            super()._send(member, line)
