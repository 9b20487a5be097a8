"""The plugin for pytest that makes a grade out of tests.

The plugin hands servers and clients to the tests that its Selection has picked, skips what cannot
be judged because something earlier failed, and keeps a record of what each did. No file of the
target is read by pytest, and nothing of the target is on sys.path.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Skipped  # as pytest.skip.Exception it has no type

from .bench import Bench, Untested, expect_evidence
from .card import make_card
from .chat import Chat
from .coverage import Case
from .load.rounds import Load
from .process import ServerProcess, StartError
from .results import Record, session_file
from .selection import Selection, prerequisites
from .servers import TIDY_PATIENCE, Served, Servers
from .spec import BEYOND, PRIVATE, Requirement, Spec
from .target import Bound, Target
from .violation import Violation

#: Requirements that fail by silence before a grade ends: the rest is skipped.
HANGS = 2

#: The level from which on tests end the servers that they are about: more are needed in time.
ENDS_SERVERS = 4
#: The level on which lines come in pieces, and several in one. What a server makes of that is no
#: matter of CMD-3, which falls due with whole lines that come one by one.
TORN_LINES = 6

#: Seconds that a card waits for a server to end that has closed a connection: it may be crashing.
CRASH_TIME = 0.5


@dataclass
class Options:
    """What the command line says about every grade."""

    level: int | None = None  # grade up to this level; None: all levels and the extensions
    only: Sequence[str] = ()
    seed: int = 0
    load: Load = field(default_factory=Load)
    random: int = 1  # how many times as many random sessions as usual
    start_timeout: float = 10.0
    answer_timeout: float = 5.0
    tls: ssl.SSLContext | None = None  # with which clients connect; None: without TLS
    always: dict[str, Bound] = field(default_factory=dict)  # options of every server's start
    own_tests: Sequence[Path] = ()  # folders with tests of clauses that somebody added
    additions: Mapping[str, str] = field(default_factory=dict)  # and other files: SHA-256
    stop_at_level: bool = False  # the first level on which something fails is the last
    pytest_arguments: Sequence[str] = ()
    again: Sequence[str] = ()  # the command line that repeats this grade
    replay: Sequence[str] = ()  # the one that plays a session again; its {file} is named later
    progress: Callable[[str], None] | None = None  # is told, test by test, how far the grade is


class NotJudged(Skipped):
    """A test that is left out because of what failed before it; no test raises this itself."""


class Grader:
    """The plugin: one grade of one target."""

    def __init__(self, target: Target, spec: Spec, options: Options) -> None:
        self.spec = spec
        self.options = options
        self.servers = Servers(
            target, options.start_timeout, options.answer_timeout, options.tls, options.always
        )
        self.selection = Selection(spec, options.only, options.level, options.own_tests)
        self.records: list[Record] = []
        self.capabilities: list[str] = []
        self.failed: dict[str, str] = {}  # requirements known not to hold, and why
        self.hanging: set[str] = set()  # requirements that cost a whole patience
        self._card: dict[str, Any] = {}
        self._blames: tuple[str, ...] = ()
        self._level = -1  # of the test whose turn it is
        self._early: dict[str, Bench] = {}  # of tests that have begun before their turn

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> Iterator[Bench]:
        bench = self._early.pop(request.node.nodeid, None) or self._bench(request.node)
        yield bench
        bench.finish(spoiled=bool(getattr(request.node, "spoiled", False)))

    def _bench(self, item: pytest.Item) -> Bench:
        case = self.selection.cases[item.nodeid]
        number = list(self.selection.cases).index(item.nodeid)
        suffix = f"{number:x}" if not self.servers.target.address else f"{number:x}{os.getpid():x}"
        load, seed = self.options.load, self.options.seed
        depth = self.options.random
        bench = Bench(self.servers, case.level, suffix, seed, item.name, load, depth)
        bench.private = self.spec.private if case.is_private else frozenset()
        return bench

    def _begin_early(self, level: int) -> None:
        """Lets the tests of a level begin that have to wait, unless they will not be judged."""
        if level == self._level:
            return
        self._level = level
        if level >= ENDS_SERVERS:
            self.servers.spares = 3
        for case in self.selection.cases.values():
            if case.level != level or self.failed.keys() & set(prerequisites(case, self.spec)):
                continue
            for mark in case.item.iter_markers("begins"):
                bench = self._early[case.item.nodeid] = self._bench(case.item)
                bench.begin(*mark.args)

    def pytest_sessionfinish(self) -> None:
        """Some may have been left out after they had begun."""
        for bench in self._early.values():
            bench.finish(spoiled=True)

    @pytest.fixture
    def chat(self, bench: Bench) -> Chat:
        return bench.chat()

    @pytest.fixture
    def new_chat(self, bench: Bench) -> Chat:
        return bench.chat(bench.start())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._card, self._blames = {}, ()
        case = self.selection.cases[item.nodeid]
        if self.options.progress:
            done = f"{len(self.records)} of {len(self.selection.cases)} tests"
            self.options.progress(f"level {case.level}, {case.cites[0]} ({done})")
        if len(self.hanging) >= HANGS:
            hanging = " and ".join(sorted(self.hanging))
            raise NotJudged(f"not judged: nothing came for {hanging}, and the grade ends there")
        self._begin_early(case.level)
        if case.cites[0] in self.hanging:
            raise NotJudged(f"{case.cites[0]} has failed already, by silence")
        offered = {self.spec.requirements[name].capability for name in case.cites} - {None}
        if offered - self.offers:
            absent = ", ".join(sorted(map(str, offered - self.offers)))
            raise Untested(f"the server does not offer {absent}")
        wanted = (name for mark in item.iter_markers("wants") for name in mark.args)
        if lacking := next((name for name in wanted if name in self.failed), ""):
            raise Untested(f"it builds on {lacking}, which does not hold")
        for name in prerequisites(case, self.spec):
            if name in self.failed:
                raise NotJudged(f"not judged: it builds on {name}, which does not hold")

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Every test ends with a check that nothing came which it did not look at."""
        bench: Bench | None = pyfuncitem.funcargs.get("bench")  # type: ignore[assignment]
        case = self.selection.cases[pyfuncitem.nodeid]
        try:
            result = yield
        except Violation as violation:
            self._fail(case, violation, bench)
            raise
        except StartError as error:
            raise self._did_not_start(case, error, bench) from None
        expect_evidence(bench)
        try:
            for chat, _ in bench.chats if bench else ():
                chat.expect_nothing_more()
        except Violation as violation:
            self._fail(case, violation, bench)
            if set(self._blames) & set(case.cites):
                raise
            # What the test is about does hold, but on the way the server broke another rule.
            self.records.append(
                Record(
                    f"{pyfuncitem.name} (what came besides)",
                    self._blames,
                    case.level,
                    "fail",
                    0.0,
                    violation.why,
                    self._blames,
                    self._card,
                )
            )
        return result

    @property
    def offers(self) -> set[str]:
        """The extensions to grade: what HELLO says, and TLS if the server can be told to."""
        tls = {"tls"} if "tls" in self.servers.target.options else set()
        private = {name.lower() for name in self.capabilities if name.startswith(PRIVATE)}
        return {*self.capabilities, *private, *tls}

    def note_capabilities(self) -> None:
        """Asks a server for its greeting, to know which extensions to test."""
        server = self.servers.shared()
        chat = self.servers.chat(server, TIDY_PATIENCE, "greeting", BEYOND)
        with contextlib.suppress(Violation):  # the tests will tell
            self.capabilities = chat.greeted(chat.connect("probe"))["capabilities"].split()
        chat.close(TIDY_PATIENCE)

    def _did_not_start(self, case: Case, error: StartError, bench: Bench | None) -> Violation:
        """A server that a test needed did not come up: that is what the test fails of."""
        rule = "START-1" if error.process.is_plain else None
        failure = Violation(f"the server did not start: {error}", requirement=rule)
        self._fail(case, failure, bench, error.process)
        return failure

    def _fail(
        self, case: Case, violation: Violation, bench: Bench | None, server: Served | None = None
    ) -> None:
        """Makes the card while the server is still there to be asked.

        `server` is given if it did not start.
        """
        unstarted = server.words if isinstance(server, ServerProcess) else ()
        chat = next((chat for chat, _ in bench.chats[::-1]), None) if bench else None
        if bench and violation.client:
            chat = violation.client.chat
        if bench and server is None:
            server = next((served for one, served in bench.chats if one is chat), None)
        blamed = violation.requirement or case.cites[0]
        if blamed not in self.spec.requirements:
            blamed = case.cites[0]
        lost = violation.client is not None and violation.client.ended is not None
        if isinstance(server, ServerProcess) and lost:
            server.wait_end(CRASH_TIME)
        case.item.spoiled = True  # type: ignore[attr-defined]
        self._blames = (blamed,)
        torn = case.level == TORN_LINES and violation.also == "CMD-3"
        if violation.also in self.spec.requirements and not torn:
            self._blames = tuple(dict.fromkeys((blamed, violation.also)))
        # What a line is made of comes before what it says.
        first = "LINE-1" if "LINE-1" in self._blames else blamed
        requirement: Requirement = self.spec.requirements[first]
        again = [*self.options.again, "--only", blamed if blamed in case.cites else case.cites[0]]
        self._card = make_card(
            requirement, violation, chat, server, again, case.in_words, unstarted
        )
        if violation.session:
            file = session_file(case.cites)
            words = (word.replace("{file}", file) for word in self.options.replay)
            self._card["replay"] = shlex.join(words)
        if violation.timed_out:
            self.hanging.add(case.cites[0])
        for name in self._blames:
            self.failed.setdefault(name, violation.why)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if call.when == "call" or (call.excinfo is not None):
            self._keep(item, call)
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        done = yield
        if self.options.stop_at_level and nextitem and any(map(self._is_amiss, self.records)):
            level = self.selection.cases[item.nodeid].level
            if self.selection.cases[nextitem.nodeid].level > level:
                item.session.shouldfail = f"level {level} does not hold"
        return done

    def _is_amiss(self, record: Record) -> bool:
        """Whether a test has shown that its level does not hold, or nothing at all."""
        blamed = [self.spec.requirements[name] for name in record.blames]
        return record.status == "error" or any(each.keyword == "MUST" for each in blamed)

    def _keep(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Records what a test did; a trouble after the test is an error of the suite."""
        case = self.selection.cases[item.nodeid]
        record = Record(item.name, case.cites, case.level, "pass", round(call.duration, 4))
        bench: Bench | None = getattr(item, "funcargs", {}).get("bench")
        if bench is not None:
            record.at_once = max((chat.most_at_once for chat, _ in bench.chats), default=0)
        if call.excinfo is not None:
            error = call.excinfo.value
            if isinstance(error, StartError):  # in a fixture
                error = self._did_not_start(case, error, None)
                call.when = "call"
            record.reason = str(error)
            if isinstance(error, Untested):
                record.status = "untested"
            elif isinstance(error, NotJudged):
                record.status = "skip"
            elif isinstance(error, Skipped):
                record.status = "error"
                record.reason = f"it left itself out, which only untested() may do: {error}"
            elif isinstance(error, Violation) and call.when == "call":
                record.status, record.blames, record.card = "fail", self._blames, self._card
            else:
                record.status = "error"
                record.reason = f"{type(error).__name__}: {error}"
        if record.status in ("skip", "fail", "error"):
            self.failed.setdefault(case.cites[0], record.reason)
        self.records.append(record)

    def pytest_report_teststatus(
        self, report: pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, str] | None:
        """Pytest's own letters and words only if they are asked for with -v."""
        if config.get_verbosity() > 0:
            return None
        return report.outcome if report.when == "call" or not report.passed else "", "", ""
