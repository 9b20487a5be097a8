"""Lines of text on a terminal of a given width, with a caret that stays under its character."""

from __future__ import annotations

from rich.cells import cell_len

#: How a line begins that continues another. No line of ours begins with a server's words: a
#: service that reads the output of a grade might obey them.
CONTINUED = "↳ "


def wrapped(label: str, text: str, width: int, mark: str = "") -> list[str]:
    """Words behind a label, as many in a line as fit; `mark` begins all lines but the first."""
    indent = " " * cell_len(label) + mark
    lines, line = [], label
    for word in text.split():
        if cell_len(line + word) > width and line not in (label, indent):
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return [*lines, line.rstrip()]


def folded(
    label: str, text: str, width: int, mark: int | None = None, words: str = ""
) -> list[str]:
    """A line behind a label, cut where the terminal ends; under the marked character a caret."""
    indent = " " * cell_len(label)
    room = width - len(indent)
    lines, piece, marked = [], "", None
    for number, character in enumerate(text + " " if mark == len(text) else text):
        if cell_len(piece + character) > room:
            lines += [piece, *_caret(marked, words, room)]
            piece, marked = CONTINUED, None
        if number == mark:
            marked = cell_len(piece)
        piece += character
    lines += [piece, *_caret(marked, words, room)]
    return [label + lines[0], *(indent + line for line in lines[1:])]


def _caret(column: int | None, words: str, room: int) -> list[str]:
    """A caret in this column, and the words where there is room for them."""
    if column is None:
        return []
    if column + 2 + len(words) <= room:
        return [" " * column + f"^ {words}".rstrip()]
    if len(words) + 1 <= column:
        return [f"{words} ^".rjust(column + 1)]
    return [" " * column + "^", *wrapped("", words, room)]
