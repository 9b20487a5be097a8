"""What the clients of a load say, and when: on time, or as fast as they are answered.

Between two turns of its clients it sends what is due; it never waits for a server. Times are in
microseconds of the monotonic clock.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable, Sequence

from .clients import AT_ONCE, MICRO, Client, Clients, now

#: Octets of a message's text.
TEXT = 64
#: Octets that gather for a listener before it is woken, in a closed loop: some forty messages.
GATHERED = 4096


class Generator(Clients):
    """Clients of one server who talk. Use it as a context manager: it closes them all."""

    def __init__(
        self, address: tuple[str, int], tls: ssl.SSLContext | None = None, patience: float = 10.0
    ) -> None:
        super().__init__(address, tls, patience)
        self.lag: list[int] = []  # how late each message was sent, in microseconds

    def __enter__(self) -> Generator:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
                self.turn(due)
                continue
            while number < total and (due := begin + int(number * MICRO / rate)) <= now():
                self._say(talkers[number % len(talkers)], due)
                number += 1
                if number % AT_ONCE == 0:
                    break  # reading must not starve when sending is behind
            self.turn(0)
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

        self.wait_for(all_said, "OK SAY")
        self.drain(talkers)

    def _keep_talking(self, talkers: Sequence[Client], window: int, until: int) -> None:
        while now() < until:
            self.turn(until)
            for client in talkers:
                if (free := window - client.sent + client.stream.answered) > 0:
                    self._say(client, now(), free)

    def _read_what_is_there(self, clients: Iterable[Client]) -> None:
        """Whatever the selector tells of it."""
        for client in clients:
            if client.reading:
                self.receive(client)

    def _deliveries(self) -> int:
        return sum(client.stream.lines - client.stream.answered for client in self.clients)

    def drain(self, talkers: Sequence[Client]) -> None:
        """Waits until all that was said is answered, and has reached everybody who reads."""
        self.wait_for(
            lambda: all(client.stream.answered == client.sent for client in talkers), "OK SAY"
        )
        behind = [client for client in self.clients if client.reading]

        def everybody_has_all() -> bool:
            behind[:] = [one for one in behind if one.stream.at < len(self.log.octets)]
            return not behind

        self.wait_for(everybody_has_all, "what others received")

    def wait(self, seconds: float) -> None:
        """Says nothing for so long; what comes is read."""
        until = now() + int(seconds * MICRO)
        while now() < until:
            self.turn(until)

    def _say(self, client: Client, due: int, count: int = 1, octets: int = TEXT) -> None:
        lines = []
        for _ in range(count):
            text = f"{client.sent:08d} ".ljust(octets, "x")
            client.sent += 1
            client.stream.speaker.said.append((text, due))
            lines.append(f"SAY {text}\n")
        self.send(client, "".join(lines).encode())
        self.lag.append(now() - due)


def _wake_at(octets: int, clients: Iterable[Client]) -> None:
    """From how many octets on the selector tells that there is something to read (socket(7))."""
    for client in clients:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, octets)
