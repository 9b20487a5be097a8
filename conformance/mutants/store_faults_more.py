"""Faults of storing what is said: what a start makes of long messages, of many, and of rooms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Account, Limits, Message
from parley.store import Store

from .registry import breaks
from .store_faults import in_place


@breaks("HIST-9")
@in_place
class StoresShortTexts(Store):
    """Of a text the first 2000 characters are stored."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit([each._replace(text=each.text[:2000]) for each in messages], accounts)


@breaks("HIST-9")
@in_place
class LoadsFifty(Store):
    """After a new start the last 50 messages of each room are remembered."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        of_rooms = [[each for each in messages if each.room == name] for name, _ in rooms]
        return rooms, [each for of_room in of_rooms for each in of_room[-50:]]


@breaks("HIST-9")
@in_place
class LoadsSmallRooms(Store):
    """After a new start nothing is remembered of rooms with capitals in their names."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        return rooms, [each for each in messages if each.room == each.room.lower()]


@breaks("HIST-9")
@in_place
class RoomsStartAnew(Store):
    """After a new start the messages of other rooms than the lobby are numbered from 1 again."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        if self._file is not None:
            self._file.execute("UPDATE message SET seq = seq - 1000000 WHERE room <> 'lobby'")
        return [(name, seq if name == "lobby" else 0) for name, seq in rooms], messages


@breaks("HIST-9")
class SeqIsACount(ExtendedHub):
    """After a new start seq goes on above the number of messages that are remembered."""

    def recall(self, rooms: Iterable[tuple[str, int]], messages: Iterable[Message]) -> None:
        super().recall(rooms, messages)
        for room in self.rooms.values():
            room.seq = len(self.past.get(wire.fold(room.name), ()))


@breaks("HIST-10")
@in_place
class StoresRoomsAtTheStop(Store):
    """What was said in other rooms than the lobby is written when the server stops."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        super().__init__(path, limits, full_sync)
        self._said: list[Message] = []

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        self._said += [each for each in messages if each.room != "lobby"]
        super().commit([each for each in messages if each.room == "lobby"], accounts)

    def close(self) -> None:
        super().commit(self._said)
        super().close()
