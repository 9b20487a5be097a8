"""All clients of one test: they connect, they form crowds, and one reads for all of them.

Whenever one client waits, the Chat reads for everybody: the suite is never a slow reader by
accident, and hundreds of clients need no thread.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from .client import Client
from .inbox import FENCE
from .lines import Line
from .peer import Entry, Peer
from .spec import BEYOND
from .tls import TlsWire, Wire
from .violation import Violation


class Vacuous(Exception):
    """A test that proved nothing: a mistake in the test, whatever the server did."""


class Chat:
    """All clients of one test, and the session they have had so far."""

    def __init__(
        self,
        address: tuple[str, int],
        patience: float,
        suffix: str,
        level: int,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.address = address
        self.patience = patience
        self.tls = tls
        self.log: list[Entry] = []
        self.stderr_before: list[str] = []  # what its server had printed before this test
        self.clients: list[Client] = []
        #: Events of later levels: a test needs nothing of them, and is not disturbed by them.
        self.ignored = {
            kind for kind, from_level in (("JOINED", 3), ("LEFT", 4)) if level < from_level
        }
        self.private: frozenset[str] = frozenset()  # events with X- that the test is about
        #: Names and numbers of members that everybody ought to have heard of.
        self.settled: set[tuple[str, int]] = set()
        self.queued = 0.0  # seconds that clients have waited for a place in the listen queue
        self.looked_at = 0  # lines and ends that the test itself has looked at
        self.most_waiting = 0  # clients that waited at the same time, in the phase under way
        self.most_at_once = 0  # and in any phase of the test
        self.level = level
        self._suffix = suffix
        self.mute: set[Peer] = set()  # those that do not read any more
        self._tokens = 0
        self._waiting: set[Peer] = set()
        self._selector = selectors.DefaultSelector()

    # People

    def connects(self, *labels: str) -> list[Client]:
        """Nameless clients that have been greeted."""
        with self._preparing():
            clients = [Client(self, label) for label in labels]
            for client in clients:
                self.greeted(client)
        return clients

    def connect(self, label: str) -> Client:
        """One nameless client that has been greeted."""
        return self.connects(label)[0]

    def narrow_member(self, label: str) -> Client:
        """A client with a nickname whose connection holds little: who is behind is soon noticed."""
        client = Client(self, label, narrow=True)
        self.greeted(client)
        client.takes_name()
        self.settle(self.clients)
        return client

    def greeted(self, client: Client) -> Line:
        """Waits for a client's HELLO."""
        self.wait_until(
            lambda: client.greeting is not None or client.ended is not None,
            lambda: client.silence("no HELLO", "HELLO parley/1 (name)", self._rule_of_silence()),
        )
        client.raise_failure()
        self.looked_at += 1
        if client.greeting is None or client.greeting.kind != "HELLO":
            got = client.greeting.text if client.greeting else f"({client.ended})"
            raise Violation(
                "the server did not greet",
                client=client,
                expected="HELLO parley/1 (name)",
                got=got,
                requirement=self._rule_of_greeting(),
            )
        return client.greeting

    def _rule_of_silence(self) -> str | None:
        """HELLO-1 if nobody was greeted. On level 0, where clients only wait, else HELLO-3."""
        rule = self._rule_of_greeting()
        return "HELLO-3" if rule is None and self.level == 0 else rule

    def _rule_of_greeting(self) -> str | None:
        """HELLO-1 if nobody was greeted; else it is about how many there are, or about the test.

        Extensions are tested when the core has been: there it is about the test in any case.
        """
        if self.level >= BEYOND:
            return None
        greetings = [client.greeting.kind for client in self.clients if client.greeting]
        return None if "HELLO" in greetings else "HELLO-1"

    def members(self, *labels: str) -> list[Client]:
        """Clients with nicknames, in this order, whose coming everybody has been told."""
        clients = self.connects(*labels)
        with self._preparing():
            for client in clients:
                client.takes_name()
        self.settle(clients)
        return clients

    def member(self, label: str) -> Client:
        """One client with a nickname."""
        return self.members(label)[0]

    def crowd(self, count: int, label: str = "c") -> list[Client]:
        """So many members at once: all connect, all ask for their names, then all are answered."""
        clients = self.connects(*(f"{label}{number}" for number in range(1, count + 1)))
        with self._preparing():
            for client in clients:
                client.sends(f"NICK {client.nick}")
            self.expect_at_once(count)
            for client in clients:
                client.named(client.answer())
        self.settle(clients)
        return clients

    def settle(self, clients: Iterable[Client]) -> None:
        """Everybody has received everything so far; joinings are put aside."""
        with self._preparing():
            self.settled |= {(each.nick, each.number) for each in self.clients if each.number}
            for client in clients:
                client.sends(f"PING {self.token()}")
            for client in clients:
                client.answer()
                client.events = deque(event for event in client.events if event.kind != "JOINED")

    def put_aside(self, *clients: Client) -> None:
        """These, or all, have received everything so far; nobody needs to look at their events."""
        for client in clients or self.clients:
            if client.ended is None and not client.has_quit:
                client.fence()
            client.events.clear()

    @contextlib.contextmanager
    def _preparing(self) -> Iterator[None]:
        """What is looked at in here is not what the test is about."""
        looked_at = self.looked_at
        yield
        self.looked_at = looked_at

    def new_wire(self) -> Wire:
        """What stands between a client and its socket: TLS, if the grade is over TLS."""
        return Wire() if self.tls is None else TlsWire(self.tls, self.address[0])

    def nick(self, label: str) -> str:
        """The nickname under which a client of this test is known: never used by another test."""
        return f"{label}_{self._suffix}"

    def token(self) -> str:
        """A token that no PING of this test had before."""
        self._tokens += 1
        return f"{FENCE}{self._tokens}"

    # What holds at the end of every test

    def expect_nothing_more(self) -> None:
        """Every client that can still ask has received nothing it did not look at."""
        for client in self.clients:
            client.raise_failure()
        for client in list(self.clients):
            leaving = client.ended is not None or client.has_quit or client.half_closed
            if not leaving and client not in self.mute:
                client.receives_nothing()

    # Reading and writing for everybody

    def add(self, client: Peer) -> None:
        assert isinstance(client, Client)
        self.clients.append(client)
        self.start_reading(client)

    def start_reading(self, client: Peer) -> None:
        self._selector.register(client.sock, selectors.EVENT_READ, client)

    def remove(self, client: Peer) -> None:
        client.raise_failure()
        self.stop_reading(client)
        self.clients = [each for each in self.clients if each is not client]

    def stop_reading(self, client: Peer) -> None:
        self._waiting.discard(client)
        if client.sock in self._selector.get_map():
            self._selector.unregister(client.sock)

    def watch(self, client: Peer, writing: bool) -> None:
        """Notes whether a client has something left to send."""
        if client.sock in self._selector.get_map():
            mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
            if self._selector.get_key(client.sock).events != mask:
                self._selector.modify(client.sock, mask, client)

    def count_waiting(self, client: Peer, waits: bool) -> None:
        """Counts the clients that wait for an answer: proof that they do so at the same time.

        A phase begins when somebody waits where nobody did. What was sent before anybody read was
        under way together, however slow the machine is: nothing is read but in `pump`.
        """
        if not waits:
            self._waiting.discard(client)
            return
        if not self._waiting:
            self.most_waiting = 0
        self._waiting.add(client)
        self.most_waiting = max(self.most_waiting, len(self._waiting))
        self.most_at_once = max(self.most_at_once, self.most_waiting)

    def expect_at_once(self, count: int) -> None:
        """So many clients wait at the same time, or did so last. Raises Vacuous if they did not."""
        if self.most_waiting < count:
            raise Vacuous(f"{count} clients were to wait at once: {self.most_waiting} did")

    def pump(self, timeout: float) -> None:
        """Reads and writes for all clients: once, and for at most so many seconds."""
        for key, mask in self._selector.select(max(0.0, timeout)):
            client: Client = key.data
            if mask & selectors.EVENT_WRITE:
                client._write()
            if mask & selectors.EVENT_READ:
                client._read()

    def idle(self, seconds: float) -> None:
        """Lets time pass in which no client does anything; what comes is read."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.pump(left)

    def wait_until(self, condition: Callable[[], bool], otherwise: Callable[[], Violation]) -> None:
        """Pumps until the condition holds; raises what `otherwise` makes when patience ends."""
        give_up_at = time.monotonic() + self.patience
        while not condition():
            failure = next((client._failure for client in self.clients if client._failure), None)
            if failure:
                raise failure
            now = time.monotonic()
            if now >= give_up_at:
                raise otherwise()
            self.pump(give_up_at - now)

    def write_all(self, client: Peer) -> None:
        """Waits until all that a client sent is on its way."""
        self.wait_until(
            lambda: not client._output or client.ended is not None,
            lambda: Violation("the server does not read", client=client, timed_out=True),
        )

    def close(self, patience: float) -> bool:
        """Ends all connections. True if the server ended each in turn: nobody is left there."""
        for client in self.clients:
            try:
                client.sock.shutdown(socket.SHUT_WR)
            except OSError:
                client.ended = client.ended or "reset"
        give_up_at = time.monotonic() + patience
        while any(client.ended is None and not client._failure for client in self.clients):
            if not self._selector.get_map() or time.monotonic() >= give_up_at:
                break
            self.pump(give_up_at - time.monotonic())
        clean = all(client.ended == "end of stream" for client in self.clients)
        self.abandon()
        return clean

    def abandon(self) -> None:
        """Closes all sockets without a word."""
        for client in self.clients:
            client.sock.close()
        self.clients.clear()
        self._selector.close()
