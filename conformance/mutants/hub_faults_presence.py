"""Faults of level 3: who comes, and who is here."""

from __future__ import annotations

from parley import wire
from parley.hub import Hub, Limits, Member, Room
from parley.wire import Refusal

from .registry import breaks
from .tools import DelayingHub, swap


@breaks("JOINED-1")
class EntersInSilence(Hub):
    """Nobody is told of a newcomer."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "JOINED":
            super().publish(room, *fields, but=but)


@breaks("JOINED-1")
class AnnouncesTwice(Hub):
    """JOINED arrives twice."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "JOINED":
            super().publish(room, *fields, but=but)


@breaks("JOINED-1")
class AnnouncesToTheFirst(Hub):
    """Only the member that is here longest is told of a newcomer."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "JOINED":
            return super().publish(room, *fields, but=but)
        for member in list(room.members.values())[:1]:
            self.deliver(member, *fields)


@breaks("JOINED-2")
class HearsOwnJoined(Hub):
    """A newcomer to a room of fifty members or more receives its own JOINED."""

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        if len(self.lobby.members) > 50:
            self.deliver(member, "JOINED", "lobby", arguments, member.number)


@breaks("JOINED-2")
class HearsEarlierJoined(Hub):
    """A newcomer to a room of fifty members or more is told of the one that came before it."""

    _newest: Member | None = None

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        newest, self._newest = self._newest, member
        if newest is not None and len(self.lobby.members) > 50:
            self.deliver(member, "JOINED", "lobby", newest.name or "", newest.number)


@breaks("JOINED-3")
class OkNickBeforeJoined(DelayingHub):
    """JOINED is queued to ten members, then comes OK NICK; the others are told later."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "JOINED":
            self.deliver_in_portions(10, list(room.members.values()), but, *fields)
        else:
            super().publish(room, *fields, but=but)


@breaks("JOINED-4")
class AnnouncesRefusedNames(Hub):
    """Who asks for a name that is in use is announced under it."""

    def do_nick(self, member: Member, arguments: str) -> None:
        try:
            super().do_nick(member, arguments)
        except Refusal as refusal:
            if refusal.code == "nick-in-use":
                self.publish(self.lobby, "JOINED", "lobby", arguments, self._last_number + 1)
            raise


@breaks("JOINED-4")
class AnnouncesSecondNames(Hub):
    """A member that asks for another name is announced under it, though it is refused."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is not None and wire.is_name(arguments):
            self.publish(self.lobby, "JOINED", "lobby", arguments, member.number, but=member)
        super().do_nick(member, arguments)


@breaks("JOINED-5")
class JoinedComesLate(Hub):
    """JOINED is sent after a message of the same turn, to members with an even number."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            if member.number % 2 == 0:
                swap(member, b"JOINED ", b"MSG ")
        return ready


class OtherListing(Hub):
    """Answers WHO with other members; `listed` says with which."""

    def listed(self, member: Member) -> list[tuple[str, int]]:
        return [(each.name or "", each.number) for each in self.lobby.members.values()]

    def do_who(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        listed = self.listed(member)
        for name, number in listed:
            self.reply(member, "HERE", name, number)
        self.reply(member, "OK", "WHO", len(listed))


@breaks("WHO-1")
class WhoWithoutOneself(OtherListing):
    """WHO lists only the others."""

    def listed(self, member: Member) -> list[tuple[str, int]]:
        return [each for each in super().listed(member) if each[0] != member.name]


@breaks("WHO-1")
class WhoUpToTen(OtherListing):
    """WHO lists ten members at most."""

    def listed(self, member: Member) -> list[tuple[str, int]]:
        return super().listed(member)[:10]


@breaks("WHO-1")
class WhoMiscounts(Hub):
    """OK WHO counts one more than there are items."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "WHO"):
            fields = ("OK", "WHO", int(fields[2]) + 1)
        super().reply(member, *fields)


@breaks("WHO-2")
class WhoInSmallLetters(OtherListing):
    """WHO lists the names in small letters."""

    def listed(self, member: Member) -> list[tuple[str, int]]:
        return [(name.lower(), number) for name, number in super().listed(member)]


@breaks("WHO-2")
class WhoRenumbers(OtherListing):
    """WHO numbers the members from 1 on, whatever their numbers are."""

    def listed(self, member: Member) -> list[tuple[str, int]]:
        return [(name, place) for place, (name, _) in enumerate(super().listed(member), 1)]


@breaks("WHO-3")
class WhoListsNameless(OtherListing):
    """WHO lists nameless connections as guests with the number 0."""

    def listed(self, member: Member) -> list[tuple[str, int]]:
        guests = [each for each in self.connections if each.name is None]
        return super().listed(member) + [("guest", 0) for _ in guests]


@breaks("WHO-4")
class WhoInPieces(DelayingHub):
    """WHO sends one item a turn, and what happens meanwhile stands between them."""

    def do_who(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        lines = [wire.line("HERE", m.name or "", m.number) for m in self.lobby.members.values()]
        lines.append(wire.line("OK", "WHO", len(lines)))
        self.send_next(member, lines)

    def send_next(self, member: Member, lines: list[bytes]) -> None:
        if member.here:
            self._send(member, lines.pop(0))
        if member.here and lines:
            self.later(0.001, lambda: self.send_next(member, lines))


@breaks("WHO-5")
class WhoOfTheLastTurn(OtherListing):
    """WHO lists those who were here when the turn began: the newest are missing now and then."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._here: list[tuple[str, int]] = []

    def tick(self, now: float) -> None:
        super().tick(now)
        self._here = [(each.name or "", each.number) for each in self.lobby.members.values()]

    def listed(self, member: Member) -> list[tuple[str, int]]:
        return self._here


@breaks("WHO-6")
class WhoIgnoresArguments(Hub):
    """WHO with arguments is answered as if it had none."""

    def do_who(self, member: Member, arguments: str) -> None:
        super().do_who(member, "")
