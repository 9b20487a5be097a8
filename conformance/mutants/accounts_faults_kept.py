"""Faults of the extension `accounts`: what a password is taken for, where it is written, and what a
start makes of names that are registered.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from urllib.parse import unquote

from parley import wire
from parley.accounts import Accounts
from parley.hub import Account, Job, Limits, Member, Message
from parley.store import Store
from parley.wire import Refusal

from .hub_faults_accounts import OtherPasswords
from .registry import breaks
from .store_faults import in_place


@breaks("ACCT-16")
class TheLastCharacterIsLost(OtherPasswords):
    """Of a password of 64 characters the last one does not count."""

    def other(self, password: str) -> str:
        return password[:63] if len(password) == 64 else password


@breaks("ACCT-16")
class UnescapesPasswords(OtherPasswords):
    """Two backslashes in a password are one."""

    def other(self, password: str) -> str:
        return password.replace("\\\\", "\\")


@breaks("ACCT-16")
class PasswordsFromUrls(OtherPasswords):
    """%41 in a password is an A."""

    def other(self, password: str) -> str:
        return unquote(password)


@breaks("ACCT-20")
class LogsTheLoginsOfMembers(Accounts):
    """The LOGIN of a member is written to standard error, password and all."""

    def do_login(self, member: Member, arguments: str) -> Job:
        if member.name is not None:
            print(f"already {member.name}: {arguments}", file=sys.stderr)
        return super().do_login(member, arguments)


@breaks("ACCT-20")
class LogsWhatIsBusy(Accounts):
    """A LOGIN that is refused with busy is written to standard error, password and all."""

    def do_login(self, member: Member, arguments: str) -> Job:
        try:
            return super().do_login(member, arguments)
        except Refusal as refusal:
            if refusal.code == "busy":
                print(f"busy: {arguments}", file=sys.stderr)
            raise


@breaks("ACCT-22")
@in_place
class LoadsSmallNames(Store):
    """After a new start registered nicknames are spelled in small letters."""

    def accounts(self) -> list[Account]:
        return [each._replace(name=each.name.lower()) for each in super().accounts()]


@breaks("ACCT-22")
class ProtectsOldNamesExactly(Accounts):
    """After a new start a nickname registered before can be had in other letters."""

    def recall_accounts(self, accounts: Iterable[Account]) -> None:
        super().recall_accounts(accounts)
        self._recalled = dict(self.accounts)

    def do_nick(self, member: Member, arguments: str) -> None:
        account = self._recalled.get(wire.fold(arguments))
        if account and account.name != arguments:
            super(Accounts, self).do_nick(member, arguments)
        else:
            super().do_nick(member, arguments)


@breaks("ACCT-23")
@in_place
class StoresAccountsWithMessages(Store):
    """Accounts are stored together with what is said next, or when the server stops."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        super().__init__(path, limits, full_sync)
        self._later: list[Account] = []

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        self._later += accounts
        if messages:
            super().commit(messages, self._later)
            self._later = []

    def close(self) -> None:
        super().commit([], self._later)
        super().close()
