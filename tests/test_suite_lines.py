"""The suite's reading of a server's octets: conformance/lines.py, against protocol.md alone."""

from __future__ import annotations

import re
import string

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.lines import MAX_LINE, Malformed, decode, escape, is_name, parse

CONTROLS = [*range(0x20), *range(0x7F, 0xA0)]
NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,19}", fullmatch=True)
NUMBERS = st.integers(0, 2**53 - 1)
TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)
TEXTS = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cc", "Cs"]), min_size=1, max_size=60
)


def refused_by(requirement: str, octets: bytes) -> Malformed:
    """What decode or parse says of a line that no server may send; it keeps the line as it was."""
    with pytest.raises(Malformed) as caught:
        parse(decode(octets))
    assert caught.value.requirement == requirement
    line = caught.value.line.encode(errors="surrogateescape")
    assert line in (octets, octets.removesuffix(b"\r"))
    return caught.value


@pytest.mark.parametrize("end", [b"", b"\r"], ids=["LF", "CR LF"])
def test_line_of_4096_octets_is_read_and_one_more_is_not(end: bytes) -> None:
    """LINE-1: 4096 octets, CR and LF included; the LF is off already."""
    longest = b"x" * (MAX_LINE - 1 - len(end)) + end
    assert decode(longest) == longest.removesuffix(b"\r").decode()
    assert "more than 4096" in refused_by("LINE-1", b"x" + longest).why


def test_octets_are_counted_and_not_characters() -> None:
    """LINE-1: 2048 characters of two octets are too many."""
    assert len(decode("é".encode() * 2047)) == 2047
    refused_by("LINE-1", "é".encode() * 2048)


def test_one_cr_at_the_end_is_no_content_and_any_other_is_refused() -> None:
    """LINE-1: `content [CR] LF`; a CR elsewhere is a control character."""
    assert decode(b"OK LOCK\r") == "OK LOCK"
    for octets in (b"OK LOCK\r\r", b"OK\rLOCK", b"\rOK LOCK"):
        refused_by("LINE-1", octets)


@pytest.mark.parametrize("code", CONTROLS, ids=hex)
def test_control_character_is_refused_wherever_it_stands(code: int) -> None:
    """LINE-1: C0, DEL and C1."""
    for text in (f"PONG a{chr(code)}b", f"{chr(code)}PONG a", f"PONG a{chr(code)} "):
        assert "control character" in refused_by("LINE-1", text.encode()).why


@pytest.mark.parametrize(
    "octets",
    [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"caf\xe9", b"\xe2\x82"],
    ids=["FF", "overlong", "surrogate", "past U+10FFFF", "Latin-1", "cut"],
)
def test_octets_that_are_no_utf_8_are_refused(octets: bytes) -> None:
    """LINE-1, OCTET-7: overlong forms, surrogates and code points past the last included."""
    assert "not UTF-8" in refused_by("LINE-1", b"MSG lobby 1 alice " + octets).why


@pytest.mark.parametrize("text", ["\xa0", "\u2028", "\u202e", "\ufeff", "\U0010ffff", "é  "])
def test_any_other_character_is_text(text: str) -> None:
    """The grammar's `char`: what is shown escaped may still be said."""
    line = parse(decode(f"MSG lobby 1 alice {text}".encode()))
    assert line["text"] == text


@pytest.mark.parametrize(
    ("text", "role", "kind", "fields"),
    [
        ("HELLO parley/1 me", "greeting", "HELLO", {"name": "me", "capabilities": ""}),
        ("HELLO parley/1 ~ a b", "greeting", "HELLO", {"name": "~", "capabilities": " a b"}),
        ("PONG x!", "reply", "PONG", {"token": "x!"}),
        ("ERR bad-args - no words", "reply", "ERR", {"code": "bad-args", "verb": "-"}),
        ("ERR x X-9-A w", "reply", "ERR", {"code": "x", "verb": "X-9-A"}),
        ("OK NICK al_i-2 0", "reply", "OK NICK", {"name": "al_i-2", "number": "0"}),
        ("OK SAY 10", "reply", "OK SAY", {"seq": "10"}),
        ("OK WHO 2", "reply", "OK WHO", {"count": "2"}),
        ("OK LOCK", "reply", "OK LOCK", {}),
        ("OK UNLOCK 0", "reply", "OK UNLOCK", {"count": "0"}),
        ("OK QUIT", "reply", "OK QUIT", {}),
        ("OK QUIT now", "reply", "OK QUIT?", {}),
        ("OK NICK 1lice 1", "reply", "OK NICK?", {}),
        ("OK DANCE", "reply", "OK DANCE?", {}),
        ("OK X-DANCE all night", "reply", "OK X-DANCE", {}),
        ("HERE bob 2", "item", "HERE", {"name": "bob", "number": "2"}),
        ("JOINED lobby b 2", "event", "JOINED", {"room": "lobby", "name": "b", "number": "2"}),
        ("LEFT lobby b slow", "event", "LEFT", {"room": "lobby", "name": "b", "cause": "slow"}),
        ("LEFT r b quit  x ", "event", "LEFT", {"room": "r", "name": "b", "words": " x "}),
        ("LEFT lobby b abcdefghijklmnop", "event", "LEFT", {"cause": "abcdefghijklmnop"}),
        ("UNLOCKED overflow", "event", "UNLOCKED", {"cause": "overflow"}),
        ("UNLOCKED gone", "event", "UNLOCKED", {"cause": "gone"}),
        ("BYE bye now", "event", "BYE", {"words": "bye now"}),
        ("PING 1", "ping", "PING", {"token": "1"}),
        ("OK TELL bob", "reply", "OK TELL", {"name": "bob"}),
        ("OK JOIN den 3", "reply", "OK JOIN", {"room": "den", "count": "3"}),
        ("OK ROOMS 0", "reply", "OK ROOMS", {"count": "0"}),
        ("ROOM den 3", "item", "ROOM", {"room": "den", "count": "3"}),
        ("TOLD bob  psst", "event", "TOLD", {"name": "bob", "text": " psst"}),
        ("X-WEATHER  fine", "private", "X-WEATHER", {}),
        ("X-", "private", "X-", {}),
    ],
)
def test_line_of_each_kind_is_read(text: str, role: str, kind: str, fields: dict[str, str]) -> None:
    """The grammar of section 4."""
    line = parse(text)
    assert (line.text, line.role, line.kind) == (text, role, kind)
    assert {name: line[name] for name in fields} == fields


@settings(deadline=None)
@given(NAMES, NUMBERS, NAMES, TEXTS)
def test_message_gives_back_its_fields(room: str, seq: int, name: str, text: str) -> None:
    """MSG room number name text: the text reaches to the end of the line, spaces included."""
    line = parse(decode(f"MSG {room} {seq} {name} {text}".encode()))
    assert (line["room"], line.number("seq"), line["name"], line["text"]) == (room, seq, name, text)


@settings(deadline=None)
@given(TOKENS, st.lists(TOKENS, max_size=5))
def test_greeting_gives_back_its_tokens(name: str, capabilities: list[str]) -> None:
    line = parse(" ".join(["HELLO", "parley/1", name, *capabilities]))
    assert (line["name"], line["capabilities"].split()) == (name, capabilities)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "OK", "OK ", "ok lock", "Ok LOCK", "WELCOME", "SAY hello", "OKLOCK", " OK LOCK"),
        *("hello parley/1 me", "err bad-args - x", "pong a", "here alice 1"),
        *("PONG", "PONG ", "PONG a b", f"PONG {'x' * 65}", "PONG é", "PING", "PING a b"),
        *("OK NICK alicе 1", "OK NICK alice ١", "OK NICK alice 1 ", "OK  LOCK", "OK LOCK "),
        *("OK NICK2 x", f"OK {'A' * 17}", f"OK LOCK {'x' * 65}", "OK-LOCK", "OK LÖCK"),
        *("HERE", "HERE alice", "HERE alice x", "JOINED lobby alice", "JOINED alice 1"),
        *("MSG lobby 1 alice", "MSG lobby 1 alice ", "MSG lobby alice hello", "MSG 1 alice hello"),
        *("LEFT lobby alice", "LEFT lobby alice ", "LEFT lobby alice quit ", "LEFT alice quit"),
        *("LEFT lobby alice Quit", "LEFT lobby alice 9", f"LEFT lobby alice {'q' * 17}"),
        *("UNLOCKED", "UNLOCKED ", "UNLOCKED Gone", "UNLOCKED a b", f"UNLOCKED {'q' * 17}"),
        *("BYE", "BYE ", "x-weather", "OK x-dance"),
    ],
)
def test_line_of_no_kind_is_refused(text: str) -> None:
    """LINE-2: not of the grammar of section 4."""
    refused_by("LINE-2", text.encode())


@pytest.mark.parametrize(
    "text",
    [
        *("HELLO", "HELLO ", "HELLO parley/1", "HELLO parley/2 me", "HELLO parley/1  me"),
        *("HELLO parley/1 é", "HELLO parley/1 me ", f"HELLO parley/1 {'x' * 65}"),
    ],
)
def test_greeting_of_another_form_is_blamed_on_the_rule_about_greetings(text: str) -> None:
    """HELLO-1 says more to a beginner than LINE-2."""
    assert "form of HELLO" in refused_by("HELLO-1", text.encode()).why


@pytest.mark.parametrize(
    "text",
    [
        *("ERR", "ERR bad-args", "ERR bad-args -", "ERR bad-args - ", "ERR Bad - x", "ERR  - x"),
        *("ERR bad-args nick x", "ERR bad-args NICK2 x", f"ERR {'x' * 21} - x"),
    ],
)
def test_refusal_of_another_form_is_blamed_on_the_rule_about_refusals(text: str) -> None:
    """ERR-1: `ERR code VERB words`."""
    assert "form of ERR" in refused_by("ERR-1", text.encode()).why


@pytest.mark.parametrize("number", [2**53, 10**16 - 1, 10**16, 10**40])
def test_number_of_2_to_the_53_is_refused(number: int) -> None:
    """Section 3: `number … below 2^53`; an OK with more is a token of the grammar still."""
    assert parse(f"OK SAY {2**53 - 1}").number("seq") == 2**53 - 1
    assert parse(f"HERE alice {2**53 - 1}").number("number") == 2**53 - 1
    assert parse(f"OK SAY {number}").kind == "OK SAY?"
    for text in ("HERE a {}", "JOINED r a {}", "MSG r {} a x", "ROOM r {}", "PAST r 1 {} a x"):
        refused_by("LINE-2", text.format(number).encode())
    assert parse(f"BYE {number}")["words"] == str(number)


@pytest.mark.parametrize(
    "text",
    [
        *("OK NICK", "OK NICK alice", "OK NICK 1lice 1", "OK NICK alice 01", "OK NICK alice -1"),
        *(f"OK NICK {'a' * 21} 1", "OK SAY", "OK SAY x", "OK SAY 12345678901234567", "OK WHO"),
        *("OK LOCK now", "OK WHO 2 members", "OK UNLOCK", "OK QUIT !", "OK PING x", "OK DANCE a b"),
    ],
)
def test_ok_that_only_a_later_rule_forbids_is_a_line_of_a_kind_of_its_own(text: str) -> None:
    """LINE-2: `"OK" SP verb *( SP field )`; NICK-1, WHO-1 and so on say which fields."""
    line = parse(text)
    verb = text.split(" ")[1]
    assert (line.text, line.role, line.kind, line.fields) == (text, "reply", f"OK {verb}?", {})


@pytest.mark.parametrize("text", ["ABORTED 1 gone", "DATA 1 A", "DATA 1 a=b="])
def test_event_that_only_a_rule_about_files_forbids_is_an_event(text: str) -> None:
    """LINE-2: the grammar of section 4 with the words of section 20."""
    assert parse(text).role == "event"


@pytest.mark.parametrize("text", ["OK nick alice 1", "OK Say 1", "OK lock", "OK dance now"])
def test_verb_in_small_letters_is_blamed_on_the_rule_about_verbs(text: str) -> None:
    """CMD-1: replies name it in capitals."""
    assert "in capitals" in refused_by("CMD-1", text.encode()).why


@settings(deadline=None)
@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing that a server sends is a trouble of the suite."""
    octets = text.encode(errors="surrogatepass")
    try:
        line = parse(decode(octets))
    except Malformed:
        return
    assert line.text == text.removesuffix("\r")


@settings(deadline=None)
@given(st.text(string.ascii_letters + string.digits + "_-é ٣\n", max_size=22))
def test_name_is_a_letter_and_up_to_19_more(word: str) -> None:
    """NICK-2: an ASCII letter followed by at most 19 letters, digits, `_` or `-`."""
    letters = set(string.ascii_letters)
    expected = word[:1] in letters and set(word) <= letters | set(string.digits + "_-")
    assert is_name(word) == (bool(word) and expected and len(word) <= 20)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[2J", r"\x1b[2J"),
        ("a\0b\r\n\t\x7f", r"a\x00b\r\n\t\x7f"),
        ("\u202eevil\u2066", r"\u202eevil\u2066"),
        ("\u2028\u2029\u0085\xa0\xad", r"\u2028\u2029\u0085\u00a0\u00ad"),
        (b"\x85\xc2\x85", r"\x85\u0085"),
        ("\udc85", r"\x85"),
        ("\\x1b", r"\\x1b"),
        ("\U000e0041", r"\U000e0041"),
        ("\ud800\udfff", r"\ud800\udfff"),
        (b"caf\xe9", r"caf\xe9"),
        (b"\xed\xa0\x80", r"\xed\xa0\x80"),
        (b"\xc3\xa9 \xe6\x97\xa5", "é 日"),
        ("", ""),
    ],
)
def test_what_could_move_a_cursor_or_hide_is_shown_as_an_escape(
    raw: str | bytes, shown: str
) -> None:
    assert escape(raw) == shown


@settings(deadline=None)
@given(st.text(st.characters(codec=None)) | st.binary())
@example("\udc80")
def test_what_is_shown_is_printable_whatever_it_was(raw: str | bytes) -> None:
    """Not one control character, bidi control or separator gets through, nor a surrogate."""
    shown = escape(raw)
    assert shown.isprintable()
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)
    shown.encode()


@settings(deadline=None)
@given(st.text(), st.text())
def test_texts_that_differ_are_shown_differently(one: str, other: str) -> None:
    assert (escape(one) == escape(other)) == (one == other)


@settings(deadline=None)
@given(st.binary(max_size=4), st.binary(max_size=4))
@example(b"\x80", "\x80".encode())
@example(b"\xa0", "\xa0".encode())
def test_octets_that_differ_are_shown_differently(one: bytes, other: bytes) -> None:
    """No UTF-8 (OCTET-7) and a control character (OCTET-8) are different faults."""
    assert (escape(one) == escape(other)) == (one == other)
