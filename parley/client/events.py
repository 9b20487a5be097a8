"""What an interface is told: one small class for each thing that can happen.

Events are plain values and never change. All texts in them are as the peers sent them: whoever
shows one escapes it (see `words`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .transfer import Incoming, Outgoing, Transfer


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened."""


@dataclass(frozen=True, slots=True)
class Greeted(Event):
    """The server has said who it is and what it can do."""

    server: str
    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named(Event):
    """The nickname is ours. `again`: after a connection that was lost."""

    name: str
    number: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Nameless(Event):
    """The server refused the nickname, or the password."""

    name: str
    code: str
    words: str


@dataclass(frozen=True, slots=True)
class Said(Event):
    """A message of a room. `number` is the speaker's, None where the server never told it."""

    room: str
    seq: int
    name: str
    number: int | None
    text: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Joined(Event):
    room: str
    name: str
    number: int


@dataclass(frozen=True, slots=True)
class Left(Event):
    room: str
    name: str
    number: int | None
    cause: str
    words: str


@dataclass(frozen=True, slots=True)
class Told(Event):
    """A direct message, from `name`, or, if it is our own, to `name`."""

    name: str
    text: str
    own: bool = False


@dataclass(frozen=True, slots=True)
class Listed(Event):
    """Who is in a room, in the order of their numbers."""

    room: str
    members: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class RoomsListed(Event):
    rooms: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Moved(Event):
    """We are in another room, with so many members, ourselves included."""

    room: str
    count: int


@dataclass(frozen=True, slots=True)
class Past:
    """A message that the server remembered; `time` in seconds since 1970."""

    room: str
    seq: int
    time: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Recalled(Event):
    """What the server remembers. `missed`: only what was said while we were away."""

    messages: tuple[Past, ...]
    missed: bool = False


@dataclass(frozen=True, slots=True)
class Locked(Event):
    """The server holds the room's events for us."""


@dataclass(frozen=True, slots=True)
class Released(Event):
    """The lock is off. The next `waited` events had been waiting."""

    waited: int
    cause: str  # "unlock", "say", "join", or what the server gave: "overflow", "timeout"


@dataclass(frozen=True, slots=True)
class Registered(Event):
    name: str


@dataclass(frozen=True, slots=True)
class Refused(Event):
    """The server refused a command, or does not know its verb."""

    verb: str
    code: str
    words: str
    text: str = ""  # what was to be said, so that it is not lost


@dataclass(frozen=True, slots=True)
class Lost(Event):
    """The connection is gone. `unanswered`: what was said and may not have arrived."""

    why: str
    unanswered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Strange(Event):
    """The server sent a line that protocol.md does not know."""

    line: str


@dataclass(frozen=True, slots=True)
class Note(Event):
    """Words of the client itself. `bad`: something did not work."""

    text: str
    bad: bool = False


@dataclass(frozen=True, slots=True)
class FileWanted(Event):
    """The person wants to send a file: the interface reads its size and digest (see `disk`)."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Offered(Event):
    """Somebody offers us a file. `gone`: the offer has been taken back already."""

    transfer: Incoming
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Offering(Event):
    """Our offer is on its way to the other."""

    transfer: Outgoing


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A transfer was accepted; octets flow."""

    transfer: Transfer


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """A file arrived whole, its digest checked, and is at `path`; or, sent, has left whole."""

    transfer: Transfer
    path: str = ""


@dataclass(frozen=True, slots=True)
class Failed(Event):
    """A transfer ended without its file. Nothing of it is kept."""

    transfer: Transfer
    why: str
