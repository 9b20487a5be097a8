"""The extensions of the chat: verbs that a server may have beyond the core.

Each is a Hub with a few more verbs, which is also how a student adds one. `ExtendedHub` has them
all. Like the hub, nothing here does I/O or is thread-safe.
"""

from __future__ import annotations

from typing import ClassVar

from parley import wire
from parley.hub import Hub, Limits, Member, Room, name_of
from parley.wire import Refusal


class Direct(Hub):
    """The capability `direct`: TELL (protocol.md, section 16)."""

    capabilities: ClassVar[tuple[str, ...]] = ("direct",)

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, rest = arguments.partition(" ")
        if not name:
            raise Refusal("bad-args", "this takes a name and a text")
        text = wire.text(rest)
        other = self.names.get(wire.fold(name))
        if other is None:
            raise Refusal("no-such-nick", "nobody has this nickname")
        self.deliver(other, "TOLD", name_of(member), text)
        self.reply(member, "OK", "TELL", name_of(other))


class Rooms(Hub):
    """The capability `rooms`: JOIN, ROOMS and WHO of another room (protocol.md, section 17)."""

    capabilities: ClassVar[tuple[str, ...]] = ("rooms",)

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.rooms = {wire.fold(self.lobby.name): self.lobby}  # every room that was ever joined

    def do_join(self, member: Member, arguments: str) -> None:
        name = wire.one_argument(arguments)
        if not wire.is_name(name):
            raise Refusal("bad-room", "a letter, then up to 19 letters, digits, _ or -")
        room = self.rooms.get(wire.fold(name))
        if room is None:
            if len(self.rooms) >= self.limits.max_rooms:
                raise Refusal("too-many-rooms", "this server opens no further room")
            room = self.rooms[wire.fold(name)] = Room(name)
        self.release(member)
        if room is not member.room:
            self.exit(member, "moved")
            self.enter(member, room)
        self.reply(member, "OK", "JOIN", room.name, len(room.members))

    def do_rooms(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        listed = [room for room in self.rooms.values() if room.members or room is self.lobby]
        items = [wire.line("ROOM", room.name, len(room.members)) for room in listed]
        self.reply_with(member, items, "ROOMS")

    def do_who(self, member: Member, arguments: str) -> None:
        if not arguments:
            super().do_who(member, arguments)
            return
        room = self.rooms.get(wire.fold(wire.one_argument(arguments)))
        if room is None or not (room.members or room is self.lobby):
            raise Refusal("no-such-room", "nobody is in a room of this name")
        self.reply_with(member, self.listing(room), "WHO")


class ExtendedHub(Direct, Rooms):
    """The chat with every extension."""

    capabilities: ClassVar[tuple[str, ...]] = Direct.capabilities + Rooms.capabilities
