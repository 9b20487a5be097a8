"""Faults of level 5: what is held for a locked member, and how UNLOCK delivers it."""

from __future__ import annotations

from conformance.mutants.registry import breaks
from parley import wire
from parley.hub import Hub, Limits, Member
from parley.wire import Refusal


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
class ReversesHeld(Hub):
    """The held events come in the reverse order."""

    def _release(self, member: Member) -> int:
        (member.held or []).reverse()
        return super()._release(member)


@breaks("LOCK-4")
class SaysBeforeJoined(Hub):
    """Of the held events the messages come first, then the joinings."""

    def _release(self, member: Member) -> int:
        (member.held or []).sort(key=lambda line: not line.startswith(b"MSG "))
        return super()._release(member)


@breaks("LOCK-4")
class LosesFirstHeld(Hub):
    """The first of the held events is lost."""

    def _release(self, member: Member) -> int:
        del (member.held or [])[:1]
        return super()._release(member)


@breaks("LOCK-4")
class HoldsOnlyMessages(Hub):
    """Joinings and leavings are not held but lost."""

    def _hold(self, member: Member, line: bytes) -> None:
        if line.startswith(b"MSG "):
            super()._hold(member, line)


@breaks("LOCK-4")
class GivesHeldToAnother(Hub):
    """The held events are delivered to another member, if there is one."""

    def _release(self, member: Member) -> int:
        others = [each for each in self.lobby.members.values() if each is not member]
        held = list(member.held or [])
        if others and held:
            self._send(others[0], b"".join(held))
            member.held = []
        return super()._release(member) or len(held)


@breaks("LOCK-4")
class OkUnlockComesFirst(Hub):
    """OK UNLOCK comes before the held events."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        self.reply(member, "OK", "UNLOCK", len(member.held or ()))
        self._release(member)


@breaks("LOCK-4")
class OkUnlockMiscounts(Hub):
    """OK UNLOCK counts one event more than were held, if any were."""

    def _release(self, member: Member) -> int:
        count = super()._release(member)
        return count + (count > 0)


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
        self._release(member)
        self.reply(member, "OK", "LOCK")


@breaks("LOCK-7")
class RefusesUnlock(Hub):
    """UNLOCK of a member that is not locked is refused."""

    def do_unlock(self, member: Member, arguments: str) -> None:
        if member.held is None:
            raise Refusal("bad-args", "you are not locked")
        super().do_unlock(member, arguments)
