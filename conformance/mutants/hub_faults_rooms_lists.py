"""Faults of the extension `rooms`: names of rooms, and the listings of ROOMS and WHO."""

from __future__ import annotations

from unittest import mock

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, Room
from parley.wire import Refusal

from .registry import breaks


@breaks("ROOM-7")
class CaseMattersInRooms(ExtendedHub):
    """Names of rooms that differ in case are two rooms."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._spelled = {"lobby": self.lobby}

    def do_join(self, member: Member, arguments: str) -> None:
        key = wire.fold(arguments)
        self.rooms.pop(key, None)
        if arguments in self._spelled:
            self.rooms[key] = self._spelled[arguments]
        super().do_join(member, arguments)
        self._spelled[arguments] = self.rooms[key]


@breaks("ROOM-7")
class OkJoinAsTyped(ExtendedHub):
    """OK JOIN spells the room as the member typed it."""

    def do_join(self, member: Member, arguments: str) -> None:
        self._typed = arguments
        super().do_join(member, arguments)

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "JOIN"):
            fields = (*fields[:2], self._typed, *fields[3:])
        super().reply(member, *fields)


@breaks("ROOM-7")
class RespellsRooms(ExtendedHub):
    """A room is spelled as by who joined it last."""

    def do_join(self, member: Member, arguments: str) -> None:
        room = self.rooms.get(wire.fold(arguments))
        if room and room is not self.lobby:
            room.name = arguments
        super().do_join(member, arguments)


@breaks("ROOM-7")
class RespellsEmptyRooms(ExtendedHub):
    """A room that was empty is spelled as by who joins it next."""

    def do_join(self, member: Member, arguments: str) -> None:
        room = self.rooms.get(wire.fold(arguments))
        if room and room is not self.lobby and not room.members:
            room.name = arguments
        super().do_join(member, arguments)


@breaks("ROOM-7")
class RoomsInSmallLetters(ExtendedHub):
    """Names of rooms are made small."""

    def do_join(self, member: Member, arguments: str) -> None:
        super().do_join(member, arguments.lower())


@breaks("ROOM-7")
class RoomsOfAnyName(ExtendedHub):
    """A room may have any name."""

    def do_join(self, member: Member, arguments: str) -> None:
        with mock.patch.object(wire, "is_name", bool):
            super().do_join(member, arguments)


@breaks("ROOM-7")
class RoomsOfTwentyOne(ExtendedHub):
    """The name of a room may have 21 characters."""

    def do_join(self, member: Member, arguments: str) -> None:
        is_name = wire.is_name
        with mock.patch.object(
            wire, "is_name", lambda name: is_name(name[: max(20, len(name) - 1)])
        ):
            super().do_join(member, arguments)


@breaks("ROOM-7")
class BadRoomIsBadNick(ExtendedHub):
    """A malformed name of a room is refused with bad-nick."""

    def do_join(self, member: Member, arguments: str) -> None:
        try:
            super().do_join(member, arguments)
        except Refusal as refusal:
            code = "bad-nick" if refusal.code == "bad-room" else refusal.code
            raise Refusal(code, refusal.words) from None


class AlikeRooms(ExtendedHub):
    """Takes some names of rooms for those of others."""

    def resembles(self, name: str, other: str) -> bool:
        raise NotImplementedError

    def do_join(self, member: Member, arguments: str) -> None:
        alike = (each for each in self.rooms if self.resembles(wire.fold(arguments), each))
        super().do_join(member, next(alike, arguments))


@breaks("ROOM-7")
class TheTwentiethIsLost(AlikeRooms):
    """Names of rooms that differ in their twentieth character only are the same."""

    def resembles(self, name: str, other: str) -> bool:
        return len(name) == 20 and name[:19] == other[:19]


@breaks("ROOM-7")
class RoomsWithDashesOrUnderscores(AlikeRooms):
    """Names of rooms that differ in a dash and an underscore are the same."""

    def resembles(self, name: str, other: str) -> bool:
        return name.replace("-", "_") == other.replace("-", "_")


@breaks("ROOM-7")
class RespellsTheLobby(ExtendedHub):
    """The lobby is spelled as by who joins it while nobody is in it."""

    def do_join(self, member: Member, arguments: str) -> None:
        if wire.fold(arguments) == "lobby" and not self.lobby.members:
            self.lobby.name = arguments
        super().do_join(member, arguments)


class OtherRooms(ExtendedHub):
    """Lists other rooms, or other numbers."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        """What ROOMS lists: rooms, and how many members it says that they have."""
        rooms = self.rooms.values()
        return [(each, len(each.members)) for each in rooms if each.members or each is self.lobby]

    def do_rooms(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        items = [wire.line("ROOM", room.name, count) for room, count in self.listed(member)]
        self.reply_with(member, items, "ROOMS")


@breaks("ROOM-8")
class ListsOnesOwnRoom(OtherRooms):
    """ROOMS lists one's own room and the lobby only."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return [each for each in super().listed(member) if each[0] in (self.lobby, member.room)]


@breaks("ROOM-8")
class OmitsTheEmptyLobby(OtherRooms):
    """ROOMS does not list the lobby when nobody is in it."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return [each for each in super().listed(member) if each[1]]


@breaks("ROOM-8")
class OmitsTheLobby(OtherRooms):
    """ROOMS never lists the lobby."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return [each for each in super().listed(member) if each[0] is not self.lobby]


@breaks("ROOM-8")
class RoomsAreOfEverybody(OtherRooms):
    """ROOMS says of each room how many members the server has."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return [(room, len(self.names)) for room, _ in super().listed(member)]


@breaks("ROOM-8")
class ListsFiftyRooms(OtherRooms):
    """ROOMS lists fifty rooms, and none of the others."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return super().listed(member)[:50]


@breaks("ROOM-8")
class OkRoomsCountsMembers(ExtendedHub):
    """OK ROOMS counts members, not rooms."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *((*fields[:2], len(self.names)) if "ROOMS" == fields[1] else fields))


@breaks("ROOM-8")
class TheLockedDoNotCount(OtherRooms):
    """ROOMS does not count locked members."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        rooms = [room for room, _ in super().listed(member)]
        return [(room, sum(m.held is None for m in room.members.values())) for room in rooms]


@breaks("ROOM-9")
class ListsEmptyRooms(OtherRooms):
    """ROOMS lists every room that was ever joined."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return [(each, len(each.members)) for each in self.rooms.values()]


@breaks("ROOM-10")
class WhoKnowsOneRoom(ExtendedHub):
    """WHO with a room lists one's own."""

    def do_who(self, member: Member, arguments: str) -> None:
        wire.one_argument(arguments or "-")
        super().do_who(member, "")


@breaks("ROOM-10")
class WhoListsEverybody(ExtendedHub):
    """WHO alone lists the members of all rooms."""

    def do_who(self, member: Member, arguments: str) -> None:
        if arguments:
            return super().do_who(member, arguments)
        items = [item for room in self.rooms.values() for item in self.listing(room)]
        self.reply_with(member, items, "WHO")


@breaks("ROOM-10")
class WhoListsTheLobby(ExtendedHub):
    """WHO alone lists the lobby."""

    def do_who(self, member: Member, arguments: str) -> None:
        super().do_who(member, arguments or "lobby")


@breaks("ROOM-10")
class WhoOfNowhereIsEmpty(ExtendedHub):
    """WHO of a room that was never joined is answered with OK WHO 0."""

    def do_who(self, member: Member, arguments: str) -> None:
        if arguments and " " not in arguments and wire.fold(arguments) not in self.rooms:
            return self.reply(member, "OK", "WHO", 0)
        super().do_who(member, arguments)


@breaks("ROOM-10")
class WhoRefusesBadRooms(ExtendedHub):
    """WHO of a word that is no name is refused with bad-room."""

    def do_who(self, member: Member, arguments: str) -> None:
        if arguments and " " not in arguments and not wire.is_name(arguments):
            raise Refusal("bad-room", "this is not the name of a room")
        super().do_who(member, arguments)


@breaks("ROOM-10")
class WhoOfEmptyRoomsIsEmpty(ExtendedHub):
    """WHO of a room that everybody has left is answered with OK WHO 0."""

    def do_who(self, member: Member, arguments: str) -> None:
        if (room := self.rooms.get(wire.fold(arguments))) and not room.members:
            return self.reply(member, "OK", "WHO", 0)
        super().do_who(member, arguments)


@breaks("ROOM-10")
class WhoRefusesTheEmptyLobby(ExtendedHub):
    """WHO lobby is refused when nobody is in the lobby."""

    def do_who(self, member: Member, arguments: str) -> None:
        if wire.fold(arguments) == "lobby" and not self.lobby.members:
            raise Refusal("no-such-room", "nobody is there")
        super().do_who(member, arguments)


@breaks("ROOM-10")
class WhoKnowsTheExactNameOnly(ExtendedHub):
    """WHO knows a room only by the exact spelling of its name."""

    def do_who(self, member: Member, arguments: str) -> None:
        if (room := self.rooms.get(wire.fold(arguments))) and room.name != arguments:
            raise Refusal("no-such-room", "nobody is there")
        super().do_who(member, arguments)
