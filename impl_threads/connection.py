"""One client of the threaded server: its thread reads and obeys, straight down the page.

The state of the conversation is where the thread is: in `introduce`, in `chat` or in `leave`. It
may block wherever it likes. It never sends: `send` and `cut_off` belong to the server's sending
thread, so that a client which does not read stops nobody's thread but its own.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections import deque
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
#: How long that turn of the others is, in seconds.
TURN = 0.001

log = logging.getLogger("parley")


class Connection:
    """A socket, the member behind it, and the thread that runs `run`."""

    def __init__(self, server: Server, sock: socket.socket, member: Member) -> None:
        self.server = server
        self.sock = sock  # blocking; whoever sends says MSG_DONTWAIT
        self.member = member
        self.thread = threading.Thread(target=self.run)
        # Of the connection's own thread:
        self.channel = server.channel()
        self.channel_lock = threading.Lock()  # never held together with the server's
        self.cutter = LineCutter()
        self.lines: deque[bytes] = deque()  # cut but not yet obeyed
        self.obeyed = 0
        # Of the sending thread:
        self.unsent = bytearray()  # what the socket did not take
        # Guarded by server.lock:
        self.drained = threading.Condition(server.lock)
        self.waiting = False  # whether the connection's thread waits for `drained`
        self.lost = False  # nothing can be sent any more

    def run(self) -> None:
        """A connection from beginning to end."""
        try:
            if self.introduce():
                self.chat()
        except Exception:  # a fault in a verb costs the client that used it, and nobody else
            log.exception("event=fault member=%s", self.member.name)
        self.leave()

    def introduce(self) -> bool:
        """Obeys until the client has a name. False if it goes away before."""
        while self.member.name is None:
            line = self.read_line()
            if line is None or self.obey(line) is CLOSE:
                return False
        return True

    def chat(self) -> None:
        """Obeys until the client says QUIT or goes away."""
        while (line := self.read_line()) is not None:
            if self.obey(line) is CLOSE:
                return

    def leave(self) -> None:
        """Leaves the chat, waits until all is sent, and discards input until the client closes."""
        limits = self.server.hub.limits
        with self.server.lock:
            self.server.hub.leave(self.member, "closed", time.monotonic())
            self.server.wake()
            self.wait_until_drained(0, limits.flush_time)
        self.end_output()
        with contextlib.suppress(OSError):  # a reset, or a time-out
            deadline = time.monotonic() + limits.linger_time
            while (remaining := deadline - time.monotonic()) > 0:
                self.sock.settimeout(remaining)
                if not self.sock.recv(CHUNK):
                    break
        self.server.retire(self)

    def read_line(self) -> bytes | None:
        """The next line of the client; None at the end of its stream, or when it was reset."""
        while not self.lines or self.lost:
            if self.lost or self.channel.input_ended:
                return None
            try:
                octets = self.sock.recv(CHUNK)
                with self.channel_lock:
                    data = self.channel.receive(octets)
            except (OSError, ChannelError):  # a reset, or garbage
                return None
            if not octets:
                return None
            self.lines.extend(self.cutter.feed(data))
            if self.channel.pending:
                self.server.send_pending(self)
        return self.lines.popleft()

    def obey(self, line: bytes) -> Outcome | None:
        """Hands a line to the hub, once the client has read most of what it asked for before."""
        server = self.server
        self.obeyed += 1
        if self.obeyed % LINES_PER_TURN == 0:
            time.sleep(TURN)  # the lock is not fair: who asks for it again at once gets it again
        with server.lock:
            self.wait_until_drained(server.hub.limits.low_mark)
            self.keep_pace()
            outcome = server.hub.obey(self.member, line, time.monotonic())
            server.wake()
        return self.work(outcome) if isinstance(outcome, Job) else outcome

    def work(self, job: Job) -> Outcome | None:
        """Does what takes long, here, where nobody else waits for it. Returns with the answer."""
        server = self.server
        with server.workers:  # not the lock: the chat goes on
            result = job.run()
        with server.lock:
            outcome = server.hub.finish(job, result, time.monotonic())
            server.wake()
            self.wait_until_answered()
        return outcome

    def wait_until_answered(self) -> None:
        """Waits while the hub puts its answer off. Requires the lock."""
        self.waiting = True
        self.drained.wait_for(lambda: self.lost or not (self.member.waiting and self.member.here))
        self.waiting = False

    def wait_until_drained(self, octets: int, timeout: float | None = None) -> None:
        """Waits until at most so many octets are owed, or the time is up. Requires the lock."""
        self.waiting = True
        self.drained.wait_for(lambda: self.lost or self.member.owed <= octets, timeout)
        self.waiting = False

    def keep_pace(self) -> None:
        """Waits while the client sends more lines than it may. Requires the lock."""
        while not self.lost and self.member.here:
            pause = self.member.pace.take(time.monotonic())
            if not pause:
                return
            self.waiting = True
            self.drained.wait_for(lambda: self.lost or not self.member.here, pause)
            self.waiting = False

    def end_output(self) -> None:
        """Ends the sending side. All has been sent, so nobody else is about to send."""
        with contextlib.suppress(OSError), self.channel_lock:
            self.sock.send(self.channel.end(), socket.MSG_DONTWAIT)
            self.sock.shutdown(socket.SHUT_WR)

    # The sending thread alone calls these

    def send(self, data: bytes) -> None:
        """Sends what the socket takes now, and keeps the rest. Never blocks."""
        if self.lost:
            return
        with self.channel_lock:
            self.unsent += self.channel.send(data)
        try:
            del self.unsent[: self.sock.send(self.unsent, socket.MSG_DONTWAIT)]
        except BlockingIOError:
            pass
        except OSError:
            self.cut_off()

    @property
    def kept(self) -> int:
        """Octets that the socket did not take, or that its channel cannot send yet."""
        return len(self.unsent) + self.channel.early

    def cut_off(self) -> None:
        """Gives up the connection in both directions: its thread wakes up and leaves."""
        self.lost = True
        self.unsent.clear()
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
