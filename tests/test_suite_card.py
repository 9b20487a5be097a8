"""What a student is shown of a failure: conformance/card.py. Data first, then text."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
import unicodedata
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.card import OUTPUT_LINES, make_card, text_of
from conformance.chat import Chat
from conformance.compare import AFTER, BEFORE, HEAD, TAIL, WHOLE
from conformance.hints import HINTS, Facts
from conformance.lines import escape
from conformance.peer import Entry
from conformance.process import ServerProcess, StartError
from conformance.servers import HOST, Servers
from conformance.situations import SITUATIONS
from conformance.spec import Requirement, read_spec
from conformance.target import Target
from conformance.violation import Violation
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
    card = card_of(Violation("", expected=expected, got=got))
    lines = text_of(card, width=9999).splitlines()
    caret = next((line.index("^") for line in lines if line.strip().startswith("^ this")), None)
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
        server = Stub(deque(["boom", "at line 3"]), stdout=deque(["a line for its owner"]))
        test = "the text arrives as it was sent"
        card = make_card(SAY_3, caught.value, chat, server, AGAIN, test)
    assert json.loads(json.dumps(card)) == card
    lines = text_of(card).splitlines()
    assert lines[0] == "SAY-3 · level 2 · MUST"
    assert " ".join(" ".join(lines[1:4]).split()).startswith(SAY_3.text)
    assert lines[lines.index("  alice> SAY two  spaces") + 1].startswith("  alice< MSG lobby 1")
    marked = lines.index("  alice< MSG lobby 1 bob_t two spaces") + 1
    assert lines[marked] == " " * lines[marked - 1].index("spaces") + "^ the first wrong octet"
    at = lines.index("  expected   alice< MSG lobby 1 bob_t two  spaces")
    assert lines[at - 2] == "  test       the text arrives as it was sent"
    assert lines[at + 1] == "  got        alice< MSG lobby 1 bob_t two spaces"
    assert lines[at + 2].index("^") == lines[at].index("  spaces") + 1
    assert 'this is "s", and should be a space' in lines[at + 2] + lines[at + 3]
    below = lines.index("  server     exited with status 3") + 1
    assert lines[below : below + 3] == [
        "  stdout     | a line for its owner",
        "  stderr     | boom",
        "             | at line 3",
    ]
    assert lines[below + 3].startswith("  hint       Only the spaces differ.")
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
    [*range(HEAD - 3, HEAD + 3), HEAD + BEFORE, HEAD + BEFORE + 1, WHOLE, 900, 3799, 4000],
)
@pytest.mark.parametrize("behind", [0, 1, AFTER, TAIL, TAIL + AFTER, 2000])
def test_difference_of_long_lines_is_always_shown(common: int, behind: int) -> None:
    """Whatever else is left out: both lines from it on, and the caret under it."""
    one, other = "OK " + "=" * common + "b", "OK " + "=" * common + "c"
    assert caret_of(one + "-" * behind, other + "-" * behind) == ("b", "c")
    assert caret_of(one, other + "-" * behind) == ("b", "c")
    assert caret_of(one + "-" * behind, other) == ("b", "c")


@pytest.mark.parametrize("octets", [1, WHOLE, 4096, 20_000_000])
def test_no_part_of_a_card_grows_with_what_was_got(octets: int) -> None:
    """results.json is read by people and programs: a flood must not fill it."""
    violation = Violation("why", expected="OK QUIT", got="OK " + "x" * octets)
    card = card_of(violation, [Entry("alice", "<", "OK " + "x" * octets)])
    assert len(json.dumps(card)) < 4000
    assert len(card["got"]) <= WHOLE + 3
    assert octets <= WHOLE or f"({octets + 3} characters)" in card["got"]


def test_stderr_shows_its_last_lines() -> None:
    """The end is where a program says why it died."""
    text = text_of(card_of(Violation(""), stderr=[f"line {number}" for number in range(30)]))
    assert f"  stderr     | line {30 - OUTPUT_LINES}\n" in text
    assert "             | line 29\n" in text
    assert f"line {30 - OUTPUT_LINES - 1}\n" not in text


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


def test_options_that_a_test_asked_for_are_told_and_no_others() -> None:
    """Who does not know that the hold was 5 cannot know why the lock ended."""
    options = {"hold-count": "--hold {value} -q", "hash-cost": "--cost {value}"}
    target = Target("mine", command="sleep 60 {host} {port}", options=options)
    servers = Servers(target, 1.0, 1.0)
    try:
        tight = servers.launch(HOST, 0, {"hold-count": 5})
        plain = servers.launch(HOST, 0, {})
        cards = [make_card(SAY_3, Violation("why"), None, each, AGAIN) for each in (tight, plain)]
        assert "--cost" in tight.words
        assert "--cost" in plain.words
    finally:
        servers.close()
    assert [card["options"] for card in cards] == ["--hold 5 -q", ""]
    assert "  options    started with --hold 5 -q\n" in text_of(cards[0])
    assert "options" not in text_of(cards[1])


def test_command_of_a_server_that_did_not_start_is_told_whole() -> None:
    words = ["./my server", "--port", "0", "--hold", "5"]
    card = make_card(SAY_3, Violation("why"), None, None, AGAIN, unstarted=words)
    assert (shlex.split(card["command"]), card["options"]) == (words, "")
    assert "  command    './my server' --port 0 --hold 5\n" in text_of(card)


def test_hints_belong_to_requirements_of_the_spec() -> None:
    assert HINTS.keys() <= read_spec().requirements.keys()
    assert all(hint and hint.isprintable() for hint in HINTS.values())


def test_situations_are_made_of_what_is_known() -> None:
    """A misspelled fact, or a condition that always holds, would hide all hints behind it."""
    known = {field.name for field in dataclasses.fields(Facts)}
    for hint, patterns in SITUATIONS:
        assert hint.isprintable()
        assert patterns.keys() <= known
        assert not all(re.search(pattern, "") for pattern in patterns.values())


@pytest.mark.parametrize("stderr", [[], ["old"], ["old", "old"]])
def test_what_was_printed_before_the_test_makes_no_hint(stderr: list[str]) -> None:
    """A traceback of an earlier test stays in the card, but explains nothing."""
    trouble = "IndexError: list index out of range"
    chat = Chat(("127.0.0.1", 1), 1.0, "t", 6)
    chat.stderr_before = [*stderr, trouble]
    for later, hint in (([], HINTS["SAY-3"]), ([trouble], "A command came with fewer words")):
        served = Stub(deque([*stderr, trouble, *later]))
        card = make_card(SAY_3, Violation("why"), chat, served, AGAIN)
        assert card["stderr_before"] == len(stderr) + 1
        assert card["hint"].startswith(hint)
    chat.abandon()


# On a terminal


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@pytest.mark.parametrize("common", [1, 30, 60, 61, 62, 63, 64, 65, 66, 67, 68, 150])
@pytest.mark.parametrize("filler", ["=", "日", "e\u0301"])
def test_caret_is_right_on_terminals_of_any_width(width: int, common: int, filler: str) -> None:
    """Lines are cut where the terminal ends, and the caret is in the line under its character."""
    line = "MSG lobby 1 a " + filler * common
    card = card_of(Violation("", expected=line + "b", got=line + "c" + filler * 20))
    lines = text_of(card, width).splitlines()
    assert all(len(cells_of(each)) <= width for each in lines if not each.startswith("  again"))
    caret = next(number for number, each in enumerate(lines) if "^" in each)
    assert cells_of(lines[caret - 1])[lines[caret].index("^")] == "c"


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


@pytest.mark.parametrize("part", ["why", "again", "unstarted"])
def test_no_control_character_of_a_submission_gets_into_a_card(part: str) -> None:
    """The name of its folder and the words of its command are a stranger's too."""
    nasty = "./\x1b]0;owned\x07"
    card = make_card(
        SAY_3,
        Violation(f"cannot run {nasty}" if part == "why" else "why"),
        None,
        None,
        [*AGAIN, nasty] if part == "again" else AGAIN,
        unstarted=[nasty] if part == "unstarted" else (),
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
