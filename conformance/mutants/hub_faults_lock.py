"""Faults of level 5: what is held for a locked member, and how UNLOCK delivers it."""

from __future__ import annotations

from parley import wire
from parley.hub import Hub, Limits, Member
from parley.wire import Refusal

from .registry import breaks


@breaks("LOCK-1")
class LockIsOnlySaid(Hub):
    """LOCK is answered with OK, and nothing is held."""

    def do_lock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        self.reply(member, "OK", "LOCK")


@breaks("LOCK-2")
class HoldsListings(Hub):
    """WHO of a locked member is answered with the held events."""

    def do_who(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        present = self.lobby.members.values()
        for each in present:
            self.deliver(member, "HERE", each.name or "", each.number)
        self.deliver(member, "OK", "WHO", len(present))


@breaks("LOCK-3")
class WhoAsOfTheLock(Hub):
    """WHO of a locked member lists those who were here when it locked."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._then: dict[Member, dict[str, Member]] = {}

    def do_lock(self, member: Member, arguments: str) -> None:
        if member.held is None:
            self._then[member] = dict(self.lobby.members)
        super().do_lock(member, arguments)

    def do_who(self, member: Member, arguments: str) -> None:
        now = self.lobby.members
        if member.held is not None:
            self.lobby.members = self._then[member]
        super().do_who(member, arguments)
        self.lobby.members = now


@breaks("LOCK-4")
class SortsHeld(Hub):
    """The held events come sorted as text."""

    def release(self, member: Member) -> int:
        (member.held or []).sort()
        return super().release(member)


@breaks("LOCK-4")
class HoldsSixteen(Hub):
    """Of more than 16 held events only the last 16 are delivered."""

    def release(self, member: Member) -> int:
        del (member.held or [])[:-16]
        return super().release(member)


@breaks("LOCK-4")
class SharesTheHold(Hub):
    """All locked members have one list of held events: the first to unlock gets them all."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._shared: list[bytes] = []

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        member.held = self._shared

    def release(self, member: Member) -> int:
        locked = member.held is not None
        count = super().release(member)
        if locked:
            self._shared.clear()
        return count


@breaks("LOCK-4")
class OkUnlockComesFirst(Hub):
    """OK UNLOCK comes before the held events."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        self.reply(member, "OK", "UNLOCK", len(member.held or ()))
        self.release(member)


@breaks("LOCK-4")
class CountsToNine(Hub):
    """OK UNLOCK has only the last digit of the number of held events."""

    def release(self, member: Member) -> int:
        return super().release(member) % 10


@breaks("LOCK-5")
class StaysLocked(Hub):
    """After UNLOCK the next events are held again."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        locked = member.held is not None
        super().do_unlock(member, arguments)
        if locked:
            member.held = []


@breaks("LOCK-6")
class SecondLockForgets(Hub):
    """LOCK of a locked member throws away what is held."""

    def do_lock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        (member.held or []).clear()
        super().do_lock(member, arguments)


@breaks("LOCK-6")
class SecondLockUnlocks(Hub):
    """LOCK of a locked member delivers what is held and ends the lock."""

    def do_lock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        if member.held is None:
            return super().do_lock(member, arguments)
        self.release(member)
        self.reply(member, "OK", "LOCK")


@breaks("LOCK-7")
class RefusesUnlock(Hub):
    """UNLOCK of a member that has never been locked is refused."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._locked_once: set[Member] = set()

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        self._locked_once.add(member)

    def do_unlock(self, member: Member, arguments: str) -> None:
        if member not in self._locked_once:
            raise Refusal("bad-args", "you are not locked")
        super().do_unlock(member, arguments)
