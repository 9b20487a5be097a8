"""Faults of names, numbers and sequences that are used again, and of verbs in other spellings."""

from __future__ import annotations

from unittest import mock

from parley import wire
from parley.hub import Hub, Limits, Member, Outcome
from parley.wire import Refusal

from .hub_faults_words import OtherLines
from .registry import breaks


@breaks("NICK-1")
class RemembersSpellings(Hub):
    """A name that was used before is spelled as at the first time."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._first: dict[str, str] = {}

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, self._first.setdefault(wire.fold(arguments), arguments))


@breaks("LEFT-6")
class CapitalsStayInUse(Hub):
    """A name with a capital behind its first letter is not free when its stream has ended."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        here = member.here
        super().leave(member, cause, now, words)
        name = member.name
        if here and name is not None and cause == "closed" and name[1:] != name[1:].lower():
            self.names[wire.fold(name)] = member


@breaks("NICK-6")
class NamelessUseNumbers(Hub):
    """A connection that ends without a name uses up a number."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        self._last_number += member.here and member.name is None
        super().leave(member, cause, now, words)


@breaks("NICK-6")
class BeginsAnewWhenEmpty(Hub):
    """When the last member has gone, the next one gets the number 1."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, cause, now, words)
        if not self.names:
            self._last_number = 0


@breaks("SAY-5")
class TalkBeginsAnewWhenEmpty(Hub):
    """When the last member has gone, the next message gets the number 1."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, cause, now, words)
        if not self.names:
            self.lobby.seq = 0


@breaks("ERR-5")
class AlreadyNamedComesFirst(Hub):
    """A member's NICK without a name is refused with already-named, not bad-args."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is not None:
            raise Refusal("already-named", "you have a name")
        super().do_nick(member, arguments)


# Verbs


@breaks("ERR-2")
class UnicodeVerbs(OtherLines):
    """A verb is put in capitals as Unicode has them: with a dotless i, PING is PING."""

    def change(self, line: bytes) -> bytes:
        verb, space, rest = line.decode(errors="replace").partition(" ")
        return (verb.upper() + space + rest).encode() if verb.upper().isascii() else line


@breaks("CMD-1")
class MixedCaseIsUnknown(OtherLines):
    """A verb is known in capitals and in small letters, but not in both."""

    def change(self, line: bytes) -> bytes:
        verb = line.split(b" ")[0]
        return line if verb in (verb.upper(), verb.lower()) else b"X-MIXED"


@breaks("NEED-2")
class NeedNickForgetsSmallVerbs(Hub):
    """In need-nick stands - for a verb in small letters."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        small = member.name is None and line[:1].islower()
        with mock.patch.object(self, "_find", self._find if not small else self._only_nameless):
            return super().obey(member, line, now)

    def _only_nameless(self, verb: str) -> object:
        return Hub._find(self, verb) if verb in self.NAMELESS else None
