"""The poll server: one thread, and one place where it ever waits: the poll() at the top of a turn.

A turn asks which sockets have something, reads from those, obeys the lines, and sends what all of
that has queued, with one call per client. What a conversation is in the middle of stands in its
Connection. Nothing here may block; nobody else runs; no lock is needed. The one exception: what
takes long is done by worker threads, which know a Job each, `labour`, and nothing else.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from parley.channel import Channel
from parley.hub import Hub, Job, Member
from parley.launch import (
    ACCEPT_PAUSE,
    BACKLOG,
    LONGEST_SLEEP,
    is_loopback,
    name_of_peer,
    stop_signals,
)
from parley.store import Store, StoreError

from .connection import Connection

log = logging.getLogger("parley")


class Server:
    """Serves one listening socket until SIGINT or SIGTERM."""

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
        self.by_descriptor: dict[int, Connection] = {}
        self.wanted: dict[int, int] = {}  # by descriptor: the events that poll() looks for
        self.touched: set[Connection] = set()  # those to whom something happened this turn
        self.due: set[Connection] = set()  # those with lines left over for the next turn
        self.paused: set[Connection] = set()  # those that sent faster than they may
        self.leaving: set[Connection] = set()  # those whose deadline has to be watched
        self.accept_at: float | None = None  # while accepting pauses: when it goes on
        self.now = time.monotonic()  # when this turn began
        self.poller = select.poll()
        self.workers = ThreadPoolExecutor(hub.limits.checks_at_once)
        self.results: deque[tuple[Job, object]] = deque()  # what workers have found
        self.wake_reader, self.wake_writer = os.pipe()
        self.poller.register(self.wake_reader, select.POLLIN)

    def run(self) -> int:
        """Takes turns until a signal comes, or storing fails; then stops."""
        with stop_signals() as signals:
            self.poller.register(signals, select.POLLIN)
            self.poller.register(self.listener, select.POLLIN)
            while signals not in self.turn() and self.status == 0:
                pass
            self.poller.unregister(signals)
        self.stop()
        return self.status

    def turn(self) -> set[int]:
        """One turn. Returns the descriptors that had something."""
        events = dict(self.poller.poll(self.timeout()))
        self.now = time.monotonic()
        self.touched, self.due = self.due, set()
        over = {connection for connection in self.paused if self.now >= connection.resume_at}
        self.paused -= over
        self.touched |= over
        for fd, event in events.items():
            if connection := self.by_descriptor.get(fd):
                if event & select.POLLOUT:
                    connection.send(b"")
                    self.hub.sent(connection.member, connection.kept, self.now)
                if event & ~select.POLLOUT:  # something to read, or an end that reading will tell
                    connection.receive()
                self.touched.add(connection)
        if self.wake_reader in events:
            self.finish_jobs()
        for connection in self.touched:
            connection.run()
        if self.listener.fileno() in events or self.accept_at is not None:
            self.accept()
        self.flush()
        return set(events)

    def timeout(self) -> float | None:
        """How long poll() may sleep, in milliseconds; None: until something happens."""
        if self.due:
            return 0
        deadlines = [self.hub.next_deadline(), self.accept_at]
        deadlines += [connection.resume_at for connection in self.paused]
        deadlines += [connection.deadline for connection in self.leaving]
        due = min((deadline for deadline in deadlines if deadline is not None), default=None)
        if due is None:
            return None
        return min(max(0.0, due - time.monotonic()), LONGEST_SLEEP) * 1000 + 1

    def accept(self) -> None:
        """Lets in those who wait at the door, unless accepting pauses."""
        if self.accept_at is not None:
            if self.now < self.accept_at:
                return
            self.accept_at = None
            self.poller.register(self.listener, select.POLLIN)
        for _ in range(BACKLOG):
            try:
                sock, peer = self.listener.accept()
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # whoever it was has gone again
            except OSError as error:
                log.warning("event=accept-failed error=%s", error)
                self.accept_at = self.now + ACCEPT_PAUSE  # no descriptor is free: others go on
                self.poller.unregister(self.listener)
                return
            sock.setblocking(False)
            member = self.hub.connect(self.now, is_loopback(peer[0]))
            member.peer = name_of_peer(peer)
            connection = self.connections[member] = Connection(self, sock, member)
            log.info("event=connected peer=%s", member.peer)
            self.by_descriptor[sock.fileno()] = connection
            self.poller.register(sock, select.POLLIN)
            self.wanted[sock.fileno()] = select.POLLIN

    def flush(self) -> None:
        """Ends a turn: stores what was said, sends all that is ready, sees what became of each."""
        self.hub.tick(self.now)
        self.commit()
        while ready := self.hub.take_ready():  # again if a send has found somebody gone
            for member in ready:
                connection = self.connections[member]
                connection.send(member.take())
                self.hub.sent(member, connection.kept, self.now)
                self.touched.add(connection)
        for member in self.hub.take_dropped():
            self.dismiss(self.connections[member])
        for connection in self.touched | self.leaving:
            self.settle(connection)
        self.touched.clear()

    def commit(self) -> None:
        """Stores what was said, and who registered, before any of it is sent."""
        try:
            self.store.commit(self.hub.take_spoken(), self.hub.take_registered())
        except StoreError as error:  # nothing of this turn may get out
            log.error("event=store-failed error=%s", error)
            self.status = 1
            self.hub.shutdown("the server cannot store messages", self.now, discard=True)

    def settle(self, connection: Connection) -> None:
        """Notes what is still unsent, and what the connection waits for next."""
        if connection.member.unsent != connection.kept:  # a channel had something to say
            self.hub.sent(connection.member, connection.kept, self.now)
        connection.proceed()
        if connection.closed:
            self.close(connection)
            return
        if connection.step is None:
            self.leaving.add(connection)
        elif self.now < connection.resume_at:
            self.paused.add(connection)
        elif (connection.lines or connection.input_ended) and not connection.waiting:
            self.due.add(connection)
        fd, wanted = connection.sock.fileno(), connection.wants()
        if self.wanted[fd] != wanted:
            self.wanted[fd] = wanted
            self.poller.modify(fd, wanted)

    def dismiss(self, connection: Connection) -> None:
        """Ends one that was sent away: like one that leaves."""
        connection.leave()
        self.touched.add(connection)

    def close(self, connection: Connection) -> None:
        """Forgets a connection that has come to its end."""
        fd = connection.sock.fileno()
        self.poller.unregister(fd)
        del self.wanted[fd], self.by_descriptor[fd], self.connections[connection.member]
        self.leaving.discard(connection)
        self.paused.discard(connection)
        connection.sock.close()
        member = connection.member
        log.info("event=gone peer=%s name=%s", member.peer, member.name or "-")

    def stop(self) -> None:
        """Sends everybody away; those who do not go by themselves are cut off in time."""
        if self.accept_at is None:
            self.poller.unregister(self.listener)
        self.accept_at = None
        self.hub.shutdown("server shutting down", self.now)
        deadline = self.now + self.hub.limits.goodbye_time
        self.flush()
        while self.connections and self.now < deadline:
            for connection in self.leaving:
                connection.deadline = min(connection.deadline, deadline)
            self.turn()
        for connection in list(self.connections.values()):
            self.close(connection)
        self.workers.shutdown(wait=False, cancel_futures=True)

    # What takes long

    def delegate(self, job: Job) -> None:
        """Has a worker run a job, as soon as one is free."""
        self.workers.submit(self.labour, job)

    def labour(self, job: Job) -> None:
        """In a worker's thread. Appending to a deque and writing to a pipe need no lock."""
        self.results.append((job, job.run()))
        os.write(self.wake_writer, b"!")

    def finish_jobs(self) -> None:
        """Brings lines whose jobs are done to their end."""
        os.read(self.wake_reader, 4096)
        while self.results:
            job, result = self.results.popleft()
            if connection := self.connections.get(job.member):
                connection.finish(job, result)
                self.touched.add(connection)
            else:
                self.hub.finish(job, result, self.now)  # it has gone: the hub counts jobs
