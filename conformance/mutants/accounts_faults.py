"""Faults of the extension `accounts`: how checks are done, who waits for them, where passwords go,
and what outlives a server.
"""

from __future__ import annotations

import dataclasses
import sys
import time
from collections.abc import Sequence
from unittest import mock

from impl_poll.connection import Connection
from parley import passwords, wire
from parley.accounts import TRIES, Accounts
from parley.hub import Account, Job, Limits, Member, Message, Outcome
from parley.store import Store
from parley.wire import Refusal

from .registry import Launch, breaks
from .store_faults import in_place
from .tools import OtherLimits


@breaks("ACCT-6")
class ChecksNothingForUnknownNames(Accounts):
    """Where there is no such nickname, no password is checked."""

    def do_login(self, member: Member, arguments: str) -> Job:
        job = super().do_login(member, arguments)
        if wire.fold(arguments.split(" ")[0]) in self.accounts:
            return job
        return Job(member, job.verb, lambda: False, job.done)


@breaks("ACCT-8")
class RefusesAtOnce(OtherLimits, Accounts):
    """A wrong password is refused as soon as it is checked."""

    other = {"login_delay": 1e-9}  # noqa: RUF012  # read only


@breaks("ACCT-9")
class EndlessTries(Accounts):
    """A connection may try as many passwords as it likes."""

    def login(self, member: Member, name: str, right: bool) -> None:
        super().login(member, name, right)
        member.tries = min(member.tries, TRIES - 1)


@breaks("ACCT-9")
class TriesOfEachName(Accounts):
    """Tries are counted for each nickname, not for the connection."""

    def login(self, member: Member, name: str, right: bool) -> None:
        if name not in vars(self).setdefault("_tried", set()):
            member.tries = 0
        self._tried.add(name)  # type: ignore[attr-defined]  # made above
        super().login(member, name, right)


@breaks("ACCT-9")
class CountsEveryRefusal(Accounts):
    """Whatever is refused to a nameless connection counts as a wrong try."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "ERR" and fields[1] != "bad-login" and member.name is None:
            member.tries += 1
        super().reply(member, *fields)


@breaks("ACCT-10", hub=Accounts)
class ObeysBehindALogin(Connection):
    """Lines behind a LOGIN are obeyed while the password is still checked."""

    @property
    def waiting(self) -> bool:
        if self.lines and not self.lines[0].startswith(b"PING "):  # these would tell too soon
            return self.member.owed > self.server.hub.limits.low_mark
        return super().waiting


@breaks("ACCT-11", hub=Accounts)
class ChecksInTheLoop(Connection):
    """Everybody waits while a password is checked."""

    def work(self, job: Job) -> None:
        self.finish(job, job.run())


@breaks("ACCT-11")
class SleepsBeforeARefusal(Accounts):
    """Everybody waits for the second before a wrong password is refused."""

    def login(self, member: Member, name: str, right: bool) -> None:
        if not right:
            time.sleep(min(self.limits.login_delay, 10.0))
        super().login(member, name, right)


@breaks("ACCT-12")
class BusyIsAWrongTry(Accounts):
    """Who is told busy three times is sent away."""

    def do_login(self, member: Member, arguments: str) -> Job:
        try:
            return super().do_login(member, arguments)
        except Refusal as refusal:
            member.tries += refusal.code == "busy"
            if member.tries >= TRIES:
                self._send_away(member, "closed", "too many wrong passwords")
            raise


@breaks("ACCT-12")
class LetsAnyNumberWait(Accounts):
    """However many passwords are to be checked, none is refused for that."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, dataclasses.replace(limits or Limits(), checks=2**40))


@breaks("ACCT-12")
class BusyForGood(Accounts):
    """After a crowd of logins the server stays busy."""

    def do_login(self, member: Member, arguments: str) -> Job:
        try:
            return super().do_login(member, arguments)
        except Refusal as refusal:
            self.jobs += refusal.code == "busy"
            raise


@breaks("ACCT-13", hub=Accounts)
class EndDropsTheLogin(Connection):
    """A client that ends its stream behind a LOGIN is not answered."""

    def run(self) -> None:
        super().run()
        if self.step and self.input_ended and self.member.waiting:
            self.leave()


@breaks("ACCT-13")
class KeepsTheNamesOfGhosts(Accounts):
    """Who vanishes while its password is checked has the nickname for good."""

    def finish(self, job: Job, result: object, now: float) -> Outcome | None:
        member = job.member
        if not member.here and job.verb == "LOGIN":
            member.here = True
            result = job.run()
            outcome = super().finish(job, result, now)
            member.here = False
            return outcome
        return super().finish(job, result, now)


@breaks("ACCT-20")
class LogsRefusedLines(Accounts):
    """What is refused to a connection is written to standard error, password and all."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        outcome = super().obey(member, line, now)
        if outcome is None and b" " in line:
            print("refused:", line.decode(errors="replace"), file=sys.stderr)
        return outcome


@breaks("ACCT-20")
class RepeatsWrongArguments(Accounts):
    """The words of bad-args repeat what was sent."""

    def do_login(self, member: Member, arguments: str) -> Job:
        try:
            return super().do_login(member, arguments)
        except Refusal as refusal:
            words = f"LOGIN name password, not: {arguments}"[:1000]
            raise Refusal(refusal.code, words) from None


@breaks("ACCT-21")
class OffersAccountsEverywhere(Accounts):
    """Accounts are offered on every address."""

    def announce(self, *_: str) -> None:
        super().announce(*self.capabilities)


@breaks("ACCT-21")
class HidesAccountsAndHasThem(Accounts):
    """Where others listen, HELLO does not name accounts, but LOGIN is obeyed."""

    def announce(self, *capabilities: str) -> None:
        super().announce(*capabilities)
        self.announced = self.capabilities


# What outlives a server


@breaks("ACCT-22")
@in_place
class StoresNoAccounts(Store):
    """Accounts are not stored."""

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit(messages)


@breaks("ACCT-22")
@in_place
class ForgetsOldAccounts(Store):
    """After a start only the account registered last is known."""

    def accounts(self) -> list[Account]:
        return super().accounts()[-1:]


@breaks("ACCT-23")
@in_place
class StoresAccountsAtTheEnd(Store):
    """Accounts are stored when the server stops."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        super().__init__(path, limits, full_sync)
        self._later: list[Account] = []

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        super().commit(messages)
        self._later += accounts

    def close(self) -> None:
        super().commit([], self._later)
        super().close()


@breaks("ACCT-24")
class StoresPlainPasswords(Launch):
    """Passwords are stored as they are."""

    def main(self, name: str) -> int:
        with (
            mock.patch.object(passwords, "hashed", lambda password, _: password),
            mock.patch.object(passwords, "matches", str.__eq__),
        ):
            return super().main(name)
