"""The extensions of the chat: verbs that a server may have beyond the core.

Each is a Hub with a few more verbs, which is also how a student adds one. `ExtendedHub` has them
all. Like the hub, nothing here does I/O or is thread-safe.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable
from typing import ClassVar

from parley import wire
from parley.accounts import Accounts
from parley.files import Files
from parley.hub import Hub, Limits, Member, Message, Room, name_of, room_of
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


class History(Rooms):
    """The capability `history`: HISTORY, from memory (protocol.md, section 18).

    Storing is the server's business: it takes what was said this turn with `take_spoken`, stores
    it, and only then sends what the turn has queued.
    """

    capabilities: ClassVar[tuple[str, ...]] = ("history",)
    #: What HISTORY without an argument asks for (HIST-4).
    USUAL = 50

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.spoken: list[Message] = []
        self.past: dict[str, deque[Message]] = {}  # by folded name of the room, oldest first
        self._past_bytes: dict[str, int] = {}

    def recall(self, rooms: Iterable[tuple[str, int]], messages: Iterable[Message]) -> None:
        """Brings back what was stored: names of rooms with their last seq, then messages."""
        for name, seq in rooms:
            room = self.rooms.setdefault(wire.fold(name), Room(name))
            room.seq = seq
        for message in messages:
            self._keep(message)

    def take_spoken(self) -> list[Message]:
        spoken, self.spoken = self.spoken, []
        return spoken

    def remember(self, room: Room, name: str, text: str) -> None:
        message = Message(room.name, room.seq, int(self.epoch + self._now), name, text)
        self.spoken.append(message)
        self._keep(message)

    def do_history(self, member: Member, arguments: str) -> None:
        count = self.USUAL
        if arguments:
            count = wire.number(wire.one_argument(arguments))
        past = self.past.get(wire.fold(room_of(member).name), ())
        chosen = itertools.islice(past, max(0, len(past) - count), None)
        items = [wire.line("PAST", *message) for message in chosen]
        self.reply_with(member, items, "HISTORY")

    def _keep(self, message: Message) -> None:
        """Remembers a message, and forgets as many of the oldest as are beyond the bounds."""
        folded = wire.fold(message.room)
        past = self.past.setdefault(folded, deque())
        past.append(message)
        size = self._past_bytes.get(folded, 0) + _size(message)
        while len(past) > self.limits.history_count or size > self.limits.history_bytes:
            size -= _size(past.popleft())
        self._past_bytes[folded] = size


def _size(message: Message) -> int:
    """The octets of its PAST line, at most: what a listing of it costs."""
    return len(message.text.encode()) + 80


class ExtendedHub(Direct, History, Accounts, Files):
    """The chat with every extension."""

    capabilities: ClassVar[tuple[str, ...]] = (
        *Direct.capabilities,
        *Rooms.capabilities,
        *History.capabilities,
        *Accounts.capabilities,
        *Files.capabilities,
    )
