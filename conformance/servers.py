"""The servers of one grade: few processes for many tests, started ahead, retired when in doubt.

A test gets a running server that earlier tests have left clean (everybody gone, as the server
itself confirmed) or a new one. Where a server does not let go of its clients, each test gets a new
one: what is wrong with leaving must not be blamed on talking.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from typing import Any, Protocol

from .chat import Chat
from .process import ServerProcess, free_port, kill_strays
from .target import Bound, Target, TargetError
from .violation import Violation

HOST = "127.0.0.1"
#: log2 of the work of a password hash, where it is not what a test is about: a few milliseconds.
CHEAP_HASH = 10
#: Seconds for the questions between two tests. No verdict depends on them: who answers later gets
#: a new server for the next test.
TIDY_PATIENCE = 1.0


class Served(Protocol):
    """Where a server can be reached, and what can be told about it in a card."""

    host: str
    port: int
    stdout: deque[str]
    stderr: deque[str]

    def state(self) -> str: ...


@dataclass
class Elsewhere:
    """A server that somebody else started (--connect)."""

    host: str
    port: int
    stdout: deque[str]
    stderr: deque[str]

    def state(self) -> str:
        return "runs elsewhere: its state is not known here"


class Servers:
    """All processes of a target. `close` ends them, whatever happened."""

    def __init__(
        self,
        target: Target,
        start_patience: float,
        answer_patience: float,
        tls: ssl.SSLContext | None = None,
        always: dict[str, Bound] | None = None,
    ) -> None:
        self.target = target
        self.tls = tls  # with which clients connect, if the grade is over TLS
        self.always = always or {}  # the options that every server is started with
        if "hash-cost" in target.options:
            self.always = {"hash-cost": CHEAP_HASH} | self.always
        self.start_patience = start_patience
        self.answer_patience = answer_patience
        self.picks_port = True  # START-2; if not, the suite picks one
        self.lets_go = True  # whether its clients' leaving can be relied on
        self.load: dict[str, list[dict[str, Any]]] = {}  # figures of level 7, for the report
        self.kept: dict[str, Any] = {}  # what tests have measured for later ones
        self.unclean: list[str] = []  # tests after which somebody was still there
        self._shared: ServerProcess | None = None
        self.spares = 1  # how many come up while others are tested
        self._spares: deque[ServerProcess] = deque()  # nobody has used them, nor waited for them
        self._probes = 0
        self._all: list[ServerProcess] = []

    def open(self) -> None:
        """Starts the first server, and some ahead, or looks whether one is there.

        Raises StartError, or TargetError if nobody is.
        """
        if not self.target.address:
            self._shared = self.new()
            return
        host, port = self.target.address
        try:
            with socket.create_connection((host, port), self.start_patience) as sock:
                if self.tls is None:
                    sock.settimeout(TIDY_PATIENCE)
                    sock.recv(4096)  # its HELLO: see ServerProcess.check_port
        except (TimeoutError, ConnectionResetError):
            pass  # the tests will tell
        except OSError as error:
            raise TargetError(
                f"nobody listens on {host} port {port} ({error.strerror or error}). Start the "
                "server first, in another terminal; its ready line says where it listens."
            ) from None

    def shared(self) -> Served:
        """A server without members, that other tests have used or will use."""
        if self.target.address:
            return Elsewhere(*self.target.address, deque(), deque())
        if self._shared is None or self._shared.wait_end(0) is not None:
            self._shared = self.new()
        return self._shared

    def new(self) -> ServerProcess:
        """A server that nobody has used. Raises StartError."""
        if not self._spares:
            self._spares.append(self.launch(HOST, self.a_port(), {}))
        server = self._spares.popleft().wait_ready(self.start_patience)
        if server.port == 0 and self.picks_port:
            self.picks_port = False
            self.retire(server)
            return self.new()
        server.check_port(TIDY_PATIENCE, speaks_first=self.tls is None)
        while len(self._spares) < self.spares:
            self._spares.append(self.launch(HOST, self.a_port(), {}))
        return server

    def with_options(
        self, options: dict[str, Bound], host: str = HOST, port: int | str | None = None
    ) -> ServerProcess:
        """A new server with bounds, an address or a port of its own. Raises StartError."""
        port = self.a_port() if port is None else port
        server = self.launch(host, port, options).wait_ready(self.start_patience)
        server.check_port(TIDY_PATIENCE, speaks_first=self.tls is None and "tls" not in options)
        return server

    def give_back(self, server: Served, chat: Chat, test: str, spoiled: bool) -> None:
        """After a test: ends its clients, and keeps the server only if nobody is left on it."""
        if not isinstance(server, ServerProcess):
            chat.close(TIDY_PATIENCE)
            return
        if server is not self._shared or spoiled or chat.mute or not self.lets_go:
            chat.abandon()
            self.retire(server)
            return
        if not chat.close(TIDY_PATIENCE):
            self.lets_go = False
        if not self.lets_go or not self._is_empty(server, test):
            self.retire(server)

    def chat(self, server: Served, patience: float, suffix: str, level: int) -> Chat:
        """Clients for a server, over TLS if the grade is."""
        chat = Chat((server.host, server.port), patience, suffix, level, self.tls)
        chat.stderr_before = list(server.stderr)
        return chat

    def a_port(self) -> int:
        """What to ask for when any port will do."""
        return 0 if self.picks_port else free_port(HOST)

    def launch(self, host: str, port: int | str, options: dict[str, Bound]) -> ServerProcess:
        """Starts a server without waiting for it. Raises StartError if it cannot be run."""
        server = ServerProcess(self.target, host, port, self.always | options)
        server.is_plain = host == HOST and not options
        server.asked = self.target.option_words(options)
        self._all.append(server)
        return server

    def retire(self, server: ServerProcess) -> None:
        """Ends a server; the next test gets another."""
        server.kill()
        self._all.remove(server)
        if server is self._shared:
            self._shared = None

    def close(self) -> None:
        """Ends everything that was started."""
        for server in self._all:
            server.kill()
        self._all.clear()
        kill_strays()

    def _is_empty(self, server: ServerProcess, test: str) -> bool:
        """Whether WHO shows nobody but who asks. A server without WHO is taken at its word."""
        chat = self.chat(server, TIDY_PATIENCE, "probe", 7)
        try:
            prober = chat.connect("nobody")
            self._probes += 1
            prober.takes_name(f"nobody_{self._probes}")
            answer = prober.asks("WHO")
            if answer.final.kind == "ERR" or len(answer.items) == 1:
                return chat.close(TIDY_PATIENCE)
            self.unclean.append(test)
        except Violation:
            self.lets_go = False  # it cannot even be asked: from here on each test gets a new one
        finally:
            with contextlib.suppress(OSError):
                chat.abandon()
        return False
