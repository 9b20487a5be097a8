"""Faults of the extension `rooms`: moving, and who hears what. Names and listings are in
hub_faults_rooms_lists, locks, leaving and refusals in hub_faults_rooms_more, rooms that are
empty in hub_faults_rooms_emptied.
"""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, Room, name_of, room_of

from .registry import breaks
from .tools import DelayingHub, swap


@breaks("ROOM-1")
class OkJoinWithoutCount(ExtendedHub):
    """OK JOIN lacks the number of members."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *(fields[:3] if fields[:2] == ("OK", "JOIN") else fields))


@breaks("ROOM-1")
class OkJoinCountsTheOthers(ExtendedHub):
    """OK JOIN counts the members of a room without oneself."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "JOIN"):
            fields = (*fields[:3], int(fields[3]) - 1)
        super().reply(member, *fields)


@breaks("ROOM-1")
class OkJoinCountsEverybody(ExtendedHub):
    """OK JOIN counts the members of all rooms."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "JOIN"):
            fields = (*fields[:3], len(self.names))
        super().reply(member, *fields)


@breaks("ROOM-2")
class LeavesRoomsSilently(ExtendedHub):
    """Nobody is told of one who moves elsewhere."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[-1] != "moved":
            super().publish(room, *fields, but=but)


@breaks("ROOM-2")
class EntersRoomsSilently(ExtendedHub):
    """Nobody is told of one who comes into another room than the lobby."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "JOINED" or room is self.lobby:
            super().publish(room, *fields, but=but)


@breaks("ROOM-2")
class ReturnsSilently(ExtendedHub):
    """Nobody in the lobby is told of one who comes back."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        back = fields[0] == "JOINED" and self.names[wire.fold(str(fields[2]))].room is not None
        if room is not self.lobby or not back:
            super().publish(room, *fields, but=but)


@breaks("ROOM-2")
class MovingIsQuitting(ExtendedHub):
    """The cause of a LEFT is quit for one who moves."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[-1] == "moved":
            fields = (*fields[:-1], "quit")
        super().publish(room, *fields, but=but)


@breaks("ROOM-2")
class AnnouncesMovesTwice(ExtendedHub):
    """JOINED comes twice in every room but the lobby."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        for _ in range(2 if fields[0] == "JOINED" and room is not self.lobby else 1):
            super().publish(room, *fields, but=but)


@breaks("ROOM-2")
class MovesAreOfTheLobby(ExtendedHub):
    """LEFT names the lobby, whichever room was left."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[-1] == "moved":
            fields = (fields[0], "lobby", *fields[2:])
        super().publish(room, *fields, but=but)


@breaks("ROOM-2")
class OkJoinComesFirst(DelayingHub, ExtendedHub):
    """JOINED comes 0.1 s after OK JOIN: the fault is a delay."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "JOINED" or room is self.lobby:
            return super().publish(room, *fields, but=but)
        others = list(room.members.values())
        self.later(0.1, lambda: self.deliver_in_portions(len(others), others, but, *fields))


@breaks("ROOM-2")
class MovesOvertake(ExtendedHub):
    """Members with an even number receive two LEFT of one turn in the wrong order."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            if member.number % 2 == 0:
                swap(member, b"LEFT ", b"LEFT ")
        return ready


@breaks("ROOM-3")
class MoversHearTheirJoined(ExtendedHub):
    """Who moves receives its own JOINED."""

    def enter(self, member: Member, room: Room) -> None:
        moves = member.room is not None
        super().enter(member, room)
        if moves:
            self.deliver(member, "JOINED", room.name, name_of(member), member.number)


@breaks("ROOM-3")
class MoversHearTheirLeft(ExtendedHub):
    """Who moves receives its own LEFT."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        super().exit(member, cause, words)
        if cause == "moved":
            self.deliver(member, "LEFT", room_of(member).name, name_of(member), cause)


class Followers(ExtendedHub):
    """Remembers who was in a room once and is now in another."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.once: dict[Room, set[Member]] = {}

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        self.once.setdefault(room_of(member), set()).add(member)
        super().exit(member, cause, words)

    def elsewhere(self, room: Room) -> list[Member]:
        return [each for each in self.once.get(room, ()) if each.here and each.room is not room]


@breaks("ROOM-3")
class KeepsAnEarBehind(Followers):
    """Who has moved hears of the room it left as before."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        for member in self.elsewhere(room):
            if member.name not in fields:
                self.deliver(member, *fields)


@breaks("ROOM-3")
class MoversMissComings(Followers):
    """Who has moved is not told who comes into its new room."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        members = room.members
        if fields[0] == "JOINED" and room is not self.lobby and len(members) == 1:
            room.members = {}
        super().publish(room, *fields, but=but)
        room.members = members


@breaks("ROOM-3")
class MoversMissTheFirst(ExtendedHub):
    """Who has moved misses the first message after its OK JOIN."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._new: set[str] = set()

    def enter(self, member: Member, room: Room) -> None:
        if member.room:
            self._new.add(wire.fold(name_of(member)))
        super().enter(member, room)

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        members = room.members
        if fields[0] == "MSG":
            room.members = {key: each for key, each in members.items() if key not in self._new}
            self._new -= members.keys()
        super().publish(room, *fields, but=but)
        room.members = members


@breaks("ROOM-4")
class SpeaksToAllRooms(ExtendedHub):
    """What is said reaches every room."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        for each in self.rooms.values() if fields[0] == "MSG" else [room]:
            super().publish(each, *fields, but=but)


@breaks("ROOM-4")
class TheLobbyHearsAll(ExtendedHub):
    """What is said in a room reaches the lobby too."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG" and room is not self.lobby:
            super().publish(self.lobby, *fields)


@breaks("ROOM-4")
class TheLobbyIsHeardByAll(ExtendedHub):
    """What is said in the lobby reaches every room."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        for each in self.rooms.values() if (fields[0], room) == ("MSG", self.lobby) else [room]:
            super().publish(each, *fields, but=but)


@breaks("ROOM-4")
class SpeaksToTheLobby(ExtendedHub):
    """What is said reaches the lobby, wherever it is said."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(self.lobby if fields[0] == "MSG" else room, *fields, but=but)


@breaks("ROOM-4")
class KnowsEightRooms(ExtendedHub):
    """What is said in the ninth and later rooms is heard in all of these."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        late = [each for each in list(self.rooms.values())[8:] if each.members]
        for each in late if fields[0] == "MSG" and room in late else [room]:
            super().publish(each, *fields, but=but)


@breaks("ROOM-5")
class OneSeqForAllRooms(ExtendedHub):
    """All rooms share one count of messages."""

    def do_say(self, member: Member, arguments: str) -> None:
        room_of(member).seq = max(room.seq for room in self.rooms.values())
        super().do_say(member, arguments)


@breaks("ROOM-5")
class RoomsWithOneInitialShareSeq(ExtendedHub):
    """Rooms whose names begin with the same letters share one count of messages."""

    def do_say(self, member: Member, arguments: str) -> None:
        room = room_of(member)
        alike = (each for each in self.rooms.values() if each.name[:2] == room.name[:2])
        room.seq = max(each.seq for each in alike)
        super().do_say(member, arguments)


@breaks("ROOM-5")
class RoomsCountFromZero(ExtendedHub):
    """The first message of a new room has the number 0."""

    def enter(self, member: Member, room: Room) -> None:
        if room is not self.lobby and not room.seq:
            room.seq = -1
        super().enter(member, room)


@breaks("ROOM-5")
class MovesUseUpSeq(ExtendedHub):
    """Who comes into a room uses up the number of a message."""

    def enter(self, member: Member, room: Room) -> None:
        super().enter(member, room)
        room.seq += len(room.members) > 1


@breaks("ROOM-6")
class EmptyRoomsStartAnew(ExtendedHub):
    """The messages of a room that was empty are numbered from 1 again."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        room = room_of(member)
        super().exit(member, cause, words)
        if not room.members and room is not self.lobby:
            room.seq = 0
