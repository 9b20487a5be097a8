"""Faults of the extension `accounts`: tries and what makes up for them, checks of those who have
gone, times that go on, and the order of refusals.
"""

from __future__ import annotations

from impl_poll.connection import Connection
from parley import passwords, wire
from parley.accounts import Accounts
from parley.hub import Job, Limits, Member, Outcome, name_of
from parley.wire import Refusal

from .registry import breaks


@breaks("ACCT-9")
class NickMakesUpForTries(Accounts):
    """After a NICK, whatever comes of it, a connection may try three passwords again."""

    def do_nick(self, member: Member, arguments: str) -> None:
        member.tries = 0
        super().do_nick(member, arguments)


@breaks("ACCT-9")
class InUseMakesUpForTries(Accounts):
    """Who knows the password of a member that is here may try three passwords again."""

    def login(self, member: Member, name: str, right: bool) -> None:
        if right:
            member.tries = 0
        super().login(member, name, right)


@breaks("ACCT-9")
class MalformedNamesAreNoTries(Accounts):
    """A LOGIN with a malformed name is no wrong try."""

    def do_login(self, member: Member, arguments: str) -> Job:
        job = super().do_login(member, arguments)
        member.tries -= not wire.is_name(arguments.split(" ")[0])  # the refusal makes up for it
        return job


@breaks("ACCT-9")
class TriesGiveTime(Accounts):
    """With each wrong password the time for choosing a name begins anew."""

    def login(self, member: Member, name: str, right: bool) -> None:
        super().login(member, name, right)
        if not right:
            self._handshakes.start(member, self._now)


@breaks("ACCT-10")
class ChecksAreSilence(Accounts):
    """Who waits longer for OK REGISTER than it may be silent is sent away."""

    def _keeps_waiting(self, member: Member) -> bool:
        return not member.waiting and super()._keeps_waiting(member)


@breaks("ACCT-2")
class NeverAsksWhoHasLoggedIn(Accounts):
    """A member that has logged in is never asked whether it is there until it has sent a line."""

    def login(self, member: Member, name: str, right: bool) -> None:
        super().login(member, name, right)
        self._silences.stop(member)


@breaks("ACCT-2")
class RefusedLoginsUseUpNumbers(Accounts):
    """A LOGIN that is refused with nick-in-use uses up the number of a member."""

    def login(self, member: Member, name: str, right: bool) -> None:
        self._last_number += right and wire.fold(name) in self.names
        super().login(member, name, right)


@breaks("ACCT-5")
class InUseBeforeWrong(Accounts):
    """A wrong password of a member that is here is refused with nick-in-use."""

    def login(self, member: Member, name: str, right: bool) -> None:
        if not right and wire.fold(name) in self.names:
            raise Refusal("nick-in-use", "somebody has this nickname")
        super().login(member, name, right)


@breaks("ACCT-7")
class LooksForTheNameTooSoon(Accounts):
    """Of several who log in at once all get the name: it is looked for before the check only."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._was_free: set[Member] = set()

    def do_login(self, member: Member, arguments: str) -> Job:
        if wire.fold(arguments.split(" ")[0]) not in self.names:
            self._was_free.add(member)
        return super().do_login(member, arguments)

    def admit(self, member: Member, name: str) -> None:
        if member in self._was_free:
            self.names.pop(wire.fold(name), None)
        super().admit(member, name)


@breaks("ACCT-12")
class ChecksOfGhostsStay(Accounts):
    """The check of one that vanishes meanwhile counts for good among those that wait."""

    def finish(self, job: Job, result: object, now: float) -> Outcome | None:
        self.jobs += not job.member.here
        return super().finish(job, result, now)


@breaks("ACCT-13", hub=Accounts)
class EndDropsTheRefusal(Connection):
    """A client that ends its stream while its refusal is put off is not answered."""

    def receive(self) -> None:
        super().receive()
        hub = self.server.hub
        if self.input_ended and isinstance(hub, Accounts) and self.member in hub._penalties:
            self.leave()


@breaks("ACCT-14")
class RefusesAndChanges(Accounts):
    """A second REGISTER is refused, but its password is the right one from then on."""

    def do_register(self, member: Member, arguments: str) -> Job:
        name = wire.fold(name_of(member))
        if name in self.accounts and " " not in arguments and len(arguments) >= passwords.SHORTEST:
            kept = passwords.hashed(arguments, self.limits.hash_cost)
            self.accounts[name] = self.accounts[name]._replace(password=kept)
        return super().do_register(member, arguments)


@breaks("ACCT-14")
class ShortComesFirst(Accounts):
    """A second REGISTER, with a short password, is refused with bad-password."""

    def do_register(self, member: Member, arguments: str) -> Job:
        if len(wire.token(arguments)) < passwords.SHORTEST:
            raise Refusal("bad-password", "at least 8 characters")
        return super().do_register(member, arguments)


@breaks("ACCT-4")
class RegisteredBeforeNamed(Accounts):
    """NICK of a member with a registered nickname is refused with nick-registered."""

    def do_nick(self, member: Member, arguments: str) -> None:
        if wire.fold(arguments) in self.accounts:
            raise Refusal("nick-registered", "this nickname has a password")
        super().do_nick(member, arguments)
