"""The failure card: everything that a beginner needs to see about one failure, and nothing else.

A card is data first (it goes into results.json) and text second. All that a server sent has been
escaped before it gets here, or is escaped here; no part of a card is longer than a person reads.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from .chat import Chat
from .compare import (
    difference_in_words,
    escapes_in_words,
    excerpt,
    first_difference,
    first_escape,
    is_line,
    kind_of_difference,
)
from .fold import CONTINUED, folded, wrapped
from .hints import Facts, hint_for
from .inbox import FENCE
from .lines import escape
from .process import ServerProcess, StartError
from .scene import NO_END, found, scene
from .servers import Served
from .spec import Requirement
from .violation import Violation

#: Lines of each output of the server that the text of a card shows.
OUTPUT_LINES = 12
#: Columns below which nothing is folded further.
NARROWEST = 40
#: Seconds in which it is measured whether a server that does not answer is busy.
BUSY_TIME = 0.1
#: What a card of an earlier suite, in a results.json that is kept, does not have.
NO_DETAILS: dict[str, Any] = {
    **dict.fromkeys(("test", "difference", "options", "command", "replay"), ""),
    **dict.fromkeys(("mark", "differs")),
    "notes": [],
    "stdout": [],
}
FENCES = f"{FENCE}N is a PING of the suite: when its PONG comes, all that was due before is there"


def make_card(
    requirement: Requirement,
    violation: Violation,
    chat: Chat | None,
    served: Served | None,
    again: Sequence[str],
    test: str = "",
    unstarted: Sequence[str] = (),
) -> dict[str, Any]:
    """All parts of a card as JSON-able data. `again` is the command that repeats the failure.

    `unstarted`: the command line of the server, if it is that which failed.
    """
    client = violation.client.label if violation.client else None
    expected, got, at = _compared(violation)
    log = found(violation) or (chat.log if chat else [])
    session, mark = scene(log, violation, at)
    server = _state(served, violation)
    stdout, stderr = _chatter(served), list(served.stderr) if served else []
    card = {
        "requirement": requirement.id,
        "where": requirement.where,
        "keyword": requirement.keyword,
        "text": requirement.text,
        "test": _printable(test),
        "why": excerpt(_printable(violation.why))[0],
        "client": client,
        "expected": expected and excerpt(expected, at and at[0], got if at else None)[0],
        "got": got and excerpt(got, at and at[1], expected if at else None)[0],
        "differs": excerpt(got, at[1], expected)[1] if got and at else None,
        "difference": _in_words(expected, got, at, violation),
        "notes": _notes(got or "", session),
        "session": session,
        "played": list(violation.session),  # all of it, for who wants to play it again
        "mark": mark,
        "server": server,
        "options": "" if unstarted else _printable(shlex.join(_asked(served))),
        "command": _printable(shlex.join(unstarted)),
        "stdout": stdout,
        "stderr": stderr,
        "stderr_before": _printed_before(chat, stderr),
        "again": _printable(shlex.join(again)),
    }
    alone = kind_of_difference(expected or "", got or "", at) if at else ""
    return card | {"hint": hint_for(_facts(card, _last_sent(chat), alone))}


def _facts(card: dict[str, Any], sent: str, differs: str) -> Facts:
    """What a hint may depend on: much of the card, and of stderr only what is of this test."""
    return Facts(
        id=card["requirement"],
        why=card["why"],
        expected=card["expected"] or "",
        got=card["got"] or "",
        sent=sent,
        server=card["server"],
        stdout="\n".join(card["stdout"]),
        stderr="\n".join(card["stderr"][card["stderr_before"] :]),
        differs=differs,
    )


def text_of(card: dict[str, Any], width: int = 100) -> str:
    """A card as plain text for so many columns; only commands, which one copies, are longer."""
    card, width = NO_DETAILS | card, max(width, NARROWEST)
    out = [
        f"{card['requirement']} · {card['where']} · {card['keyword']}",
        *wrapped("  ", card["text"], width),
        "",
    ]
    mark = card["mark"] or {"line": None, "column": 0, "words": ""}
    for number, line in enumerate(card["session"]):
        at = mark["column"] if number == mark["line"] else None
        out += folded("  ", line, width, at, mark["words"])
    if card["session"]:
        out.append("")
    if card["test"]:
        out += wrapped(_label("test"), card["test"], width)
    out += wrapped(_label("what"), card["why"], width, CONTINUED)
    who = f"{card['client']}< " if card["client"] else ""
    if card["expected"] is not None:
        out += folded(_label("expected"), who + card["expected"], width)
    if card["got"] is not None:
        at = len(who) + card["differs"] if card["differs"] else None
        out += folded(_label("got"), who + card["got"], width, at, card["difference"])
    for note in card["notes"]:
        out += wrapped(_label("note"), note, width)
    if card["server"]:
        out += wrapped(_label("server"), card["server"], width)
    if card["options"]:
        out.append(f"{_label('options')}started with {card['options']}")
    if card["command"]:
        out.append(_label("command") + card["command"])
    for name in ("stdout", "stderr"):
        for number, line in enumerate(card[name][-OUTPUT_LINES:]):
            out += folded(_label("" if number else name) + "| ", line, width)
    if card["hint"]:
        out += wrapped(_label("hint"), card["hint"], width)
    out.append(_label("again") + card["again"])
    if card["replay"]:
        out.append(_label("replay") + card["replay"])
    return "\n".join(out)


def start_failure(error: StartError) -> str:
    """Why a server does not start, what it printed, and a hint: all that there is of a card."""
    process, why = error.process, str(error)
    stdout, stderr = list(process.stdout), list(process.stderr)
    facts = Facts(why=why, stdout="\n".join(stdout), stderr="\n".join(stderr))
    out = [f"the server does not start: {why}"]
    out.append(_label("command") + _printable(shlex.join(process.words)))
    for name, lines in (("stdout", stdout), ("stderr", stderr)):
        if "".join(lines) not in why:
            shown = lines[-OUTPUT_LINES:]
            out += [_label("" if n else name) + f"| {line}" for n, line in enumerate(shown)]
    if hint := hint_for(facts):
        out += wrapped(_label("hint"), hint, 100)
    return "\n".join(out)


def _label(word: str) -> str:
    return f"  {word:<10} "


def _printable(text: str) -> str:
    """Our own words, in which a peer's may be quoted, escaped already: not twice."""
    return text if text.isprintable() else escape(text)


def _compared(violation: Violation) -> tuple[str | None, str | None, tuple[int, int] | None]:
    """What was expected and what came, escaped, and where they differ if both are lines."""
    expected = violation.expected and escape(violation.expected)
    got = violation.got and escape(violation.got)
    if violation.also == "LINE-1" and got and (wrong := first_escape(got)) is not None:
        return expected, got, (0, wrong)
    if violation.timed_out and got and not got.startswith("("):  # its end is missing
        return expected, got, (0, len(got))
    if not expected or not got or not is_line(expected) or not is_line(got):
        return expected, got, None
    return expected, got, first_difference(expected, got)


def _in_words(
    expected: str | None, got: str | None, at: tuple[int, int] | None, violation: Violation
) -> str:
    if not expected or not got or not at or not at[1]:
        return ""
    return NO_END if violation.timed_out else difference_in_words(expected, got, at)


def _last_sent(chat: Chat | None) -> str:
    """The last command before the failure, whoever sent it."""
    for entry in reversed(chat.log if chat else []):
        if entry.direction == ">" and not entry.text.startswith(f"PING {FENCE}"):
            return entry.text
    return ""


def _notes(got: str, session: Sequence[str]) -> list[str]:
    """What may need a word of explanation in the lines that are shown."""
    notes = escapes_in_words(got)[:3]
    if any(f"{FENCE}1" in line for line in session):
        notes.append(FENCES)
    return notes


def _state(served: Served | None, violation: Violation) -> str:
    """Whether the server runs, and if it does and was silent, whether it is busy."""
    if served is None:
        return ""
    state = served.state()
    if isinstance(served, ServerProcess) and state == "running" and violation.timed_out:
        if served.is_busy(BUSY_TIME):
            return "running, and busy: it wants a whole processor"
    return state


def _asked(served: Served | None) -> Sequence[str]:
    """What the test had the server started with, which nobody else would know of."""
    return served.asked if isinstance(served, ServerProcess) else ()


def _chatter(served: Served | None) -> list[str]:
    """What the server has printed besides its ready line."""
    ready = isinstance(served, ServerProcess) and escape(served.ready_line or "")
    return [line for line in (served.stdout if served else ()) if line != ready]


def _printed_before(chat: Chat | None, now: Sequence[str]) -> int:
    """How many of the lines on standard error are of earlier tests on the same server."""
    then = list(chat.stderr_before) if chat else []
    return next((size for size in range(len(now), 0, -1) if now[:size] == then[-size:]), 0)
