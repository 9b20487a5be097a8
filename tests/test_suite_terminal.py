"""The summary of a grade in the terminal: what each part of it says, and what it leaves out."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from conformance.results import Record, Result
from conformance.terminal import NAMED, show_summary
from tests.graded import SPEC, failure, record, result

LEVELS = {"HELLO-1", "HELLO-2", "NICK-1", "SAY-1", "SAY-2"}
ROOMS = {"ROOM-1", "ROOM-2"}
NO_ROOM = "parley.toml has no option rooms"


def said(graded: Result) -> list[str]:
    """The lines about one server."""
    file = io.StringIO()
    show_summary(Console(file=file, width=120), graded, None)
    return [line.strip() for line in file.getvalue().splitlines()]


def untested(name: str, reason: str) -> Record:
    return record(name, status="untested", reason=reason)


def test_server_that_passes_has_its_level_and_points_of_the_core() -> None:
    assert said(result()) == [
        "mine: pass, level 2  (7 passed; core 7 of 7 points; 1.5 s)",
        "rooms: pass (3 of 3 points)",
    ]


def test_what_is_not_offered_is_neither_counted_nor_explained() -> None:
    absent = [untested(name, "the server does not offer rooms") for name in sorted(ROOMS)]
    assert said(result(*absent, capabilities=[], offers=set())) == [
        "mine: pass, level 2  (5 passed; 7 of 7 points; 1.5 s)",
        "rooms: not offered",
    ]


def test_each_reason_is_told_once_with_what_it_concerns() -> None:
    lines = said(
        result(
            untested("HELLO-2", "unknown: it tells nobody"),
            untested("NICK-1", NO_ROOM),
            untested("ROOM-2", NO_ROOM),
        )
    )
    assert lines[0].startswith("mine: pass, level 2  (4 passed, 3 untested; ")
    assert lines[2:] == [
        "untested: HELLO-2: it tells nobody",
        f"untested: NICK-1, ROOM-2: {NO_ROOM}",
    ]


def test_what_is_not_judged_says_what_stood_in_the_way() -> None:
    """Something that it builds on; a test that it shares; the end of the grade."""
    skipped = record("SAY-1", status="skip", reason="not judged: it builds on NICK-1, which …")
    shared = record("ROOM-1", "ROOM-2", status="fail", reason="it differs")
    shared.blames = ("ROOM-1",)
    whole = result(failure("NICK-1"), skipped, shared)
    assert said(whole)[-2:] == [
        "not judged: SAY-1: it builds on NICK-1, which …",
        "not judged: ROOM-2: a test that it shares with ROOM-1 failed",
    ]
    ended = result(records=[record("HELLO-1"), failure("HELLO-2")], selected={"HELLO-1", "NICK-1"})
    assert said(ended)[-1] == "not judged: NICK-1: the grade ended before it"


def test_crowd_of_requirements_is_named_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = result(records=[record("HELLO-1")])
    assert "not judged: HELLO-2, NICK-1, SAY-1, SAY-2, ROOM-1, ROOM-2: " in said(ended)[-1]
    assert len(SPEC.requirements) <= NAMED
    monkeypatch.setattr("conformance.terminal.NAMED", 2)
    assert "not judged: HELLO-2, NICK-1 and 4 more: " in said(ended)[-1]


def test_reason_of_a_strange_test_cannot_move_the_cursor() -> None:
    assert said(result(untested("SAY-2", "unknown: \x1b[2J")))[-1] == r"untested: SAY-2: \x1b[2J"


def test_failure_of_an_extension_alone_is_told_from_one_of_the_core() -> None:
    lines = said(result(failure("ROOM-1")))
    assert lines[0] == (
        "mine: fail in an extension (rooms), level 2  "
        "(6 passed, 1 failed; core 7 of 7 points; 1.5 s)"
    )
    assert "rooms: fail (1 of 3 points)" in lines
    both = said(result(failure("ROOM-1"), failure("SAY-1")))[0]
    assert both.startswith("mine: fail, level 1  (5 passed, 2 failed; core 5 of 7 points;")


@pytest.mark.parametrize(
    ("of", "records", "shown"),
    [
        ({"SAY-1"}, [], "all that was selected passes  (1 passed; 2 of 2 points; 1.5 s)"),
        (ROOMS, [], "all that was selected passes  (2 passed; 1.5 s)"),
        (
            {"SAY-1", "HELLO-2"},
            [failure("HELLO-2")],
            "no MUST that was selected fails  (1 passed, 1 failed; 2 of 3 points; 1.5 s)",
        ),
        (
            {"SAY-1", "HELLO-2"},
            [untested("HELLO-2", NO_ROOM)],
            "no MUST that was selected fails  (1 passed, 1 untested; 2 of 3 points; 1.5 s)",
        ),
        ({"SAY-1"}, [failure("SAY-1")], "fail  (1 failed; 0 of 2 points; 1.5 s)"),
    ],
)
def test_selection_by_name_reaches_no_level_and_says_what_it_shows(
    of: set[str], records: list[Record], shown: str
) -> None:
    picked = result(*records, selected=of, selection=True, by_name=True)
    assert said(picked)[0] == f"mine: {shown}"


def test_selection_of_levels_says_which_was_reached() -> None:
    some = result(selected=LEVELS - {"SAY-1", "SAY-2"}, selection=True)
    assert said(some) == ["mine: level 1 reached  (3 passed; 5 of 5 points; 1.5 s)"]
    failed = result(failure("NICK-1"), selected=LEVELS, selection=True)
    assert said(failed)[0].startswith("mine: fail, level 0  (4 passed, 1 failed; 5 of 7 points;")
