"""Which tests a grade runs, in which order, and what each of them builds on.

The order is that in which one builds a server. `Selection` is a plugin for pytest; what it has
found is there when collecting is over, and does not change any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from .coverage import (
    Case,
    CoverageError,
    counts,
    expect_complete,
    expect_tests_in,
    read_case,
    selected,
)
from .lines import escape
from .spec import BEYOND, Spec

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


class Selection:
    """The plugin: collects all tests, holds them to the spec, and picks what was asked for."""

    def __init__(
        self,
        spec: Spec,
        only: Sequence[str] = (),
        level: int | None = None,
        own_tests: Sequence[Path] = (),
    ) -> None:
        self.spec = spec
        self.only = only
        self.level = level
        self.own_tests = own_tests
        self.cases: dict[str, Case] = {}  # by the id of the test, in the order of the run
        self.requirements: set[str] = set()  # that the run is about
        self.error = ""  # why there can be no grade: never a fault of the server

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        chosen = []
        try:
            if not self.error:
                chosen = self._choose(config, items)
        except CoverageError as error:
            self.error = str(error)  # and nothing is run
        config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
        items[:] = chosen

    def _choose(self, config: pytest.Config, items: list[pytest.Item]) -> list[pytest.Item]:
        """The tests that were asked for, in the order of building. Raises CoverageError."""
        cases = [read_case(item, self.spec) for item in items]
        if not config.option.keyword and not config.option.markexpr:
            expect_tests_in(self.own_tests, cases)
            expect_complete(cases, self.spec)
        order = {name: number for number, name in enumerate(self.spec.requirements)}
        foundations = {name for names in FOUNDATIONS.values() for name in names}
        cases.sort(
            key=lambda case: (
                case.level,
                case.is_session,  # an example is played when its rules have been tested one by one
                not foundations & set(case.cites),
                max(order[name] for name in case.cites),
            )
        )
        chosen = [case for case in cases if self._is_chosen(case)]
        self.requirements = selected(self.spec, chosen, self.only, self.level)
        self.cases = {case.item.nodeid: case for case in chosen}
        return [case.item for case in chosen]

    def _is_chosen(self, case: Case) -> bool:
        wanted = any(counts(self.spec.requirements[name], self.only) for name in case.cites)
        return wanted and (self.level is None or case.level <= self.level)

    def pytest_exception_interact(
        self, node: pytest.Item | pytest.Collector, call: pytest.CallInfo[None]
    ) -> None:
        """A file of tests that cannot be read ends the grade."""
        if isinstance(node, pytest.Collector) and call.excinfo is not None:
            error = call.excinfo.value.__cause__ or call.excinfo.value
            self.error = f"{node.path}: {type(error).__name__}: {escape(str(error))}"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """So does one that skips itself: what it was to prove would go unproved in silence."""
        if report.skipped:
            self.error = f"{report.nodeid} leaves itself out"

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that takes a `session` is run once for each session of the spec."""
        if "session" in metafunc.fixturenames:
            sessions = self.spec.sessions
            metafunc.parametrize("session", sessions, ids=[session.name for session in sessions])


def prerequisites(case: Case, spec: Spec) -> Iterator[str]:
    """The requirements without which a test proves nothing about its own."""
    foundations = [name for names in FOUNDATIONS.values() for name in names]
    reach = case.level if case.level < BEYOND else EXTENSIONS_BUILD_ON
    for name in foundations:
        if spec.requirements[name].level > reach or name == case.cites[0]:
            break
        yield name
    head = f"{case.cites[0].rpartition('-')[0]}-1"
    if head in FAMILY_HEADS and head not in case.cites:
        yield head
    for mark in case.item.iter_markers("needs"):
        yield from mark.args
