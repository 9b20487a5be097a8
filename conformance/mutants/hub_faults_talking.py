"""Faults of level 2: what is said, and who hears it. Numbers and order are in hub_faults_order."""

from __future__ import annotations

import unicodedata

from parley import wire
from parley.hub import Hub, Limits, Member, Room
from parley.wire import Refusal

from .registry import breaks


@breaks("SAY-1")
class OkSayWithoutSeq(Hub):
    """OK SAY lacks its number."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *(fields[:2] if fields[:2] == ("OK", "SAY") else fields))


@breaks("SAY-2")
class SpeakersInSmallLetters(Hub):
    """MSG names the speaker in small letters."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "MSG":
            fields = (*fields[:3], str(fields[3]).lower(), *fields[4:])
        super().publish(room, *fields, but=but)


@breaks("SAY-2")
class SaysTwice(Hub):
    """Everything that is said arrives twice."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG":
            super().publish(room, *fields, but=but)


@breaks("SAY-2")
class TellsOnlyOne(Hub):
    """Only the member that came first, other than the speaker, hears what is said."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "MSG":
            return super().publish(room, *fields, but=but)
        for member in [member for member in room.members.values() if member is not but][:1]:
            self.deliver(member, *fields)


@breaks("SAY-2")
class TellsTheFirstTen(Hub):
    """The eleventh and later members hear nothing of what is said."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "MSG":
            return super().publish(room, *fields, but=but)
        for member in list(room.members.values())[:10]:
            if member is not but:
                self.deliver(member, *fields)


@breaks("SAY-2")
class LosesMessagesInHaste(Hub):
    """Of one speaker's messages those beyond 30 in a second reach nobody."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._said: dict[str | int, list[float]] = {}

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "MSG":
            recent = [then for then in self._said.get(fields[3], []) if then > self._now - 1]
            self._said[fields[3]] = [*recent, self._now]
            if len(recent) >= 30:
                return
        super().publish(room, *fields, but=but)


@breaks("SAY-2")
class DropsEveryFiftieth(Hub):
    """Every 50th message reaches nobody."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "MSG" or room.seq % 50:
            super().publish(room, *fields, but=but)


@breaks("SAY-2")
class DoublesEveryFiftieth(Hub):
    """Every 50th message arrives twice."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG" and room.seq % 50 == 0:
            super().publish(room, *fields, but=but)


@breaks("SAY-3")
class TrimsTexts(Hub):
    """Spaces at both ends of a text are lost."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, arguments.strip(" ") or arguments)


@breaks("SAY-3")
class SqueezesSpaces(Hub):
    """Of several spaces in a row one arrives."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, " ".join(filter(None, arguments.split(" "))) or arguments)


@breaks("SAY-3")
class SpeaksAsciiOnly(Hub):
    """Characters outside ASCII arrive as question marks."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, arguments.encode("ascii", "replace").decode())


@breaks("SAY-3")
class NormalisesTexts(Hub):
    """Texts arrive in the Unicode normal form NFC, however they were sent."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, unicodedata.normalize("NFC", arguments))


@breaks("SAY-4")
class EchoesToSpeaker(Hub):
    """The speaker receives its own message."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields)


class Recalls(Hub):
    """Remembers what was said last, as long as its speaker is here."""

    _last: tuple[str | int, ...] = ()

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG":
            self._last = fields

    def recall(self) -> tuple[str | int, ...]:
        here = bool(self._last) and wire.fold(str(self._last[3])) in self.names
        return self._last if here else ()


@breaks("SAY-8")
class TellsNewcomersTheLast(Recalls):
    """A newcomer is told what was said last, if the speaker is still here."""

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        if self.recall():
            self.deliver(member, *self._last)


@breaks("SAY-8")
class NewcomersMissTheFirst(Recalls):
    """Who comes while others talk misses the first message after its OK NICK."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._new: set[Member] = set()

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        if self.recall():
            self._new.add(member)

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        members = room.members
        if fields[0] == "MSG":
            room.members = {key: each for key, each in members.items() if each not in self._new}
            self._new.clear()
        super().publish(room, *fields, but=but)
        room.members = members


@breaks("SAY-9")
class NamelessListen(Hub):
    """Nameless connections hear what is said."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        for member in self.connections:
            if fields[0] == "MSG" and member.name is None:
                self._send(member, wire.line(*fields))


@breaks("SAY-11")
class SaysNothing(Hub):
    """SAY without a text is passed on like any other."""

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, arguments or " ")


@breaks("SAY-11")
class RefusesEmptySayOtherwise(Hub):
    """SAY without a text is refused with a code of its own making."""

    def do_say(self, member: Member, arguments: str) -> None:
        if not arguments:
            raise Refusal("no-text", "say something")
        super().do_say(member, arguments)


@breaks("SAY-3")
class CutsTextsAt400(Hub):
    """Of a text only the first 400 octets are passed on."""

    def do_say(self, member: Member, arguments: str) -> None:
        wire.words(arguments)
        super().do_say(member, arguments.encode()[:400].decode(errors="ignore"))


@breaks("SAY-12")
class TextsOf3799(Hub):
    """A text of 3800 octets is refused."""

    def do_say(self, member: Member, arguments: str) -> None:
        if len(arguments.encode()) == wire.MAX_TEXT:
            raise Refusal("text-too-long", "that is too long")
        super().do_say(member, arguments)


@breaks("SAY-12")
class CountsCharacters(Hub):
    """The length of a text is counted in characters: 3850 octets are passed on."""

    def do_say(self, member: Member, arguments: str) -> None:
        octets = arguments.encode()
        if len(arguments) > wire.MAX_TEXT or len(octets) <= wire.MAX_TEXT:
            return super().do_say(member, arguments)
        self.release(member)
        self.lobby.seq += 1
        name = member.name or ""
        self.publish(self.lobby, "MSG", "lobby", self.lobby.seq, name, arguments, but=member)
        self.reply(member, "OK", "SAY", self.lobby.seq)


@breaks("SAY-13")
class RefusedSayUsesSeq(Hub):
    """A refused SAY uses up a number."""

    def do_say(self, member: Member, arguments: str) -> None:
        try:
            super().do_say(member, arguments)
        except Refusal:
            self.lobby.seq += 1
            raise
