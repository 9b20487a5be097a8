"""One client of the asyncio server: its task reads and obeys, straight down the page.

The state of the conversation is where the task is: in `introduce`, in `chat` or in `leave`. Between
two awaits nobody else runs, so calls of the hub need no lock. What must never be awaited while
others are owed something is a send: `send` hands octets to the transport and returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
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

log = logging.getLogger("parley")


class Connection:
    """A pair of streams, the member behind it, and the task that runs `run`."""

    def __init__(
        self,
        server: Server,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        member: Member,
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.member = member
        self.task = server.loop.create_task(self.run())
        self.channel = server.channel()
        self.cutter = LineCutter()
        self.lines: deque[bytes] = deque()  # cut but not yet obeyed
        self.obeyed = 0
        self.answered = asyncio.Event()  # while the hub puts an answer off: that it has come
        self.leaving = False
        # `drain` waits while the transport keeps more than this.
        low_mark = server.hub.limits.low_mark
        writer.transport.set_write_buffer_limits(low_mark, low_mark)

    async def run(self) -> None:
        """A connection from beginning to end."""
        try:
            if await self.introduce():
                await self.chat()
        except asyncio.CancelledError:  # see dismiss
            self.task.uncancel()
        except Exception:  # a fault in a verb costs the client that used it, and nobody else
            log.exception("event=fault member=%s", self.member.name)
        await self.leave()

    async def introduce(self) -> bool:
        """Obeys until the client has a name. False if it goes away before."""
        while self.member.name is None:
            line = await self.read_line()
            if line is None or await self.obey(line) is CLOSE:
                return False
        return True

    async def chat(self) -> None:
        """Obeys until the client says QUIT or goes away."""
        while (line := await self.read_line()) is not None:
            if await self.obey(line) is CLOSE:
                return

    async def leave(self) -> None:
        """Leaves the chat, waits until all is sent, and discards input until the client closes."""
        limits = self.server.hub.limits
        self.leaving = True
        self.server.hub.leave(self.member, "closed", self.server.loop.time())
        await self.server.end_of_turn()
        with contextlib.suppress(OSError, TimeoutError, ChannelError):
            async with asyncio.timeout(limits.flush_time):
                await self.finish_handshake()
                await self.wait_until_drained(0)
            if not self.lost:
                self.writer.write(self.channel.end())
                self.writer.write_eof()
            async with asyncio.timeout(limits.linger_time):
                while await self.reader.read(CHUNK):
                    pass
        self.server.retire(self)

    @property
    def lost(self) -> bool:
        """Whether nothing can be sent any more."""
        return self.writer.transport.is_closing()

    async def read_line(self) -> bytes | None:
        """The next line of the client; None at the end of its stream, or when it was reset."""
        while not self.lines or self.lost:
            if self.lost or self.channel.input_ended:
                return None
            try:
                octets = await self.reader.read(CHUNK)
                data = self.channel.receive(octets)
            except (OSError, ChannelError):  # a reset, or garbage
                return None
            if not octets:
                return None
            self.lines.extend(self.cutter.feed(data))
            if self.channel.pending:
                self.send(b"")
        return self.lines.popleft()

    async def obey(self, line: bytes) -> Outcome | None:
        """Hands a line to the hub, once the client has read most of what it asked for before."""
        server = self.server
        if self.member.owed > server.hub.limits.low_mark:
            await self.wait_until_drained(server.hub.limits.low_mark)
        self.obeyed += 1
        if self.obeyed % LINES_PER_TURN == 0:
            await asyncio.sleep(0)  # lines that are there already are read without a wait
        await self.keep_pace()
        outcome = server.hub.obey(self.member, line, server.loop.time())
        server.wake()
        return await self.work(outcome) if isinstance(outcome, Job) else outcome

    async def work(self, job: Job) -> Outcome | None:
        """Has another thread do what takes long, while others go on. Returns with the answer."""
        server = self.server
        result = None
        try:
            result = await server.loop.run_in_executor(server.workers, job.run)
        finally:  # if this task is cancelled, too
            outcome = server.hub.finish(job, result, server.loop.time())
            server.wake()
        await self.wait_until_answered()
        return outcome

    async def finish_handshake(self) -> None:
        """Reads on as long as what is owed cannot be sent: a BYE to one who was turned away."""
        while self.channel.early and (octets := await self.reader.read(CHUNK)):
            self.channel.receive(octets)
            self.send(b"")

    async def wait_until_answered(self) -> None:
        """Waits while the hub puts its answer off."""
        self.answered.clear()
        while self.member.waiting:
            await self.answered.wait()
            self.answered.clear()

    async def wait_until_drained(self, octets: int) -> None:
        """Waits until at most so many octets are owed, or nothing can be sent any more."""
        await self.server.end_of_turn()
        if self.lost:
            return
        self.writer.transport.set_write_buffer_limits(octets, octets)
        with contextlib.suppress(OSError):
            await self.writer.drain()

    async def keep_pace(self) -> None:
        """Waits while the client sends more lines than it may."""
        while pause := self.member.pace.take(self.server.loop.time()):  # noqa: ASYNC110  # no event ends it, only time
            await asyncio.sleep(pause)

    def dismiss(self) -> None:
        """Sent away: whatever the task waits for, it leaves now, unless it is leaving already."""
        if not self.leaving:
            self.task.cancel()

    def send(self, data: bytes) -> None:
        """Sends what the socket takes now; the transport keeps the rest. Never blocks."""
        if not self.lost:  # else the task is about to find out
            self.writer.write(self.channel.send(data))

    @property
    def kept(self) -> int:
        """Octets that the transport keeps, or that the channel cannot send yet."""
        return self.writer.transport.get_write_buffer_size() + self.channel.early

    def cut_off(self) -> None:
        """Gives up the connection in both directions: its task wakes up and leaves."""
        self.writer.transport.abort()  # close() would wait until everything is sent
