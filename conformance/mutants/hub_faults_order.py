"""Faults of level 2: the numbers of messages, and the order in which members hear them.

Some of these show only when several clients talk at once, or after many messages.
"""

from __future__ import annotations

from parley.hub import Hub, Limits, Member, Room

from .registry import breaks
from .tools import DelayingHub, swap


@breaks("SAY-5")
class SeqFromZero(Hub):
    """The first message has the number 0."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.lobby.seq = -1


@breaks("SAY-5")
class SeqWithGaps(Hub):
    """Every second number of the messages is left out."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, arguments)
        self.lobby.seq += 1


@breaks("SAY-5")
class SeqPerSpeaker(Hub):
    """Each speaker's messages are numbered for themselves."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._said: dict[Member, int] = {}

    def do_say(self, member: Member, arguments: str) -> None:
        self.lobby.seq = self._said.get(member, 0)
        super().do_say(member, arguments)
        self._said[member] = self.lobby.seq


@breaks("SAY-5")
class OkSayNamesTheNext(Hub):
    """OK SAY has the number of the next message, not that of its own."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "SAY"):
            fields = (*fields[:2], self.lobby.seq + 1)
        super().reply(member, *fields)


@breaks("SAY-6")
class OrdersDiffer(Hub):
    """Members with an even number receive two messages of one turn in the wrong order."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            if member.number % 2 == 0:
                swap(member, b"MSG ", b"MSG ")
        return ready


@breaks("SAY-6")
class SwapsEveryFiftieth(Hub):
    """Every 50th message arrives after the one that follows it."""

    _kept: tuple[str | int, ...] = ()
    _kept_from: Member | None = None

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "MSG" and room.seq % 50 == 0:
            self._kept, self._kept_from = fields, but
            return
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG" and self._kept:
            super().publish(room, *self._kept, but=self._kept_from)
            self._kept = ()


@breaks("SAY-7")
class OkSayComesLate(Hub):
    """OK SAY is sent after a message with a higher number, if both fall into one turn."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            swap(member, b"OK SAY ", b"MSG ")
        return ready


@breaks("SAY-10")
class OkSayBeforeMsg(DelayingHub):
    """Of who speaks twice running twenty hear before OK SAY, others 10 ms later: it is a delay."""

    pause = 0.01
    _spoke_last: Member | None = None

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "MSG" and (but is self._spoke_last or self._put_off):
            self.deliver_in_portions(20, list(room.members.values()), but, *fields)
        else:
            super().publish(room, *fields, but=but)
        if fields[0] == "MSG":
            self._spoke_last = but
