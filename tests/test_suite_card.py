"""What a student is shown of a failure: conformance/card.py. Data first, then text."""

from __future__ import annotations

import dataclasses
import json
import shlex
import unicodedata
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.card import LINE_WIDTH, SESSION_LINES, make_card, text_of
from conformance.chat import Chat
from conformance.hints import HINTS
from conformance.lines import escape
from conformance.peer import Entry, Violation
from conformance.process import ServerProcess, StartError
from conformance.spec import Requirement, read_spec
from conformance.target import Target
from tests.scripted import scripted

SAY_3 = read_spec().requirements["SAY-3"]
AGAIN = ["python", "-m", "conformance", "my server", "--only", "SAY-3"]


@dataclasses.dataclass
class Stub:
    """A server that printed this and has ended."""

    stderr: deque[str]
    host: str = "127.0.0.1"
    port: int = 1
    stdout: deque[str] = dataclasses.field(default_factory=deque)

    def state(self) -> str:
        return "exited with status 3"


def card_of(
    violation: Violation,
    log: list[Entry] | None = None,
    requirement: Requirement = SAY_3,
    stderr: list[str] | None = None,
) -> dict[str, Any]:
    """A card for a session that was had elsewhere."""
    chat = Chat(("127.0.0.1", 1), 1.0, "t", 6)
    chat.log = log or []
    served = None if stderr is None else Stub(deque(stderr))
    card = make_card(requirement, violation, chat, served, AGAIN)
    chat.abandon()
    return card


def cells_of(line: str) -> list[str]:
    """What stands in each cell of a terminal: wide characters take two, marks that combine none."""
    cells = []
    for character in line:
        if not unicodedata.combining(character):
            cells += [character] * (2 if unicodedata.east_asian_width(character) in "WF" else 1)
    return cells


def caret_of(expected: str, got: str) -> tuple[str, str] | None:
    """The characters of the two lines above the caret; None if there is none."""
    lines = text_of(card_of(Violation("", expected=expected, got=got))).splitlines()
    caret = next((line.index("^") for line in lines if line.strip().startswith("^ differs")), None)
    if caret is None:
        return None
    one, other = (
        cells_of(next(line for line in lines if line.startswith(f"  {word}")) + " " * 9)
        for word in ("expected", "got")
    )
    return one[caret], other[caret]


def test_card_of_a_real_failure_has_every_part() -> None:
    """Requirement and sentence, session, difference, server, hint, and how to see it again."""
    script = {"alice> SAY two  spaces": b"MSG lobby 1 bob_t two spaces\nOK SAY 2\n"}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        alice.says("two  spaces")
        with pytest.raises(Violation) as caught:
            alice.receives("MSG lobby 1 bob_t two  spaces")
        card = make_card(SAY_3, caught.value, chat, Stub(deque(["boom", "at line 3"])), AGAIN)
    assert json.loads(json.dumps(card)) == card
    lines = text_of(card).splitlines()
    assert lines[0] == "SAY-3 · level 2 · MUST"
    assert " ".join(" ".join(lines[1:4]).split()).startswith(SAY_3.text)
    assert lines[lines.index("  alice> SAY two  spaces") + 1].startswith("  alice< MSG lobby 1")
    at = lines.index("  expected   alice< MSG lobby 1 bob_t two  spaces")
    assert lines[at + 1] == "  got        alice< MSG lobby 1 bob_t two spaces"
    assert lines[at + 2].index("^") == lines[at].index("  spaces") + 1
    assert lines[at + 3 : at + 6] == [
        "  server     exited with status 3",
        "  stderr     | boom",
        "             | at line 3",
    ]
    assert HINTS["SAY-3"].split()[0] in lines[at + 6]
    assert lines[at + 6].startswith("  hint       ")
    assert lines[-1] == "  again      python -m conformance 'my server' --only SAY-3"


@pytest.mark.parametrize(
    ("expected", "got", "above"),
    [
        ("OK SAY 1", "OK SAY 2", ("1", "2")),
        ("OK SAY 1", "OK SAY 12", (" ", "2")),
        ("OK SAY 12", "OK SAY 1", ("2", " ")),
        ("MSG lobby 1 a é\\x", "MSG lobby 1 a é\\y", ("x", "y")),
        ("MSG lobby 1 a \u202ex", "MSG lobby 1 a \u202ey", ("x", "y")),
        ("MSG lobby 1 a 日本x", "MSG lobby 1 a 日本y", ("x", "y")),
        ("MSG lobby 1 a 日本x", "MSG lobby 1 a 日月x", ("本", "月")),
        ("MSG lobby 1 a 😀x", "MSG lobby 1 a 😀y", ("x", "y")),
        ("MSG lobby 1 a e\u0301x", "MSG lobby 1 a e\u0301y", ("x", "y")),
        ("OK SAY 1", "OK SAY 1", None),
        ("OK SAY 1", "ERR bad-args SAY x", None),
        ("(nothing)", "(end of stream)", None),
    ],
)
def test_caret_stands_under_the_first_character_that_differs(
    expected: str, got: str, above: tuple[str, str] | None
) -> None:
    """None where the lines have no beginning in common, or are no lines."""
    assert caret_of(expected, got) == above


@pytest.mark.parametrize(
    "common",
    [LINE_WIDTH + more for more in (-70, -62, -61, -60, -59, -2, -1, 0, 10)],
)
def test_caret_of_a_long_line_stands_under_the_difference_or_nowhere(common: int) -> None:
    """Nowhere if the card leaves out that part of either line."""
    one, other = "=" * common + "b", "=" * common + "c"
    tail = "=" * 200
    above = caret_of(one + tail, other + tail)
    assert above == (("b", "c") if common < LINE_WIDTH - 60 else None)
    assert caret_of(one, other + tail) == above
    assert caret_of(one + tail, other) == above
    assert caret_of(one, other) == (("b", "c") if common < LINE_WIDTH else None)


def test_stderr_shows_its_last_lines() -> None:
    """The end is where a program says why it died."""
    text = text_of(card_of(Violation(""), stderr=[f"line {number}" for number in range(30)]))
    assert "  stderr     | line 22\n" in text
    assert "             | line 29\n" in text
    assert "line 21" not in text


def test_card_without_session_server_or_hint_has_no_empty_parts() -> None:
    """A server that did not start: there is no client and nothing to compare."""
    plain = Requirement("OWN-1", 0, "MAY", "A clause of a student.")
    card = make_card(plain, Violation("it did not start"), None, None, AGAIN)
    assert text_of(card).splitlines() == [
        "OWN-1 · level 0 · MAY",
        "  A clause of a student.",
        "",
        "  what       it did not start",
        "  again      python -m conformance 'my server' --only SAY-3",
    ]


def test_hints_belong_to_requirements_of_the_spec() -> None:
    assert HINTS.keys() <= read_spec().requirements.keys()
    assert all(hint and hint.isprintable() for hint in HINTS.values())


# A crowd


def crowd(labels: int, lines: int = 1) -> tuple[list[Entry], Violation]:
    """A session of so many clients; the last one is concerned."""
    names = [f"c{number}" for number in range(1, labels + 1)]
    log = [Entry(name, ">", f"SAY {line}") for line in range(lines) for name in names]
    with scripted({}, names[-1:]) as (chat, _):
        return log, Violation("", client=chat.connect(names[-1]))


def test_small_session_is_shown_whole() -> None:
    log, violation = crowd(5)
    assert card_of(violation, log)["session"] == [f"c{number}> SAY 0" for number in range(1, 6)]


def test_crowd_is_abbreviated_and_says_so() -> None:
    """The client concerned and two others, so that the card can be read."""
    log, violation = crowd(50)
    session = card_of(violation, log)["session"]
    assert session == [
        "… 47 of 50 clients are not shown",
        *("c1> SAY 0", "c2> SAY 0", "c50> SAY 0"),
    ]


def test_client_that_said_nothing_is_not_counted() -> None:
    """It could not even connect: of those in the session, two are shown."""
    log, violation = crowd(50)
    session = card_of(violation, [entry for entry in log if entry.client != "c50"])["session"]
    assert session == ["… 47 of 49 clients are not shown", "c1> SAY 0", "c2> SAY 0"]


def test_long_session_shows_its_end_and_says_so() -> None:
    log, violation = crowd(2, lines=100)
    session = card_of(violation, log)["session"]
    assert session[0] == f"… {200 - SESSION_LINES} earlier lines"
    assert session[-1] == "c2> SAY 99"
    assert len(session) == SESSION_LINES + 1


def test_long_line_is_shown_with_its_two_ends_and_length() -> None:
    line = "<" + "-" * 3000 + ">"
    (shown,) = card_of(Violation(""), [Entry("alice", ">", line)])["session"]
    assert len(shown) < LINE_WIDTH
    assert shown.startswith("alice> <--")
    assert shown.endswith("--> (3002 characters)")


# What a server sent must not do anything to a terminal


def test_no_control_character_of_a_server_gets_into_a_card() -> None:
    """Not through the session, nor through what was expected and got."""
    nasty = "\x1b]0;owned\x07\u202e\u2028\x9b\r\0"
    script = {"alice> SAY x": f"MSG lobby 1 bob {nasty}\n".encode()}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        alice.sends("SAY x")
        with pytest.raises(Violation) as caught:
            alice.answer()
        card = make_card(SAY_3, caught.value, chat, None, AGAIN)
    assert all(line.isprintable() for line in text_of(card).splitlines())
    assert "owned" in text_of(card)


@given(st.text(max_size=30), st.text(max_size=30))
@settings(deadline=None)
def test_whatever_was_expected_and_got_is_printable_in_a_card(expected: str, got: str) -> None:
    """A line that the grammar allows may still hold bidi controls (SAY-3)."""
    log = [Entry("alice", "<", escape(got))]
    text = text_of(card_of(Violation("why", expected=expected, got=got), log))
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize(
    "octets", [b"\x1b[2J", b"C:\\chat", b"\xff\\", b"\xc2\x85", b"BYE\xc2\xa0x"]
)
def test_what_was_got_reads_as_in_the_session(octets: bytes) -> None:
    r"""The octet 1B is \x1b in both places, not \\x1b in one of them."""
    with scripted({"alice> PING x": octets + b"\n"}) as (chat, _):
        with pytest.raises(Violation) as caught:
            chat.connect("alice").does("PING x")
        card = make_card(SAY_3, caught.value, chat, None, AGAIN)
    assert card["session"][-1] == f"alice< {card['got']}"


@pytest.mark.parametrize("part", ["why", "again"])
def test_no_control_character_of_a_submission_gets_into_a_card(part: str) -> None:
    """The name of its folder and the words of its command are a stranger's too."""
    nasty = "./\x1b]0;owned\x07"
    card = make_card(
        SAY_3,
        Violation(f"cannot run {nasty}" if part == "why" else "why"),
        None,
        None,
        [*AGAIN, nasty] if part == "again" else AGAIN,
    )
    assert "\x1b" not in text_of(card)
    assert all(line.isprintable() for line in text_of(card).splitlines())


def test_command_that_repeats_a_failure_can_be_copied() -> None:
    """A regular expression of -k, a path: what can be shown as it is has to stay as it is."""
    again = ["python", "-m", "conformance", "my server", "--command", r"./serve --motd 'a\b'"]
    card = make_card(SAY_3, Violation("why"), None, None, again)
    assert shlex.split(card["again"]) == again


def test_reason_that_was_made_safe_already_is_not_escaped_again() -> None:
    """grade.py: `the server did not start: …`, with the StartError's own words."""
    with pytest.raises(StartError) as caught:
        ServerProcess(Target("mine", command="./no-such\x1b {port}"))
    assert r"no-such\x1b" in str(caught.value)
    card = make_card(SAY_3, Violation(f"no start: {caught.value}"), None, None, AGAIN)
    assert r"no-such\x1b" in card["why"]
