"""One client of the poll server: what its next line means stands in a field.

    INTRODUCING --- a name ---> CHATTING
         |                          |
         +--- QUIT, end of stream, reset, sent away --> LEAVING --- all is sent --> LINGERING
                                                           |                            |
                                                           +--- time is up, reset ------+--> closed

All of it is driven by the server's loop, one step at a time; no step waits for anything. `step` is
`introduce` or `chat`, as long as lines are obeyed, and None when input is only discarded.
"""

from __future__ import annotations

import contextlib
import logging
import select
import socket
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from parley.channel import ChannelError
from parley.hub import CLOSE, Job, Member, Outcome
from parley.wire import LineCutter

if TYPE_CHECKING:
    from .server import Server

#: Octets asked of a socket with one call.
CHUNK = 65536
#: Lines of one client that are obeyed before the others have their turn.
LINES_PER_TURN = 100

log = logging.getLogger("parley")


class Connection:
    """A socket, the member behind it, and where their conversation is."""

    def __init__(self, server: Server, sock: socket.socket, member: Member) -> None:
        self.server = server
        self.sock = sock  # non-blocking
        self.member = member
        self.step: Callable[[bytes], None] | None = self.introduce
        self.channel = server.channel()
        self.cutter = LineCutter()
        self.lines: deque[bytes] = deque()  # cut but not yet obeyed
        self.unsent = bytearray()  # what the socket did not take
        self.input_ended = False
        self.output_ended = False
        self.resume_at = 0.0  # when its lines are obeyed again, if it sent them too fast
        self.deadline = 0.0  # in LEAVING and LINGERING: when patience ends
        self.closed = False

    def run(self) -> None:
        """Obeys the lines that are there, as long as the client reads what it asked for."""
        if self.server.now < self.resume_at:
            return
        for _ in range(LINES_PER_TURN):
            if not self.step or not self.lines or self.waiting:
                break
            if pause := self.member.pace.take(self.server.now):
                self.resume_at = self.server.now + pause
                break
            try:
                self.step(self.lines.popleft())
            except Exception:  # a fault in a verb costs the client that used it, and nobody else
                log.exception("event=fault member=%s", self.member.name)
                self.leave()
        if self.step and self.input_ended and not self.lines and not self.member.waiting:
            self.leave()

    def introduce(self, line: bytes) -> None:
        """A line of a client that has no name yet."""
        if self.obey(line) is CLOSE:
            self.leave()
        elif self.member.name is not None:
            self.step = self.chat

    def chat(self, line: bytes) -> None:
        """A line of a client that has a name."""
        if self.obey(line) is CLOSE:
            self.leave()

    def obey(self, line: bytes) -> Outcome | None:
        """Hands a line to the hub."""
        outcome = self.server.hub.obey(self.member, line, self.server.now)
        if isinstance(outcome, Job):
            self.work(outcome)
        return outcome

    def work(self, job: Job) -> None:
        """Has another thread do what takes long, while others go on. In a later turn: `finish`."""
        self.server.delegate(job)

    def finish(self, job: Job, result: object) -> None:
        """The end of a line with a job; those that came after it are next."""
        try:
            self.server.hub.finish(job, result, self.server.now)
        except Exception:
            log.exception("event=fault member=%s", self.member.name)
            self.leave()
        if self.step and self.member.name is not None:
            self.step = self.chat

    @property
    def waiting(self) -> bool:
        """Whether its lines wait: for an answer to the last one, or because it does not read."""
        return self.member.waiting or self.member.owed > self.server.hub.limits.low_mark

    def leave(self) -> None:
        """To LEAVING: out of the chat; what is owed goes out, input is discarded."""
        self.server.hub.leave(self.member, "closed", self.server.now)
        self.step = None
        self.lines.clear()
        self.deadline = self.server.now + self.server.hub.limits.flush_time

    def proceed(self) -> None:
        """From LEAVING to LINGERING to closed, as far as things have come."""
        if self.step or self.closed:
            return
        if not self.output_ended and self.member.owed == 0:
            self.output_ended = True
            self.deadline = self.server.now + self.server.hub.limits.linger_time
            with contextlib.suppress(OSError):  # it was reset
                self.sock.send(self.channel.end())
                self.sock.shutdown(socket.SHUT_WR)
        if (self.output_ended and self.input_ended) or self.server.now >= self.deadline:
            self.cut_off()

    def receive(self) -> None:
        """Reads what is there and cuts it into lines, or discards it where nothing is obeyed."""
        try:
            octets = self.sock.recv(CHUNK)
            data = self.channel.receive(octets)
        except BlockingIOError:
            return
        except (OSError, ChannelError):  # a reset, or garbage: nothing can be sent either
            self.leave()
            self.cut_off()
            return
        self.input_ended = not octets or self.channel.input_ended
        if self.step:
            self.lines.extend(self.cutter.feed(data))
        if self.channel.pending:
            self.send(b"")

    def wants(self) -> int:
        """The poll() events that this connection waits for."""
        wanted = select.POLLOUT if self.unsent else 0
        if not self.input_ended and not self.lines:
            wanted |= select.POLLIN
        return wanted

    def send(self, data: bytes) -> None:
        """Sends what the socket takes now, and keeps the rest. Never blocks."""
        if self.closed:
            return
        self.unsent += self.channel.send(data)
        try:
            del self.unsent[: self.sock.send(self.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            self.leave()
            self.cut_off()

    @property
    def kept(self) -> int:
        """Octets that the socket did not take, or that its channel cannot send yet."""
        return len(self.unsent) + self.channel.early

    def cut_off(self) -> None:
        """To closed: gives up the connection in both directions."""
        self.closed = True
        self.unsent.clear()
