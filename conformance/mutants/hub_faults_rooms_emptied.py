"""Faults of the extension `rooms`: what becomes of a room whose last member leaves the server, and
who is told of one that is sent away.
"""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, Room, name_of

from .hub_faults_rooms_lists import OtherRooms
from .registry import breaks


class Emptied(ExtendedHub):
    """Knows the rooms that are empty because the last in them has left the server."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.emptied: dict[Room, str] = {}  # with the cause of that LEFT

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        room = member.room if member.here else None
        super().leave(member, cause, now, words)
        if room and room is not self.lobby and not room.members:
            self.emptied[room] = cause

    def enter(self, member: Member, room: Room) -> None:
        self.emptied.pop(room, None)
        super().enter(member, room)


@breaks("ROOM-6")
class EmptiedRoomsStartAnew(Emptied):
    """Messages are numbered from 1 again in a room whose last member left the server."""

    def enter(self, member: Member, room: Room) -> None:
        if room in self.emptied:
            room.seq = 0
        super().enter(member, room)


@breaks("ROOM-7")
class RespellsEmptiedRooms(Emptied):
    """A room whose last member left the server is spelled as by who joins it next."""

    def do_join(self, member: Member, arguments: str) -> None:
        room = self.rooms.get(wire.fold(arguments))
        if room in self.emptied:
            room.name = arguments
        super().do_join(member, arguments)


@breaks("ROOM-9")
class ListsEmptiedRooms(Emptied, OtherRooms):
    """ROOMS lists a room whose last member left the server."""

    def listed(self, member: Member) -> list[tuple[Room, int]]:
        return super().listed(member) + [(room, 0) for room in self.emptied]


@breaks("ROOM-10")
class WhoOfBrokenRoomsIsEmpty(Emptied):
    """WHO of a room whose last member was cut off is answered with OK WHO 0."""

    def do_who(self, member: Member, arguments: str) -> None:
        room = self.rooms.get(wire.fold(arguments))
        if room and self.emptied.get(room) == "closed":
            return self.reply(member, "OK", "WHO", 0)
        super().do_who(member, arguments)


@breaks("HIST-2")
class ForgetsEmptiedRooms(Emptied):
    """What was said in a room is forgotten when its last member leaves the server."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, cause, now, words)
        for room in self.emptied:
            self.past.pop(wire.fold(room.name), None)


@breaks("ROOM-13")
class LastWordsAreOfTheLobby(ExtendedHub):
    """The words of a QUIT are told in the lobby only."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        super().exit(member, cause, words if member.room is self.lobby else "")


class SentToTheLobby(ExtendedHub):
    """Tells the lobby of all who leave for one cause, wherever they were."""

    cause = ""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "LEFT" and fields[3] == self.cause:
            room, fields = self.lobby, ("LEFT", "lobby", *fields[2:])
        super().publish(room, *fields, but=but)


@breaks("ROOM-13")
class TheSilentLeaveTheLobby(SentToTheLobby):
    """Who is silent for too long is said to leave the lobby, and there."""

    cause = "timeout"


@breaks("ROOM-13")
class TheSlowLeaveTheLobby(SentToTheLobby):
    """Who does not read is said to leave the lobby, and there."""

    cause = "slow"


@breaks("ROOM-13")
class TheSilentComeBackToTheirRoom(ExtendedHub):
    """Who was silent for too long and comes back under the same name is in the room it was in."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._was_in: dict[str, Room] = {}

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        if cause == "timeout" and member.room:
            self._was_in[wire.fold(name_of(member))] = member.room
        super().exit(member, cause, words)

    def enter(self, member: Member, room: Room) -> None:
        super().enter(member, self._was_in.pop(wire.fold(name_of(member)), room))


@breaks("ROOM-3")
class StopLosesWhatRoomsHold(ExtendedHub):
    """What is held in another room than the lobby is lost when the server stops."""

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        for member in self.connections:
            if member.held and member.room is not self.lobby:
                member.held.clear()
        super().shutdown(words, now, discard)
