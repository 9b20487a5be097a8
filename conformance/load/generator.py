"""Drives the clients: lets them in, has them say what is due, reads what comes, and waits for all.

One thread, one selector. Between two looks at the selector it sends what is due and reads what is
there; it never waits for a server. Times are in microseconds of the monotonic clock.
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
from collections.abc import Callable, Iterable, Sequence

from .client import Stream
from .roomlog import RoomLog

MICRO = 1_000_000
#: Octets asked of a socket with one call.
CHUNK = 1 << 18
#: Clients that are on their way in at the same time: a small backlog holds them.
AT_ONCE = 64
#: Octets of a message's text.
TEXT = 64
#: Octets that gather for a listener before it is woken, in a closed loop: some forty messages.
GATHERED = 4096
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


class Generator:
    """Clients of one server. Use it as a context manager: it closes them all."""

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext | None = None, patience: float = 10.0
    ) -> None:
        self.address = address
        self.tls = tls
        self.patience = int(patience * MICRO)
        self.tag = os.getpid() & 0xFFFFF  # part of the nicknames: others may grade the same server
        self.log = RoomLog()
        self.clients: list[Client] = []
        self.lag: list[int] = []  # how late each message was sent, in microseconds
        self.look: Callable[[], None] | None = None  # is called every LOOK_EVERY seconds
        self._received = 0  # octets
        self._buffer = memoryview(bytearray(CHUNK))  # each reading uses it again
        self._selector = selectors.DefaultSelector()
        self._next_look = 0

    def __enter__(self) -> Generator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
            self._send(client, b"PING settled\n")
        self._await(lambda: all(client.settled for client in self.clients), "PONG settled")
        return new

    def _await_names(self, batch: Sequence[Client]) -> None:
        self._await(lambda: all(client.named_at for client in batch), "OK NICK")

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
        self._send(client, f"NICK {name}\n".encode())
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

    # Talking

    def say_on_time(
        self, talkers: Sequence[Client], rate: float, seconds: float, seconds_before: float = 0.0
    ) -> tuple[int, int]:
        """Open loop: so many messages a second in all, each at its time, whatever comes back.

        Returns when the steady stretch began and ended, in microseconds: what was due in between
        counts. Then nobody owes anybody anything any more. Raises LoadError, and Fault.
        """
        begin = now() + MICRO // 100
        steady = begin + int(seconds_before * MICRO)
        total = int(rate * (seconds_before + seconds))
        number = 0
        while number < total:
            due = begin + int(number * MICRO / rate)
            late = now() - due
            if late < 0:
                self._turn(due)
                continue
            while number < total and (due := begin + int(number * MICRO / rate)) <= now():
                self._say(talkers[number % len(talkers)], due)
                number += 1
                if number % AT_ONCE == 0:
                    break  # reading must not starve when sending is behind
            self._turn(0)
        self.drain(talkers)
        return steady, steady + int(seconds * MICRO)

    def say_without_end(
        self, talkers: Sequence[Client], window: int, seconds: float, seconds_before: float
    ) -> tuple[float, int, int]:
        """Closed loop: each talker has always so many messages under way.

        Nobody waits for what those who only listen have read: they are woken for many messages at
        once, so that a server which sends one at a time is not measured by our reading of each.
        Returns the seconds of the steady stretch, and the messages and deliveries in it; replies
        do not count as deliveries.
        """
        listeners = set(self.clients).difference(talkers)
        _wake_at(GATHERED, listeners)
        for client in self.clients:
            client.stream.sampling = False
        for client in talkers:
            self._say(client, now(), window)
        begin = now() + int(seconds_before * MICRO)
        self._keep_talking(talkers, window, begin)
        self._read_what_is_there(listeners)
        begun, first, told = now(), len(self.log), self._deliveries()
        self._keep_talking(talkers, window, begun + int(seconds * MICRO))
        _wake_at(1, listeners)
        self._read_what_is_there(listeners)
        ended, last, told_last = now(), len(self.log), self._deliveries()
        self.drain(talkers)
        return (ended - begun) / MICRO, last - first, told_last - told

    def say_so_often(
        self, talkers: Sequence[Client], times: int, window: int, octets: int = TEXT
    ) -> None:
        """Closed loop: each says so many messages of so many octets, and all have them."""
        goals = {client: client.sent + times for client in talkers}

        def all_said() -> bool:
            for client, goal in goals.items():
                free = window - client.sent + client.stream.answered
                if (count := min(free, goal - client.sent)) > 0:
                    self._say(client, now(), count, octets)
            return all(client.sent == goal for client, goal in goals.items())

        self._await(all_said, "OK SAY")
        self.drain(talkers)

    def _keep_talking(self, talkers: Sequence[Client], window: int, until: int) -> None:
        while now() < until:
            self._turn(until)
            for client in talkers:
                if (free := window - client.sent + client.stream.answered) > 0:
                    self._say(client, now(), free)

    def _read_what_is_there(self, clients: Iterable[Client]) -> None:
        """Whatever the selector tells of it."""
        for client in clients:
            if client.reading:
                self._receive(client)

    def _deliveries(self) -> int:
        return sum(client.stream.lines - client.stream.answered for client in self.clients)

    def drain(self, talkers: Sequence[Client]) -> None:
        """Waits until all that was said is answered, and has reached everybody who reads."""
        self._await(
            lambda: all(client.stream.answered == client.sent for client in talkers), "OK SAY"
        )
        behind = [client for client in self.clients if client.reading]

        def everybody_has_all() -> bool:
            behind[:] = [one for one in behind if one.stream.at < len(self.log.octets)]
            return not behind

        self._await(everybody_has_all, "what others received")

    def wait(self, seconds: float) -> None:
        """Says nothing for so long; what comes is read."""
        until = now() + int(seconds * MICRO)
        while now() < until:
            self._turn(until)

    def _say(self, client: Client, due: int, count: int = 1, octets: int = TEXT) -> None:
        lines = []
        for _ in range(count):
            text = f"{client.sent:08d} ".ljust(octets, "x")
            client.sent += 1
            client.stream.speaker.said.append((text, due))
            lines.append(f"SAY {text}\n")
        self._send(client, "".join(lines).encode())
        self.lag.append(now() - due)

    # Sending and receiving

    def _await(self, done: Callable[[], bool], what: str) -> None:
        """Turns until it is done. Raises LoadError if nothing comes for the whole patience."""
        while not done():
            before = self._received
            self._turn(now() + self.patience)
            if self._received == before and not done():
                patience = self.patience / MICRO
                raise LoadError(f"{what} did not come: nothing came for {patience:g} s")

    def _turn(self, until: int) -> None:
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
                self._send(key.data, b"")
            if events & selectors.EVENT_READ:
                self._receive(key.data)

    def _receive(self, client: Client) -> None:
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
                    self._send(client, b"PONG " + client.stream.pings.pop() + b"\n")
            else:
                self._take_early(client, bytes(self._buffer[:count]))
            if not self.tls:
                return  # the selector tells if there is more; TLS may keep it to itself

    def _send(self, client: Client, octets: bytes) -> None:
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


def _wake_at(octets: int, clients: Iterable[Client]) -> None:
    """From how many octets on the selector tells that there is something to read (socket(7))."""
    for client in clients:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, octets)


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
