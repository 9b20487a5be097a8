"""Why a requirement has not simply passed, in one line: the same for the terminal and all reports.

No state. The tests come as the suite has recorded them, or as a report has read them back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Tested(Protocol):
    """What one test did, as far as it explains a status."""

    @property
    def cites(self) -> tuple[str, ...]: ...
    @property
    def status(self) -> str: ...
    @property
    def reason(self) -> str: ...
    @property
    def blames(self) -> tuple[str, ...]: ...


def reason_for(requirement: str, status: str, tests: Sequence[Tested]) -> str:
    """Why a requirement that no test refutes has this status (skip, untested or error)."""
    mine = [test for test in tests if requirement in test.cites and test.reason]
    mine.sort(key=lambda test: test.status != status)
    if not mine:
        if status == "untested":
            return "only a test of a later level was chosen"
        return "not judged: the grade ended before it"
    if status == "skip" and mine[0].status == "fail":
        return f"not judged: a test that it shares with {', '.join(mine[0].blames)} failed"
    return mine[0].reason
