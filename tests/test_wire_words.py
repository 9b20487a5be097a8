"""What parley.wire takes for a verb, a token, a text and a name: protocol.md, sections 3 and 4."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parley import wire
from parley.wire import MAX_TEXT, Refusal


def refusal(take: Callable[[str], object], arguments: str) -> str:
    """The code with which arguments are refused."""
    with pytest.raises(Refusal) as refused:
        take(arguments)
    assert refused.value.words
    return refused.value.code


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        ("PING", "PING"),
        ("ping", "PING"),
        ("pInG a", "PING"),
        ("A", "A"),
        ("a" * 16, "A" * 16),
        ("X-SHOUT", "X-SHOUT"),
        ("x-shout hey", "X-SHOUT"),
        ("x-" + "9" * 14, "X-" + "9" * 14),
        ("X--", "X--"),
        ("X", "X"),
    ],
)
def test_verb_is_read_in_any_case(line: str, verb: str) -> None:
    """CMD-1: verbs are recognised without regard to ASCII case."""
    command = wire.parse(line.encode())
    assert command is not None
    assert command[0] == verb


@pytest.mark.parametrize(
    "line",
    [
        " PING a",
        " ",
        "PING1 a",
        "PING\u00a0a",
        "a" * 17,
        "1PING",
        "X-",
        "X-" + "a" * 15,
        "X-A_B",
        "Y-SHOUT",
        "do_ping",
        "__INIT__",
        "{}",
        "\ufeffPING a",
    ],
)
def test_what_is_no_verb_is_not_taken_for_one(line: str) -> None:
    """ERR-2: a line may begin with no verb; section 3: what a verb is."""
    command = wire.parse(line.encode())
    assert command is not None
    assert command[0] == ""


@pytest.mark.parametrize("line", ["PıNG a", "ſAY a", "LOC\u212a", "LOCß", "ﬁ"])
def test_letters_that_turn_into_ascii_in_capitals_make_no_verb(line: str) -> None:
    """CMD-1: only the case of ASCII letters counts: `ı`, `ſ`, `ß` and the Kelvin sign have none."""
    assert wire.parse(line.encode()) == ("", line.partition(" ")[2])


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("SAY", ""),
        ("SAY ", ""),
        ("SAY a", "a"),
        ("SAY  a", " a"),
        ("SAY a  b ", "a  b "),
        ("SAY   ", "  "),
        ("SAY \u00a0", "\u00a0"),
    ],
)
def test_arguments_are_all_behind_one_space(line: str, arguments: str) -> None:
    """CMD-2, SAY-3: one space separates; the others belong to the text."""
    assert wire.parse(line.encode()) == ("SAY", arguments)


def test_no_arguments_takes_nothing_but_nothing() -> None:
    """ERR-3: too many arguments are refused with bad-args."""
    wire.no_arguments("")
    assert refusal(wire.no_arguments, "a") == "bad-args"
    assert refusal(wire.no_arguments, " ") == "bad-args"


def test_one_argument_takes_exactly_one() -> None:
    """ERR-3: too few, too many and empty arguments are refused with bad-args."""
    assert wire.one_argument("é") == "é"
    for arguments in ("", " ", "a b", "a ", " a", "a  b"):
        assert refusal(wire.one_argument, arguments) == "bad-args"


def test_token_is_up_to_64_visible_ascii_characters() -> None:
    """ERR-3: a token that is none is refused with bad-args; section 3: token = 1*64VCHAR."""
    assert wire.token("!" * 64) == "!" * 64
    assert wire.token("~") == "~"
    for arguments in ("", "x" * 65, "a b", "é", "a\u00a0", "٣"):
        assert refusal(wire.token, arguments) == "bad-args"


@pytest.mark.parametrize("character", ["x", "é", "€", "😀"])
def test_text_has_at_most_3800_octets(character: str) -> None:
    """SAY-12: a text of up to 3800 octets is passed on; a longer one is text-too-long."""
    octets = len(character.encode())
    longest = character * (MAX_TEXT // octets) + "x" * (MAX_TEXT % octets)
    assert len(longest.encode()) == 3800
    assert wire.text(longest) == longest
    assert refusal(wire.text, longest + "x") == "text-too-long"
    assert refusal(wire.text, character * 3800 + "x") == "text-too-long"


def test_text_is_not_empty_but_words_may_be() -> None:
    """SAY-11: SAY without a text is bad-args. QUIT-2: QUIT may go without words."""
    assert refusal(wire.text, "") == "bad-args"
    assert wire.text(" ") == " "
    assert wire.words("") == ""
    assert refusal(wire.words, "x" * 3801) == "text-too-long"


@pytest.mark.parametrize("name", ["a", "Z", "alice", "a1", "a-_9", "A" * 20, "x-", "con"])
def test_well_formed_name_is_accepted(name: str) -> None:
    """NICK-2: an ASCII letter, then at most 19 letters, digits, `_` or `-`."""
    assert wire.is_name(name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 21, "1a", "_a", "-a", "a b", "a.b", "é", "aé", "аlice", "a\n", "a٣", "ı", "\u212a"],
)
def test_other_name_is_not(name: str) -> None:
    """NICK-3: what is not a well-formed name; a letter is an ASCII letter."""
    assert not wire.is_name(name)


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,19}", fullmatch=True))
def test_names_fold_without_regard_to_case_and_nothing_else(name: str) -> None:
    """NICK-5: names that differ only in the case of ASCII letters are the same name."""
    assert wire.fold(name.upper()) == wire.fold(name.lower()) == wire.fold(name)
    assert len(wire.fold(name)) == len(name)
    assert wire.fold("a_b") != wire.fold("a-b")


def test_line_ends_with_lf_and_is_utf8() -> None:
    """LINE-1: every line that the server sends ends with LF and is valid UTF-8."""
    assert wire.line("MSG", "lobby", 7, "alice", " é ") == "MSG lobby 7 alice  é \n".encode()


def test_longest_message_fits_a_line() -> None:
    """LINE-1: 4096 octets hold the longest name, number and text."""
    message = wire.line("MSG", "r" * 20, 2**53 - 1, "n" * 20, "x" * MAX_TEXT)
    assert len(message) <= wire.MAX_LINE
