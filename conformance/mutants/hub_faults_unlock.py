"""Faults of level 5: when and how a lock ends otherwise than by UNLOCK."""

from __future__ import annotations

from parley import wire
from parley.hub import CLOSE, Hub, Limits, Member, Outcome, Room
from parley.wire import Refusal

from .registry import breaks
from .tools import OtherLimits


@breaks("LOCK-8")
class SayKeepsTheLock(Hub):
    """SAY does not end the lock."""

    def do_say(self, member: Member, arguments: str) -> None:
        held, member.held = member.held, None
        try:
            super().do_say(member, arguments)
        finally:
            member.held = held


@breaks("LOCK-8")
class OkSayBeforeHeld(Hub):
    """SAY ends the lock, but OK SAY comes before the held events."""

    def do_say(self, member: Member, arguments: str) -> None:
        held, member.held = member.held, None
        try:
            super().do_say(member, arguments)
        except Refusal:
            member.held = held
            raise
        member.held = held
        self.release(member)


@breaks("LOCK-9")
class RefusedSayUnlocks(Hub):
    """A refused SAY ends the lock."""

    def do_say(self, member: Member, arguments: str) -> None:
        self.release(member)
        super().do_say(member, arguments)


@breaks("LOCK-10")
class QuitDropsHeld(Hub):
    """The held events of a member that quits are lost."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        wire.words(arguments)
        (member.held or []).clear()
        return super().do_quit(member, arguments)


@breaks("LOCK-10")
class OkQuitBeforeHeld(Hub):
    """OK QUIT comes before the held events."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        wire.words(arguments)
        held, member.held = member.held, None
        super().do_quit(member, arguments)
        for line in held or ():
            self._send(member, line)
        return CLOSE


@breaks("LOCK-11")
class EndDropsHeld(Hub):
    """The held events of a member whose stream ends are lost."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if cause == "closed":
            (member.held or []).clear()
        super().leave(member, cause, now, words)


@breaks("LOCK-12")
class HoldsJoinings(Hub):
    """As long as anybody is locked, the others are told of no newcomer."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._waiting: list[tuple[Member, tuple[str | int, ...]]] = []

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        members = list(room.members.values())
        if fields[0] != "JOINED" or all(member.held is None for member in members):
            return super().publish(room, *fields, but=but)
        for member in members:
            if member.held is None:
                self._waiting.append((member, fields))
            else:
                self.deliver(member, *fields)

    def release(self, member: Member) -> int:
        count = super().release(member)
        if all(each.held is None for each in self.lobby.members.values()):
            for waiting, fields in self._waiting:
                if waiting.here:
                    self.deliver(waiting, *fields)
            self._waiting.clear()
        return count


@breaks("LOCK-13")
class HeirsAreLocked(Hub):
    """Who takes the name of a member that left locked is locked, and gets what was held."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._held: dict[str, list[bytes]] = {}

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.name is not None and member.held is not None:
            self._held[wire.fold(member.name)] = list(member.held)
        super().leave(member, cause, now, words)

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        member.held = self._held.pop(wire.fold(arguments), None)


@breaks("LOCK-14")
class HoldsWithoutBound(OtherLimits):
    """However many events are held, the lock goes on."""

    other = {"hold_count": 2**40, "hold_bytes": 2**40}  # noqa: RUF012  # read only


@breaks("LOCK-14")
class OverflowLosesTheNewest(Hub):
    """The event that does not fit any more is lost."""

    def _hold(self, member: Member, line: bytes) -> None:
        if len(member.held or ()) < self.limits.hold_count:
            return super()._hold(member, line)
        self.release(member)
        self._send(member, wire.line("UNLOCKED", "overflow"))


@breaks("LOCK-14")
class OverflowLosesTheOldest(Hub):
    """An event that does not fit pushes out the oldest, and the lock goes on."""

    def _hold(self, member: Member, line: bytes) -> None:
        if member.held and len(member.held) == self.limits.hold_count:
            del member.held[0]
        super()._hold(member, line)


@breaks("LOCK-14")
class OverflowIsSilent(Hub):
    """Everything is delivered on overflow, but UNLOCKED is not sent."""

    def _send(self, member: Member, lines: bytes) -> None:
        if not lines.startswith(b"UNLOCKED overflow"):
            super()._send(member, lines)


@breaks("LOCK-14")
class OverflowKeepsTheLock(Hub):
    """After UNLOCKED overflow the next events are held again."""

    def _hold(self, member: Member, line: bytes) -> None:
        super()._hold(member, line)
        if member.held is None:
            member.held = []
            member.held_bytes = 0


@breaks("LOCK-15")
class StopDropsHeld(Hub):
    """The held events are lost when the server stops."""

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        for member in self.connections:
            (member.held or []).clear()
        super().shutdown(words, now, discard)


@breaks("LOCK-15")
class ByeBeforeHeld(Hub):
    """When the server stops, BYE comes before the held events."""

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        held = {member: list(member.held or ()) for member in self.connections}
        for member in held:
            member.held = None
        super().shutdown(words, now, discard)
        for member, lines in held.items():
            for line in lines:
                self._send(member, line)


@breaks("LOCK-16")
class LockIgnoresArguments(Hub):
    """LOCK with an argument locks."""

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, "")


@breaks("LOCK-16")
class UnlockIgnoresArguments(Hub):
    """UNLOCK with an argument unlocks."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        super().do_unlock(member, "")


@breaks("LOCK-16")
class RefusedUnlockUnlocks(Hub):
    """UNLOCK with an argument is refused, but ends the lock."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        if arguments:
            self.release(member)
        super().do_unlock(member, arguments)
