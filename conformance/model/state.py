"""What the model keeps: people, rooms and transfers; and what it says: lines that are owed."""

from __future__ import annotations

from dataclasses import dataclass, field

#: What stands for the words of an ERR or a BYE, which the spec leaves open.
WORDS = "(words)"
#: What stands for the time of a PAST.
SOME_TIME = 1790000000


@dataclass(frozen=True)
class Owed:
    """A line that a client has to receive. `rule` calls for it.

    Lines that stand together and have the same `run` may come in any order among themselves.
    A transfer that the model calls 3 is written `#3`: the server gives it an id of its own.
    """

    text: str
    rule: str
    run: int = 0
    transfer: int = 0  # the transfer that `#` in the text stands for


@dataclass(eq=False)
class Room:
    """One log. `past` is what was said: seq, name and text of each message."""

    name: str  # spelled as by who joined it first
    people: list[Person] = field(default_factory=list)
    seq: int = 0
    past: list[tuple[int, str, str]] = field(default_factory=list)


@dataclass(eq=False)
class Person:
    """A connection. With a name it is a member, and in a room."""

    label: str
    name: str = ""
    number: int = 0
    room: Room | None = None
    held: list[Owed] | None = None  # None: not locked
    wrong_tries: int = 0
    gone: bool = False  # nothing that it sends from now on is obeyed
    ends: bool = False  # the server ends its stream behind what it is owed

    @property
    def here(self) -> Room:
        """The room in which a member is."""
        assert self.room is not None
        return self.room


@dataclass(eq=False)
class Transfer:
    """One file on its way; sender and receiver may be the same."""

    number: int  # the model's own: the server's id is known to who compares
    sender: Person
    receiver: Person
    size: int
    accepted: bool = False
    credit: int = 0
    sent: int = 0

    def other(self, person: Person) -> Person:
        return self.receiver if person is self.sender else self.sender
