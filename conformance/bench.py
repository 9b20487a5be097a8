"""What a test may ask for: clients, servers of its own, and a way to say that it cannot test."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn

import pytest
from _pytest.outcomes import Skipped  # as pytest.skip.Exception it has no type

from .chat import Chat, Vacuous
from .load.figures import Span
from .load.rounds import Load
from .process import ServerProcess, StartError
from .pty import Terminal
from .servers import HOST, Served, Servers
from .target import Bound
from .violation import Violation

#: How the reasons begin that there are for not testing something: the target gives no means, or
#: the machine does not. Whether an extension is offered, the server itself says, and no test.
REASONS = (
    "a server that runs elsewhere ",
    "parley.toml has no option ",
    "the command has no ",
    "the server speaks TLS",
    "this machine ",
    "this system",
    "unknown: ",
)


class Untested(Skipped):
    """A requirement that cannot be tested here: neither the server's fault nor a test's."""


def untested(why: str) -> NoReturn:
    """Ends a test whose requirement this target or machine gives no means to test.

    Raises ValueError, a mistake of the test, if the reason is none of REASONS.
    """
    if not why.startswith(REASONS):
        raise ValueError(f"{why!r} is no reason to leave a requirement untested: {REASONS}")
    raise Untested(why)


def needs(*requirements: str) -> pytest.MarkDecorator:
    """Marks a test that builds on requirements beyond the foundations of its level."""
    return pytest.mark.needs(*requirements)


def wants(*requirements: str) -> pytest.MarkDecorator:
    """Marks a test of an extension that is untested where these do not hold."""
    return pytest.mark.wants(*requirements)


def begins(begin: Callable[[Bench], object]) -> pytest.MarkDecorator:
    """Marks a test that has to wait: this is called when the first test of its level is due.

    The test gets what it returned, or raised, from `Bench.begun`.
    """
    return pytest.mark.begins.with_args(begin)  # called with a function, a mark would decorate it


@dataclass
class Bench:
    """What a test may ask for: `chat` is a fixture of its own; the rest is made here."""

    servers: Servers
    level: int
    suffix: str
    seed: int
    test: str
    load: Load
    depth: int = 1  # how many times as many random sessions as usual
    private: frozenset[str] = frozenset()  # the private events that the test is about
    chats: list[tuple[Chat, Served]] = field(default_factory=list)
    launched: int = 0  # servers that the test has started for itself
    compared: int = 0  # stretches of load, and random sessions, of which every line was compared
    _begun: tuple[Any, BaseException | None] = (None, None)

    def chat(self, server: Served | None = None, tls: ssl.SSLContext | None = None) -> Chat:
        """Clients for a server that may have served other tests, or for the one given."""
        server = server or self.servers.shared()
        chat = self.servers.chat(server, self.servers.answer_patience, self.suffix, self.level)
        chat.tls = tls or chat.tls
        chat.private = self.private
        self.chats.append((chat, server))
        return chat

    def start(
        self, host: str = HOST, port: int | str | None = None, **bounds: Bound
    ) -> ServerProcess:
        """A server of this test's own, with bounds as in parley.toml: hold_count=5."""
        options = self._options(bounds)
        self.launched += 1
        if not options and port is None and host == HOST:
            return self.servers.new()
        return self.servers.with_options(options, host, port)

    def launch(self, port: int | str, host: str = HOST) -> ServerProcess:
        """Starts a server of this test's own and does not wait until it is ready."""
        if self.servers.target.address:
            untested("a server that runs elsewhere cannot be started anew")
        self.launched += 1
        return self.servers.launch(host, port, {})

    def launch_with(self, **bounds: Bound) -> ServerProcess:
        """Starts a server with bounds as in parley.toml, and does not wait until it is ready."""
        options = self._options(bounds)
        self.launched += 1
        return self.servers.launch(HOST, self.servers.a_port(), options)

    def start_for_load(self) -> tuple[tuple[str, int], int | None]:
        """Where a server of this test's own listens, without a limit of rate; and its process."""
        if self.servers.target.address:
            return self.servers.target.address, None
        server = self.start(rate=0) if "rate" in self.servers.target.options else self.start()
        self.chat(server)  # without clients: the server is taken back with it
        return (server.host, server.port), server.popen.pid

    def note_load(self, name: str, *spans: Span) -> None:
        """Keeps figures for the report."""
        self.compared += len(spans)
        self.servers.load[name] = [asdict(span) for span in spans]

    def _options(self, bounds: dict[str, Bound]) -> dict[str, Bound]:
        """Bounds under their names in parley.toml; a test is over if one cannot be set there."""
        if self.servers.target.address:
            untested("a server that runs elsewhere cannot be started anew")
        options = {name.replace("_", "-"): value for name, value in bounds.items()}
        for name in options:
            if name not in self.servers.target.options:
                untested(f"parley.toml has no option {name}")
        return options

    def terminal(self) -> Terminal:
        """A server of this test's own, in a terminal."""
        if self.servers.target.address:
            untested("a server that runs elsewhere cannot be started in a terminal")
        self.launched += 1
        servers = self.servers
        return Terminal(servers.target, servers.a_port(), servers.start_patience, servers.always)

    def begin(self, begin: Callable[[Bench], object]) -> None:
        """Lets the test begin before its turn; what goes wrong is told when its turn has come."""
        try:
            self._begun = begin(self), None
        except (Violation, StartError, Skipped) as error:
            self._begun = None, error

    def begun(self) -> Any:
        """What has been begun before. Raises what was raised then."""
        result, error = self._begun
        if error is not None:
            raise error
        return result

    def finish(self, spoiled: bool) -> None:
        """Gives back what the test used."""
        given_back = set()
        for chat, server in self.chats:
            if id(server) in given_back:
                chat.abandon()
                continue
            given_back.add(id(server))
            self.servers.give_back(server, chat, self.test, spoiled)


def expect_evidence(bench: Bench | None) -> None:
    """A test that looked at nothing has proved nothing. Raises Vacuous.

    What its clients did until they had names is preparation. A test without clients is about a
    server that it has started itself: how it comes up, or ends.
    """
    if bench is not None and bench.compared:
        return
    if bench is None or not (bench.launched or any(chat.log for chat, _ in bench.chats)):
        raise Vacuous("it never met the server")
    if bench.chats and not any(chat.looked_at for chat, _ in bench.chats):
        raise Vacuous("its clients looked at nothing that the server sent")
