"""Faults of the extension `direct`: who is told what; the rest is in hub_faults_direct_more."""

from __future__ import annotations

import unicodedata

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, name_of
from parley.wire import Refusal

from .registry import breaks
from .tools import DelayingHub


@breaks("TELL-1")
class OkTellWithoutName(ExtendedHub):
    """OK TELL lacks the name."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *(fields[:2] if fields[:2] == ("OK", "TELL") else fields))


@breaks("TELL-1")
class OkTellAsTyped(ExtendedHub):
    """OK TELL spells the name as the sender typed it."""

    def do_tell(self, member: Member, arguments: str) -> None:
        self._typed = arguments.split(" ")[0]
        super().do_tell(member, arguments)

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *((*fields[:2], self._typed) if fields[1] == "TELL" else fields))


@breaks("TELL-1")
class OkTellNamesTheSender(ExtendedHub):
    """OK TELL has the name of who sent it."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "TELL"):
            fields = (*fields[:2], name_of(member))
        super().reply(member, *fields)


@breaks("TELL-1")
class TellsTheExactNameOnly(ExtendedHub):
    """TELL knows the other only by the exact spelling of its name."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name = arguments.split(" ")[0]
        if wire.fold(name) in self.names and self.names[wire.fold(name)].name != name:
            raise Refusal("no-such-nick", "nobody has this nickname")
        super().do_tell(member, arguments)


@breaks("TELL-1")
class RemembersTheFirstSpelling(ExtendedHub):
    """OK TELL spells the name as by who had it first, not as by who has it now."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._spelled: dict[str, str] = {}

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "TELL"):
            spelled = str(fields[2])
            fields = (*fields[:2], self._spelled.setdefault(wire.fold(spelled), spelled))
        super().reply(member, *fields)


@breaks("TELL-2")
class TellsNobody(ExtendedHub):
    """What is told arrives nowhere."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] != "TOLD":
            super().deliver(member, *fields)


@breaks("TELL-2")
class ToldTwice(ExtendedHub):
    """TOLD comes twice."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        for _ in range(2 if fields[0] == "TOLD" else 1):
            super().deliver(member, *fields)


@breaks("TELL-2")
class ToldNamesTheReceiver(ExtendedHub):
    """TOLD has the name of who receives it."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            fields = ("TOLD", name_of(member), *fields[2:])
        super().deliver(member, *fields)


@breaks("TELL-2")
class ToldBySmallLetters(ExtendedHub):
    """TOLD spells the sender in small letters."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            fields = ("TOLD", str(fields[1]).lower(), *fields[2:])
        super().deliver(member, *fields)


@breaks("TELL-2")
class OkTellComesFirst(DelayingHub, ExtendedHub):
    """TOLD comes 0.1 s after OK TELL: the fault is a delay."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            self.later(0.1, lambda: super(OkTellComesFirst, self).deliver(member, *fields))
        else:
            super().deliver(member, *fields)


@breaks("TELL-2")
class DropsEveryFiftiethTold(ExtendedHub):
    """Every 50th TOLD is lost."""

    _told = 0

    def deliver(self, member: Member, *fields: str | int) -> None:
        self._told += fields[0] == "TOLD"
        if fields[0] != "TOLD" or self._told % 50:
            super().deliver(member, *fields)


@breaks("TELL-2")
class EveryFiftiethToldIsOvertaken(ExtendedHub):
    """Every 50th TOLD arrives when somebody is told something the next time."""

    _kept: tuple[Member, tuple[str | int, ...]] | None = None
    _told = 0

    def deliver(self, member: Member, *fields: str | int) -> None:
        self._told += fields[0] == "TOLD"
        if fields[0] == "TOLD" and self._told % 50 == 0:
            self._kept = member, fields
            return
        super().deliver(member, *fields)
        if fields[0] == "TOLD" and self._kept:
            (other, late), self._kept = self._kept, None
            super().deliver(other, *late)


@breaks("TELL-3")
class TrimsTold(ExtendedHub):
    """Spaces at both ends of what is told are lost."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        super().do_tell(member, f"{name} {text.strip(' ') or text}")


@breaks("TELL-3")
class SqueezesTold(ExtendedHub):
    """Of several spaces in a row one arrives."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            fields = (*fields[:2], " ".join(filter(None, str(fields[2]).split(" "))) or " ")
        super().deliver(member, *fields)


@breaks("TELL-3")
class TellsOneWord(ExtendedHub):
    """Of what is told only the first word and the last arrive if there are more than three."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        words = str(fields[-1]).split(" ")
        if fields[0] == "TOLD" and len(words) > 3:
            fields = (*fields[:2], f"{words[0]} {words[-1]}")
        super().deliver(member, *fields)


@breaks("TELL-3")
class TellsAsciiOnly(ExtendedHub):
    """Characters outside ASCII arrive as question marks."""

    def do_tell(self, member: Member, arguments: str) -> None:
        super().do_tell(member, arguments.encode("ascii", "replace").decode())


@breaks("TELL-3")
class NormalisesTold(ExtendedHub):
    """What is told arrives in the Unicode normal form NFC, however it was sent."""

    def do_tell(self, member: Member, arguments: str) -> None:
        super().do_tell(member, unicodedata.normalize("NFC", arguments))


@breaks("TELL-3")
class CutsToldAt400(ExtendedHub):
    """Of what is told only the first 400 octets arrive."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            fields = (*fields[:2], str(fields[2]).encode()[:400].decode(errors="ignore"))
        super().deliver(member, *fields)


@breaks("TELL-4")
class TellsTheRoom(ExtendedHub):
    """Everybody in the room receives what is told to one."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        super().deliver(member, *fields)
        if fields[0] == "TOLD":
            self.publish(self.lobby, *fields, but=member)


@breaks("TELL-4")
class TellsTheSenderToo(ExtendedHub):
    """The sender receives what it told another."""

    def do_tell(self, member: Member, arguments: str) -> None:
        super().do_tell(member, arguments)
        name, _, text = arguments.partition(" ")
        if self.names[wire.fold(name)] is not member:
            self.deliver(member, "TOLD", name_of(member), text)


@breaks("TELL-4")
class TellsTheNameless(ExtendedHub):
    """Nameless connections receive what is told to one."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        super().deliver(member, *fields)
        for each in self.connections:
            if fields[0] == "TOLD" and each.name is None:
                super().deliver(each, *fields)


@breaks("TELL-4")
class TellUsesUpSeq(ExtendedHub):
    """What is told uses up the number of a message."""

    def do_tell(self, member: Member, arguments: str) -> None:
        super().do_tell(member, arguments)
        self.lobby.seq += 1
