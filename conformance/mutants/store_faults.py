"""Faults of storing what is said: what a stop loses, and what a kill loses. Files of others are in
store_faults_foreign.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from unittest import mock

from impl_poll.server import Server
from parley import launch
from parley.extensions import ExtendedHub
from parley.hub import Account, Limits, Message
from parley.store import Store

from .registry import Launch, breaks


def in_place(store: type[Store]) -> type[Launch]:
    """A server that stores with this class in place of the sound one."""

    class Start(Launch):
        def main(self, name: str) -> int:
            with mock.patch.object(launch, "Store", store):
                return super().main(name)

    Start.__name__, Start.__doc__ = store.__name__, store.__doc__
    return Start


# What is there after a stop


@breaks("HIST-9")
@in_place
class StoresNothing(Store):
    """Nothing is stored."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        pass


@breaks("HIST-9")
@in_place
class BeginsAnew(Store):
    """A file that is there already is replaced by an empty one."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        for end in ("", "-wal", "-shm") if path else ():
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path + end)
        super().__init__(path, limits, full_sync)


@breaks("HIST-9")
@in_place
class StoresEveryTenth(Store):
    """Of the messages only every tenth is stored."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit([message for message in messages if message.seq % 10 == 0], accounts)


@breaks("HIST-9")
@in_place
class ForgetsSeq(Store):
    """After a new start messages are numbered from 1 again, among those that are remembered."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        if self._file is not None:
            self._file.execute("UPDATE message SET seq = seq - 1000000")
        return [(name, 0) for name, _ in rooms], messages


@breaks("HIST-9")
@in_place
class SkipsSeqs(Store):
    """After a new start the number of a message is used a second time."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        if self._file is not None:
            self._file.execute("DELETE FROM message WHERE seq = (SELECT max(seq) FROM message)")
        return [(name, seq - 1) for name, seq in rooms], messages


@breaks("HIST-9")
@in_place
class RemembersTwice(Store):
    """After a new start every message is remembered twice."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        return rooms, [message for message in messages for _ in range(2)]


@breaks("HIST-9")
@in_place
class OrdersBySpelling(Store):
    """After a new start messages are in the order of their numbers as words: 10 before 2."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        return rooms, sorted(messages, key=lambda message: str(message.seq))


@breaks("HIST-9")
@in_place
class LosesTheFirst(Store):
    """After a new start the first message is not remembered."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        return rooms, messages[1:]


@breaks("HIST-9")
@in_place
class OwnSeparators(Store):
    """A text is stored up to the first semicolon."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit([each._replace(text=each.text.split(";")[0]) for each in messages])


@breaks("HIST-9")
@in_place
class StoresAscii(Store):
    """Characters outside ASCII are stored as question marks."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        ascii_only = [each.text.encode("ascii", "replace").decode() for each in messages]
        new = zip(messages, ascii_only, strict=True)
        super().commit([each._replace(text=text) for each, text in new])


@breaks("HIST-9")
@in_place
class StoresTrimmed(Store):
    """Texts are stored without the spaces at their ends."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit([each._replace(text=each.text.strip(" ") or " ") for each in messages])


@breaks("HIST-9")
@in_place
class StoresNoTimes(Store):
    """After a new start the time of every message is 0."""

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        rooms, messages = super().load()
        return rooms, [message._replace(time=0) for message in messages]


@breaks("HIST-9")
@in_place
class StoresTheLobby(Store):
    """Of other rooms than the lobby nothing is stored."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit([message for message in messages if message.room == "lobby"])


# What is there after SIGKILL


@breaks("HIST-10")
@in_place
class CommitsAtTheStop(Store):
    """What was said is written when the server stops."""

    said: tuple[Message, ...] = ()

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        self.said += tuple(messages)

    def close(self) -> None:
        super().commit(list(self.said))
        super().close()


@breaks("HIST-10")
@in_place
class OneTransaction(Store):
    """One transaction begins with the first message and ends when the server stops."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        if self._file is not None and messages:
            if not self._file.in_transaction:
                self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?)", messages)
            last = [(message.room, message.seq) for message in messages]
            self._file.executemany("INSERT OR REPLACE INTO room VALUES (?, ?)", last)

    def close(self) -> None:
        if self._file is not None and self._file.in_transaction:
            self._file.execute("COMMIT")
        super().close()


@breaks("HIST-10")
@in_place
class StoresByTheTen(Store):
    """What was said is written when there are ten messages, or when the server stops."""

    said: tuple[Message, ...] = ()

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        self.said += tuple(messages)
        if len(self.said) >= 10:
            super().commit(list(self.said))
            self.said = ()

    def close(self) -> None:
        super().commit(list(self.said))
        super().close()


@breaks("HIST-10", hub=ExtendedHub)
class StoresBeforeTheNextTurn(Server):
    """What was said in a turn is written when the next one begins."""

    def flush(self) -> None:
        with mock.patch.object(self, "commit"):
            super().flush()

    def turn(self) -> set[int]:
        events = self.poller.poll(self.timeout())
        self.commit()
        with mock.patch.object(self, "poller", wraps=self.poller) as poller:
            poller.poll.side_effect = lambda _: events
            return super().turn()

    def stop(self) -> None:
        super().stop()
        self.commit()


@breaks("HIST-10", hub=ExtendedHub)
class StoresAfterReplying(Server):
    """What was said in a turn is written when the replies have been sent."""

    def flush(self) -> None:
        with mock.patch.object(self, "commit"):
            super().flush()
        self.commit()
