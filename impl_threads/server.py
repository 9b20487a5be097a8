"""The threaded server: one thread accepts, one for each client reads, one sends for everybody.

They share the hub. `lock` guards it, and a thread holds it while it calls the hub, never while it
waits for a socket. There is no second lock, hence no order of locks to get wrong.
The sending thread takes all that a turn has queued and writes it with one call per client; poll()
tells it which of the full sockets have room again. It is the writing half of impl_poll.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable

from parley.channel import Channel
from parley.hub import Hub, Member
from parley.launch import ACCEPT_PAUSE, LONGEST_SLEEP, is_loopback, name_of_peer, stop_signals
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
        # Of those who want to do something that takes long; never waited for with the lock held.
        self.workers = threading.Semaphore(hub.limits.checks_at_once)
        self.lock = threading.Lock()
        # Guarded by lock:
        self.hub = hub
        self.store = store
        self.status = 0  # with which the process will exit
        self.connections: dict[Member, Connection] = {}
        self.goodbyes: dict[Connection, float] = {}  # those sent away, and how long they may take
        self.retired: list[Connection] = []  # those whose thread is done
        self.pending: list[Connection] = []  # those whose channel has something to send
        self.awake = False  # whether the sending thread knows that there is something to do
        self.stopping = False
        self.goodbye_time = hub.limits.goodbye_time
        # Of the sending thread:
        self.full: dict[int, Connection] = {}  # by descriptor: whose socket took not all
        self.poller = select.poll()
        self.wake_reader, self.wake_writer = os.pipe()
        self.poller.register(self.wake_reader, select.POLLIN)

    def run(self) -> int:
        """Accepts clients until a signal comes, then stops. No thread is left afterwards."""
        sender = threading.Thread(target=self.send_for_all)
        sender.start()
        with stop_signals() as signals:
            self.accept(signals)
        self.stop()
        sender.join()
        return self.status

    def accept(self, signals: int) -> None:
        """Starts a thread for each newcomer, until the descriptor `signals` is readable."""
        poller = select.poll()
        poller.register(signals, select.POLLIN)
        poller.register(self.listener, select.POLLIN)
        while signals not in dict(poller.poll()):
            try:
                sock, peer = self.listener.accept()
            except (BlockingIOError, ConnectionError):
                continue  # whoever it was has gone again
            except OSError as error:
                log.warning("event=accept-failed error=%s", error)
                time.sleep(ACCEPT_PAUSE)  # no descriptor is free; those connected are served on
                continue
            sock.setblocking(True)
            with self.lock:
                member = self.hub.connect(time.monotonic(), is_loopback(peer[0]))
                member.peer = name_of_peer(peer)
                connection = self.connections[member] = Connection(self, sock, member)
                self.wake()
            log.info("event=connected peer=%s", member.peer)
            try:
                connection.thread.start()
            except RuntimeError as error:  # the system has no thread to spare
                log.warning("event=no-thread error=%s", error)
                with self.lock:
                    self.hub.leave(member, "closed", time.monotonic())
                self.retire(connection)

    def send_for_all(self) -> None:
        """The sending thread: one turn after another, asleep while there is nothing to do."""
        while not (self.stopping and not self.connections):
            ready = {fd for fd, _ in self.poller.poll(self.timeout())}
            if self.wake_reader in ready:
                ready.remove(self.wake_reader)
                os.read(self.wake_reader, 16)
            self.flush([self.full[fd] for fd in ready])

    def timeout(self) -> float | None:
        """How long the sending thread may sleep, in milliseconds; None: until it is woken."""
        with self.lock:
            deadlines = [self.hub.next_deadline(), *self.goodbyes.values()]
        due = min((deadline for deadline in deadlines if deadline is not None), default=None)
        if due is None:
            return None
        return min(max(0.0, due - time.monotonic()), LONGEST_SLEEP) * 1000 + 1

    def flush(self, writable: list[Connection]) -> None:
        """One turn: takes all that is ready, and sends it without holding the lock."""
        for connection in writable:
            connection.send(b"")
        now = time.monotonic()
        with self.lock:
            self.awake = False
            for connection in writable:
                self.settle(connection, now)
            self.hub.tick(now)
            self.commit(now)
            batch = [(self.connections[member], member.take()) for member in self.hub.take_ready()]
            batch += [(connection, b"") for connection in self.pending]
            self.pending.clear()
            for member in self.hub.take_dropped():
                self.goodbyes.setdefault(self.connections[member], now + self.goodbye_time)
            retired, self.retired = self.retired, []  # what was queued to them is in this batch
        for connection, data in batch:
            connection.send(data)
        with self.lock:
            for connection, _ in batch:
                self.settle(connection, now)
            for connection in self.goodbyes:
                self.dismiss(connection, now)
            for connection in retired:
                del self.connections[connection.member]
                self.goodbyes.pop(connection, None)
        for connection in retired:
            self.close(connection)

    def commit(self, now: float) -> None:
        """Stores what was said, and who registered, before any of it is sent. Requires the lock."""
        try:
            self.store.commit(self.hub.take_spoken(), self.hub.take_registered())
        except StoreError as error:  # nothing of this turn may get out
            log.error("event=store-failed error=%s", error)
            self.status = 1
            self.hub.shutdown("the server cannot store messages", now, discard=True)
            os.kill(os.getpid(), signal.SIGTERM)  # the accepting thread goes home

    def settle(self, connection: Connection, now: float) -> None:
        """Notes what is still unsent, and who has to be told. Requires holding the lock."""
        self.hub.sent(connection.member, connection.kept, now)
        if connection.waiting:
            connection.drained.notify()
        fd = connection.sock.fileno()
        if connection.unsent and fd not in self.full:
            self.full[fd] = connection
            self.poller.register(fd, select.POLLOUT)
        elif not connection.unsent and fd in self.full:
            del self.full[fd]
            self.poller.unregister(fd)

    def dismiss(self, connection: Connection, now: float) -> None:
        """Ends what was sent away: its output once BYE is sent, everything when its time is up.

        Requires holding the lock.
        """
        if now >= self.goodbyes[connection]:
            connection.cut_off()
            self.settle(connection, now)
        elif connection.member.owed == 0:
            connection.end_output()

    def close(self, connection: Connection) -> None:
        """Forgets a connection whose thread is done: nobody will send to it from here on."""
        if self.full.pop(connection.sock.fileno(), None):
            self.poller.unregister(connection.sock)
        connection.sock.close()
        if connection.thread.ident is not None:  # None: it could not be started
            connection.thread.join()
        member = connection.member
        log.info("event=gone peer=%s name=%s", member.peer, member.name or "-")

    def stop(self) -> None:
        """Sends everybody away; those who do not go by themselves are cut off in time."""
        now = time.monotonic()
        with self.lock:
            self.stopping = True
            self.hub.shutdown("server shutting down", now)
            for connection in self.connections.values():
                self.goodbyes.setdefault(connection, now + self.goodbye_time)
            self.wake()

    # Called by the threads of the connections

    def wake(self) -> None:
        """Tells the sending thread that there is something to do. Requires holding the lock."""
        if not self.awake:
            self.awake = True
            os.write(self.wake_writer, b"!")

    def send_pending(self, connection: Connection) -> None:
        """What a channel itself has to say is sent by the sending thread, like all else."""
        with self.lock:
            self.pending.append(connection)
            self.wake()

    def retire(self, connection: Connection) -> None:
        """The last thing that the thread of a connection does."""
        with self.lock:
            self.retired.append(connection)
            self.wake()
