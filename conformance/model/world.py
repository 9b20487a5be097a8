"""A whole server: the core with those extensions that are in play."""

from __future__ import annotations

from collections.abc import Iterable

from .core import read
from .files import Files
from .talk import Accounts, Direct, History, Rooms
from .words import Refused, same

#: The verbs of each extension.
EXTENSIONS: dict[str, tuple[str, ...]] = {
    "direct": ("TELL",),
    "rooms": ("JOIN", "ROOMS"),
    "history": ("HISTORY",),
    "accounts": ("REGISTER", "LOGIN"),
    "files": ("OFFER", "ACCEPT", "DECLINE", "MORE", "CHUNK", "DONE", "ABORT"),
}


class World(Files, Accounts, History, Rooms, Direct):
    """What a server is and does that offers these capabilities."""

    def __init__(self, capabilities: Iterable[str] = (), hold_count: int | None = None) -> None:
        super().__init__(hold_count)
        for capability in capabilities:
            self.verbs.update(EXTENSIONS.get(capability, ()))

    def takes_leave(self) -> None:
        """Everybody has gone, and was told so: names, transfers and rooms are free again."""
        for person in self.people.values():
            if person.name and person.room and person in person.room.people:
                person.room.people.remove(person)
                del self.members[same(person.name)]
        self.people.clear()
        self.owed.clear()
        self.transfers.clear()


def is_answered(line: bytes) -> bool:
    """Whether a line, without its LF, gets a reply: all but empty ones and PONG do (CMD-3)."""
    text = as_text(line)
    return text != "" and text.split(" ", 1)[0].upper() != "PONG"


def is_last(line: bytes) -> bool:
    """Whether nothing behind a line is obeyed or answered: a QUIT that is not refused (QUIT-4)."""
    verb, _, words = as_text(line).partition(" ")
    return verb.upper() == "QUIT" and len(words.encode()) <= 3800


def as_text(line: bytes) -> str:
    """A line of a client, without its end. What is no line of text is something in brackets."""
    try:
        read(line)
    except Refused as refused:
        return f"({refused.code})"
    return line.removesuffix(b"\r").decode()
