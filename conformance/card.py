"""The failure card: everything that a beginner needs to see about one failure, and nothing else.

A card is data first (it goes into results.json) and text second. All that a server sent has been
escaped before it gets here, or is escaped here.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len

from .chat import Chat
from .hints import HINTS
from .lines import escape
from .peer import Entry, Violation
from .servers import Served
from .spec import Requirement

#: Lines of the session that a card shows: the last ones of the clients concerned.
SESSION_LINES = 40
#: Characters of one such line: enough for the longest that the spec allows to be told apart.
LINE_WIDTH = 400


def make_card(
    requirement: Requirement,
    violation: Violation,
    chat: Chat | None,
    served: Served | None,
    again: Sequence[str],
) -> dict[str, Any]:
    """All parts of a card as JSON-able data. `again` is the command that repeats the failure."""
    client = violation.client.label if violation.client else None
    return {
        "requirement": requirement.id,
        "where": requirement.where,
        "keyword": requirement.keyword,
        "text": requirement.text,
        "why": _printable(violation.why),
        "client": client,
        "expected": violation.expected and escape(violation.expected),
        "got": violation.got and escape(violation.got),
        "session": _session(chat.log, client) if chat else [],
        "server": served.state() if served else "",
        "stderr": list(served.stderr) if served else [],
        "hint": HINTS.get(requirement.id, ""),
        "again": _printable(shlex.join(again)),
    }


def text_of(card: dict[str, Any]) -> str:
    """A card as plain text, about 100 columns wide."""
    out = [
        f"{card['requirement']} · {card['where']} · {card['keyword']}",
        *_wrapped(card["text"], "  "),
        "",
        *(f"  {line}" for line in card["session"]),
    ]
    if card["session"]:
        out.append("")
    out.append(f"  what       {card['why']}")
    who = f"{card['client']}< " if card["client"] else ""
    if card["expected"] is not None:
        out.append(f"  expected   {who}{_shortened(card['expected'])}")
    if card["got"] is not None:
        out.append(f"  got        {who}{_shortened(card['got'])}")
        column = _first_difference(card["expected"], card["got"])
        if column is not None:
            out.append("             " + " " * (len(who) + column) + "^ differs from here")
    if card["server"]:
        out.append(f"  server     {card['server']}")
    for number, line in enumerate(card["stderr"][-8:]):
        # The bar: no line of ours begins with a server's words, which a grading service may obey.
        out.append(f"  {'stderr' if number == 0 else '':<10} | {line}")
    if card["hint"]:
        lines = _wrapped(card["hint"], "")
        out += [
            f"  {'hint' if number == 0 else '':<10} {line}" for number, line in enumerate(lines)
        ]
    out.append(f"  again      {card['again']}")
    return "\n".join(out)


def _printable(text: str) -> str:
    """Our own words, in which a peer's may be quoted, escaped already: not twice."""
    return text if text.isprintable() else escape(text)


def _session(log: Sequence[Entry], client: str | None) -> list[str]:
    """The end of the session: the whole of a small one; of a crowd, the client concerned first."""
    labels = list(dict.fromkeys(entry.client for entry in log))
    shown = set(labels)
    if len(labels) > 5 and client is not None:
        others = [label for label in labels if label != client]
        shown = {client, *others[:2]} & shown
    entries = [entry for entry in log if entry.client in shown]
    lines = [f"{entry.client}{entry.direction} {_shortened(entry.text)}" for entry in entries]
    head = []
    if len(lines) > SESSION_LINES:
        head.append(f"… {len(lines) - SESSION_LINES} earlier lines")
        lines = lines[-SESSION_LINES:]
    if len(shown) < len(labels):
        head.append(f"… {len(labels) - len(shown)} of {len(labels)} clients are not shown")
    return head + lines


def _first_difference(expected: str | None, got: str) -> int | None:
    """The column in which two lines begin to differ; None where there is none to point at."""
    if not expected or expected.startswith("(") or got.startswith("(") or expected == got:
        return None
    at = next(
        (at for at, (one, other) in enumerate(zip(expected, got, strict=False)) if one != other),
        min(len(expected), len(got)),
    )
    if at == 0 or at >= min(_shown(expected), _shown(got)):
        return None
    return cell_len(got[:at])


def _shown(text: str) -> int:
    """How many characters of a line stand in the card before it is abbreviated."""
    return len(text) + 1 if len(text) <= LINE_WIDTH else LINE_WIDTH - 60


def _shortened(text: str) -> str:
    if len(text) <= LINE_WIDTH:
        return text
    return f"{text[: LINE_WIDTH - 60]} … {text[-30:]} ({len(text)} characters)"


def _wrapped(text: str, indent: str, width: int = 96) -> list[str]:
    lines, line = [], indent
    for word in text.split():
        if len(line) + len(word) > width and line.strip():
            lines.append(line.rstrip())
            line = indent
        line += word + " "
    return [*lines, line.rstrip()]
