"""Faults of the extension `direct`: names that nobody has, oneself, locks, and what is refused."""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, name_of
from parley.wire import Refusal

from .registry import breaks
from .tools import swap


@breaks("TELL-5")
class TellToNobodyIsOk(ExtendedHub):
    """TELL to a name that nobody has is answered with OK if it is well-formed."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        if wire.text(text) and wire.is_name(name) and wire.fold(name) not in self.names:
            return self.reply(member, "OK", "TELL", name)
        super().do_tell(member, arguments)


@breaks("TELL-5")
class TellToTheGoneIsOk(ExtendedHub):
    """TELL to somebody who has left is answered with OK."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._gone: dict[str, str] = {}

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        self._gone[wire.fold(member.name or "")] = member.name or ""
        super().leave(member, cause, now, words)

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        if name and text and wire.fold(name) in self._gone.keys() - self.names.keys():
            return self.reply(member, "OK", "TELL", self._gone[wire.fold(name)])
        super().do_tell(member, arguments)


@breaks("TELL-5")
class TellNamesMustBeWellFormed(ExtendedHub):
    """TELL to a malformed name is refused with bad-nick."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        if name and wire.text(text) and not wire.is_name(name):
            raise Refusal("bad-nick", "that is no nickname")
        super().do_tell(member, arguments)


@breaks("TELL-5")
class TellToNobodyIsNotHere(ExtendedHub):
    """TELL to a name that nobody has is refused with a code of its own making."""

    def do_tell(self, member: Member, arguments: str) -> None:
        try:
            super().do_tell(member, arguments)
        except Refusal as refusal:
            code = "not-here" if refusal.code == "no-such-nick" else refusal.code
            raise Refusal(code, refusal.words) from None


@breaks("TELL-6")
class TellsOthersOnly(ExtendedHub):
    """One cannot tell oneself anything."""

    def do_tell(self, member: Member, arguments: str) -> None:
        if self.names.get(wire.fold(arguments.split(" ")[0])) is member:
            raise Refusal("no-such-nick", "that is you")
        super().do_tell(member, arguments)


@breaks("TELL-6")
class ToldByOneselfIsDropped(ExtendedHub):
    """Who tells itself something gets OK TELL only."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[:2] != ("TOLD", member.name):
            super().deliver(member, *fields)


@breaks("TELL-6")
class OkTellBeforeOwnTold(ExtendedHub):
    """Who tells itself something gets OK TELL first."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            swap(member, b"TOLD ", b"OK TELL ")
        return ready


@breaks("TELL-7")
class TellPassesTheLock(ExtendedHub):
    """TOLD is not held for a locked member."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            self._send(member, wire.line(*fields))
        else:
            super().deliver(member, *fields)


@breaks("TELL-7")
class TellUnlocksTheOther(ExtendedHub):
    """TOLD ends the lock of who receives it."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD":
            self.release(member)
        super().deliver(member, *fields)


@breaks("TELL-7")
class TellUnlocksTheSender(ExtendedHub):
    """TELL ends the lock of the sender."""

    def do_tell(self, member: Member, arguments: str) -> None:
        super().do_tell(member, arguments)
        self.release(member)


@breaks("TELL-7")
class LockedAreNotTold(ExtendedHub):
    """What is told to a locked member is lost."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] != "TOLD" or member.held is None:
            super().deliver(member, *fields)


@breaks("TELL-7")
class ToldComesFirstOfHeld(ExtendedHub):
    """Of what was held, that which was told comes first."""

    def release(self, member: Member) -> int:
        if member.held:
            member.held.sort(key=lambda line: not line.startswith(b"TOLD "))
        return super().release(member)


@breaks("TELL-7")
class TellFromElsewherePassesTheLock(ExtendedHub):
    """TOLD is not held if it comes from another room."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD" and self.names[wire.fold(str(fields[1]))].room is not member.room:
            self._send(member, wire.line(*fields))
        else:
            super().deliver(member, *fields)


@breaks("TELL-7")
class OwnToldPassesTheLock(ExtendedHub):
    """What a locked member tells itself is not held."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("TOLD", member.name):
            self._send(member, wire.line(*fields))
        else:
            super().deliver(member, *fields)


@breaks("TELL-7")
class UnlockDoesNotCountTold(ExtendedHub):
    """OK UNLOCK counts the events of the room only."""

    def release(self, member: Member) -> int:
        told = sum(line.startswith(b"TOLD ") for line in member.held or ())
        return super().release(member) - told


@breaks("TELL-7")
class ToldHasNoBound(ExtendedHub):
    """However much is told to a locked member, it is held."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "TOLD" and member.held is not None:
            member.held.append(wire.line(*fields))
        else:
            super().deliver(member, *fields)


@breaks("TELL-7")
class ToldWeighsNothing(ExtendedHub):
    """The octets of what is told do not count towards the bound of what is held."""

    def _hold(self, member: Member, line: bytes) -> None:
        super()._hold(member, line)
        if line.startswith(b"TOLD "):
            member.held_bytes -= len(line)


@breaks("TELL-8")
class TellsNothing(ExtendedHub):
    """TELL without a text is passed on like any other."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        super().do_tell(member, f"{name} {text or ' '}" if name else arguments)


@breaks("TELL-8")
class TellsTheBeginning(ExtendedHub):
    """A text that is too long is cut."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        super().do_tell(member, f"{name} {text.encode()[:3800].decode(errors='ignore')}")


@breaks("TELL-8")
class TellCountsCharacters(ExtendedHub):
    """The length of what is told is counted in characters: 3850 octets are passed on."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        other = self.names.get(wire.fold(name))
        if other is None or not text or len(text) > wire.MAX_TEXT:
            return super().do_tell(member, arguments)
        self.deliver(other, "TOLD", name_of(member), text)
        self.reply(member, "OK", "TELL", name_of(other))


@breaks("TELL-8")
class TooLongIsBadArgs(ExtendedHub):
    """A text that is too long is refused with bad-args."""

    def do_tell(self, member: Member, arguments: str) -> None:
        try:
            super().do_tell(member, arguments)
        except Refusal as refusal:
            code = "bad-args" if refusal.code == "text-too-long" else refusal.code
            raise Refusal(code, refusal.words) from None


@breaks("TELL-8")
class TellLooksFirst(ExtendedHub):
    """no-such-nick comes before bad-args and text-too-long."""

    def do_tell(self, member: Member, arguments: str) -> None:
        if arguments and wire.fold(arguments.split(" ")[0]) not in self.names:
            raise Refusal("no-such-nick", "nobody has this nickname")
        super().do_tell(member, arguments)


@breaks("TELL-8")
class TellMeasuresLast(ExtendedHub):
    """no-such-nick comes before text-too-long."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, _, text = arguments.partition(" ")
        if name and text and wire.fold(name) not in self.names:
            raise Refusal("no-such-nick", "nobody has this nickname")
        super().do_tell(member, arguments)
