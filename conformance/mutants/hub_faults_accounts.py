"""Faults of the extension `accounts`: what REGISTER and LOGIN do and refuse. Checks, and what
outlives a server, are in accounts_faults.
"""

from __future__ import annotations

from parley import wire
from parley.accounts import Accounts
from parley.hub import Job, Member, name_of
from parley.wire import Refusal

from .registry import breaks
from .tools import DelayingHub


@breaks("ACCT-1")
class RegisteringGivesANewNumber(Accounts):
    """Who registers gets a new member number."""

    def register(self, member: Member, kept: str) -> None:
        self._last_number += 1
        member.number = self._last_number
        super().register(member, kept)


@breaks("ACCT-1")
class RegisterNamesTheName(Accounts):
    """OK REGISTER has the nickname behind it."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields == ("OK", "REGISTER"):
            fields = (*fields, name_of(member))
        super().reply(member, *fields)


@breaks("ACCT-2")
class SpellsLoginsAsAsked(Accounts):
    """Who logs in gets the name as it was typed."""

    def do_login(self, member: Member, arguments: str) -> Job:
        self._typed = arguments.split(" ")[0]
        return super().do_login(member, arguments)

    def login(self, member: Member, name: str, right: bool) -> None:
        super().login(member, self._typed, right)


@breaks("ACCT-2")
class LogsInTheExactName(Accounts):
    """LOGIN knows a nickname only by its exact spelling."""

    def do_login(self, member: Member, arguments: str) -> Job:
        name, _, rest = arguments.partition(" ")
        account = self.accounts.get(wire.fold(name))
        if account and account.name != name:
            arguments = f"? {rest}"
        return super().do_login(member, arguments)


@breaks("ACCT-2")
class LoginsGetNumberZero(Accounts):
    """A member that logged in has the number 0."""

    def admit(self, member: Member, name: str) -> None:
        last = self._last_number
        super().admit(member, name)
        if wire.fold(name) in self.accounts:
            self._last_number, member.number = last, 0


@breaks("ACCT-3")
class LogsInSilently(Accounts):
    """Others are not told of who logs in."""

    def publish(self, room: object, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "JOINED" or wire.fold(str(fields[2])) not in self.accounts:
            super().publish(room, *fields, but=but)  # type: ignore[arg-type]  # it is a Room


@breaks("ACCT-3")
class OkLoginComesFirst(DelayingHub, Accounts):
    """JOINED comes 100 ms after OK LOGIN: the fault is a delay."""

    def publish(self, room: object, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "JOINED" and wire.fold(str(fields[2])) in self.accounts:
            told = [each for each in self.lobby.members.values() if each is not but]
            self.later(0.1, lambda: self.deliver_in_portions(len(told), told, but, *fields))
        else:
            super().publish(room, *fields, but=but)  # type: ignore[arg-type]


@breaks("ACCT-4")
class NickTakesRegistered(Accounts):
    """NICK gives registered nicknames to whoever asks."""

    def do_nick(self, member: Member, arguments: str) -> None:
        super(Accounts, self).do_nick(member, arguments)


@breaks("ACCT-4")
class ProtectsTheExactName(Accounts):
    """A registered nickname can be had in other letters, large or small."""

    def do_nick(self, member: Member, arguments: str) -> None:
        account = self.accounts.get(wire.fold(arguments))
        if account and account.name != arguments:
            super(Accounts, self).do_nick(member, arguments)
        else:
            super().do_nick(member, arguments)


@breaks("ACCT-4")
class SaysInUseOfRegistered(Accounts):
    """A registered nickname whose holder is here is refused with nick-in-use."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None and wire.fold(arguments) in self.names:
            raise Refusal("nick-in-use", "somebody has this nickname")
        super().do_nick(member, arguments)


@breaks("ACCT-5")
class TellsUnknownNames(Accounts):
    """The words of bad-login tell whether there is such a nickname."""

    def login(self, member: Member, name: str, right: bool) -> None:
        if not right and not name:
            raise Refusal("bad-login", "there is no such nickname")
        super().login(member, name, right)


@breaks("ACCT-5")
class RefusesMalformedNames(Accounts):
    """LOGIN with a malformed name is refused with bad-nick."""

    def do_login(self, member: Member, arguments: str) -> Job:
        if member.name is None and not wire.is_name(arguments.split(" ")[0]):
            raise Refusal("bad-nick", "a letter, then up to 19 letters, digits, _ or -")
        return super().do_login(member, arguments)


@breaks("ACCT-7")
class LoginReplacesTheMember(Accounts):
    """Who knows the password sends away the member that has the nickname."""

    def login(self, member: Member, name: str, right: bool) -> None:
        holder = self.names.get(wire.fold(name))
        if right and holder is not None:
            self._send_away(holder, "closed", "you have logged in from elsewhere")
        super().login(member, name, right)


@breaks("ACCT-14")
class RegisterChangesThePassword(Accounts):
    """REGISTER of a registered nickname changes its password."""

    def do_register(self, member: Member, arguments: str) -> Job:
        self.accounts.pop(wire.fold(name_of(member)), None)
        return super().do_register(member, arguments)


@breaks("ACCT-15")
class MembersLogInElsewhere(Accounts):
    """LOGIN of a member whose name and password are wrong is refused as a wrong try."""

    def do_login(self, member: Member, arguments: str) -> Job:
        name, member.name = member.name, None
        try:
            return super().do_login(member, arguments)
        finally:
            member.name = name

    def login(self, member: Member, name: str, right: bool) -> None:
        if member.name is not None and right:
            raise Refusal("already-named", "you have a name")
        super().login(member, name, right)


class OtherPasswords(Accounts):
    """Makes something else of passwords, both when they are registered and when one logs in."""

    def other(self, password: str) -> str:
        raise NotImplementedError

    def do_register(self, member: Member, arguments: str) -> Job:
        return super().do_register(member, self.other(arguments))

    def do_login(self, member: Member, arguments: str) -> Job:
        name, space, password = arguments.partition(" ")
        return super().do_login(member, f"{name}{space}{self.other(password)}")


@breaks("ACCT-16")
class CutsPasswords(OtherPasswords):
    """Of a password only the first 32 characters count."""

    def other(self, password: str) -> str:
        return password if len(password) > 64 or " " in password else password[:32]


@breaks("ACCT-16")
class CaseDoesNotMatterInPasswords(OtherPasswords):
    """Passwords that differ only in case are the same."""

    def other(self, password: str) -> str:
        return password.lower()


@breaks("ACCT-16")
class PasswordsNeedADigit(Accounts):
    """A password without a digit is refused."""

    def do_register(self, member: Member, arguments: str) -> Job:
        if len(arguments) > 40 and not set(arguments) & set("0123456789"):
            raise Refusal("bad-password", "at least one digit")
        return super().do_register(member, arguments)


@breaks("ACCT-17")
class TakesShortPasswords(Accounts):
    """A password of 7 characters is accepted."""

    def do_register(self, member: Member, arguments: str) -> Job:
        if len(arguments) == 7:
            return super().do_register(member, arguments + "!")
        return super().do_register(member, arguments)


@breaks("ACCT-18")
class TakesPassPhrases(OtherPasswords):
    """A password may have spaces in it."""

    def other(self, password: str) -> str:
        return password.replace(" ", "_")


@breaks("ACCT-18")
class RefusesOtherTokensAsPasswords(Accounts):
    """What is no token is refused with bad-password."""

    def do_register(self, member: Member, arguments: str) -> Job:
        if len(arguments) > 64 or not arguments.isascii():
            raise Refusal("bad-password", "8 to 64 visible ASCII characters")
        return super().do_register(member, arguments)


@breaks("ACCT-19")
class RegisterEndsTheLock(Accounts):
    """REGISTER ends the lock."""

    def register(self, member: Member, kept: str) -> None:
        self.release(member)
        super().register(member, kept)


@breaks("ACCT-19")
class TellsWhoRegistered(Accounts):
    """That somebody registered is told to everybody."""

    def register(self, member: Member, kept: str) -> None:
        self.publish(self.lobby, "TOLD", name_of(member), "I have registered", but=member)
        super().register(member, kept)
