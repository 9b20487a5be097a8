"""Faults of those who handle the sockets: mostly connections of the poll server.

No hub could have these faults. Where a fault needs what happens in several turns of the loop, the
connection puts its lines off for some turns: that takes no time and asks no clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from unittest import mock

import impl_asyncio.connection
import impl_threads.connection
from impl_poll.connection import Connection
from impl_poll.server import Server
from parley import wire
from parley.hub import Hub, Member, Outcome

from .registry import breaks
from .tools import FOR_GOOD, OtherLimits


def has_ended(sock: socket.socket) -> bool:
    """Whether the next recv would find the end of the stream. Raises OSError for a reset."""
    with contextlib.suppress(BlockingIOError):
        return not sock.recv(1, socket.MSG_PEEK)
    return False


# Everybody waits for somebody


@breaks("HELLO-3")
class OneConversationAtATime(impl_threads.connection.Connection):
    """A client is not answered until the one before it has gone."""

    turnstile = threading.Lock()

    def run(self) -> None:
        with self.turnstile:
            super().run()


@breaks("HELLO-3")
class WaitsForTheRestOfALine(Connection):
    """Who has sent the beginning of a line is waited for by everybody."""

    def receive(self) -> None:
        super().receive()
        self.sock.setblocking(True)
        while self.step and self.cutter._rest and not self.input_ended:
            super().receive()
        self.sock.setblocking(False)


@breaks("SLOW-1")
class SendsBlocking(Connection):
    """A member that does not read is waited for by everybody."""

    def send(self, data: bytes) -> None:
        if self.closed:
            return
        self.sock.setblocking(True)
        try:
            self.sock.sendall(data)
        except OSError:
            self.leave()
            self.cut_off()
        else:
            self.sock.setblocking(False)


@breaks("SLOW-2")
class KeepsEverything(OtherLimits):
    """What is kept for a member that does not read has no bound."""

    other = {"outbox_bytes": 2**60}  # noqa: RUF012  # read only


@breaks("SLOW-2")
class SlowOnesAreClosed(Hub):
    """A member that is dropped because it does not read is said to have closed."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, "closed" if cause == "slow" else cause, now, words)


# Races


class LooseNames(Hub):
    """A hub that can bear two members of one name."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.here and member.name is not None:
            self.names[wire.fold(member.name)] = member
            self.lobby.members[wire.fold(member.name)] = member
        super().leave(member, cause, now, words)


@breaks("NICK-8", hub=LooseNames)
class NicknameRace(impl_asyncio.connection.Connection):
    """A name is looked up, then others may run, then it is taken."""

    async def obey(self, line: bytes) -> Outcome | None:
        verb, _, name = line.partition(b" ")
        if verb.upper() != b"NICK" or self.member.name is not None:
            return await super().obey(line)
        key = wire.fold(name.decode(errors="replace").rstrip("\r"))
        free = key not in self.server.hub.names
        for _turn in range(50):
            await asyncio.sleep(0)  # no delay: it lets the others run
        if free:
            self.server.hub.names.pop(key, None)
        return await super().obey(line)


# Leaving


@breaks("QUIT-1")
class StaysOpenAfterQuit(Connection):
    """After OK QUIT the server waits for the client to close."""

    def leave(self) -> None:
        super().leave()
        self.deadline = self.server.now + FOR_GOOD

    def proceed(self) -> None:
        if self.input_ended or self.server.now >= self.deadline:
            super().proceed()


@breaks("QUIT-4")
class AnswersAfterQuit(Connection):
    """PING is answered after QUIT."""

    def leave(self) -> None:
        lines = list(self.lines)
        super().leave()
        has_quit = b"OK QUIT\n" in self.member.outbox
        for line in lines:
            if has_quit and line.upper().startswith(b"PING "):
                self.server.hub.reply(self.member, "PONG", line[5:].decode(errors="replace"))


@breaks("QUIT-4")
class ResetsAfterQuit(Connection):
    """After OK QUIT the socket is closed at once, however much of its input is unread."""

    def proceed(self) -> None:
        if self.step is None and self.member.owed == 0:
            self.cut_off()
        super().proceed()

    def receive(self) -> None:
        with mock.patch("impl_poll.connection.CHUNK", 8):
            super().receive()


@breaks("LEFT-1")
class IgnoresEmptyRecv(Connection):
    """The end of a stream is not noticed: recv returns nothing, again and again."""

    def receive(self) -> None:
        with contextlib.suppress(OSError):
            if has_ended(self.sock):
                return
        super().receive()


@breaks("LEFT-2")
class DiesOfReset(Connection):
    """A connection that is reset ends the server."""

    def receive(self) -> None:
        has_ended(self.sock)
        super().receive()


@breaks("LEFT-2")
class ResetIsSilent(Connection):
    """Nobody is told of a member whose connection was reset."""

    def receive(self) -> None:
        try:
            has_ended(self.sock)
        except OSError:
            with mock.patch.object(self.server.hub, "publish"):
                self.leave()
        super().receive()


class PutsOff(Connection):
    """Obeys lines some turns after they have come, so that it knows what comes behind them."""

    turns_left = 200

    def run(self) -> None:
        if self.step and self.lines and self.turns_left and not self.input_ended:
            self.turns_left -= 1
            self.server.due.add(self)
            return
        self.turns_left = 200
        super().run()

    def wants(self) -> int:
        lines, self.lines = self.lines, type(self.lines)()
        wanted = super().wants()
        self.lines = lines
        return wanted


@breaks("LEFT-3")
class EndDropsLines(PutsOff):
    """Lines that stand before the end of the stream, not yet obeyed, are thrown away."""

    def run(self) -> None:
        if self.input_ended:
            self.lines.clear()
        super().run()


@breaks("LEFT-4")
class EndDropsReplies(PutsOff):
    """At the end of the stream the connection is closed, whatever is still to be sent."""

    def run(self) -> None:
        super().run()
        if self.input_ended:
            self.cut_off()


@breaks("LEFT-4")
class StaysOpenAfterTheEnd(Connection):
    """A client that has ended its direction receives no end of stream."""

    def leave(self) -> None:
        super().leave()
        if self.input_ended:
            self.deadline = self.server.now + FOR_GOOD

    def proceed(self) -> None:
        if not self.input_ended or self.server.now >= self.deadline or self.output_ended:
            super().proceed()


@breaks("LEFT-7")
class TellsOfNamelessEnd(Connection):
    """A nameless connection whose stream ends is announced."""

    def leave(self) -> None:
        hub = self.server.hub
        if self.input_ended and self.member.here and self.member.name is None:
            hub.publish(hub.lobby, "LEFT", "lobby", "somebody", "closed")
        super().leave()


@breaks("IDLE-1")
class SpinsAfterDisconnect(Server):
    """After the first disconnect poll() never sleeps again: 100 % CPU."""

    spins = False

    def close(self, connection: Connection) -> None:
        super().close(connection)
        self.spins = True

    def timeout(self) -> float | None:
        return 0 if self.spins else super().timeout()


@breaks("SLOW-6")
class DropsWhatIsOwed(Server):
    """Who is behind when the server stops is sent BYE and nothing else."""

    def stop(self) -> None:
        for connection in self.connections.values():
            del connection.unsent[connection.unsent.find(b"\n") + 1 :]
        super().stop()
