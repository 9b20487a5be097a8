"""Looks for a session in which a server leaves the spec, and makes it short.

Hypothesis draws the sessions; the first that fails is the verdict. It is then made again with
moves left out, on new servers, as long as there is time: what still fails in the same way is
shorter. A failure that does not repeat is shown as it was.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from ..bench import Bench, untested
from ..chat import Chat
from ..model import World
from ..process import ServerProcess
from ..servers import HOST, Served
from ..spec import Step
from ..target import Bound
from ..violation import Violation
from .choices import BACKEND, choices_from
from .conversation import Conversation
from .extended import people_with
from .moves import Move
from .shrink import shorter

#: How the line of a session begins that says with which options the server was started.
STARTED = "# started with "
#: Attempts at making a session shorter: a second or two. The seconds are for a machine so busy that
#: nobody would wait for it; up to then the same seed ends with the same session.
SHRINK_SECONDS = 20.0
SHRINK_ATTEMPTS = 120
#: The same, where each needs a server of its own.
NEW_SERVERS = 40
#: How often a server is asked, after a failure, whether everybody has gone.
PROBES = 100


#: What two failures have in common that are the same, as far as one can tell.
Kind = tuple[str | None, ...]


@dataclass
class Failure:
    """A session that has failed: what was done, what came of it, and where."""

    moves: list[Move]
    steps: list[Step]
    violation: Violation
    chat: Chat
    server: Served

    @property
    def kind(self) -> Kind:
        return kind_of(self.violation)


class Found(BaseException):
    """Ends hypothesis with the first failure. No Exception: those it wants to see again."""


class Search:
    """One random test of one server. It is the stage on which the sessions take place."""

    def __init__(
        self, bench: Bench, capabilities: Iterable[str], options: dict[str, Bound]
    ) -> None:
        self.bench = bench
        self.capabilities = tuple(capabilities)
        self.options = options  # with which servers are started, where they can be told
        self.failure: Failure | None = None
        self.trouble: BaseException | None = None  # that is no failure of the server
        self._server: Served | None = None
        self._ahead: ServerProcess | None = None
        self._world = World()
        self._sessions = 0
        self._attempts = 0  # that are left at making a session shorter
        self._until = 0.0

    def run(self, sessions: int, moves: int) -> None:
        """Raises Violation for the first session that fails, when it is short."""
        self._server = self._new_server()
        people = seed(self.bench.seed)(people_with(self.capabilities, self))
        try:
            with contextlib.suppress(Found), choices_from(self.bench.seed):
                run_state_machine_as_test(
                    people,
                    settings=settings(
                        max_examples=sessions,
                        stateful_step_count=moves,
                        phases=(Phase.generate,),
                        database=None,
                        deadline=None,
                        suppress_health_check=list(HealthCheck),
                        backend=BACKEND,
                        verbosity=Verbosity.quiet,  # what there is to say, the card says
                        print_blob=False,
                    ),
                )
            if self.trouble:
                raise self.trouble
            if self.failure:
                raise self._shortened(self.failure).violation
        finally:
            self._retire_unused()

    # The stage

    def begins(self) -> Conversation:
        """A session with nobody in it yet."""
        self._sessions += 1
        if self._server is None:
            self._server = self._new_server()
        return Conversation(self.bench.chat(self._server), self._world)

    def makes(self, talk: Conversation, move: Move) -> None:
        """A move. The first failure ends all sessions."""
        try:
            talk.makes(move)
        except BaseException as error:
            self._stop(talk, error)

    def ends(self, talk: Conversation) -> None:
        """Everybody leaves, unless the session has failed already."""
        if self.failure or self.trouble:
            return
        try:
            talk.takes_leave()
            self._forget(talk.chat)
            self.bench.compared += 1
        except BaseException as error:
            self._stop(talk, error)

    def _stop(self, talk: Conversation, error: BaseException) -> None:
        if isinstance(error, Violation):
            self.failure = self._failed(talk, error)
        else:
            self.trouble = error
        raise Found from error

    def _failed(self, talk: Conversation, violation: Violation) -> Failure:
        """What there is to know of a failure. Its server serves nobody else."""
        assert self._server
        server, self._server = self._server, None
        told = " ".join(f"{name}={value}" for name, value in self.options.items())
        violation.ahead = talk.ahead
        violation.session = (*([STARTED + told] if told else []), *render(talk.steps))
        return Failure(talk.moves, talk.steps, violation, talk.chat, server)

    # Making it short

    def _shortened(self, failure: Failure) -> Failure:
        """The same with what is needed, made on a new server; or as it was, if it does not repeat.

        A server that we cannot start anew has to do with the session as it was.
        """
        if self.bench.servers.target.address or failure.violation.timed_out:
            return failure
        self._until = time.monotonic() + SHRINK_SECONDS
        self._attempts = NEW_SERVERS if self._lasting else SHRINK_ATTEMPTS
        moves = shorter(failure.moves, lambda moves: self._fails(moves, failure.kind))
        self._retire_unused()
        talk = self.begins()
        try:
            self._plays(talk, moves)
        except Violation as violation:
            again = self._failed(talk, violation)
            worse = failure if again.kind == failure.kind else again
            self._discard(worse.chat, worse.server)
            return again if worse is failure else failure
        self._forget(talk.chat)
        return failure

    def _fails(self, moves: list[Move], kind: Kind) -> bool:
        """Whether fewer moves fail in the same way. No, when enough has been tried."""
        if self._attempts == 0 or time.monotonic() > self._until:
            return False
        self._attempts -= 1
        talk = self.begins()
        if self._lasting and self._ahead is None:
            self._ahead = self._launch()
        try:
            self._plays(talk, moves)
        except Violation as violation:
            self._forget(talk.chat)
            if self._lasting or not self._is_usable():
                self._drop_server()
            return kind_of(violation) == kind
        self._forget(talk.chat)
        if self._lasting:
            self._drop_server()
        return False

    def _plays(self, talk: Conversation, moves: list[Move]) -> None:
        for move in moves:
            talk.makes(move)
        talk.takes_leave()

    def _is_usable(self) -> bool:
        """Whether a server has let go of everybody after a failure, so that it can be used on."""
        assert self._server
        try:
            return self._ask(self._server)
        except Violation:
            return False

    # Servers

    def _new_server(self) -> Served:
        """A server and what is known of it: that it is new, or what it tells. Raises StartError."""
        servers = self.bench.servers
        self._world = World(self.capabilities, self._hold_count)
        if servers.target.address:
            if self._lasting:
                untested("a server that runs elsewhere may remember what others did there")
            server = servers.shared()
            if not self._ask(server):
                untested("a server that runs elsewhere has to be ours alone")
            return server
        self.bench.launched += 1
        ahead, self._ahead = self._ahead, None
        if ahead:
            return ahead.wait_ready(servers.start_patience)
        return servers.with_options(self.options) if self.options else servers.new()

    def _launch(self) -> ServerProcess:
        """Starts a server ahead: it comes up while the one before it is busy."""
        servers = self.bench.servers
        return servers.launch(HOST, servers.a_port(), dict(self.options))

    def _ask(self, server: Served) -> bool:
        """Asks a server that others have used how far it has counted. False: somebody is there."""
        self._world = World(self.capabilities, self._hold_count)
        chat = self.bench.chat(server)
        try:
            probe = chat.connect("probe")
            self._world.last_number = probe.takes_name(f"probe{self.suffix}")
            empty = any(len(probe.asks("WHO").items) == 1 for _ in range(PROBES))
            self._world.lobby.seq = probe.says("how far are we?")
            probe.does("QUIT", "OK QUIT")
            probe.awaits_end()
        finally:
            self._forget(chat)
        return empty

    @property
    def _hold_count(self) -> int | None:
        """How many events the server holds, if it could be told."""
        count = self.options.get("hold-count")
        return None if count is None else int(count)

    @property
    def suffix(self) -> str:
        """What makes the nicknames of a session its own, where others may have left theirs."""
        if self.bench.servers.target.address:
            return f"_{os.getpid():x}"
        return f"{self._sessions}" if self._lasting and self._sessions > 1 else ""

    @property
    def _lasting(self) -> bool:
        """Whether a session leaves traces on its server: rooms, accounts and the past do.

        The next session knows of them; to be made short, each needs a server without any.
        """
        return bool({"rooms", "history", "accounts"} & set(self.capabilities))

    def _discard(self, chat: Chat, server: Served) -> None:
        self._forget(chat)
        self._retire(server)

    def _forget(self, chat: Chat) -> None:
        chat.abandon()
        self.bench.chats[:] = [each for each in self.bench.chats if each[0] is not chat]

    def _retire(self, server: Served | None) -> None:
        if isinstance(server, ServerProcess):
            self.bench.servers.retire(server)

    def _drop_server(self) -> None:
        """The next session gets a new server."""
        server, self._server = self._server, None
        self._retire(server)

    def _retire_unused(self) -> None:
        """Ends the servers that have no session; those that have are the test's to give back."""
        for server in (self._server, self._ahead):
            if not any(used is server for _, used in self.bench.chats):
                self._retire(server)
        self._server = self._ahead = None


def render(steps: Iterable[Step]) -> list[str]:
    """The lines of a session block. HELLO stands there for those only who say nothing."""
    steps = list(steps)
    speakers = {step.client for step in steps if step.direction == ">"}
    return [
        f"{step.client}{step.direction} {step.line}".rstrip(" " if not step.line else "")
        for step in steps
        if not (step.client in speakers and step.line.startswith("HELLO parley/1 "))
    ]


def kind_of(violation: Violation) -> Kind:
    """Why, and what kinds of lines; not which names, numbers and texts."""
    return violation.why, _kind(violation.expected), _kind(violation.got)


def _kind(line: str | None) -> str | None:
    return line and " ".join(line.split(" ")[: 2 if line.startswith(("OK", "ERR")) else 1])
