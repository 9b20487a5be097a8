"""The failure card as HTML, with all its parts: what the terminal shows, and the spec's example.

The first wrong character is marked in what came; an escape such as \\x1b counts as one character.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .markup import Content, Html, prose, several, tag
from .read import Check, Graded

#: Lines of stderr that are shown at once; the rest opens.
STDERR_LINES = 8
#: What a card says was got where a line did not come.
NOTHING = "(nothing)"
_ESCAPE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)")
_SPACES = re.compile(r" +$|^ +| {2,}")
_STEP = re.compile(r"(?P<client>[^<> ]+)(?P<direction>[<>]) ?(?P<line>.*)")


def card_html(graded: Graded, check: Check, anchor: str) -> Html:
    """All that is known about the failure of one requirement by one server."""
    first, *others = graded.cards(check.id) or [{}]
    return tag(
        "article",
        tag("p", prose(check.text), class_="sentence"),
        _parts(first) if first else tag("p", "No card was kept of this failure."),
        _example(graded, check),
        [_other(card) for card in others],
        id=anchor,
        class_="card",
        aria_label=f"{check.id} of {graded.name}",
    )


def _parts(card: dict[str, Any]) -> Html:
    """The parts of one card, each with its name."""
    expected, got = card["expected"], card["got"]
    at = first_difference(expected, got)
    rows: list[tuple[str, Content]] = [("what", card["why"])]
    if expected is not None:
        rows.append(("expected", _line(card["client"], expected, at)))
    if got is not None:
        rows.append(("got", _line(card["client"], got, at)))
    if card["server"]:
        rows.append(("server", card["server"]))
    if card["stderr"]:
        rows.append(("stderr", _stderr(card["stderr"])))
    if card["hint"]:
        rows.append(("hint", tag("span", prose(card["hint"]), class_="hint")))
    rows.append(("again", tag("code", card["again"], class_="again")))
    return several(
        _session(card) if card["session"] else None,
        tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows]),
    )


def _session(card: dict[str, Any]) -> Html:
    """The lines that led there, the wrong one marked from its first wrong character on."""
    wrong = _wrong_line(card)
    lines = []
    for number, line in enumerate(card["session"]):
        at = first_difference(card["expected"], card["got"]) if number == wrong else None
        lines.append(_step(line, number == wrong, at))
    if card["got"] == NOTHING and card["client"]:
        note = tag("span", " ← here a line is missing", class_="wrong-note")
        who = tag("span", f"{card['client']}<", class_="who")
        lines.append(tag("li", who, " ", tag("code", NOTHING), note, class_="came wrong"))
    return tag("ol", lines, class_="session")


def _wrong_line(card: dict[str, Any]) -> int | None:
    """Where in the session the line stands that should not be as it is."""
    line = f"{card['client']}< {card['got']}"
    found = [number for number, each in enumerate(card["session"]) if each == line]
    return found[-1] if found else None


def _step(text: str, wrong: bool = False, at: int | None = None) -> Html:
    match = _STEP.fullmatch(text)
    if not match:  # "… 12 earlier lines"
        return tag("li", text, class_="note")
    sent = match["direction"] == ">"
    return tag(
        "li",
        tag("span", match["client"], match["direction"], class_="who"),
        " ",
        tag("code", marked(match["line"], at)),
        tag("span", " ← the wrong line", class_="wrong-note") if wrong else None,
        class_=("sent" if sent else "came") + (" wrong" if wrong else ""),
    )


def _line(client: str | None, text: str, at: int | None) -> Html:
    who = tag("span", f"{client}<", class_="who") if client else None
    return tag("span", who, " " if who else None, tag("code", marked(text, at)), class_="line")


def _stderr(lines: Sequence[str]) -> Html:
    last, earlier = lines[-STDERR_LINES:], lines[:-STDERR_LINES]
    return several(
        tag(
            "details",
            tag("summary", f"{len(earlier)} earlier lines"),
            tag("pre", "\n".join(earlier)),
            class_="inner",
        )
        if earlier
        else None,
        tag("pre", "\n".join(last)),
    )


def _example(graded: Graded, check: Check) -> Html | None:
    """The sessions of the spec that show this requirement."""
    shown = [lines for cites, lines in graded.sessions if check.id in cites]
    if not shown:
        return None
    return tag(
        "details",
        tag("summary", "How the spec plays it"),
        [tag("ol", map(_step, lines), class_="session") for lines in shown],
        class_="inner",
    )


def _other(card: dict[str, Any]) -> Html:
    return tag(
        "details",
        tag("summary", f"Another test fails on it: {card['why']}"),
        _parts(card),
        class_="inner",
    )


def first_difference(expected: str | None, got: str | None) -> int | None:
    """The index of the first wrong character; None where a line is missing or nothing is wrong.

    If one line is the beginning of the other, it is the index of the end of the shorter one.
    """
    if not expected or not got or expected == got or expected[0] == "(" or got[0] == "(":
        return None
    pairs = enumerate(zip(expected, got, strict=False))
    shorter = min(len(expected), len(got))
    at = next((at for at, (one, other) in pairs if one != other), shorter)
    for escape in _ESCAPE.finditer(got):
        if escape.start() < at < escape.end():
            return escape.start()
    return at


def marked(text: str, at: int | None) -> Html:
    """A line of a session in which the character at `at` is marked."""
    start = end = len(text)
    if at is not None and at < len(text):
        escape = _ESCAPE.match(text, at)
        start, end = at, escape.end() if escape else at + 1
    wrong = text[start:end].replace(" ", "␣")
    if at is not None and not wrong:
        wrong, tells = "⏎", "the line ends here"
    else:
        tells = "differs from here"
    mark = tag("mark", wrong, title=tells) if wrong else None
    return several(_spaced(text, 0, start), mark, _spaced(text, end, len(text)))


def _spaced(text: str, start: int, end: int) -> Html:
    """A part of a line; spaces at the line's ends, and more than one in a row, can be seen."""
    out: list[Content] = []
    for match in _SPACES.finditer(text):
        left, right = max(start, match.start()), min(end, match.end())
        if left < right:
            out += [text[start:left], tag("span", text[left:right], class_="spaces")]
            start = right
    return several(*out, text[start:end])
