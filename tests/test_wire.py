"""Octets to lines, lines to commands: protocol.md, sections 3, 4 and 11."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from parley import wire
from parley.wire import MAX_LINE, LineCutter, Refusal

TOO_LONG = b"(too long)"
CONTROLS = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))}


def cut(*pieces: bytes) -> list[bytes]:
    """The lines of these pieces; one that parse refuses as too long stands as TOO_LONG."""
    cutter = LineCutter()
    lines = [line for piece in pieces for line in cutter.feed(piece)]
    return [line if len(line) < MAX_LINE else TOO_LONG for line in lines]


def pieces(stream: bytes, places: list[int]) -> list[bytes]:
    """The stream, cut at these places."""
    ends = sorted({place for place in places if place < len(stream)})
    return [stream[a:b] for a, b in zip([0, *ends], [*ends, len(stream)], strict=True)]


def refusal(line: bytes) -> str:
    """The code with which parse refuses a line."""
    with pytest.raises(Refusal) as refused:
        wire.parse(line)
    assert refused.value.words
    return refused.value.code


# LineCutter


@pytest.mark.parametrize("place", range(len("PING a\r\nSAY é😀\n".encode()) + 1))
def test_line_cut_in_two_is_one_line(place: int) -> None:
    """OCTET-1: a line that arrives in several pieces is one line, wherever it was cut."""
    stream = "PING a\r\nSAY é😀\n".encode()
    assert cut(stream[:place], stream[place:]) == [b"PING a\r", "SAY é😀".encode()]


def test_octets_one_by_one_are_the_same_lines() -> None:
    """OCTET-1: a line that arrives in several pieces is one line."""
    stream = "NICK alice\nSAY grüß\n\nQUIT\n".encode()
    one_by_one = [bytes([octet]) for octet in stream]
    assert cut(*one_by_one) == [b"NICK alice", "SAY grüß".encode(), b"", b"QUIT"]


def test_lines_glued_together_are_several_lines() -> None:
    """OCTET-2: several lines that arrive in one piece are several lines, in order."""
    assert cut(b"NICK alice\nPING a\n\nPING b\nPIN", b"G c\n") == [
        *(b"NICK alice", b"PING a", b"", b"PING b", b"PING c")
    ]


def test_unfinished_line_is_not_handed_out() -> None:
    """OCTET-10: an unfinished line at the end of a stream is discarded."""
    assert cut(b"PING a\nPING b") == [b"PING a"]


@pytest.mark.parametrize("octets", [4094, 4095, 4096])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("piece", [1, 4095, 9000])
def test_line_of_up_to_4096_octets_is_obeyed(octets: int, end: bytes, piece: int) -> None:
    """OCTET-5: a line of 4096 octets, its end included, is obeyed."""
    stream = b"SAY ".ljust(octets - len(end), b"x") + end
    cutter = LineCutter()
    lines = [
        line for at in range(0, octets, piece) for line in cutter.feed(stream[at : at + piece])
    ]
    assert lines == [stream[:-1]]
    assert wire.parse(lines[0]) == ("SAY", "x" * (octets - len(end) - 4))


@pytest.mark.parametrize("octets", [4097, 4098, 8192, 8193, 100_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("piece", [1, 4095, 4096, 4097, 200_000])
def test_longer_line_is_refused_once_and_the_next_one_obeyed(
    octets: int, end: bytes, piece: int
) -> None:
    """OCTET-6: a longer line is refused once, however long it is; the next line is obeyed."""
    stream = b"SAY ".ljust(octets - len(end), b"x") + end + b"PING a\nPING b\n"
    parts = [stream[at : at + piece] for at in range(0, len(stream), piece)]
    assert cut(*parts) == [TOO_LONG, b"PING a", b"PING b"]


def test_line_too_long_is_refused_with_its_code() -> None:
    """OCTET-6: a longer line is refused with line-too-long; ERR-5: before anything else is."""
    assert refusal(b"x" * 4096) == "line-too-long"
    assert refusal(b"\xff" * 4096) == "line-too-long"
    assert refusal(b"x" * 4095 + b"\r") == "line-too-long"
    assert refusal(b"\xff" * 4095) == "bad-line"


def test_long_lines_in_a_row_are_refused_one_by_one() -> None:
    """OCTET-6: each line that is too long is refused once."""
    long = b"x" * 5000
    assert cut(long, long, b"\n" + long + b"\nPING a\n" + long, b"y\n", b"PING b\n") == [
        *(TOO_LONG, TOO_LONG, b"PING a", TOO_LONG, b"PING b")
    ]


def test_end_of_a_skipped_line_alone_is_no_line() -> None:
    """OCTET-6: everything up to the LF is skipped, be it in the same piece or not."""
    assert cut(b"x" * 4096, b"\n") == [TOO_LONG]
    assert cut(b"x" * 4096, b"y" * 4096, b"", b"\n\nPING a\n") == [TOO_LONG, b"", b"PING a"]


def test_line_without_end_does_not_fill_the_memory() -> None:
    """OCTET-6, SLOW-2: of a line that does not end, at most 4096 octets are kept."""
    cutter = LineCutter()
    kept = 0
    for _ in range(50):
        cutter.feed(b"x" * 1000)
        kept = max(kept, len(cutter._rest))
    assert kept < MAX_LINE
    assert cutter.feed(b"\nPING a\n") == [b"PING a"]


def test_line_too_long_is_handed_out_shortened() -> None:
    """SLOW-2: what is kept of an unfinished line is bounded, while it waits to be refused too."""
    assert [len(line) for line in LineCutter().feed(b"x" * 60_000)] == [MAX_LINE]


def by_the_book(stream: bytes) -> list[bytes]:
    """What a stream is in lines, cut as one piece by the letter of section 11."""
    *lines, rest = stream.split(b"\n")
    if len(rest) >= MAX_LINE:
        lines.append(rest)
    return [line if len(line) < MAX_LINE else TOO_LONG for line in lines]


contents = st.one_of(
    st.binary(max_size=12),
    st.integers(4090, 4100).map(lambda octets: b"x" * octets),
    st.just(b"y" * 9000),
)
streams = st.lists(contents, max_size=6).map(b"\n".join)


@settings(deadline=None)
@given(streams, st.lists(st.integers(0, 30_000), max_size=12))
@example(b"x" * 4096 + b"\n\nPING a\n", [4095, 4096, 4097])
def test_any_cutting_of_a_stream_gives_the_same_lines(stream: bytes, places: list[int]) -> None:
    """OCTET-1, OCTET-2, OCTET-6: where a stream was cut makes no difference."""
    assert cut(*pieces(stream, places)) == by_the_book(stream)


# parse: what is a line of text


def test_one_cr_belongs_to_the_end_of_the_line() -> None:
    """OCTET-3: one CR before the LF belongs to the line's end, not to its content."""
    assert wire.parse(b"PING a\r") == ("PING", "a")
    assert wire.parse(b"SAY \r") == ("SAY", "")


@pytest.mark.parametrize("line", [b"PING a\r\r", b"\r\r", b"PING\ra", b"\rPING a"])
def test_any_other_cr_is_refused(line: bytes) -> None:
    """OCTET-8: a CR that is not the one before the LF is a control character."""
    assert refusal(line) == "bad-line"


@pytest.mark.parametrize("line", [b"", b"\r"])
def test_empty_line_is_no_command(line: bytes) -> None:
    """OCTET-4: an empty line is ignored."""
    assert wire.parse(line) is None


@pytest.mark.parametrize(
    "character", sorted(CONTROLS), ids=lambda character: f"{ord(character):02X}"
)
def test_control_character_is_refused(character: str) -> None:
    """OCTET-8: U+0000 to U+001F and U+007F to U+009F are refused, wherever they stand."""
    assert refusal(f"SAY a{character}b".encode()) == "bad-line"
    assert refusal(f"{character}PING a".encode()) == "bad-line"
    assert refusal(f"SAY a{character}\r".encode()) == "bad-line"


@pytest.mark.parametrize(
    "code", [0x20, 0x7E, 0xA0, 0x2028, 0xD7FF, 0xE000, 0xFEFF, 0xFFFE, 0x10FFFF]
)
def test_neighbours_of_what_is_refused_are_text(code: int) -> None:
    """Section 3: char is %x20-7E, %xA0-D7FF and %xE000-10FFFF."""
    assert wire.parse(f"SAY {chr(code)}".encode()) == ("SAY", chr(code))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"\x80", id="a continuation alone"),
        pytest.param(b"\xc3", id="a character cut short"),
        pytest.param(b"\xc3(", id="a continuation missing"),
        pytest.param(b"\xf0\x9f\x98", id="four octets cut short"),
        pytest.param(b"\xc0\x8a", id="overlong LF"),
        pytest.param(b"\xc1\xbf", id="overlong, two octets"),
        pytest.param(b"\xe0\x80\xaf", id="overlong, three octets"),
        pytest.param(b"\xf0\x80\x80\xaf", id="overlong, four octets"),
        pytest.param(b"\xed\xa0\x80", id="first surrogate"),
        pytest.param(b"\xed\xbf\xbf", id="last surrogate"),
        pytest.param(b"\xed\xa0\xbd\xed\xb8\x80", id="a pair of surrogates"),
        pytest.param(b"\xf4\x90\x80\x80", id="above U+10FFFF"),
        pytest.param(b"\xf8\x88\x80\x80\x80", id="five octets"),
        pytest.param(b"\xfe", id="FE"),
        pytest.param(b"\xff", id="FF"),
    ],
)
def test_octets_that_are_no_utf8_are_refused(octets: bytes) -> None:
    """OCTET-7: overlong forms, surrogates and code points above U+10FFFF are not valid UTF-8."""
    assert refusal(b"SAY " + octets) == "bad-line"
    assert refusal(octets + b" x") == "bad-line"


@given(st.binary(max_size=40))
def test_any_octets_are_parsed_or_refused(octets: bytes) -> None:
    """OCTET-7, OCTET-8: nothing but a Refusal ever comes of a line, and no control character."""
    try:
        verb, arguments = wire.parse(octets.replace(b"\n", b"")) or ("", "")
    except Refusal:
        return
    assert not CONTROLS & set(verb + arguments)
