"""Tests that begin before their turn: `begins` of conformance/bench.py, as grade.py serves it."""

from __future__ import annotations

from pathlib import Path

from .test_grades import grade

CLAUSES = """\
**X-EARLY-1** · level 5 · MUST:
The first of the level is answered.

**X-EARLY-2** · level 5 · MUST:
So is the one that has begun before.

**X-EARLY-3** · level 5 · MUST:
What went wrong early is told late.

**X-EARLY-4** · level 5 · MUST:
Who has begun may be left out.
"""
TESTS = '''\
from conformance.api import Bench, Chat, Violation, needs
from conformance.bench import begins

BEGAN = []


def _answered(bench: Bench) -> Chat:
    BEGAN.append("answered")
    chat = bench.chat(bench.start())
    chat.connect("alice").sends("PING early")
    return chat


def _fails(bench: Bench) -> None:
    BEGAN.append("fails")
    chat = bench.chat(bench.start())
    chat.connect("bob").does("PING early", "PONG late")


def test_the_first_of_its_level(chat: Chat) -> None:
    """X-EARLY-1: all that begin early have begun."""
    if BEGAN != ["answered", "fails", "answered"]:
        raise Violation("these had begun", got=str(BEGAN))
    chat.connect("alice").does("PING x")


@begins(_answered)
def test_one_that_has_begun(bench: Bench) -> None:
    """X-EARLY-2: it goes on with what it has begun."""
    (alice,) = bench.begun().clients
    alice.check(alice.answer().final, "PONG early")


@begins(_fails)
def test_one_that_went_wrong(bench: Bench) -> None:
    """X-EARLY-3: in its turn."""
    bench.begun()


@begins(_answered)
@needs("X-EARLY-3")
def test_one_that_is_left_out(bench: Bench) -> None:
    """X-EARLY-4: and its server is ended all the same."""
    bench.begun()
'''


def test_begun_before_its_turn_and_told_in_its_turn(tmp_path: Path) -> None:
    """A failure of the beginning is the failure of its own test, with its own card."""
    (tmp_path / "extra.md").write_text(CLAUSES)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_early.py").write_text(TESTS)
    added = ["--spec", str(tmp_path / "extra.md"), "--tests", str(tmp_path / "tests")]
    only = [word for number in "1234" for word in ("--only", f"X-EARLY-{number}")]
    found = grade(tmp_path / "r", "impl_poll", *added, *only)
    tests = {each["name"]: each["status"] for each in found.results["tests"]}
    assert tests == {
        "test_the_first_of_its_level": "pass",
        "test_one_that_has_begun": "pass",
        "test_one_that_went_wrong": "fail",
        "test_one_that_is_left_out": "skip",
    }, found.output
    (card,) = (each["card"] for each in found.results["tests"] if each["status"] == "fail")
    assert (card["requirement"], card["got"]) == ("X-EARLY-3", "PONG early")
