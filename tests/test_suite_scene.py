"""The scene of a failure: which part of a session a card shows, and which line it marks."""

from __future__ import annotations

import pytest

from conformance.card import make_card
from conformance.compare import BRIEF
from conformance.peer import Entry
from conformance.scene import CROWD, ROW, SESSION_LINES
from conformance.violation import Violation
from tests.scripted import scripted
from tests.test_suite_card import AGAIN, SAY_3, card_of


def crowd(labels: int, lines: int = 1) -> tuple[list[Entry], Violation]:
    """A session of so many clients; the last one is concerned."""
    names = [f"c{number}" for number in range(1, labels + 1)]
    log = [Entry(name, ">", f"SAY {line}") for line in range(lines) for name in names]
    with scripted({}, names[-1:]) as (chat, _):
        return log, Violation("", client=chat.connect(names[-1]))


def test_small_session_is_shown_whole() -> None:
    log, violation = crowd(CROWD)
    whole = [f"c{number}> SAY 0" for number in range(1, CROWD + 1)]
    assert card_of(violation, log)["session"] == whole


def test_crowd_is_abbreviated_and_says_so() -> None:
    """All of the client concerned; of the others what they did, not what they received."""
    log, violation = crowd(10)
    log += [Entry(f"c{number}", "<", "MSG lobby 1 c1 0") for number in range(2, 11)]
    assert card_of(violation, log)["session"] == [
        "… 10 clients: all of c10, and what the others sent",
        *(f"c{number}> SAY 0" for number in range(1, 11)),
        "c10< MSG lobby 1 c1 0",
    ]


def test_long_session_shows_its_end_and_says_so() -> None:
    log, violation = crowd(2, lines=100)
    session = card_of(violation, log)["session"]
    assert session[0] == f"… {200 - SESSION_LINES} earlier lines"
    assert session[-1] == "c2> SAY 99"
    assert len(session) == SESSION_LINES + 1


def test_what_explains_everything_is_shown_however_long_ago() -> None:
    """A client that has stopped reading, in front of a thousand messages."""
    log, violation = crowd(2, lines=100)
    log.insert(7, Entry("carol", ">", "(reads no more)"))
    assert card_of(violation, log)["session"][1] == "carol> (reads no more)"


def test_line_that_is_wrong_is_shown_however_much_came_behind_it() -> None:
    """With its mark, and with what led there."""
    log, violation = crowd(2, lines=50)
    log[40] = Entry("c2", "<", "OK SAY 8")
    violation.expected, violation.got = "OK SAY 7", "OK SAY 8"
    card = card_of(violation, log)
    assert card["session"][card["mark"]["line"]] == "c2< OK SAY 8"
    assert card["mark"]["column"] == len("c2< OK SAY ")
    assert card["session"][-1] == f"… {100 - 41 - 6} later lines"


@pytest.mark.parametrize(
    ("line", "alike"),
    [("MSG lobby {} a x", "like it, each with the next number"), ("x", "of the same")],
)
def test_row_of_lines_is_shown_by_its_ends(line: str, alike: str) -> None:
    log = [Entry("bob", "<", line.format(number)) for number in range(95, 105)]
    assert card_of(Violation(""), log)["session"] == [
        f"bob< {line.format(95)}",
        f"… 8 more {alike}",
        f"bob< {line.format(104)}",
    ]


def test_few_lines_are_no_row() -> None:
    log = [Entry("bob", "<", "x")] * ROW
    assert card_of(Violation(""), log)["session"] == ["bob< x"] * ROW


@pytest.mark.parametrize(
    "wrong",
    [
        Entry("bob", "<", "MSG lobby 49 a x"),
        Entry("bob", "<", "MSG lobby 51 a x"),
        Entry("bob", "<", "MSG lobby 050 a x"),
        Entry("bob", "<", "MSG lobby 50 b x"),
        Entry("eve", "<", "MSG lobby 50 a x"),
        Entry("bob", ">", "MSG lobby 50 a x"),
        Entry("bob", "<", "MSG lobby " + "9" * 5000 + " a x"),
    ],
)
def test_line_that_is_lost_or_doubled_or_different_hides_in_no_row(wrong: Entry) -> None:
    log = [Entry("bob", "<", f"MSG lobby {number} a x") for number in range(100)]
    log[50] = wrong
    session = card_of(Violation(""), log)["session"]
    assert any(line.startswith(f"{wrong.client}{wrong.direction} {wrong.text[:20]}")
               for line in session[3:])  # fmt: skip
    assert "bob< MSG lobby 49 a x" in session
    assert "bob< MSG lobby 51 a x" in session


def test_line_that_is_marked_stands_in_no_row() -> None:
    log, violation = crowd(1)
    log += [Entry("c1", "<", f"OK SAY {number}") for number in range(20)]
    violation.expected, violation.got = "OK SAY 9", "OK SAY 10"
    card = card_of(violation, log)
    assert card["session"][card["mark"]["line"]] == "c1< OK SAY 10"


def test_lines_in_rows_count_as_lines() -> None:
    """What is said to come earlier or later, comes in lines of the session."""
    log, violation = crowd(2, lines=100)
    log[:0] = [Entry("c1", "<", "x")] * 50
    assert card_of(violation, log)["session"][0] == f"… {250 - SESSION_LINES} earlier lines"


def test_long_line_is_shown_with_its_two_ends_and_length() -> None:
    line = "<" + "-" * 3000 + ">"
    (shown,) = card_of(Violation(""), [Entry("alice", ">", line)])["session"]
    assert len(shown) < BRIEF
    assert shown.startswith("alice> <--")
    assert shown.endswith("--> (3002 characters)")


def test_missing_event_is_marked_at_the_fence_that_proves_it() -> None:
    """There it had to have come; what came later does not move the mark."""
    with scripted({"alice> SAY x": ["alice< OK SAY 1"]}) as (chat, _):
        alice, bob = chat.connects("alice", "bob")
        alice.says("x")
        with pytest.raises(Violation) as caught:
            bob.receives("MSG lobby 1 alice_t x")
        card = make_card(SAY_3, caught.value, chat, None, AGAIN)
    assert card["session"][card["mark"]["line"]] == "bob< PONG fence-1"
    assert card["notes"][0].startswith("fence-N is a PING of the suite")


def test_missing_line_is_marked_at_the_end_of_the_stream_if_that_proves_it() -> None:
    """A fence of long ago proves nothing about what was said later."""
    log, violation = crowd(1)
    came = ["PONG fence-1", "MSG lobby 1 alice x", "(end of stream)"]
    log += [Entry("c1", "<", text) for text in came]
    violation.expected, violation.got = "MSG lobby 2 alice y", "(nothing)"
    card = card_of(violation, log)
    assert card["session"][card["mark"]["line"]] == "c1< (end of stream)"


def test_line_without_an_end_is_marked_where_the_end_is_missing() -> None:
    with scripted({"alice> PING x": b"PONG x"}, patience=0.2, answers_ping=False) as (chat, _):
        with pytest.raises(Violation) as caught:
            chat.connect("alice").does("PING x")
        card = make_card(SAY_3, caught.value, chat, None, AGAIN)
    assert caught.value.requirement == "LINE-1"
    assert card["mark"] == {
        "line": len(card["session"]) - 1,
        "column": len("alice< PONG x"),
        "words": "here the end of the line is missing",
    }
    assert card["why"] == "no line end (LF) came within 0.2 s"


@pytest.mark.parametrize(
    ("octets", "at", "note"),
    [
        (b"PONG x\0", 6, r"\x00 is NUL"),
        (b"PONG\tx", 4, r"\t is a tab"),
        (b"PONG x\r\r", 6, r"\r is CR"),
        (b"PONG \xe9", 5, r"\xe9 is an octet that is no UTF-8"),
        (b"PONG \x1b[1mx", 5, r"\x1b is ESC"),
    ],
)
def test_octet_that_no_line_may_have_is_marked_and_named(octets: bytes, at: int, note: str) -> None:
    with scripted({"alice> PING x": octets + b"\n"}) as (chat, _):
        with pytest.raises(Violation) as caught:
            chat.connect("alice").does("PING x")
        card = make_card(SAY_3, caught.value, chat, None, AGAIN)
    assert card["mark"]["column"] == len("alice< ") + at
    assert card["notes"][0].startswith(note)
    assert card["difference"].startswith("this is ")
