"""How events look: each becomes lines of styled text, the same in every interface.

A Lines keeps who we are and which day was last shown. What came from others is escaped here, and
nowhere later. A style is a word that an interface turns into a colour, or ignores.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from . import events as ev
from . import words
from .transfer import Outgoing

#: A piece of a line: its style and its text, safe to show.
Part = tuple[str, str]

_CAUSES = {
    "quit": "has left",
    "closed": "is gone: the connection ended",
    "timeout": "is gone: it timed out",
    "slow": "is gone: the connection was too slow",
    "moved": "has gone to another room",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `chat` is what others see or say; the rest is between the person and the client."""

    parts: tuple[Part, ...]
    chat: bool = False
    rings: bool = False  # it concerns the person: worth a bell

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.parts)


class Lines:
    """Turns events into lines."""

    def __init__(self) -> None:
        self.me = ""
        self._day = ""  # the day that was last shown

    def show(self, event: ev.Event, clock: float) -> list[Line]:
        """The lines for an event; `clock` is the time of day, in seconds since 1970."""
        lines = list(self._lines(event, clock))
        when = datetime.fromtimestamp(clock)
        day = f"{when:%A}, {when.day} {when:%B %Y}"
        if lines and self._day != day:
            if self._day:
                lines.insert(0, _rule(day))
            self._day = day
        return lines

    def _lines(self, event: ev.Event, clock: float) -> Iterator[Line]:
        time = f"{datetime.fromtimestamp(clock):%H:%M} "
        who: tuple[Part, ...]
        match event:
            case ev.Said(_, _, name, number, text, own):
                yield self._said(time, name, number, text, own)
            case ev.Told(name, text, own=False):
                who = (("time", time), name_part(name), ("told", " tells you: "))
                yield Line((*who, *text_parts(text, "told")), chat=True, rings=True)
            case ev.Told(name, text):
                who = (("time", time), ("told", "you tell "), name_part(name), ("told", ": "))
                yield Line((*who, *text_parts(text, "told")))
            case ev.Joined(_, name, number):
                who = (("time", time), ("joined", "→ "), *person(name, number))
                yield Line((*who, ("joined", " is here")), chat=True)
            case ev.Left(_, name, number, cause, said):
                left = _CAUSES.get(cause, f"is gone ({words.escape(cause)})") + (
                    ": " if said else ""
                )
                who = (("time", time), ("left", "← "), *person(name, number), ("left", f" {left}"))
                yield Line((*who, *text_parts(said, "left")), chat=True)
            case ev.Listed(room, members):
                yield self._listed(room, members)
            case ev.RoomsListed(rooms):
                yield _note("rooms: " + ", ".join(f"{room} ({count})" for room, count in rooms))
            case ev.Recalled(messages, missed):
                yield from self._recalled(messages, missed, clock)
            case ev.Note(text, bad):
                yield _bad(text) if bad else _note(text)
            case _:
                yield from self._status(event)
        if isinstance(event, (ev.Offered, ev.Offering, ev.Started, ev.Finished, ev.Failed)):
            yield from _transfer(event, time, clock)

    def _said(self, time: str, name: str, number: int | None, text: str, own: bool) -> Line:
        named = not own and words.mentions(text, self.me)
        style = "mention" if named else "own" if own else "text"
        who = (("time", time), *person(name, number), ("number", ": "))
        return Line((*who, *text_parts(text, style)), chat=True, rings=named)

    def _listed(self, room: str, members: tuple[tuple[str, int], ...]) -> Line:
        parts: list[Part] = [("note", f"{words.plural(len(members), 'member')} in {room}: ")]
        for index, (name, number) in enumerate(members):
            parts += [("note", ", " if index else ""), *person(name, number)]
            parts += [("note", " (you)" if name == self.me else "")]
        return Line(tuple(parts))

    def _recalled(
        self, messages: tuple[ev.Past, ...], missed: bool, clock: float
    ) -> Iterator[Line]:
        what = words.plural(len(messages), "message")
        yield _rule(f"{what} while you were away" if missed else f"the last {what}")
        today = datetime.fromtimestamp(clock).date()
        for past in messages:
            try:
                when = datetime.fromtimestamp(past.time)
            except (OverflowError, ValueError, OSError):  # a time far beyond any calendar
                when = datetime.fromtimestamp(0)
            form = "%H:%M " if when.date() == today else "%Y-%m-%d %H:%M "
            own = past.name == self.me
            yield self._said(f"{when:{form}}", past.name, None, past.text, own)
        if messages:
            yield _rule("until here")

    def _status(self, event: ev.Event) -> Iterator[Line]:
        match event:
            case ev.Greeted(server, capabilities):
                known = ", ".join(capabilities) or "nothing beyond the core"
                yield _note(f"connected to {server} ({known})")
            case ev.Named(name, number, again):
                self.me = name
                parts = (("note", "you are "), *person(name, number))
                hint = " again" if again else "; /help lists what you can do"
                yield Line((*parts, ("note", hint)))
            case ev.Nameless(name, "nick-registered"):
                yield _bad(f"{name} has a password")
            case ev.Nameless(name, _, said):
                yield _bad(f"{name}: {said}")
            case ev.Moved(room, count):
                yield _rule(f"{room}, {words.plural(count, 'member')}")
            case ev.Locked():
                yield _note("locked: what others say waits until you have spoken, or /unlock")
            case ev.Released(waited, cause):
                yield _rule(_released(waited, cause))
            case ev.Registered(name):
                yield _note(f"{name} is registered: it takes your password to have this name")
            case ev.Refused(verb, code, said, text):
                unknown = f"this server does not know {verb}"
                yield _bad(unknown if code == "unknown-verb" else f"refused: {said}")
                if text:
                    yield _bad(f"not said: {text}")
            case ev.Lost(why, unanswered):
                yield _bad(f"connection lost: {why}")
                for text in unanswered:
                    yield _bad(f"may not have arrived: {text}")
            case ev.Strange(line):
                yield _bad(f"the server sent what is not in the protocol: {line}")


def person(name: str, number: int | None) -> tuple[Part, ...]:
    """A nickname in its colour, with its number."""
    return (name_part(name), ("number", f"#{number}")) if number else (name_part(name),)


def name_part(name: str) -> Part:
    return (f"name{words.colour_of(name)}", name)


def text_parts(text: str, style: str) -> Iterator[Part]:
    """A peer's text; what had to be escaped stands out."""
    for escaped, piece in words.fragments(text):
        yield ("escape" if escaped else style, piece)


def _note(text: str) -> Line:
    return Line((("note", words.escape(text)),))


def _bad(text: str) -> Line:
    return Line((("bad", words.escape(text)),))


def _rule(text: str) -> Line:
    return Line((("rule", f"── {words.escape(text)} ──"),))


def _released(waited: int, cause: str) -> str:
    lines = words.plural(waited, "line")
    if cause in ("overflow", "timeout"):
        why = "so many" if cause == "overflow" else "so long"
        return f"the server does not hold {why}: {lines} waited, and you are not locked any more"
    return f"{lines} waited while you wrote" if waited else "nothing waited while you wrote"


def _transfer(
    event: ev.Offered | ev.Offering | ev.Started | ev.Finished | ev.Failed,
    time: str,
    clock: float,
) -> Iterator[Line]:
    transfer = event.transfer
    name, size = words.escape(transfer.filename), words.size(transfer.size)
    other = name_part(transfer.other)
    number = transfer.number
    match event:
        case ev.Offered(gone=True):
            yield Line((("time", time), other, ("file", f" offered you {name}: no longer")))
        case ev.Offered():
            what = f" offers you {name} ({size}): /accept {number} or /decline {number}"
            yield Line((("time", time), other, ("file", what)), rings=True)
        case ev.Offering():
            yield Line((("time", time), ("file", f"{name} ({size}) is offered to "), other))
        case ev.Started() if isinstance(transfer, Outgoing):
            yield Line((("time", time), other, ("file", f" takes {name} ({size})")))
        case ev.Finished(path=""):
            yield Line((("time", time), other, ("file", f" has all of {name} ({size})")))
        case ev.Finished(path=path):
            done = f"{name} ({size}) is complete, its digest is right: {words.escape(path)}"
            yield Line((("time", time), ("file", done)))
        case ev.Failed(why=why):
            what = "was not sent" if isinstance(transfer, Outgoing) else "did not arrive"
            yield _bad(f"{name} {what}: {why}")


def progress(name: str, size: int, done: int, rate: float, width: int) -> str:
    """A transfer under way, on one line of at most `width` columns."""
    part = done / size if size else 1.0
    left = words.duration((size - done) / rate) if rate else "-:--"
    tail = f" {part:4.0%} {words.size(rate)}/s {left}"
    room = max(width - len(tail) - 2, 8)
    name = words.escape(name)
    name = name if len(name) <= room // 2 else name[: room // 2 - 1] + "…"
    return f"{name} {words.bar(part, min(max(room - len(name), 4), 30))}{tail}"
