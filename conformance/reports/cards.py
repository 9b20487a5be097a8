"""The failure card as HTML, with all its parts: what the terminal shows, and the spec's example.

The first wrong character is marked where the card says; an escape such as \\x1b counts as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ..compare import first_difference
from .markup import Content, Html, prose, several, tag
from .read import Check, Graded

#: Lines of an output that are shown at once; the rest opens.
OUTPUT_LINES = 8
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
    """The parts of one card that it has, each with its name."""
    options = card["options"] and several("started with ", tag("code", card["options"]))
    rows: list[tuple[str, Content]] = [
        ("test", card["test"]),
        ("what", card["why"]),
        *_compared(card),
        *(("note", note) for note in card["notes"]),
        ("server", card["server"]),
        ("options", options),
        ("command", _code(card["command"])),
        ("stdout", _output(card["stdout"])),
        ("stderr", _output(card["stderr"])),
        ("hint", card["hint"] and tag("span", prose(card["hint"]), class_="hint")),
        ("again", _code(card["again"])),
        ("replay", _code(card["replay"])),
    ]
    shown = [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows if value]
    return several(_session(card) if card["session"] else None, tag("dl", shown))


def _compared(card: dict[str, Any]) -> Iterator[tuple[str, Content]]:
    """What was expected and what came, with the first difference marked, and in words."""
    expected, got, differs = card["expected"], card["got"], card["differs"] or None
    at = first_difference(expected, got) if expected and got and differs else None
    if expected is not None:
        begins = at[0] if at and at[1] == differs else None
        yield "expected", _line(card["client"], expected, begins)
    if got is not None:
        words = card["difference"] and tag("span", card["difference"], class_="difference")
        yield "got", several(_line(card["client"], got, differs), words)


def _code(command: str) -> Content:
    return command and tag("code", command, class_="again")


def _session(card: dict[str, Any]) -> Html:
    """The lines that led there; of the one that is marked, what is wrong with it."""
    mark = card["mark"] or {"line": None}
    lines = [
        _step(line, mark if number == mark["line"] else None)
        for number, line in enumerate(card["session"])
    ]
    if not card["mark"] and card["got"] == NOTHING and card["client"]:
        missing = {"column": 0, "words": "here a line is missing"}
        lines.append(_step(f"{card['client']}< {NOTHING}", missing))
    return tag("ol", lines, class_="session")


def _step(text: str, mark: dict[str, Any] | None = None) -> Html:
    match = _STEP.fullmatch(text)
    if not match:  # "… 12 earlier lines"
        return tag("li", text, class_="note")
    sent = match["direction"] == ">"
    at = mark["column"] - match.start("line") if mark else 0  # 0: the whole line, or none of it
    return tag(
        "li",
        tag("span", match["client"], match["direction"], class_="who"),
        " ",
        tag("code", marked(match["line"], at if at > 0 else None)),
        tag("span", f" ← {mark['words'] or 'here'}", class_="wrong-note") if mark else None,
        class_=("sent" if sent else "came") + (" wrong" if mark else ""),
    )


def _line(client: str | None, text: str, at: int | None) -> Html:
    who = tag("span", f"{client}<", class_="who") if client else None
    return tag("span", who, " " if who else None, tag("code", marked(text, at)), class_="line")


def _output(lines: Sequence[str]) -> Content:
    """What a server printed on one of its outputs; the end tells most."""
    last, earlier = lines[-OUTPUT_LINES:], lines[:-OUTPUT_LINES]
    return lines and several(
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
        [tag("ol", [_step(line) for line in lines], class_="session") for lines in shown],
        class_="inner",
    )


def _other(card: dict[str, Any]) -> Html:
    return tag(
        "details",
        tag("summary", f"Another test fails on it: {card['why']}"),
        _parts(card),
        class_="inner",
    )


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
