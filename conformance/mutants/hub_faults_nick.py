"""Faults of level 1: nicknames and their numbers. What takes a race is in server_faults."""

from __future__ import annotations

import re
from unittest import mock

from parley import wire
from parley.hub import Hub, Limits, Member
from parley.wire import Refusal

from .registry import breaks


@breaks("NICK-1")
class SpellsNamesSmall(Hub):
    """OK NICK has the name in small letters."""

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments.lower())


@breaks("NICK-2")
class NamesOfNineteen(Hub):
    """A name of 20 characters is refused."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None and len(arguments) == 20:
            raise Refusal("bad-nick", "at most 19 characters")
        super().do_nick(member, arguments)


@breaks("NICK-2")
class NoDoubledHyphens(Hub):
    """A name with two hyphens or underscores in a row is refused."""

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments.replace("--", "?").replace("__", "?"))


@breaks("NICK-2")
class NoSingleLetters(Hub):
    """A name of one letter is refused."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None and len(arguments) == 1:
            raise Refusal("bad-nick", "that is too short")
        super().do_nick(member, arguments)


@breaks("NICK-2")
class ReservesNames(Hub):
    """The name of the room and some others are not given out."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None and arguments.lower() in ("lobby", "admin", "root", "server"):
            raise Refusal("bad-nick", "that name is reserved")
        super().do_nick(member, arguments)


class TakesMoreNames(Hub):
    """Lets some names through that are not well-formed; `is_name` says which."""

    def is_name(self, word: str) -> bool:
        raise NotImplementedError

    def do_nick(self, member: Member, arguments: str) -> None:
        with mock.patch.object(wire, "is_name", self.is_name):
            super().do_nick(member, arguments)


@breaks("NICK-3")
class NamesOfTwentyOne(TakesMoreNames):
    """A name of 21 characters is accepted."""

    def is_name(self, word: str) -> bool:
        return wire._NAME.fullmatch(word[:20]) is not None and len(word) <= 21


@breaks("NICK-3")
class NamesBeginWithHyphens(TakesMoreNames):
    """A name may begin with a hyphen."""

    def is_name(self, word: str) -> bool:
        return wire._NAME.fullmatch(re.sub("^-", "a", word)) is not None


@breaks("NICK-3")
class UnicodeNames(TakesMoreNames):
    """A letter of a name is what str.isalpha calls one."""

    def is_name(self, word: str) -> bool:
        ascii_word = "".join("a" if letter.isalpha() else letter for letter in word)
        return wire._NAME.fullmatch(ascii_word) is not None


@breaks("NICK-4")
class AppendsUnderscore(Hub):
    """Who asks for a name in use gets it with an underscore."""

    def do_nick(self, member: Member, arguments: str) -> None:
        while member.name is None and wire.fold(arguments) in self.names:
            arguments += "_"
        super().do_nick(member, arguments)


@breaks("NICK-4")
class TakesNamesAway(Hub):
    """Who asks for a name in use gets it, and its holder is sent away."""

    def do_nick(self, member: Member, arguments: str) -> None:
        holder = self.names.get(wire.fold(arguments))
        if member.name is None and holder is not None:
            self._send_away(holder, "closed", "somebody else has your nickname now")
        super().do_nick(member, arguments)


@breaks("NICK-5")
class CaseMattersInNames(Hub):
    """Alice and alice are two names."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        mock.patch.object(wire, "fold", str).start()


@breaks("NICK-6")
class NumbersFromZero(Hub):
    """The first member has the number 0."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._last_number = -1


@breaks("NICK-6")
class NumbersWithGaps(Hub):
    """Every second number is left out."""

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        self._last_number += 1


@breaks("LEFT-6")
class ReusesNumbers(Hub):
    """A newcomer gets the number after the highest of those who are here."""

    def do_nick(self, member: Member, arguments: str) -> None:
        present = self.lobby.members.values()
        self._last_number = max((each.number for each in present), default=0)
        super().do_nick(member, arguments)


@breaks("NICK-7")
class RefusedNickUsesNumber(Hub):
    """A refused NICK uses up a number."""

    def do_nick(self, member: Member, arguments: str) -> None:
        try:
            super().do_nick(member, arguments)
        except Refusal:
            self._last_number += 1
            raise


@breaks("NICK-9")
class RespellsNames(Hub):
    """A member may take its own name once more, in another spelling or the same."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None or wire.fold(arguments) != wire.fold(member.name):
            return super().do_nick(member, arguments)
        member.name = arguments
        self.reply(member, "OK", "NICK", arguments, member.number)


@breaks("ERR-5")
class BadNickComesFirst(Hub):
    """A member's NICK with a malformed name is refused with bad-nick, not already-named."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if not wire.is_name(wire.one_argument(arguments)):
            raise Refusal("bad-nick", "that is no name")
        super().do_nick(member, arguments)


@breaks("NICK-9")
class InUseComesFirst(Hub):
    """A member's NICK with a name in use is refused with nick-in-use, not already-named."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if wire.fold(arguments) in self.names:
            raise Refusal("nick-in-use", "that name is taken")
        super().do_nick(member, arguments)
