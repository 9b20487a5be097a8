"""The clients of a load: their sockets, how they are let in, and what they are sent.

One thread, one selector. Nothing here waits for a server: between two looks at the selector it
reads and writes what is possible. Times are in microseconds of the monotonic clock.
"""

from __future__ import annotations

import contextlib
import os
import resource
import select
import selectors
import socket
import ssl
import time
from collections.abc import Callable, Sequence

from .roomlog import RoomLog
from .stream import Stream

MICRO = 1_000_000
#: Octets asked of a socket with one call.
CHUNK = 1 << 18
#: Clients that are on their way in at the same time: a small backlog holds them.
AT_ONCE = 64
#: Descriptors beyond one for each client.
SPARE = 64
#: Seconds between two looks at the server's process.
LOOK_EVERY = 0.2


class LoadError(Exception):
    """The load could not be made, or the server broke a promise under it. The message says how."""


class Client:
    """A socket, and the stream of the member behind it."""

    def __init__(self, sock: socket.socket, name: str, log: RoomLog) -> None:
        self.sock = sock
        self.name = name
        self.stream = Stream(log, log.add_speaker(name))
        self.unsent = bytearray()
        self.sent = 0  # messages
        self.wanted = selectors.EVENT_READ  # what the selector looks for
        self.asked_at = 0  # when it began to connect
        self.named_at = 0  # when OK NICK had come; 0: not yet
        self.settled = False  # whether everybody's JOINED is behind it
        self.joined = 0  # how many JOINED it has received
        self.reading = True  # whether we read what it is sent
        self.rest = b""  # of what came before it had settled: the beginning of a line


class Clients:
    """The clients of one server. `close` ends them all."""

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext | None = None, patience: float = 10.0
    ) -> None:
        self.address = address
        self.tls = tls
        self.patience = int(patience * MICRO)
        self.tag = os.getpid() & 0xFFFFF  # part of the nicknames: others may grade the same server
        self.log = RoomLog()
        self.clients: list[Client] = []
        self.look: Callable[[], None] | None = None  # is called every LOOK_EVERY seconds
        self._received = 0  # octets
        self._buffer = memoryview(bytearray(CHUNK))  # each reading uses it again
        self._selector = selectors.DefaultSelector()
        self._next_look = 0

    def close(self) -> None:
        """Closes all connections."""
        for client in self.clients:
            with contextlib.suppress(OSError):
                client.sock.close()
        self.clients.clear()
        self._selector.close()

    # Letting clients in

    def admit(self, count: int, receive_buffer: int = 0) -> list[Client]:
        """Connects so many clients and gives them names; returns when all have heard of all.

        `receive_buffer`: octets of the sockets' buffers, 0 for the system's own choice.
        Raises LoadError where the server does not let them in.
        """
        raise_descriptor_limit(len(self.clients) + count + SPARE)
        for client in self.clients:
            client.settled = False
        new: list[Client] = []
        while len(new) < count:
            batch = [self._connect(receive_buffer) for _ in range(min(AT_ONCE, count - len(new)))]
            new += batch
            self._await_names(batch)
        for client in self.clients:
            self.send(client, b"PING settled\n")
        self.wait_for(lambda: all(client.settled for client in self.clients), "PONG settled")
        return new

    def _await_names(self, batch: Sequence[Client]) -> None:
        self.wait_for(lambda: all(client.named_at for client in batch), "OK NICK")

    def leave_unread(self, client: Client) -> None:
        """From now on nobody reads what this client is sent."""
        client.reading = False
        self._selector.unregister(client.sock)
        self.log.may_leave.add(client.name)

    def check_presence(self) -> None:
        """Of any two members, exactly one has heard the other join. Raises LoadError if not."""
        count = len(self.clients)
        heard = sum(client.joined for client in self.clients)
        if heard != count * (count - 1) // 2:
            raise LoadError(
                f"{count} members have received {heard} JOINED in all,"
                f" not {count * (count - 1) // 2}"
            )

    def _connect(self, receive_buffer: int) -> Client:
        name = f"m{len(self.clients)}_{self.tag:x}"
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        client = Client(sock, name, self.log)
        client.asked_at = now()
        self.clients.append(client)
        try:
            if receive_buffer:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(self.patience / MICRO)
            sock.connect(self.address)
            if self.tls:
                client.sock = self.tls.wrap_socket(sock, server_hostname=self.address[0])
            client.sock.setblocking(False)
        except OSError as error:
            raise LoadError(f"client {len(self.clients)} could not connect: {error}") from None
        self._selector.register(client.sock, selectors.EVENT_READ, client)
        self.send(client, f"NICK {name}\n".encode())
        return client

    def _take_early(self, client: Client, octets: bytes) -> None:
        """What comes before a client has settled: HELLO, OK NICK, the others' JOINED, PONG."""
        whole, ended, client.rest = (client.rest + octets).rpartition(b"\n")
        if not ended:
            return
        client.joined += whole.count(b"JOINED lobby ")
        if not client.named_at and b"OK NICK " in whole:
            client.named_at = now()
        elif not client.named_at and (b"BYE" in whole or b"ERR " in whole):
            said = whole.splitlines()[-1].decode(errors="replace")
            raise LoadError(f"client {len(self.clients)} was not let in: {said!a}")
        if whole.endswith(b"PONG settled"):
            client.settled = True
            client.stream.joins()

    # Sending and receiving

    def wait_for(self, done: Callable[[], bool], what: str) -> None:
        """Turns until it is done. Raises LoadError if nothing comes for the whole patience."""
        while not done():
            before = self._received
            self.turn(now() + self.patience)
            if self._received == before and not done():
                patience = self.patience / MICRO
                raise LoadError(f"{what} did not come: nothing came for {patience:g} s")

    def turn(self, until: int) -> None:
        """Reads and writes what is possible. Waits for that, but not beyond `until`."""
        moment = now()
        if self.look and moment >= self._next_look:
            self._next_look = moment + int(LOOK_EVERY * MICRO)
            self.look()
        if until > moment:
            # The selector's own wait counts in milliseconds; select() on it, in microseconds.
            select.select([self._selector], [], [], (until - moment) / MICRO)
        for key, events in self._selector.select(0):
            if events & selectors.EVENT_WRITE:
                self.send(key.data, b"")
            if events & selectors.EVENT_READ:
                self.receive(key.data)

    def receive(self, client: Client) -> None:
        while True:
            try:
                count = client.sock.recv_into(self._buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                return
            except OSError as error:
                raise LoadError(f"{client.name} was cut off: {error}") from None
            if not count:
                raise LoadError(f"the server closed the connection of {client.name}")
            self._received += count
            if client.settled:
                client.stream.take(self._buffer[:count], now())
                while client.stream.pings:
                    self.send(client, b"PONG " + client.stream.pings.pop() + b"\n")
            else:
                self._take_early(client, bytes(self._buffer[:count]))
            if not self.tls:
                return  # the selector tells if there is more; TLS may keep it to itself

    def send(self, client: Client, octets: bytes) -> None:
        client.unsent += octets
        try:
            del client.unsent[: client.sock.send(client.unsent)]
        except (BlockingIOError, ssl.SSLWantWriteError, ssl.SSLWantReadError):
            pass
        except OSError as error:
            raise LoadError(f"{client.name} was cut off: {error}") from None
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.unsent else 0)
        if client.wanted != wanted and client.reading:
            client.wanted = wanted
            self._selector.modify(client.sock, wanted, client)


def now() -> int:
    """The monotonic clock, in microseconds."""
    return time.monotonic_ns() // 1000


def raise_descriptor_limit(wanted: int) -> None:
    """Raises our own limit, and so that of servers started later. Raises LoadError."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    if hard != resource.RLIM_INFINITY and hard < wanted:
        raise LoadError(
            f"so many clients take {wanted} descriptors, and this system grants {hard}:"
            f" raise the limit (`ulimit -Hn {wanted}`, as root), or ask for fewer clients"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
