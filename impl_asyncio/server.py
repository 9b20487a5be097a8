"""The asyncio server: a task accepts, a task for each client reads, one callback sends.

All of it runs in one thread, one piece at a time: what stands between two awaits is never
interrupted. All that is queued in one turn of the event loop leaves with one write per client, in
`flush`, which the first to queue something puts at the end of the turn.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

from parley.channel import Channel
from parley.hub import Hub, Member
from parley.launch import ACCEPT_PAUSE, BACKLOG, STOP_SIGNALS, is_loopback, name_of_peer
from parley.store import Store, StoreError

from .connection import Connection

log = logging.getLogger("parley")


class Server:
    """Serves one listening socket until SIGINT or SIGTERM."""

    #: What makes the event loop; None: asyncio itself.
    new_loop: ClassVar[Callable[[], asyncio.AbstractEventLoop] | None] = None
    loop: asyncio.AbstractEventLoop
    accepting: asyncio.Task[None]

    def __init__(
        self,
        hub: Hub,
        listener: socket.socket,
        store: Store,
        channel: Callable[[], Channel] = Channel,
    ) -> None:
        self.listener = listener
        self.channel = channel
        self.hub = hub
        self.store = store
        self.status = 0  # with which the process will exit
        self.connections: dict[Member, Connection] = {}
        self.arriving: set[asyncio.Task[None]] = set()  # who was accepted, and has no task yet
        self.behind: set[Connection] = set()  # whose transport kept something
        # For what takes long: its threads begin with the first job, and know nothing of the hub.
        self.workers = ThreadPoolExecutor(hub.limits.checks_at_once)
        self.awake = False  # whether a flush is due at the end of this turn
        self.flushed = asyncio.Event()  # for those who wait for that
        self.alarm: asyncio.TimerHandle | None = None  # a flush at the hub's next deadline

    def run(self) -> int:
        """Accepts clients until a signal comes, then stops. No task is left afterwards."""
        with asyncio.Runner(loop_factory=Server.new_loop) as runner:
            runner.run(self.serve())
        return self.status

    async def serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.accepting = asyncio.create_task(self.accept())
        for number in STOP_SIGNALS:
            self.loop.add_signal_handler(number, self.accepting.cancel)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
        await asyncio.wait([self.accepting])
        await self.stop()

    async def accept(self) -> None:
        """Starts a task for each newcomer, until it is cancelled."""
        while True:
            try:
                sock, peer = await self.loop.sock_accept(self.listener)
            except ConnectionError:
                continue  # whoever it was has gone again
            except OSError as error:
                log.warning("event=accept-failed error=%s", error)
                await asyncio.sleep(ACCEPT_PAUSE)  # no descriptor is free; the others are served on
                continue
            arrival = self.loop.create_task(self.welcome(sock, peer))
            self.arriving.add(arrival)
            arrival.add_done_callback(self.arriving.discard)
            if len(self.arriving) >= BACKLOG:  # sock_accept does not wait while somebody is there
                await asyncio.wait(self.arriving)

    async def welcome(self, sock: socket.socket, peer: tuple[str, int]) -> None:
        """Gives a newcomer streams, which takes some turns, and then a task."""
        try:
            reader, writer = await asyncio.open_connection(sock=sock)
        except OSError as error:  # whoever it was has gone again
            log.warning("event=accept-failed error=%s", error)
            sock.close()
            return
        member = self.hub.connect(self.loop.time(), is_loopback(peer[0]))
        member.peer = name_of_peer(peer)
        self.connections[member] = Connection(self, reader, writer, member)
        log.info("event=connected peer=%s", member.peer)
        self.wake()

    def flush(self) -> None:
        """Ends a turn: takes all that is ready, and sends it."""
        self.awake = False
        for connection in list(self.behind):
            self.settle(connection)
        self.hub.tick(self.loop.time())
        self.commit()
        for member in self.hub.take_ready():
            connection = self.connections[member]
            connection.send(member.take())
            self.settle(connection)
        for member in self.hub.take_dropped():
            self.dismiss(self.connections[member])
        self.set_alarm()
        self.flushed.set()

    def commit(self) -> None:
        """Stores what was said, and who registered, before any of it is sent."""
        try:
            self.store.commit(self.hub.take_spoken(), self.hub.take_registered())
        except StoreError as error:  # nothing of this turn may get out
            log.error("event=store-failed error=%s", error)
            self.status = 1
            now = self.loop.time()
            self.hub.shutdown("the server cannot store messages", now, discard=True)
            self.accepting.cancel()

    def set_alarm(self) -> None:
        """Sees to it that there is a turn when the hub's next deadline is due."""
        due = self.hub.next_deadline()
        if due is None or (self.alarm and not self.alarm.cancelled() and self.alarm.when() <= due):
            return
        if self.alarm:
            self.alarm.cancel()
        self.alarm = self.loop.call_at(due, self.ring)

    def ring(self) -> None:
        self.alarm = None
        self.flush()

    def settle(self, connection: Connection) -> None:
        """Notes what is still unsent, and who may have been answered."""
        connection.answered.set()
        self.hub.sent(connection.member, connection.kept, self.loop.time())
        if connection.member.unsent:
            self.behind.add(connection)
        else:
            self.behind.discard(connection)

    def dismiss(self, connection: Connection) -> None:
        """Ends one that was sent away: its task leaves, and is cut off when its time is up."""
        self.loop.call_soon(connection.dismiss)  # not before the task has begun to run
        self.loop.call_later(self.hub.limits.goodbye_time, connection.cut_off)

    async def stop(self) -> None:
        """Sends everybody away; those who do not go by themselves are cut off in time."""
        if self.arriving:
            await asyncio.wait(self.arriving)
        self.hub.shutdown("server shutting down", self.loop.time())
        self.flush()
        for connection in self.connections.values():
            self.loop.call_later(self.hub.limits.goodbye_time, connection.cut_off)
        if self.connections:
            await asyncio.wait([connection.task for connection in self.connections.values()])
        self.workers.shutdown(wait=False, cancel_futures=True)

    # Called by the tasks of the connections

    def wake(self) -> None:
        """Puts a flush at the end of this turn, unless one is due already."""
        if not self.awake:
            self.awake = True
            self.loop.call_soon(self.flush)

    async def end_of_turn(self) -> None:
        """Waits until all that is queued now has been handed to the transports."""
        self.wake()
        self.flushed.clear()
        await self.flushed.wait()

    def retire(self, connection: Connection) -> None:
        """The last thing that the task of a connection does."""
        self.behind.discard(connection)
        connection.cut_off()
        del self.connections[connection.member]
        member = connection.member
        log.info("event=gone peer=%s name=%s", member.peer, member.name or "-")
