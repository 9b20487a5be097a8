"""The capability `accounts`: nicknames with a password (protocol.md, section 19).

Checking a password takes long on purpose. So the verbs check their arguments and return a Job: the
server runs it where that holds up nobody, and `finish` brings the line to its end. How many may be
under way is bounded. Like the hub, this does no I/O and is not thread-safe; nothing here logs,
repeats or keeps a password. Storing is the server's business: see `take_registered`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from parley import passwords, wire
from parley.hub import Hub, Limits, Member, Outcome, name_of
from parley.state import Account, Deadlines, Job
from parley.wire import Refusal

#: Wrong tries of one connection before it is sent away (ACCT-9).
TRIES = 3


class Accounts(Hub):
    """The capability `accounts`: REGISTER and LOGIN."""

    capabilities: ClassVar[tuple[str, ...]] = ("accounts",)
    NAMELESS = Hub.NAMELESS | {"LOGIN"}

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.accounts: dict[str, Account] = {}  # by folded name
        self.registered: list[Account] = []  # those that are still to be stored
        self.jobs = 0  # checks that run or wait
        # What a password of an unknown name is checked against.
        self._nobody = passwords.nobodys(self.limits.hash_cost)
        self._penalties = Deadlines(self.limits.login_delay)  # refusals that are put off

    # What the servers call

    def recall_accounts(self, accounts: Iterable[Account]) -> None:
        """Brings back the accounts that were stored."""
        self.accounts.update((wire.fold(account.name), account) for account in accounts)

    def take_registered(self) -> list[Account]:
        registered, self.registered = self.registered, []
        return registered

    def finish(self, job: Job, result: object, now: float) -> Outcome | None:
        self.jobs -= 1
        return super().finish(job, result, now)

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        self._penalties.stop(member)
        super().leave(member, cause, now, words)

    def next_deadline(self) -> float | None:
        deadlines = (super().next_deadline(), self._penalties.next())
        return min((due for due in deadlines if due is not None), default=None)

    def tick(self, now: float) -> None:
        """As in Hub; and answers those whose wrong try is long enough ago."""
        super().tick(now)
        for member in self._penalties.take_expired(now):
            if not member.here:
                continue  # the server stops
            member.waiting = False
            self.reply(member, "ERR", "bad-login", "LOGIN", "wrong nickname or password")
            if member.tries >= TRIES:
                self._send_away(member, "closed", "too many wrong passwords")

    # The verbs

    def do_nick(self, member: Member, arguments: str) -> None:
        if member.name is None and wire.fold(arguments) in self.accounts:
            raise Refusal("nick-registered", "this nickname has a password: LOGIN name password")
        super().do_nick(member, arguments)

    def do_register(self, member: Member, arguments: str) -> Job:
        password = wire.token(arguments)
        name = name_of(member)
        if wire.fold(name) in self.accounts:
            raise Refusal("already-registered", "this nickname has a password already")
        if len(password) < passwords.SHORTEST:
            raise Refusal("bad-password", f"at least {passwords.SHORTEST} characters")
        if len(self.accounts) >= self.limits.max_accounts:
            raise Refusal("too-many-accounts", "this server registers no further nickname")
        cost = self.limits.hash_cost
        return self.begin(
            member, "REGISTER",
            lambda: passwords.hashed(password, cost), lambda kept: self.register(member, kept),
        )  # fmt: skip

    def do_login(self, member: Member, arguments: str) -> Job:
        name, _, rest = arguments.partition(" ")
        if not name:
            raise Refusal("bad-args", "this takes a nickname and a password")
        password = wire.token(rest)
        if member.name is not None:
            raise Refusal("already-named", f"you are {member.name}")
        account = self.accounts.get(wire.fold(name), Account("", self._nobody))
        return self.begin(
            member, "LOGIN",
            lambda: passwords.matches(password, account.password),
            lambda right: self.login(member, account.name, right),
        )  # fmt: skip

    # What these verbs are made of

    def begin(
        self, member: Member, verb: str, work: Callable[[], Any], done: Callable[[Any], None]
    ) -> Job:
        """A job for the server. Raises Refusal if too many are under way."""
        if self.jobs >= self.limits.checks:
            raise Refusal("busy", "too many passwords are being checked, try again")
        self.jobs += 1
        return Job(member, verb, work, done)

    def register(self, member: Member, kept: str) -> None:
        """The end of REGISTER. The nickname is still the member's: it is here."""
        account = Account(name_of(member), kept)
        self.accounts[wire.fold(account.name)] = account
        self.registered.append(account)
        self.reply(member, "OK", "REGISTER")

    def login(self, member: Member, name: str, right: bool) -> None:
        """The end of LOGIN: a name, or a refusal. One of a wrong password is put off (ACCT-8)."""
        if right:
            self.admit(member, name)
            self.reply(member, "OK", "LOGIN", name, member.number)
        else:
            member.tries += 1
            member.waiting = True
            self._penalties.start(member, self._now)

    def _find(self, verb: str) -> Callable[[Member, str], Outcome | None] | None:
        """As in Hub; where accounts are not offered, there are no such verbs."""
        if verb in ("REGISTER", "LOGIN") and "accounts" not in self.announced:
            return None
        return super()._find(verb)
