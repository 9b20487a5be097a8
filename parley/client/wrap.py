"""Breaking a styled line between words, so that it fits the width of a screen. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from .lines import Part

#: Columns by which the second and further rows of a line are indented: the width of a time.
INDENT = 6
#: A word with the spaces behind it, or spaces.
_WORDS = re.compile(r"[^ ]+ *| +")


def wrap(parts: Sequence[Part], width: int, columns: Callable[[str], int]) -> list[Part]:
    """The parts with line ends in between, so that no row is wider; `columns` measures a text.

    A word that is wider than a row is left to the terminal to break, so that an address can be
    copied in one piece. Spaces where a row ends are left out.
    """
    if width <= 2 * INDENT or sum(columns(text) for _, text in parts) <= width:
        return list(parts)
    rows: list[Part] = []
    used, begun = 0, False  # columns of this row, and whether there is a word in it
    for word in _words(parts):
        style, last = word[-1]
        seen = sum(columns(text) for _, text in [*word[:-1], (style, last.rstrip(" "))])
        if begun and used + seen > width:
            rows[-1] = (rows[-1][0], rows[-1][1].rstrip(" "))
            rows.append(("", "\n" + " " * INDENT))
            used, begun = INDENT, False
        spaces = min(len(last) - len(last.rstrip(" ")), max(width - used - seen, 0))
        rows += [*word[:-1], (style, last.rstrip(" ") + " " * spaces)]
        used += seen + spaces
        begun = begun or seen > 0
    return rows


def _words(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Words, each of one or more parts: styles may change within a word."""
    word: list[Part] = []
    for style, text in parts:
        for piece in _WORDS.findall(text):
            word.append((style, piece))
            if piece.endswith(" "):
                yield word
                word = []
    if word:
        yield word
