"""What others sent, as it is shown, broken into rows, and turned into names of files."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley.client import events as ev
from parley.client import words
from parley.client.lines import Lines, Part, progress
from parley.client.transfer import Incoming
from parley.client.wrap import wrap

#: What moves a cursor, reorders or breaks a line, code point by code point (field notes, 6).
DANGEROUS = [
    *range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, 0x2028, 0x2029,
    *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xD800, 0xDFFF,
]  # fmt: skip

#: Any text, dangerous characters more often than they are in nature; surrogates included.
texts = st.text(
    st.one_of(
        st.sampled_from([chr(code) for code in DANGEROUS]),
        st.sampled_from("/\\.:~- é👩\u200d日"),
        st.characters(),
    ),
    max_size=300,
)
_ALICE = "alice"


@settings(deadline=None)
@given(texts)
def test_nothing_dangerous_is_ever_shown(text: str) -> None:
    """LINE-1 binds servers; a terminal obeys whatever it is sent."""
    shown = words.escape(text)
    assert not {ord(each) for each in shown} & set(DANGEROUS)
    assert "".join(piece for _, piece in words.fragments(text)) == shown
    assert words.escape(shown) == shown


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["C", "Z"]), max_size=50))
def test_harmless_text_is_shown_as_it_is(text: str) -> None:
    assert words.escape(text) == text


def test_escapes_are_those_of_python() -> None:
    """And joined emoji and other scripts are left alone."""
    assert words.escape("\x1b[2J\u202eabc\x9b") == r"\x1b[2J\u202eabc\x9b"
    assert words.escape("👩\u200d💻 می\u200cخواهم é") == "👩\u200d💻 می\u200cخواهم é"


@settings(deadline=None)
@given(texts)
def test_no_event_shows_anything_dangerous(text: str) -> None:
    """Whatever a peer or a server sends, wherever it turns up."""
    lines = Lines()
    transfer = Incoming(1, _ALICE, text, 7, "0" * 64)
    for event in (
        *(ev.Said("lobby", 1, _ALICE, 1, text), ev.Told(_ALICE, text), ev.Strange(text)),
        *(ev.Left("lobby", _ALICE, 1, text, text), ev.Refused("SAY", "x", text, text)),
        *(ev.Nameless(text, "x", text), ev.Lost(text, (text,)), ev.Greeted(text, (text,))),
        *(ev.Note(text), ev.Note(text, bad=True), ev.Failed(transfer, text)),
        *(ev.Offered(transfer), ev.Offered(transfer, gone=True), ev.Finished(transfer, text)),
        ev.Recalled((ev.Past("lobby", 1, 2**53 - 1, _ALICE, text),)),
    ):
        for line in lines.show(event, 1e9):
            assert not {ord(each) for each in line.text} & set(DANGEROUS)
    assert not {ord(each) for each in progress(text, 7, 3, 0.5, 40)} & set(DANGEROUS)


@settings(deadline=None)
@given(texts)
def test_a_safe_filename_is_one(name: str) -> None:
    """Field notes: basename only, whatever the peer called it; and once safe, it stays as it is."""
    safe = words.safe_filename(name)
    assert os.path.basename(safe) == safe
    assert safe not in ("", ".", "..")
    assert len(safe.encode()) <= words.MAX_NAME
    assert not {ord(each) for each in safe} & {*DANGEROUS, *map(ord, '/\\:*?"<>|')}
    assert not safe.startswith((".", "-", "~", " "))
    assert not safe.endswith((".", " "))
    assert words.safe_filename(safe) == safe


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("notes.txt", "notes.txt"),
        ("Übung 1 (neu).tar.gz", "Übung 1 (neu).tar.gz"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("..", "file"),
        (".bashrc", "bashrc"),
        ("-rf", "_rf"),
        ("~root", "_root"),
        ("C:\\x", "C__x"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("annexe\u202egpj.exe", "annexe_gpj.exe"),
        ("a\x00b\x1b[2J.txt", "a_b_[2J.txt"),
        ("x" * 300 + ".tar.gz", "x" * 193 + ".tar.gz"),
        ("trailing. . ", "trailing"),
        ("e\u0301.txt", "é.txt"),
    ],
)
def test_hostile_names_of_the_field_notes(name: str, safe: str) -> None:
    assert words.safe_filename(name) == safe


@settings(deadline=None)
@given(st.text(max_size=500), st.integers(4, 50))
def test_pieces_are_the_text(text: str, octets: int) -> None:
    """SAY-12: nothing of a long text is lost, and no piece is too long."""
    text = words.speakable(text)
    pieces = words.pieces(text, octets)
    assert "".join(pieces) == text
    assert all(0 < len(piece.encode()) <= octets for piece in pieces)


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text("ab  ")), max_size=30))
def test_rows_fit_the_screen_and_are_the_text(parts: list[Part]) -> None:
    """Words stay whole; only one that is too long stands beyond the edge."""
    width = 20
    wrapped = "".join(text for _, text in wrap(parts, width, len))
    assert wrapped.split() == "".join(text for _, text in parts).split()
    for row in wrapped.split("\n"):
        assert len(row) <= width or len(row.split()) == 1


def test_a_long_word_is_left_to_the_terminal() -> None:
    """So that an address can be copied in one piece."""
    parts = [("text", "see https://example.org/a/very/long/address for more")]
    rows = "".join(text for _, text in wrap(parts, 24, len)).split("\n")
    assert rows == ["see", "      https://example.org/a/very/long/address", "      for more"]


def test_a_line_that_names_me_stands_out() -> None:
    """As a word of its own, in whatever case; and not when I say it."""
    lines = Lines()
    lines.show(ev.Named("alice", 1), 0.0)

    def rings(text: str, own: bool = False) -> bool:
        [line] = lines.show(ev.Said("lobby", 1, "bob", 2, text, own), 0.0)
        assert line.rings == (line.parts[-1][0] == "mention")
        return line.rings

    assert rings("hello Alice!")
    assert not rings("malice, alice-in-chains")
    assert not rings("I am alice", own=True)


def test_a_new_day_is_told_once() -> None:
    lines = Lines()
    said = ev.Said("lobby", 1, "bob", 2, "hi")
    assert len(lines.show(said, 0.0)) == 1
    assert len(lines.show(said, 86400.0 * 3)) == 2
    assert len(lines.show(said, 86400.0 * 3 + 1)) == 1


def test_colours_do_not_depend_on_case() -> None:
    assert words.colour_of("Alice") == words.colour_of("alice")
    assert {words.colour_of(f"n{number}") for number in range(200)} == set(range(words.COLOURS))


@pytest.mark.parametrize(
    ("octets", "shown"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (9960, "10 kB"), (999_600, "1.0 MB")],
)
def test_sizes(octets: int, shown: str) -> None:
    assert words.size(octets) == shown


def test_progress_fits_a_narrow_screen() -> None:
    for width in (40, 80, 200):
        assert len(progress("x" * 100, 10**9, 5 * 10**8, 1e6, width)) < width
    assert progress("a", 0, 0, 0.0, 40).endswith("100% 0 B/s -:--")
