"""The plugin for pytest that makes a grade out of tests.

The plugin reads which requirements each test cites, selects and orders the tests as one builds a
server, hands them servers and clients, skips what cannot be judged because something earlier
failed, and keeps a record of what each did. No file of the target is read by pytest, and nothing of
the target is on sys.path.
"""

from __future__ import annotations

import contextlib
import os
import re
import ssl
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

import pytest

from .bench import UNTESTED, Bench, untested
from .card import make_card
from .chat import Chat
from .peer import Violation
from .process import ServerProcess, StartError
from .results import Record
from .servers import TIDY_PATIENCE, Served, Servers
from .spec import BEYOND, Requirement, Spec
from .target import Bound, Target

#: What the tests of a level, and of all later ones, build on. If one of these fails, they are
#: skipped with that as the reason, instead of failing for it again and again.
FOUNDATIONS = {
    0: ("HELLO-1", "PING-1"),
    1: ("NICK-1",),
    2: ("SAY-1", "SAY-2"),
    5: ("LOCK-1", "LOCK-4"),
}
#: The level whose foundations, and those below it, extensions need.
EXTENSIONS_BUILD_ON = 4
#: Requirements without which the others with the same letters cannot hold either.
FAMILY_HEADS = {"JOINED-1", "WHO-1", "QUIT-1", "STOP-1", "FILE-1", "ACCT-1"}
#: Requirements that fail by silence before a grade ends: the rest is skipped.
HANGS = 2

_CITES = re.compile(r"([A-Z]+-\d+(?:, [A-Z]+-\d+)*): \S")


#: Seconds that a card waits for a server to end that has closed a connection: it may be crashing.
CRASH_TIME = 0.5


@dataclass
class Options:
    """What the command line says about every grade."""

    level: int | None = None  # grade up to this level; None: all levels and the extensions
    only: Sequence[str] = ()
    seed: int = 0
    start_timeout: float = 10.0
    answer_timeout: float = 5.0
    tls: ssl.SSLContext | None = None  # with which clients connect; None: without TLS
    always: dict[str, Bound] = field(default_factory=dict)  # options of every server's start
    pytest_arguments: Sequence[str] = ()
    again: Sequence[str] = ()  # the command line that repeats this grade
    progress: Callable[[str], None] | None = None  # is told, test by test, how far the grade is


@dataclass
class Case:
    """A collected test and what it is about."""

    item: pytest.Item
    cites: tuple[str, ...]
    level: int

    @property
    def is_session(self) -> bool:
        """Whether it plays an example of the spec."""
        return "session" in getattr(self.item, "fixturenames", ())


class Grader:
    """The plugin: one grade of one target."""

    def __init__(self, target: Target, spec: Spec, options: Options) -> None:
        self.spec = spec
        self.options = options
        self.servers = Servers(
            target, options.start_timeout, options.answer_timeout, options.tls, options.always
        )
        self.cases: dict[str, Case] = {}
        self.records: list[Record] = []
        self.selected: set[str] = set()
        self.capabilities: list[str] = []
        self.failed: dict[str, str] = {}  # requirements known not to hold, and why
        self.hanging: set[str] = set()  # requirements that cost a whole patience
        self.error = ""
        self._card: dict[str, Any] = {}
        self._blames: tuple[str, ...] = ()

    # Collecting

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        cases = [self._case(item) for item in items]
        cited = {name for case in cases for name in case.cites}
        whole = not config.option.keyword and not config.option.markexpr
        if whole and (untouched := [name for name in self.spec.requirements if name not in cited]):
            self._stop(f"no test cites {', '.join(untouched)}")
        order = list(self.spec.requirements)
        foundations = {name for names in FOUNDATIONS.values() for name in names}
        cases.sort(
            key=lambda case: (
                case.level,
                case.is_session,  # an example is played when its rules have been tested one by one
                not foundations & set(case.cites),
                max(order.index(name) for name in case.cites),
            )
        )
        chosen = [case for case in cases if self._is_selected(case)]
        config.hook.pytest_deselected(items=[case.item for case in cases if case not in chosen])
        items[:] = [case.item for case in chosen]
        self.cases = {case.item.nodeid: case for case in chosen}
        self.selected = {name for case in chosen for name in case.cites if self._counts(name)}

    def _case(self, item: pytest.Item) -> Case:
        """What a test says that it is about: its docstring begins with the ids that it cites."""
        callspec = getattr(item, "callspec", None)
        if callspec and "session" in callspec.params:
            cites = callspec.params["session"].cites
        else:
            doc = getattr(item, "function", item).__doc__ or ""
            match = _CITES.match(doc)
            if not match:
                self._stop(f"{item.nodeid}: the docstring does not begin with `ID: clause`")
            cites = tuple(match[1].split(", "))
        if unknown := [name for name in cites if name not in self.spec.requirements]:
            self._stop(f"{item.nodeid} cites {', '.join(unknown)}, unknown to the spec")
        return Case(item, cites, max(self.spec.requirements[name].level for name in cites))

    def _stop(self, why: str) -> NoReturn:
        """Something is wrong with the suite or the selection, not with a server: no grade."""
        self.error = why
        raise pytest.UsageError(why)

    def _is_selected(self, case: Case) -> bool:
        if self.options.only and not any(map(self._counts, case.cites)):
            return False
        return self.options.level is None or case.level <= self.options.level

    def _counts(self, name: str) -> bool:
        """Whether a requirement is asked for: by its id, or by the name of its extension."""
        only = self.options.only
        return not only or name in only or self.spec.requirements[name].capability in only

    # Running

    @pytest.fixture
    def bench(self, request: pytest.FixtureRequest) -> Iterator[Bench]:
        case = self.cases[request.node.nodeid]
        number = list(self.cases).index(request.node.nodeid)
        suffix = f"{number:x}" if not self.servers.target.address else f"{number:x}{os.getpid():x}"
        bench = Bench(self.servers, case.level, suffix, self.options.seed, request.node.name)
        yield bench
        bench.finish(spoiled=bool(getattr(request.node, "spoiled", False)))

    @pytest.fixture
    def chat(self, bench: Bench) -> Chat:
        return bench.chat()

    @pytest.fixture
    def new_chat(self, bench: Bench) -> Chat:
        return bench.chat(bench.start())

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        self._card, self._blames = {}, ()
        case = self.cases[item.nodeid]
        if self.options.progress:
            done = f"{len(self.records)} of {len(self.cases)} tests"
            self.options.progress(f"level {case.level}, {case.cites[0]} ({done})")
        if len(self.hanging) >= HANGS:
            hanging = " and ".join(sorted(self.hanging))
            pytest.skip(f"not judged: nothing came for {hanging}, and the grade ends there")
        if case.cites[0] in self.hanging:
            pytest.skip(f"{case.cites[0]} has failed already, by silence")
        offered = {self.spec.requirements[name].capability for name in case.cites} - {None}
        if offered - self.offers:
            untested(f"the server does not offer {', '.join(sorted(map(str, offered)))}")
        for name in self._prerequisites(case, item):
            if name in self.failed:
                pytest.skip(f"not judged: it builds on {name}, which does not hold")

    def _prerequisites(self, case: Case, item: pytest.Item) -> Iterator[str]:
        foundations = [name for names in FOUNDATIONS.values() for name in names]
        reach = case.level if case.level < BEYOND else EXTENSIONS_BUILD_ON
        for name in foundations:
            if self.spec.requirements[name].level > reach or name in case.cites:
                break
            yield name
        head = f"{case.cites[0].split('-')[0]}-1"
        if head in FAMILY_HEADS and head not in case.cites:
            yield head
        for mark in item.iter_markers("needs"):
            yield from mark.args

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> Generator[None, object, object]:
        """Every test ends with a check that nothing came which it did not look at."""
        bench: Bench | None = pyfuncitem.funcargs.get("bench")  # type: ignore[assignment]
        case = self.cases[pyfuncitem.nodeid]
        try:
            result = yield
        except Violation as violation:
            self._fail(case, violation, bench)
            raise
        except StartError as error:
            rule = "START-1" if error.process.is_plain else None
            failure = Violation(f"the server did not start: {error}", requirement=rule)
            self._fail(case, failure, bench, error.process)
            raise failure from None
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
        return {*self.capabilities, *tls}

    def note_capabilities(self) -> None:
        """Asks a server for its greeting, to know which extensions to test."""
        server = self.servers.shared()
        chat = self.servers.chat(server, TIDY_PATIENCE, "greeting", BEYOND)
        with contextlib.suppress(Violation):  # the tests will tell
            self.capabilities = chat.greeted(chat.connect("probe"))["capabilities"].split()
        chat.close(TIDY_PATIENCE)

    def _fail(
        self, case: Case, violation: Violation, bench: Bench | None, server: Served | None = None
    ) -> None:
        """Makes the card while the server is still there to be asked."""
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
        if violation.also in self.spec.requirements:
            self._blames = tuple(dict.fromkeys((blamed, violation.also)))
        requirement: Requirement = self.spec.requirements[blamed]
        again = [*self.options.again, "--only", case.cites[0]]
        self._card = make_card(requirement, violation, chat, server, again)
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

    def _keep(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """Records what a test did; a trouble after the test is an error of the suite."""
        case = self.cases[item.nodeid]
        record = Record(item.name, case.cites, case.level, "pass", round(call.duration, 4))
        if call.excinfo is not None:
            error = call.excinfo.value
            record.reason = str(error)
            if record.reason.startswith(UNTESTED):
                record.status = "untested"
            elif isinstance(error, pytest.skip.Exception):
                record.status = "skip"
            elif isinstance(error, Violation) and call.when == "call":
                record.status, record.blames, record.card = "fail", self._blames, self._card
            else:
                record.status = "error"
                record.reason = f"{type(error).__name__}: {error}"
        if record.status in ("skip", "fail", "error"):
            self.failed.setdefault(case.cites[0], record.reason)
        self.records.append(record)

    # Parameters

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that takes a `session` is run once for each session of the spec."""
        if "session" in metafunc.fixturenames:
            sessions = self.spec.sessions
            metafunc.parametrize("session", sessions, ids=[session.name for session in sessions])

    def pytest_report_teststatus(
        self, report: pytest.TestReport, config: pytest.Config
    ) -> tuple[str, str, str] | None:
        """Pytest's own letters and words only if they are asked for with -v."""
        if config.get_verbosity() > 0:
            return None
        return report.outcome if report.when == "call" or not report.passed else "", "", ""
