"""Faults of the extension `rooms`: joining again, locks, leaving, and what is refused."""

from __future__ import annotations

import dataclasses
from unittest import mock

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, Room, room_of
from parley.wire import Refusal

from .registry import breaks


@breaks("ROOM-11")
class RejoinsLoudly(ExtendedHub):
    """Who joins the room in which it is already leaves it and comes back."""

    def do_join(self, member: Member, arguments: str) -> None:
        room = self.rooms.get(wire.fold(arguments))
        if room is not None and room is member.room:
            self.release(member)
            self.exit(member, "moved")
            self.enter(member, room)
        super().do_join(member, arguments)


@breaks("ROOM-11")
class RefusesToRejoin(ExtendedHub):
    """JOIN of the room in which one is already is refused."""

    def do_join(self, member: Member, arguments: str) -> None:
        if self.rooms.get(wire.fold(arguments)) is member.room:
            raise Refusal("already-there", "you are there already")
        super().do_join(member, arguments)


@breaks("ROOM-1")
class OpensAHundredRooms(ExtendedHub):
    """The hundred and first room is refused."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, dataclasses.replace(limits or Limits(), max_rooms=100))


@breaks("ROOM-12")
class JoinKeepsTheLock(ExtendedHub):
    """JOIN does not end the lock."""

    def do_join(self, member: Member, arguments: str) -> None:
        with mock.patch.object(self, "release"):
            super().do_join(member, arguments)


@breaks("ROOM-12")
class JoinDropsHeld(ExtendedHub):
    """JOIN ends the lock, and what was held is lost."""

    def do_join(self, member: Member, arguments: str) -> None:
        if member.held is not None:
            member.held.clear()
        super().do_join(member, arguments)


@breaks("ROOM-12")
class OkJoinBeforeHeld(ExtendedHub):
    """What was held comes after OK JOIN."""

    def do_join(self, member: Member, arguments: str) -> None:
        with mock.patch.object(self, "release"):
            super().do_join(member, arguments)
        self.release(member)


@breaks("ROOM-12")
class RefusedJoinUnlocks(ExtendedHub):
    """A refused JOIN ends the lock."""

    def do_join(self, member: Member, arguments: str) -> None:
        self.release(member)
        super().do_join(member, arguments)


@breaks("ROOM-12")
class RejoinKeepsTheLock(ExtendedHub):
    """JOIN of the room in which one is already does not end the lock."""

    def do_join(self, member: Member, arguments: str) -> None:
        if self.rooms.get(wire.fold(arguments)) is not member.room:
            return super().do_join(member, arguments)
        self.reply(member, "OK", "JOIN", room_of(member).name, len(room_of(member).members))


@breaks("ROOM-12")
class OnlyTheLobbyUnlocks(ExtendedHub):
    """A lock lasts for ever in a room that is not the lobby."""

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        if member.room is not self.lobby:
            self._locks.stop(member)


@breaks("ROOM-13")
class LeavesByTheLobby(ExtendedHub):
    """Who leaves the server is said to leave the lobby, and there."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "LEFT" and fields[3] != "moved":
            room, fields = self.lobby, ("LEFT", "lobby", *fields[2:])
        super().publish(room, *fields, but=but)


@breaks("ROOM-13")
class LeavesAllRooms(ExtendedHub):
    """All rooms are told of one who leaves the server."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        gone = fields[0] == "LEFT" and fields[3] != "moved"
        for each in self.rooms.values() if gone else [room]:
            super().publish(each, *fields, but=but)


@breaks("ROOM-13")
class OnlyTheLobbyIsToldOfEnds(ExtendedHub):
    """In a room other than the lobby nobody is told of one whose stream ends."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if room is self.lobby or fields[-1] != "closed":
            super().publish(room, *fields, but=but)


@breaks("ROOM-14")
class JoinTakesTheFirst(ExtendedHub):
    """JOIN with two arguments takes the first."""

    def do_join(self, member: Member, arguments: str) -> None:
        super().do_join(member, arguments.split(" ")[0])


@breaks("ROOM-14")
class JoinAloneGoesHome(ExtendedHub):
    """JOIN alone means the lobby."""

    def do_join(self, member: Member, arguments: str) -> None:
        super().do_join(member, arguments or "lobby")


@breaks("ROOM-14")
class TwoRoomsAreABadRoom(ExtendedHub):
    """JOIN with two arguments is refused with bad-room."""

    def do_join(self, member: Member, arguments: str) -> None:
        if " " in arguments:
            raise Refusal("bad-room", "a room has no spaces")
        super().do_join(member, arguments)


@breaks("ROOM-14")
class RoomsIgnoresArguments(ExtendedHub):
    """ROOMS ignores its arguments."""

    def do_rooms(self, member: Member, arguments: str) -> None:
        super().do_rooms(member, "")


@breaks("ROOM-14")
class WhoTakesTheFirst(ExtendedHub):
    """WHO with two arguments takes the first."""

    def do_who(self, member: Member, arguments: str) -> None:
        super().do_who(member, arguments.split(" ")[0] or arguments)


@breaks("ROOM-11")
class OtherCaseIsAMove(ExtendedHub):
    """Who joins the room in which it is already, in other letters, leaves it and comes back."""

    def do_join(self, member: Member, arguments: str) -> None:
        room = room_of(member)
        if wire.fold(arguments) == wire.fold(room.name) and arguments != room.name:
            self.release(member)
            self.exit(member, "moved")
            self.enter(member, room)
        super().do_join(member, arguments)


@breaks("ROOM-2")
class ShortVisitsAreNotHeld(ExtendedHub):
    """A locked member is told nothing of one who has come and moved on in the meantime."""

    def _hold(self, member: Member, line: bytes) -> None:
        kind, room, name, *rest = line.split()
        came = next(
            (held for held in member.held or () if held.split()[:3] == [b"JOINED", room, name]),
            None,
        )
        if member.held and came and (kind, rest) == (b"LEFT", [b"moved"]):
            member.held.remove(came)
        else:
            super()._hold(member, line)


class OldTimes(ExtendedHub):
    """Knows when the lock of each member would have been over."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.due: dict[Member, float] = {}

    def goes_on(self, member: Member, due: float) -> None:
        """The time of a lock goes on as if the lock had not ended."""
        self._locks._due[member] = due
        self._locks._due.move_to_end(member, last=False)


@breaks("ROOM-12")
class JoinLeavesTheTimer(OldTimes):
    """UNLOCKED timeout comes though a JOIN has ended the lock."""

    def do_join(self, member: Member, arguments: str) -> None:
        due = self._locks._due.get(member)
        super().do_join(member, arguments)
        if due is not None:
            self.goes_on(member, due)


@breaks("ROOM-12")
class RelockingHasTheOldTime(OldTimes):
    """A lock after a JOIN is over when the one that the JOIN ended would have been."""

    def do_join(self, member: Member, arguments: str) -> None:
        due = self._locks._due.get(member)
        super().do_join(member, arguments)
        if due is not None:
            self.due[member] = due

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        if member in self.due:
            self.goes_on(member, self.due.pop(member))
