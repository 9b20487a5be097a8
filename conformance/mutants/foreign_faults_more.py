"""More faults that servers of others had: clocks that others move, and what a name stands for."""

from __future__ import annotations

import os
import select
from collections.abc import Iterable, Sequence
from pathlib import Path

from impl_poll.connection import Connection
from parley import wire
from parley.channel import ChannelError, TlsChannel
from parley.extensions import ExtendedHub
from parley.hub import Account, Hub, Limits, Member, Message
from parley.store import Store
from parley.wire import Refusal

from .hub_faults_history import OtherPast
from .registry import breaks
from .store_faults import in_place

# Clocks and counts


@breaks("LOCK-17")
class CountsOnAfterATimeout(Hub):
    """What was held when the time of a lock was over counts for the next one as well."""

    left: dict[Member, int] = {}  # noqa: RUF012  # of the only hub that there is

    def tick(self, now: float) -> None:
        locked = [member for member in self.connections if member.held is not None]
        super().tick(now)
        self.left |= {each: each.held_bytes for each in locked if each.held is None}

    def do_lock(self, member: Member, arguments: str) -> None:
        was_locked = member.held is not None
        super().do_lock(member, arguments)
        if not was_locked:
            member.held_bytes = self.left.pop(member, 0)


@breaks("LOCK-18")
class EventsProlong(Hub):
    """The time of a lock begins anew with each event that is held."""

    def _hold(self, member: Member, line: bytes) -> None:
        super()._hold(member, line)
        if member.held is not None:
            self._locks.stop(member)
            self._locks.start(member, self._now)


@breaks("LOCK-18")
class OneTimerForAllLocks(Hub):
    """The time of all locks begins anew with each LOCK."""

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        for each in [each for each in self.connections if each.held is not None]:
            self._locks.stop(each)
            self._locks.start(each, self._now)


@breaks("LOCK-14")
class TellsOneOfTheOverflow(Hub):
    """If one event is too much for several, only the first is told UNLOCKED overflow."""

    told = b""

    def _hold(self, member: Member, line: bytes) -> None:
        super()._hold(member, line)
        if member.held is None:
            if self.told == line:
                member.outbox.pop()
            self.told = line


@breaks("NAMELESS-2")
class TakenNamesGiveTime(Hub):
    """After a NICK that is refused with nick-in-use the time for a name begins anew."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None and wire.fold(arguments) in self.names:
            self._handshakes.stop(member)
            self._handshakes.start(member, self._now)
        super().do_nick(member, arguments)


@breaks("IDLE-1")
class AsksOnWhilePaused(Connection):
    """A client that is not read from, because it does not read, is looked at again and again."""

    def wants(self) -> int:
        wanted = super().wants()
        return wanted if wanted & select.POLLIN or not self.step else wanted | select.POLLIN

    def receive(self) -> None:
        if super().wants() & select.POLLIN or self.member.owed <= self.server.hub.limits.low_mark:
            super().receive()


@breaks("GROW-4")
class ListensWhileTheyTalk(Connection):
    """Who has quit and goes on sending is waited for."""

    def receive(self) -> None:
        super().receive()
        if self.step is None and not self.input_ended:
            self.deadline = self.server.now + self.server.hub.limits.linger_time


# What a name stands for


@breaks("TELL-5")
class TellsByTwentyLetters(ExtendedHub):
    """TELL finds a member by the first twenty letters of a name, however long that is."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, space, text = arguments.partition(" ")
        super().do_tell(member, name[:20] + space + text)


@breaks("TELL-5")
class TellsRooms(ExtendedHub):
    """TELL with the name of a room that has members reaches all of them."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        room = self.rooms.get(wire.fold(name))
        if room is None or not room.members or wire.fold(name) in self.names:
            super().do_tell(member, arguments)
            return
        for each in room.members.values():
            self.deliver(each, "TOLD", member.name or "", text)
        self.reply(member, "OK", "TELL", room.name)


@breaks("ROOM-1")
class RoomsAndMembersShareNames(ExtendedHub):
    """A room cannot be called as a member is."""

    def do_join(self, member: Member, arguments: str) -> None:
        if wire.fold(arguments) in self.names:
            raise Refusal("bad-room", "somebody is called so")
        super().do_join(member, arguments)


@breaks("ROOM-12")
class NoRoomEndsTheLock(ExtendedHub):
    """A JOIN that is refused because there are too many rooms ends the lock."""

    def do_join(self, member: Member, arguments: str) -> None:
        try:
            super().do_join(member, arguments)
        except Refusal as refusal:
            if refusal.code == "too-many-rooms":
                self.release(member)
            raise


@breaks("HIST-9")
class ListsRoomsOfTheFile(ExtendedHub):
    """After a new start the rooms of the file are listed, though nobody is in them."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._old: set[str] = set()

    def recall(self, rooms: Iterable[tuple[str, int]], messages: Iterable[Message]) -> None:
        super().recall(rooms, messages)
        self._old = set(self.rooms)

    def do_rooms(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        listed = [room for name, room in self.rooms.items() if room.members or name in self._old]
        items = [wire.line("ROOM", room.name, len(room.members)) for room in listed]
        self.reply_with(member, items, "ROOMS")


# Histories


@breaks("HIST-1")
class RoomsShareTheMemory(OtherPast):
    """250 messages are remembered, an equal share of them for each room."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return super().past_of(member, past[-250 // len(self.past or [0]) :], count)


@breaks("HIST-8")
class TakesTwoToThe53(ExtendedHub):
    """2^53 is taken for a number."""

    def do_history(self, member: Member, arguments: str) -> None:
        super().do_history(member, str(2**53 - 1) if arguments == str(2**53) else arguments)


@breaks("HIST-9")
@in_place
class LinesEndAtU2028(Store):
    """Of a text that has a line separator of Unicode in it, the beginning is stored."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        cut = [each._replace(text=each.text.split("\u2028")[0]) for each in messages]
        super().commit(cut, accounts)


@breaks("HIST-11")
@in_place
class TakesShortFilesForEmpty(Store):
    """A file that is shorter than any history is taken for an empty one, and overwritten."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        if path and os.path.exists(path) and os.path.getsize(path) < 20:
            Path(path).write_bytes(b"")
        super().__init__(path, limits, full_sync)


# TLS


@breaks("TLS-1")
class NeedsFiveOctets(TlsChannel):
    """What comes first has to be five octets, or it is taken for something else than TLS."""

    has_begun = False

    def receive(self, octets: bytes) -> bytes:
        if not self.has_begun and 0 < len(octets) < 5:
            raise ChannelError("this is no TLS")
        self.has_begun = True
        return super().receive(octets)


@breaks("TLS-5")
class HandshakesGiveTime(Connection):
    """The time for a name begins anew when the handshake is over."""

    was_early = True

    def receive(self) -> None:
        super().receive()
        hub = self.server.hub
        is_over = isinstance(self.channel, TlsChannel) and self.channel._ready
        if self.was_early and is_over and self.member in hub._handshakes:
            self.was_early = False
            hub._handshakes.stop(self.member)
            hub._handshakes.start(self.member, self.server.now)
