"""Faults of those who handle the sockets: all wait for one, or nobody ever rests, or races.

Each is the usual mistake of its model: threads that send under the lock, tasks that await a drain,
a poll() that is asked for more than is wanted.
"""

from __future__ import annotations

import contextlib
import select

import impl_asyncio.connection
import impl_threads.connection
from impl_poll.connection import Connection
from impl_poll.server import Server
from parley import wire
from parley.hub import Outcome

from .registry import breaks
from .server_faults import LooseNames


@breaks("SLOW-1")
class AwaitsEveryDrain(impl_asyncio.connection.Connection):
    """Who has said something waits until all the others have read it."""

    async def obey(self, line: bytes) -> Outcome | None:
        outcome = await super().obey(line)
        self.server.flush()
        for connection in list(self.server.connections.values()):
            with contextlib.suppress(OSError):
                await connection.writer.drain()
        return outcome


@breaks("SLOW-1")
class OneThreadSendsBlocking(impl_threads.connection.Connection):
    """The one thread that sends to everybody waits for the one who does not read."""

    def send(self, data: bytes) -> None:
        if self.lost:
            return
        try:
            self.sock.sendall(data)
        except OSError:
            self.cut_off()


@breaks("SLOW-1")
class SendsUnderTheLock(impl_threads.connection.Connection):
    """Who does not read is waited for with the lock held."""

    def send(self, data: bytes) -> None:
        if self.lost:
            return
        with self.server.lock:
            try:
                self.sock.sendall(data)
            except OSError:
                self.cut_off()


@breaks("NICK-8", hub=LooseNames)
class LooksThenTakes(impl_threads.connection.Connection):
    """A name is looked up with the lock held, and taken with the lock held, but let go between."""

    def obey(self, line: bytes) -> Outcome | None:
        verb, _, name = line.partition(b" ")
        if verb.upper() != b"NICK" or self.member.name is not None:
            return super().obey(line)
        names = self.server.hub.names
        key = wire.fold(name.decode(errors="replace").rstrip("\r"))
        with self.server.lock:
            free = key not in names
        select.select([], [], [], 0.02)  # a switch of threads that comes at the wrong moment
        if free:
            with self.server.lock:
                names.pop(key, None)
        return super().obey(line)


@breaks("IDLE-1")
class AsksForRoomAlways(Connection):
    """poll() is asked for sockets that have room to write, whether there is something or not."""

    def wants(self) -> int:
        return super().wants() | select.POLLOUT


@breaks("IDLE-1")
class AsksForRoomFromThenOn(Connection):
    """Once a socket had no room to write, poll() is asked for room in it, whatever there is."""

    was_full = False

    def wants(self) -> int:
        self.was_full = self.was_full or bool(self.unsent)
        return super().wants() | (select.POLLOUT if self.was_full else 0)


@breaks("IDLE-1")
class SpinsAfterReset(Server):
    """After the first connection that was reset poll() never sleeps again: 100 % CPU."""

    spins = False

    def close(self, connection: Connection) -> None:
        self.spins = self.spins or not connection.output_ended
        super().close(connection)

    def timeout(self) -> float | None:
        return 0 if self.spins else super().timeout()


@breaks("IDLE-1")
class ReadsFromEverybody(Server):
    """A thousand times a second it tries to read from each of its connections."""

    def timeout(self) -> float | None:
        for connection in self.connections.values():
            if connection.wants() & select.POLLIN:
                connection.receive()
                self.due.add(connection)
        return 1.0


class Spins(Server):
    """A server whose poll() does not sleep under some circumstances."""

    def spins(self) -> bool:
        raise NotImplementedError

    def timeout(self) -> float | None:
        return 0 if self.spins() else super().timeout()


@breaks("IDLE-1")
class SpinsForTheLocked(Spins):
    """As long as somebody is locked, poll() does not sleep."""

    def spins(self) -> bool:
        return any(member.held is not None for member in self.hub.connections)


@breaks("IDLE-1")
class SpinsForTheNameless(Spins):
    """As long as somebody has no name, poll() does not sleep."""

    def spins(self) -> bool:
        return any(member.name is None for member in self.hub.connections)


@breaks("IDLE-1")
class SpinsForTheUnfinished(Spins):
    """As long as the end of a line has not come, poll() does not sleep."""

    def spins(self) -> bool:
        return any(each.cutter._rest for each in self.connections.values())


@breaks("IDLE-1")
class SpinsForTheSlow(Spins):
    """As long as somebody does not read what it is owed, poll() does not sleep."""

    def spins(self) -> bool:
        return any(member.unsent and member.here for member in self.hub.connections)


@breaks("LEFT-6")
class ForgetsWhoeverHasTheName(Server):
    """When a connection is closed, whoever has its name is forgotten: its heir, if there is one."""

    def close(self, connection: Connection) -> None:
        super().close(connection)
        if connection.member.name is not None:
            heir = self.hub.names.pop(wire.fold(connection.member.name), None)
            if heir is not None and heir.room is not None:
                heir.room.members.pop(wire.fold(connection.member.name), None)
