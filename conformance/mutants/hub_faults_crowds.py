"""Faults that show beyond a number: a hundred members, two hundred messages, every fiftieth event.

Suites that try things with two or four clients, once, see none of them.
"""

from __future__ import annotations

from collections.abc import Callable

from parley.hub import Hub, Limits, Member, Room
from parley.wire import Refusal

from .registry import breaks
from .tools import DelayingHub


class Counting(Hub):
    """A hub that does something else with every fiftieth of the events of one kind."""

    kind = ""
    crowd = 0  # among so many, at least

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._count = 0

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        tell: Callable[..., None] = super().publish
        if fields[0] == self.kind and len(room.members) >= self.crowd:
            self._count += 1
            if self._count % 50 == 0:
                tell = self.fiftieth
        tell(room, *fields, but=but)

    def fiftieth(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        """What becomes of it: nothing."""


@breaks("NICK-6")
class NamesAHundred(Hub):
    """The hundred and first member is refused a name."""

    def admit(self, member: Member, name: str) -> None:
        if len(self.names) >= 100:
            raise Refusal("nick-in-use", "there are no names left")
        super().admit(member, name)


@breaks("SAY-5")
class SeqOfOneOctet(Hub):
    """The number of a message is kept in one octet: after 255 comes 0."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, arguments)
        self.lobby.seq %= 256


class TellsTheFirst(Hub):
    """A hub that tells only the first members of some events."""

    kind, first = "", 0

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        everybody = room.members
        if fields[0] == self.kind:
            room.members = dict(list(everybody.items())[: self.first])
        super().publish(room, *fields, but=but)
        room.members = everybody


@breaks("SAY-2")
class TellsTheFirstHundred(TellsTheFirst):
    """The hundred and first and later members hear nothing of what is said."""

    kind, first = "MSG", 100


@breaks("JOINED-1")
class TellsSixtyFourWhoComes(TellsTheFirst):
    """The sixty-fifth and later members are told of no newcomer."""

    kind, first = "JOINED", 64


@breaks("LEFT-8")
class TellsThirtyTwoWhoLeaves(TellsTheFirst):
    """The thirty-third and later members are not told who leaves."""

    kind, first = "LEFT", 32


@breaks("LINE-2")
class SeparatesThousands(Hub):
    """The thousandth message has the number 1,000."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "MSG":
            fields = (*fields[:2], f"{room.seq:,}", *fields[3:])
        super().publish(room, *fields, but=but)


@breaks("JOINED-1")
class DropsEveryFiftiethJoined(Counting):
    """Of every 50th newcomer nobody is told."""

    kind = "JOINED"


@breaks("QUIT-2")
class DropsEveryFiftiethLeft(Counting):
    """Of every 50th who leaves nobody is told."""

    kind = "LEFT"
    crowd = 20


@breaks("QUIT-2")
class DoublesEveryFiftiethLeft(Counting):
    """Of every 50th who leaves everybody is told twice."""

    kind = "LEFT"
    crowd = 20

    def fiftieth(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        Hub.publish(self, room, *fields, but=but)
        Hub.publish(self, room, *fields, but=but)


@breaks("CMD-3")
class DropsEveryFiftiethReply(Hub):
    """Every 50th reply to a connection is lost."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._replies: dict[Member, int] = {}

    def reply(self, member: Member, *fields: str | int) -> None:
        self._replies[member] = self._replies.get(member, 0) + 1
        if self._replies[member] % 50:
            super().reply(member, *fields)


@breaks("WHO-1")
class WhoUpToAHundred(Hub):
    """WHO lists a hundred members at most."""

    def listing(self, room: Room) -> list[bytes]:
        return super().listing(room)[:100]


@breaks("QUIT-2")
class OkQuitComesFirst(DelayingHub):
    """LEFT comes 10 ms after OK QUIT: the fault is a delay."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[:1] == ("LEFT",) and fields[3:4] == ("quit",):
            self.later(0.01, lambda: Hub.publish(self, room, *fields, but=but))
        else:
            super().publish(room, *fields, but=but)
