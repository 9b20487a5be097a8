"""Faults of appendix A and of stopping: how a server starts, what it says, and how it ends.

Most override Launch.main. What is printed is changed on its way out, because parley.launch prints.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import socket
import sys
import time
from unittest import mock

from impl_poll.server import Server
from parley import launch

from .registry import Launch, breaks
from .tools import DelayingHub

EVERYWHERE = "0.0.0.0"


class OtherWords(io.TextIOBase):
    """Standard output with other words in it."""

    def __init__(self, pattern: str, words: str) -> None:
        self.pattern = pattern
        self.words = words
        self.real = sys.stdout

    def write(self, text: str) -> int:
        return self.real.write(re.sub(self.pattern, self.words, text))

    def flush(self) -> None:
        self.real.flush()


@breaks("START-1")
class ReadyOnStandardError(Launch):
    """The ready line goes to standard error."""

    def main(self, name: str) -> int:
        with contextlib.redirect_stdout(sys.stderr):
            return super().main(name)


@breaks("START-1")
class ReadyInOtherWords(Launch):
    """The ready line reads `Server started on HOST:PORT`."""

    def main(self, name: str) -> int:
        words = OtherWords(r"listening on (\S+) (\d+)", r"Server started on \1:\2")
        with contextlib.redirect_stdout(words):
            return super().main(name)


@breaks("START-1")
class ReadyIsNotFlushed(Launch):
    """The ready line stays in a buffer until the server ends."""

    def main(self, name: str) -> int:
        sys.stdout.flush()
        held = io.StringIO()
        with contextlib.redirect_stdout(held):
            status = super().main(name)
        sys.stdout.write(held.getvalue())
        return status


@breaks("START-1")
class ReadyTooEarly(Launch):
    """The ready line comes 0.5 s before connections are accepted: the fault is a delay."""

    def main(self, name: str) -> int:
        with mock.patch.object(launch, "listen", bind):
            return launch.main(name, Late, DelayingHub)


def bind(host: str, port: int) -> socket.socket:
    """A socket that is bound but does not listen."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setblocking(False)
    sock.bind((host, port))
    return sock


class Late(Server):
    """Listens only 0.5 s after its first turn."""

    begun = False

    def turn(self) -> set[int]:
        hub = self.hub
        if not self.begun and isinstance(hub, DelayingHub):
            self.begun = True
            hub._now = self.now
            hub.later(0.5, lambda: self.listener.listen(launch.BACKLOG))
        return super().turn()

    def accept(self) -> None:
        with contextlib.suppress(OSError):
            super().accept()


@breaks("START-2")
class NamesPortZero(Launch):
    """Given the port 0, the ready line names the port 0."""

    def main(self, name: str) -> int:
        asked = dict(zip(sys.argv, sys.argv[1:], strict=False)).get("--port", "4000")
        words = OtherWords(r"(listening on \S+) \d+", rf"\1 {asked}")
        with contextlib.redirect_stdout(words):
            return super().main(name)


@breaks("START-3")
class PortInUseIsSuccess(Launch):
    """If the port is in use, the exit status is 0."""

    def main(self, name: str) -> int:
        super().main(name)
        return 0


@breaks("START-3")
class PortInUseIsATraceback(Launch):
    """If the port is in use, standard error shows a traceback."""

    def main(self, name: str) -> int:
        port = dict(zip(sys.argv, sys.argv[1:], strict=False)).get("--port", "4000")
        if port.isdigit():
            launch.listen("127.0.0.1", int(port)).close()
        return super().main(name)


@breaks("START-3")
class SharesThePort(Launch):
    """A second server on the same port comes up beside the first."""

    def main(self, name: str) -> int:
        def listen(host: str, port: int) -> socket.socket:
            listener = socket.create_server((host, port), backlog=512, reuse_port=True)
            listener.setblocking(False)
            return listener

        with mock.patch.object(launch, "listen", listen):
            return super().main(name)


@breaks("START-4")
class WrongOptionsAreStatusOne(Launch):
    """If its options are wrong, the exit status is 1."""

    def main(self, name: str) -> int:
        try:
            return super().main(name)
        except SystemExit:
            return 1


@breaks("START-4")
class WrongOptionsAreForgiven(Launch):
    """A port that is no number is taken for the port 0."""

    def main(self, name: str) -> int:
        with mock.patch.object(launch, "_port", lambda word: int(word) if word.isdigit() else 0):
            return super().main(name)


@breaks("START-4")
class WrongOptionsAreSilent(Launch):
    """If its options are wrong, the exit status is 2, and nothing is said."""

    def main(self, name: str) -> int:
        try:
            with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere):
                launch._options(name, sys.argv[1:])
        except SystemExit:
            return 2
        return super().main(name)


@breaks("START-5")
class Ipv4Only(Launch):
    """An IPv6 address is refused."""

    def main(self, name: str) -> int:
        if any(":" in argument for argument in sys.argv):
            print("cannot listen there: only IPv4", file=sys.stderr)
            return 1
        return super().main(name)


@breaks("START-7")
class ListensEverywhere(Launch):
    """Whatever host it is given, it listens on all addresses."""

    def main(self, name: str) -> int:
        def listen(host: str, port: int) -> socket.socket:
            return real(host if ":" in host else EVERYWHERE, port)

        real = launch.listen
        words = OtherWords(re.escape(EVERYWHERE), "127.0.0.1")
        with mock.patch.object(launch, "listen", listen), contextlib.redirect_stdout(words):
            return super().main(name)


@breaks("STOP-3")
class StopsInCompanyOnly(Server):
    """A signal that comes when nobody is connected is noticed with the next connection."""

    def stop(self) -> None:
        self.now = time.monotonic()
        while not self.connections:
            self.turn()
        super().stop()


@breaks("STOP-4")
class StumblesOverNobody(Server):
    """When nobody is connected, a signal ends the server with an exception: min() of nothing."""

    def stop(self) -> None:
        super().stop()
        min(connection.deadline for connection in self.there)

    def turn(self) -> set[int]:
        self.there = list(self.connections.values())
        return super().turn()


@breaks("STOP-4")
class StopsWithStatusOne(Launch):
    """The exit status of a server that was stopped is 1."""

    def main(self, name: str) -> int:
        super().main(name)
        return 1


@breaks("STOP-5")
class PortStaysTaken(Launch):
    """The port cannot be listened on again until the system has forgotten its connections."""

    def main(self, name: str) -> int:
        def listen(host: str, port: int) -> socket.socket:
            sock = socket.socket()
            sock.bind((host, port))
            sock.listen(launch.BACKLOG)
            sock.setblocking(False)
            return sock

        with mock.patch.object(launch, "listen", listen):
            return super().main(name)


@breaks("STOP-5")
class LeavesAChildBehind(Server):
    """A child process inherits the listening socket and lives on for a minute."""

    forked = False

    def turn(self) -> set[int]:
        if not self.forked:
            self.forked = True
            if os.fork() == 0:
                signal.alarm(60)
                signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
                signal.pause()
        return super().turn()


class OnSignal(Server):
    """Treats a signal as the system does by default: it ends the process."""

    deadly = signal.SIGTERM

    def turn(self) -> set[int]:
        signal.signal(self.deadly, signal.SIG_DFL)
        return super().turn()


@breaks("STOP-1")
class DiesOfSigterm(OnSignal):
    """SIGTERM ends the process at once."""


@breaks("STOP-1")
class DiesOfSigint(OnSignal):
    """SIGINT ends the process at once."""

    deadly = signal.SIGINT


@breaks("STOP-1")
class IgnoresSigterm(Server):
    """SIGTERM does nothing."""

    def turn(self) -> set[int]:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        return super().turn()
