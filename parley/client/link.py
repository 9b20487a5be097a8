"""The line to the server: asyncio streams, TLS, and another try when the connection breaks.

`run` is one task: it connects, and while it is connected a second task of it writes. Both run in
the thread of the Conversation, and touch it between awaits only.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from dataclasses import dataclass
from typing import Protocol

from .conversation import Conversation
from .dialogue import Phase
from .disk import prepare
from .events import FileWanted
from .faults import explain

#: Octets asked of a socket with one call.
CHUNK = 65536
#: Seconds to connect to one address, TLS included.
CONNECT_TIME = 10.0
#: Seconds before the first further try; doubled each time, up to the longest. Of this, a random
#: half is waited, so that a room full of clients does not come back all at once.
FIRST_PAUSE = 0.5
LONGEST_PAUSE = 30.0
#: Seconds that a server has to answer QUIT.
GOODBYE_TIME = 1.5


class Interface(Protocol):
    """What a Link asks of whoever shows the Conversation."""

    def changed(self) -> None:
        """The Conversation may have events, or another question."""

    async def keeps_up(self) -> None:
        """Returns once most of what arrived has been shown: until then nothing more is read."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is. With a context, TLS is spoken, and its certificate verified."""

    host: str
    port: int
    context: ssl.SSLContext | None = None

    def __str__(self) -> str:
        return f"{self.host} port {self.port}"


class Link:
    """Keeps a Conversation connected."""

    def __init__(
        self, conversation: Conversation, address: Address, interface: Interface, reconnect: bool
    ) -> None:
        self.status = "connecting"
        self._conversation = conversation
        self._address = address
        self._interface = interface
        self._reconnect = reconnect
        self._woken = asyncio.Event()
        self._offering: set[asyncio.Task[None]] = set()

    def send_file(self, event: FileWanted) -> None:
        """Opens a file and reads its digest, in another thread, and then offers it."""
        task = asyncio.create_task(self._offer(event))
        self._offering.add(task)
        task.add_done_callback(self._offering.discard)

    async def _offer(self, event: FileWanted) -> None:
        conversation = self._conversation
        try:
            file = await asyncio.to_thread(prepare, event.path, lambda: conversation.leaving)
        except OSError as error:
            conversation.note(f"{event.path} cannot be sent: {error.strerror}", bad=True)
        else:
            conversation.offer(event.name, *file)
        self._interface.changed()
        self.wake()

    @property
    def opening(self) -> bool:
        """Whether a file is being opened, to be offered."""
        return bool(self._offering)

    def wake(self) -> None:
        """The person did something: there may be octets to send, or a reason to hurry."""
        self._woken.set()

    async def run(self) -> str:
        """Until the person leaves. Returns why it ended if it was for another reason."""
        pause = FIRST_PAUSE
        conversation = self._conversation
        while True:
            self._tells("connecting")
            why = await self._connect_once()
            if conversation.leaving:
                return ""
            if not conversation.greeted or not (self._reconnect or conversation.hurry):
                return why
            if self._was_member:
                pause = FIRST_PAUSE
            await self._pause(pause * random.uniform(0.5, 1.0))
            if conversation.leaving:
                return ""
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _pause(self, seconds: float) -> None:
        """Waits before the next try, or as long as the person is asked for a name."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        conversation = self._conversation
        self._tells("not connected")
        while not conversation.leaving and not conversation.hurry:
            left = until - loop.time() if conversation.wants_connection else None
            if left is not None and left <= 0:
                return
            await self._wait(left)

    async def _wait(self, seconds: float | None) -> None:
        """Until `wake`, or so many seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    def _tells(self, status: str) -> None:
        self.status = status
        self._interface.changed()

    async def _connect_once(self) -> str:
        """One connection, from beginning to end. Returns why it is over."""
        self._was_member = False
        address = self._address
        self._conversation.hurry = False
        try:
            reader, writer = await self._open()
        except (OSError, UnicodeError) as error:
            return f"{address} {explain(error)}"
        self._conversation.connected(asyncio.get_running_loop().time())
        self._tells("connected")
        why = ""
        writing = asyncio.create_task(self._write(writer))
        try:
            await self._read(reader)
        except OSError as error:
            why = explain(error)
        finally:
            writing.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await writing
            writer.transport.abort()  # all that mattered has been answered
            session = self._conversation.session
            self._was_member = bool(session and session.name)
            why = self._conversation.lost(str(address), why)
            self._interface.changed()
        if session and session.silent and not address.context:
            why += ": no Parley server, or one that speaks TLS (--tls)"
        return why

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Tries each address of the host in turn. Raises OSError, the first that came."""
        address = self._address
        loop = asyncio.get_running_loop()
        opening = asyncio.create_task(self._open_any(loop))
        while not opening.done():
            waking = asyncio.create_task(self._woken.wait())
            await asyncio.wait([opening, waking], return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            self._woken.clear()
            if self._conversation.leaving and not opening.done():
                opening.cancel()
                await asyncio.wait([opening])
                raise ConnectionAbortedError(f"{address}: the person left")
        return opening.result()

    async def _open_any(
        self, loop: asyncio.AbstractEventLoop
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self._address
        found = await loop.getaddrinfo(address.host, address.port, type=1)  # SOCK_STREAM
        first: OSError | None = None
        for *_, where in dict.fromkeys(found):
            try:
                async with asyncio.timeout(CONNECT_TIME):
                    return await asyncio.open_connection(
                        str(where[0]),
                        address.port,
                        ssl=address.context,
                        server_hostname=address.host if address.context else None,
                    )
            except OSError as error:  # TimeoutError is one
                first = first or error
        raise first or OSError("no address")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        """Hands on what arrives, until the connection is over. Raises OSError."""
        conversation = self._conversation
        loop = asyncio.get_running_loop()
        while data := await reader.read(CHUNK):
            conversation.receive(data, loop.time())
            self._interface.changed()
            self.wake()
            if self._over():
                return
            await self._interface.keeps_up()

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        """Sends what there is to send, minds the clock, and ends a connection that is over."""
        conversation = self._conversation
        loop = asyncio.get_running_loop()
        leave_by = float("inf")
        while not self._over() and loop.time() < leave_by:
            session = conversation.session
            assert session
            data = conversation.take()
            self._interface.changed()
            if data:
                writer.write(data)
                await writer.drain()
                continue
            if conversation.leaving:
                if session.phase is Phase.GREETING:
                    break
                leave_by = min(leave_by, loop.time() + GOODBYE_TIME)
            due = min(session.next_deadline(), leave_by)
            await self._wait(max(due - loop.time(), 0.0))
            conversation.tick(loop.time())
            self._interface.changed()
        writer.close()  # the reading task sees the end of the stream

    def _over(self) -> bool:
        session = self._conversation.session
        return session is None or session.phase is Phase.OVER
