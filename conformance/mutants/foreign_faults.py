"""Faults that other languages invite: in tables of letters, in types of numbers, in buffers.

What a line of C gets wrong is done here with more of them in Python; what counts is what a client
sees of it.
"""

from __future__ import annotations

import re
import time
from unittest import mock

from impl_poll.connection import Connection
from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Hub, Limits, Member, Message, Room
from parley.store import Store
from parley.wire import MAX_LINE, LineCutter, Refusal

from .hub_faults_history import OtherPast
from .hub_faults_words import OtherLines
from .octet_faults import OtherControls
from .registry import breaks
from .store_faults import in_place

#: Octets of a buffer for one event: `MSG lobby`, a short name and a long text fit.
BUFFER = 3840

# Letters


class OtherFolding(Hub):
    """Takes other names for the same."""

    lower = "abcdefghijklmnopqrstuvwxyz"

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        table = str.maketrans(self.lower.upper(), self.lower)
        mock.patch.object(wire, "fold", lambda name: name.translate(table)).start()


@breaks("NICK-5")
class FoldsAllButZ(OtherFolding):
    """In the comparison of names a Z is not the same as a z: the loop ends at Y."""

    lower = OtherFolding.lower.rstrip("z")


@breaks("NICK-5")
class FoldsAllButA(OtherFolding):
    """In the comparison of names an A is not the same as an a: the loop begins at B."""

    lower = OtherFolding.lower.lstrip("a")


@breaks("ERR-2")
class KnowsSevenLetters(OtherLines, ExtendedHub):
    """Of a verb the first seven letters are compared: HISTORYX is HISTORY."""

    def change(self, line: bytes) -> bytes:
        return re.sub(rb"(?i)^(HISTORY|DECLINE)[A-Z]+", rb"\1", line)


@breaks("ERR-2")
class FindsVerbsByTheirBeginning(OtherLines):
    """A verb that begins like a known one is taken for it: LOC for LOCK."""

    def change(self, line: bytes) -> bytes:
        return re.sub(rb"(?i)^(LOC|UNLOC)$", rb"\1K", line)


@breaks("OCTET-8")
class RefusesNoncharacters(OtherControls):
    """U+FFFE and U+FFFF are refused like control characters."""

    controls = "[\x00-\x1f\x7f-\x9f\ufffe\uffff]"


# Buffers


@breaks("OCTET-2")
class FullBuffersWait(Connection):
    """When a buffer of 4096 octets is full to the last LF, that line waits until more arrives."""

    def receive(self) -> None:
        with mock.patch("impl_poll.connection.CHUNK", 4096):
            before = len(self.lines)
            super().receive()
        if sum(len(line) + 1 for line in list(self.lines)[before:]) == 4096:
            self.cutter._rest = self.lines.pop() + b"\n"


@breaks("OCTET-6")
class SwallowsTheSecondTooLong(LineCutter):
    """The first line of a connection that is too long is refused; later ones are ignored."""

    refused = False

    def feed(self, data: bytes) -> list[bytes]:
        lines = []
        for line in super().feed(data):
            if len(line) < MAX_LINE or not self.refused:
                lines.append(line)
            self.refused = self.refused or len(line) >= MAX_LINE
        return lines


@breaks("ROOM-4")
class CutsLongEvents(ExtendedHub):
    """A MSG goes through a buffer that long names and a long text overflow: its end is lost."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "MSG":
            head = sum(len(str(field)) + 1 for field in fields[:-1])
            fields = (*fields[:-1], str(fields[-1])[: BUFFER - head])
        super().publish(room, *fields, but=but)


# Numbers and times


@breaks("HIST-1")
class CountsIn32Bits(ExtendedHub):
    """The number of HISTORY is cut to 32 bits."""

    def do_history(self, member: Member, arguments: str) -> None:
        if arguments.isdigit():
            arguments = str(int(arguments) % 2**32)
        super().do_history(member, arguments)


@breaks("HIST-9")
@in_place
class TimesOfTheStart(Store):
    """After a new start the time of every message is that of the start."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        return rooms, [message._replace(time=int(time.time())) for message in messages]


# Names of rooms


@breaks("HIST-2")
class PastInSmallLetters(OtherPast):
    """PAST spells the room as it is looked up: in small letters."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        found = super().past_of(member, past, count)
        return [message._replace(room=message.room.lower()) for message in found]


@breaks("ROOM-10")
class KnowsTheLobbyInSmallLetters(ExtendedHub):
    """`WHO LOBBY` is no-such-room when nobody is there; `WHO lobby` is not."""

    def do_who(self, member: Member, arguments: str) -> None:
        if not self.lobby.members and arguments != "lobby" and arguments.lower() == "lobby":
            raise Refusal("no-such-room", "nobody is in a room of this name")
        super().do_who(member, arguments)


@breaks("ROOM-1")
class OpensNoRoomTwice(ExtendedHub):
    """Where no further room is opened, one that was open before and is empty is refused, too."""

    def do_join(self, member: Member, arguments: str) -> None:
        room = self.rooms.get(wire.fold(arguments))
        is_full = len(self.rooms) >= self.limits.max_rooms
        if is_full and room and room is not self.lobby and not room.members:
            raise Refusal("too-many-rooms", "this server opens no further room")
        super().do_join(member, arguments)


# What is left behind


@breaks("GROW-2")
class KeepsWhatWasHeld(Hub):
    """What is held for a locked member stays in memory when its connection is reset."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._left: list[bytes] = []

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.held is not None and cause == "closed":
            self._left.append(b"".join(member.held))
        super().leave(member, cause, now, words)
