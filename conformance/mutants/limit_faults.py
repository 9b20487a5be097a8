"""Faults of limits: caps, the rate, storms, no descriptor left, contradictory bounds."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import select
import socket
import time
from collections import deque
from unittest import mock

import impl_poll.server
from impl_poll.connection import Connection
from impl_poll.server import Server
from parley import launch
from parley.hub import Hub, Member
from parley.state import Pace

from .registry import Launch, breaks
from .tools import FOR_GOOD, OtherLimits

# Too many


@breaks("CAP-1")
class LetsEverybodyIn(OtherLimits):
    """However many connections there are, the next is let in."""

    other = {"max_clients": 2**40}  # noqa: RUF012  # read only


@breaks("CAP-1")
class TurnsAwayRudely(Connection):
    """Who is turned away is closed at once: input that nobody has read resets the connection."""

    def __init__(self, server: Server, sock: socket.socket, member: Member) -> None:
        super().__init__(server, sock, member)
        self.let_in = member.here

    def proceed(self) -> None:
        if not self.let_in and self.member.owed == 0:
            self.cut_off()
        super().proceed()


@breaks("CAP-1")
class TurnsAwayInSilence(Hub):
    """Who is turned away is not told."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        if not member.here:
            member.outbox.clear()
            self._ready.remove(member)
        return member


@breaks("CAP-2")
class SomebodyElseGoes(Hub):
    """Who is turned away takes another with it."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        if not member.here and self.names:
            self._send_away(next(iter(self.names.values())), "closed", "too many connections")
        return member


@breaks("CAP-3")
class PlacesAreUsedUp(Hub):
    """Who has gone still counts."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        places = self.limits.max_clients - member.here
        self.limits = dataclasses.replace(self.limits, max_clients=places)
        super().leave(member, cause, now, words)


@breaks("CAP-4")
class LetsTheNamelessIn(OtherLimits):
    """Connections without a name are bounded by nothing but the number of all."""

    other = {"max_nameless": 2**40}  # noqa: RUF012  # read only


@breaks("CAP-4")
class NamesCountAsNameless(Hub):
    """A connection that has got its name still counts among those that have none."""

    def _named(self, member: Member) -> None:
        counted = member in self.strangers
        super()._named(member)
        if counted:
            self.strangers.add(member)


# Too fast


class Hasty(Connection):
    """A connection that does something else with lines which come too fast than to wait."""

    def __init__(self, server: Server, sock: socket.socket, member: Member) -> None:
        super().__init__(server, sock, member)
        self.allowed, member.pace = member.pace, Pace(0)

    def receive(self) -> None:
        super().receive()
        fast = [bool(self.allowed.take(self.server.now)) for _ in self.lines]
        self.lines = deque(self.instead_of(list(zip(self.lines, fast, strict=True))))

    def instead_of(self, lines: list[tuple[bytes, bool]]) -> list[bytes]:
        """What is obeyed of these lines, each of which came too fast or not."""
        raise NotImplementedError


@breaks("RATE-1")
class DropsWhatIsTooFast(Hasty):
    """Lines that come too fast are thrown away."""

    def instead_of(self, lines: list[tuple[bytes, bool]]) -> list[bytes]:
        return [line for line, too_fast in lines if not too_fast]


@breaks("RATE-1")
class RefusesWhatIsTooFast(Hasty):
    """Lines that come too fast are refused."""

    def instead_of(self, lines: list[tuple[bytes, bool]]) -> list[bytes]:
        return [b"X-TOO-FAST" if too_fast else line for line, too_fast in lines]


@breaks("RATE-2")
class ObeysAtAnyRate(OtherLimits):
    """However fast a client sends, it is obeyed."""

    other = {"rate": 0}  # noqa: RUF012  # read only


@breaks("RATE-3")
class StumblesOverThePaused(Server):
    """If somebody goes whose lines wait for their time, the server ends with an error then."""

    def close(self, connection: Connection) -> None:
        has_to_wait = connection in self.paused
        super().close(connection)
        if has_to_wait:
            self.paused.add(connection)


@breaks("RATE-3")
class SleepsUntilItMay(Connection):
    """While the lines of a client wait, everybody waits."""

    def run(self) -> None:
        while self.step and self.lines and not self.waiting:
            if pause := self.member.pace.take(self.server.now):
                time.sleep(pause)
                self.server.now = time.monotonic()
            else:
                self.step(self.lines.popleft())
        super().run()


# No descriptor left, and storms


@breaks("FULL-1")
class AsksForDescriptorsWithoutEnd(Server):
    """Without a descriptor it tries again at once, and again."""

    def accept(self) -> None:
        super().accept()
        if self.accept_at is not None:
            self.accept_at = None
            self.poller.register(self.listener, select.POLLIN)


@breaks("FULL-1")
class EndsWithoutDescriptors(Server):
    """Without a descriptor the server ends."""

    def accept(self) -> None:
        super().accept()
        if self.accept_at is not None:
            os._exit(1)


@breaks("FULL-2")
class StumblesOverTheLimit(Server):
    """Once there was no descriptor, the server ends as soon as there is one again."""

    def accept(self) -> None:
        was_full = self.accept_at is not None
        super().accept()
        if was_full and self.accept_at is None:
            os._exit(1)


@breaks("FULL-2")
class ClosesTheDoorForGood(Launch):
    """Once there was no descriptor, nobody is let in any more."""

    def main(self, name: str) -> int:
        with mock.patch.object(impl_poll.server, "ACCEPT_PAUSE", FOR_GOOD):
            return super().main(name)


@breaks("STORM-1")
class AsksWhoHasGone(Connection):
    """A connection that is reset before it is accepted ends the server."""

    def __init__(self, server: Server, sock: socket.socket, member: Member) -> None:
        super().__init__(server, sock, member)
        sock.getpeername()


# The command line, and other protocols


@breaks("START-6")
class BelievesAllBounds(Launch):
    """Bounds that contradict each other are accepted."""

    def main(self, name: str) -> int:
        with mock.patch.object(launch, "_pieces", return_value={}):
            return super().main(name)


@breaks("OCTET-11")
class DiesOfHandshakes(Connection):
    """The beginning of a TLS handshake ends the server."""

    def receive(self) -> None:
        with contextlib.suppress(OSError):
            if self.sock.recv(1, socket.MSG_PEEK) == b"\x16":
                os._exit(1)
        super().receive()
