"""Two lines side by side: where the second begins to differ, in words, and as much as is needed.

All text here has been escaped already. A position counts characters of such text.
"""

from __future__ import annotations

import re

#: Characters of a line up to which it is shown whole: one with a difference, and any other.
WHOLE, BRIEF = 300, 160
#: Of a longer one, what is shown: its beginning, what lies around the difference, its end.
HEAD, BEFORE, AFTER, TAIL = 80, 50, 60, 20

#: What an expected line may have in place of a word: anything fits there, or any number.
_PLACE = re.compile(r"\((number|name|token|VERB|and words|and some words|…)\)")
_LINE = re.compile(r"[A-Z]+( |$)|listening on ")
_ESCAPE = re.compile(r"\\(\\|[tnr]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
#: What escapes stand for, where a name says more than the number.
_NAMES = {
    r"\x00": "NUL, which ends a string in C and must not be sent",
    r"\t": "a tab",
    r"\n": "LF, the end of a line",
    r"\r": "CR, allowed once and only right before LF",
    r"\x07": "BEL, the bell of a terminal",
    r"\x08": "a backspace",
    r"\x1b": "ESC, with which commands to a terminal begin",
    r"\x7f": "DEL",
    r"\u00a0": "a no-break space",
    r"\ufeff": "a byte order mark (BOM), as some editors put in front of a file",
    r"\\": "one backslash",
}


def is_line(text: str | None) -> bool:
    """Whether this is a line of a server, rather than words about what was expected or came."""
    return bool(text) and _LINE.match(text or "") is not None


def first_difference(expected: str, got: str) -> tuple[int, int] | None:
    """Where in each of two lines they begin to differ; None if they do not."""
    at = _difference(expected, got)
    if at is None:
        return None
    # Not in the middle of an escape: both lines have the same beginning of it.
    before = next((each for each in _ESCAPE.finditer(got) if each.end() > at[1]), None)
    back = max(0, at[1] - before.start()) if before else 0
    return at[0] - back, at[1] - back


def _difference(expected: str, got: str) -> tuple[int, int] | None:
    here = there = 0
    while here < len(expected):
        place = _PLACE.match(expected, here)
        if place:
            fits = re.compile(_fitting(place[1])).match(got, there)
            if not fits:
                return here, there
            here, there = place.end(), fits.end()
        elif there < len(got) and expected[here] == got[there]:
            here, there = here + 1, there + 1
        else:
            return here, there
    return None if there == len(got) else (here, there)


def _fitting(place: str) -> str:
    if place == "number":
        return "[0-9]+"
    return r"\S+" if place in ("name", "token", "VERB") else ".+"


def difference_in_words(expected: str, got: str, at: tuple[int, int]) -> str:
    """What stands at the difference, and what should."""
    place = _PLACE.match(expected, at[0])
    due = f"a {place[1]}" if place else _character(expected, at[0])
    if not is_line(expected):
        return f"this is {_character(got, at[1])}"
    return f"this is {_character(got, at[1])}, and should be {due}"


def kind_of_difference(expected: str, got: str, at: tuple[int, int]) -> str:
    """In what alone the rest of two lines differs: case, spaces, cut off; or an empty string."""
    due, came = expected[at[0] :], got[at[1] :]
    if due.lower() == came.lower():
        return "case"
    if due.replace(" ", "") == came.replace(" ", ""):
        return "spaces"
    return "cut off" if not came else ""


def _character(text: str, at: int) -> str:
    if at >= len(text):
        return "the end of the line"
    if text[at] == " ":
        return "a space at the end" if not text[at:].strip(" ") else "a space"
    if escape := _ESCAPE.match(text, at):
        return _NAMES.get(escape[0], escape[0]).partition(",")[0]
    return f'"{text[at]}"'


def first_escape(text: str) -> int | None:
    """Where the first octet stands that a line may not have; None if there is none."""
    match = next((each for each in _ESCAPE.finditer(text) if each[0] != "\\\\"), None)
    return match and match.start()


def escapes_in_words(text: str) -> list[str]:
    r"""What the escapes in a text stand for, each once: `\x00 is NUL, …`."""
    found = dict.fromkeys(match[0] for match in _ESCAPE.finditer(text))
    return [f"{escape} is {_name(escape)}" for escape in found]


def _name(escape: str) -> str:
    if escape in _NAMES:
        return _NAMES[escape]
    code = int(escape[2:], 16)
    if escape[1] == "x" and code >= 0x80:
        return "an octet that is no UTF-8 where it stands"
    kind = "a control character" if code < 0xA0 else "a character that cannot be seen"
    return f"{kind}, U+{code:04X}"


def excerpt(text: str, at: int | None = None, beside: str | None = None) -> tuple[str, int | None]:
    """A text, or of a long one the parts that matter, and where `at` stands in it then.

    It begins and ends as the text does, and has what lies around `at`. If it will stand `beside`
    another that is as long or longer, it is cut like that one.
    """
    if max(len(text), len(beside or "")) <= (BRIEF if at is None else WHOLE):
        return text, at
    spans = [(0, HEAD), (max(0, len(text) - TAIL), len(text))]
    if at is not None:
        spans.insert(1, (max(0, at - BEFORE), min(len(text), at + AFTER)))
    shown, moved, end = "", at, 0
    for start, stop in spans:
        start = max(start, end)
        if start > end:
            shown += " … "
        if at is not None and start <= at <= stop:
            moved = len(shown) + at - start
        shown += text[start : max(start, stop)]
        end = max(end, stop)
    return (f"{shown} ({len(text)} characters)" if shown != text else text), moved
