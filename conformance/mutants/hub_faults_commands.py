"""Faults of level 1: commands, their refusals, and what needs a nickname."""

from __future__ import annotations

from collections import Counter

from parley import wire
from parley.hub import CLOSE, Hub, Limits, Member, Outcome, Verb
from parley.wire import Refusal

from .registry import breaks


@breaks("CMD-1")
class KnowsCapitalsOnly(Hub):
    """A verb in small letters is unknown."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        verb, _, arguments = line.partition(b" ")
        if verb != verb.upper():
            line = b"? " + arguments
        return super().obey(member, line, now)


@breaks("CMD-1")
class EchoesVerbAsTyped(Hub):
    """OK names the verb as the client wrote it, not in capitals."""

    _typed = ""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        self._typed = line.partition(b" ")[0].decode(errors="replace").strip()
        return super().obey(member, line, now)

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "OK":
            fields = ("OK", self._typed, *fields[2:])
        super().reply(member, *fields)


@breaks("CMD-2")
class SpaceIsAnArgument(Hub):
    """NICK and a space is taken for a nickname that is empty."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if line.upper() in (b"NICK ", b"NICK \r"):
            self.reply(member, "ERR", "bad-nick", "NICK", "that is empty")
            return None
        return super().obey(member, line, now)


@breaks("CMD-3")
class RefusesTwice(Hub):
    """Every refusal is sent twice."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *fields)
        if fields[0] == "ERR":
            super().reply(member, *fields)


@breaks("CMD-3")
class IgnoresUnknownVerbs(Hub):
    """A member's command that is unknown gets no reply."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] != ("ERR", "unknown-verb"):
            super().reply(member, *fields)


@breaks("OCTET-2")
class RefusalsOvertake(Hub):
    """A refusal is queued before the replies that are still in the outbox."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *fields)
        if fields[0] == "ERR":
            member.outbox.insert(0, member.outbox.pop())


@breaks("ERR-1")
class WordlessRefusals(Hub):
    """A refusal has no words."""

    def reply(self, member: Member, *fields: str | int) -> None:
        super().reply(member, *(fields[:3] if fields[0] == "ERR" else fields))


@breaks("ERR-1")
class RefusesInSmallLetters(Hub):
    """A refusal names the verb in small letters."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "ERR":
            fields = (*fields[:2], str(fields[2]).lower(), *fields[3:])
        super().reply(member, *fields)


@breaks("ERR-2")
class NamesUnknownVerbs(Hub):
    """The refusal of an unknown verb names it."""

    _verb = "-"

    def _find(self, verb: str) -> Verb | None:
        self._verb = verb or "-"
        return super()._find(verb)

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("ERR", "unknown-verb"):
            fields = (*fields[:2], self._verb, *fields[3:])
        super().reply(member, *fields)


@breaks("ERR-2")
class NoVerbIsBadArgs(Hub):
    """A member's line that does not begin with a verb is refused with bad-args."""

    def _find(self, verb: str) -> Verb | None:
        if not verb:
            raise Refusal("bad-args", "a line begins with a verb")
        return super()._find(verb)


@breaks("ERR-3")
class ForgivesSurplusArguments(Hub):
    """Arguments beyond the first are ignored."""

    def do_ping(self, member: Member, arguments: str) -> None:
        super().do_ping(member, arguments.split(" ")[0])

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments.split(" ")[0])


@breaks("ERR-3")
class ForgivesDoubledSpaces(Hub):
    """Spaces around an argument are ignored."""

    def do_ping(self, member: Member, arguments: str) -> None:
        super().do_ping(member, arguments.strip())

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments.strip())


@breaks("ERR-3")
class TakesLongTokens(Hub):
    """A token of more than 64 octets is accepted."""

    def do_ping(self, member: Member, arguments: str) -> None:
        if not wire.one_argument(arguments).isascii():
            raise Refusal("bad-args", "a token is ASCII")
        self.reply(member, "PONG", arguments)


@breaks("ERR-3")
class TakesUnicodeTokens(Hub):
    """A token with characters outside ASCII is accepted."""

    def do_ping(self, member: Member, arguments: str) -> None:
        if len(wire.one_argument(arguments)) > 64:
            raise Refusal("bad-args", "a token has at most 64 characters")
        self.reply(member, "PONG", arguments)


@breaks("ERR-4")
class FiveRefusalsAndOut(Hub):
    """A connection is closed after five refusals in a row."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._refusals: Counter[Member] = Counter()

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        outcome = super().obey(member, line, now)
        return CLOSE if self._refusals[member] == 5 else outcome

    def reply(self, member: Member, *fields: str | int) -> None:
        self._refusals[member] = self._refusals[member] + 1 if fields[0] == "ERR" else 0
        super().reply(member, *fields)


@breaks("ERR-5")
class ArgumentsBeforeNick(Hub):
    """SAY of a nameless connection without a text is refused with bad-args, not need-nick."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if member.name is None and line.strip().upper() == b"SAY":
            self.reply(member, "ERR", "bad-args", "SAY", "this takes a text")
            return None
        return super().obey(member, line, now)


@breaks("ERR-5")
class TellsNamelessOfUnknownVerbs(Hub):
    """An unknown verb of a nameless connection is refused with unknown-verb, not need-nick."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:3] == ("ERR", "need-nick", "-"):
            fields = ("ERR", "unknown-verb", *fields[2:])
        super().reply(member, *fields)


@breaks("NEED-1")
class AnybodyMayLock(Hub):
    """LOCK of a nameless connection is answered."""

    NAMELESS = Hub.NAMELESS | {"LOCK"}


@breaks("NEED-2")
class NeedNickNamesNoVerb(Hub):
    """The refusal need-nick never names the verb."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("ERR", "need-nick"):
            fields = (*fields[:2], "-", *fields[3:])
        super().reply(member, *fields)


@breaks("NEED-2")
class NeedNickNamesPrivateVerbs(NamesUnknownVerbs):
    """The refusal need-nick names verbs that begin with X-, known to the server or not."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("ERR", "need-nick") and self._verb.startswith("X-"):
            fields = (*fields[:2], self._verb, *fields[3:])
        Hub.reply(self, member, *fields)
