"""Faults that show only after a while: what clients have taken is not given back.

No session of theirs is wrong: the server that has each of these dies of it after a day.
"""

from __future__ import annotations

import os
import socket
import threading
from typing import Any

import impl_threads.connection
from impl_poll.connection import Connection
from impl_poll.server import Server
from parley.hub import Hub, Limits, Member
from parley.wire import LineCutter

from .registry import breaks
from .tools import FOR_GOOD, OtherLimits

#: Octets that each connection leaves behind.
LEFT_BEHIND = 128 * 1024


class LeaksSome(Server):
    """A server that does not close the sockets of some connections, but shuts them down."""

    kept: list[socket.socket] = []  # noqa: RUF012  # one server a process

    def leaks(self, connection: Connection) -> bool:
        raise NotImplementedError

    def close(self, connection: Connection) -> None:
        if self.leaks(connection):
            self.kept.append(connection.sock.dup())
        super().close(connection)


@breaks("GROW-1")
class LeaksDescriptors(LeaksSome):
    """The socket of a connection that has ended is shut down, but never closed."""

    def leaks(self, connection: Connection) -> bool:
        return True


@breaks("GROW-1")
class LeaksDescriptorsOfResets(LeaksSome):
    """The descriptor of a connection is closed unless the client has reset it."""

    def leaks(self, connection: Connection) -> bool:
        return not connection.output_ended


@breaks("GROW-1")
class LeaksDescriptorsOfTheUnfinished(LeaksSome):
    """The descriptor of a connection that ends within a line is not closed."""

    def leaks(self, connection: Connection) -> bool:
        return connection.cutter._rest != b""


@breaks("GROW-1")
class LeaksDescriptorsOfTheEndless(LeaksSome):
    """The descriptor of a connection that ends within a line that is too long is not closed."""

    def leaks(self, connection: Connection) -> bool:
        return connection.cutter._skipping


@breaks("GROW-1")
class LeaksDescriptorsOfTheTurnedAway(LeaksSome):
    """The descriptor of a connection for which there is no place is not closed."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turned_away: set[Member] = set()

    def accept(self) -> None:
        before = set(self.connections)
        super().accept()
        self._turned_away |= {each for each in self.connections.keys() - before if not each.here}

    def leaks(self, connection: Connection) -> bool:
        return connection.member in self._turned_away


@breaks("GROW-1")
class LeaksDescriptorsOfTheLocked(Connection):
    """The descriptor of a member that leaves locked is not closed."""

    unclosed: list[socket.socket] = []  # noqa: RUF012  # one server a process

    def leave(self) -> None:
        if self.member.held is not None:
            self.unclosed.append(self.sock.dup())
        super().leave()


@breaks("GROW-1")
class LeaksDescriptorsOfTheUndecided(Connection):
    """The descriptor of one who chooses no name in time, or quits without one, is not closed."""

    unclosed: list[socket.socket] = []  # noqa: RUF012  # one server a process

    def __init__(self, server: Server, sock: socket.socket, member: Member) -> None:
        super().__init__(server, sock, member)
        self.let_in = member.here

    def leave(self) -> None:
        if self.let_in and self.step and not self.member.here and self.member.name is None:
            self.unclosed.append(self.sock.dup())
        super().leave()


@breaks("GROW-1")
class LeaksThreads(impl_threads.connection.Connection):
    """Each connection has a second thread, which goes on waiting when the connection has ended."""

    def run(self) -> None:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        super().run()


@breaks("GROW-1")
class LeavesZombies(Hub):
    """Each connection has a process of its own, and nobody waits for its end."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        if os.fork() == 0:
            os._exit(0)
        return super().connect(now, loopback)


@breaks("GROW-2")
class LeaksMemory(Hub):
    """Each connection has a buffer, which is kept when the connection has ended."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._buffers: list[bytes] = []

    def connect(self, now: float, loopback: bool = False) -> Member:
        self._buffers.append(b"x" * LEFT_BEHIND)
        return super().connect(now, loopback)


@breaks("GROW-2")
class RemembersTheUnfinished(Connection):
    """What stood behind the last LF of a stream is kept, and the room for the longest line."""

    remembered: list[bytes] = []  # noqa: RUF012  # one server a process

    def leave(self) -> None:
        if self.member.here and self.cutter._rest:
            self.remembered.append(self.cutter._rest.ljust(4 * LEFT_BEHIND))
        super().leave()


@breaks("GROW-3")
class KeepsEndlessLines(LineCutter):
    """A line that is too long is kept to its end, and refused then."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        self._pieces.append(data)
        lines = super().feed(data)
        if b"\n" in data:
            self._pieces.clear()
        return lines


@breaks("GROW-4")
class WaitsForTheLastWord(OtherLimits):
    """Who has quit is waited for until it has closed."""

    other = {"linger_time": 1e6}  # noqa: RUF012  # read only


@breaks("GROW-4")
class WaitsForTheSilent(Connection):
    """Who was silent, and is sent away, is waited for until it has closed."""

    def proceed(self) -> None:
        super().proceed()
        if self.output_ended and self.member.asked:
            self.deadline = self.server.now + FOR_GOOD


@breaks("GROW-4")
class WaitsForTheNameless(Connection):
    """Who has chosen no name, and is sent away, is waited for until it has closed."""

    words = b"BYE you did not choose"
    was_told = False

    def send(self, data: bytes) -> None:
        self.was_told = self.was_told or self.words in data
        super().send(data)

    def proceed(self) -> None:
        super().proceed()
        if self.output_ended and self.was_told:
            self.deadline = self.server.now + FOR_GOOD


@breaks("GROW-4")
class WaitsForTheTurnedAway(WaitsForTheNameless):
    """Who is turned away, because there is no place, is waited for until it has closed."""

    words = b"BYE too many connections"
