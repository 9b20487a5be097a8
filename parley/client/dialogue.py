"""The frame of a conversation with a server: who is there, commands, their replies in order, time.

Octets come in and are cut into lines; each line goes to the method `on_KIND` of a subclass, each
reply to `ok_VERB`. What they mean is no concern of this module. Nothing here does I/O or reads a
clock. One caller at a time: it hands in what arrived and what time it is, and empties `events` and
`take`.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from dataclasses import dataclass

from parley import wire

from . import events as ev
from .transfer import Transfer
from .transfers import Transfers

#: Verbs of the core, and of each capability that this client can use.
CORE = frozenset({"NICK", "SAY", "WHO", "LOCK", "UNLOCK", "PING", "QUIT"})
EXTENSIONS = {
    "direct": {"TELL"},
    "rooms": {"JOIN", "ROOMS"},
    "history": {"HISTORY"},
    "accounts": {"REGISTER", "LOGIN"},
    "files": {"OFFER", "ACCEPT", "DECLINE", "MORE", "CHUNK", "DONE", "ABORT"},
}
#: Seconds without a greeting after which a PING asks who is there: most servers of other protocols,
#: TLS among them, say nothing before they are spoken to, and give themselves away by their answer.
PROBE_AFTER = 2.0
#: Seconds after which a greeting is no longer waited for.
GREETING_TIME = 8.0
#: Seconds of silence after which a PING asks whether the server is there, and for its answer.
QUIET_TIME = 60.0
ANSWER_TIME = 30.0

_TOKENS = re.compile(r"[!-~]{1,64}( [!-~]{1,64})*", re.ASCII)


class Phase(enum.Enum):
    GREETING = enum.auto()  # nothing has been heard yet
    NAMELESS = enum.auto()
    MEMBER = enum.auto()
    OVER = enum.auto()  # nothing more is to be sent


class Malformed(ValueError):
    """A line that no server may send."""


@dataclass(eq=False, slots=True)
class Asked:
    """A command that waits for its reply. `text` is what it said or asked for; never a password."""

    verb: str
    text: str = ""
    quiet: bool = False  # the client asked for itself: nobody is told
    transfer: Transfer | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An OK: the command that it answers, its fields, and the items that came before it."""

    asked: Asked
    fields: list[str]
    items: list[tuple[str, ...]]


class Dialogue:
    """One connection. `events` are for the interface, in order."""

    transfers: Transfers

    def __init__(self, now: float) -> None:
        self.phase = Phase.GREETING
        self.events: deque[ev.Event] = deque()
        self.pending: deque[Asked] = deque()
        self.fault = ""  # why the connection cannot go on, in words for people
        self.server = ""
        self.capabilities: tuple[str, ...] = ()
        self.unknown: set[str] = set()  # verbs that this server turned out not to know
        self.items: list[tuple[str, ...]] = []  # of the listing that is arriving
        self._cutter = wire.LineCutter()
        self._opening = b""  # the first octets, until they show who is there
        self._out = bytearray()
        self._heard = now
        self._probed = False

    def offers(self, verb: str) -> bool:
        """Whether this server has a verb, as far as is known."""
        if verb in self.unknown:
            return False
        return verb in CORE or any(verb in EXTENSIONS.get(each, ()) for each in self.capabilities)

    def ask(
        self,
        verb: str,
        *fields: str | int,
        about: str | None = None,
        quiet: bool = False,
        transfer: Transfer | None = None,
    ) -> None:
        """Sends a command. `about` is what to remember of it, if not all its fields."""
        text = " ".join(map(str, fields)) if about is None else about
        self.pending.append(Asked(verb, text, quiet, transfer))
        self._out += wire.line(verb, *fields)

    def unanswered(self) -> tuple[str, ...]:
        """What was said and has not been answered."""
        return tuple(each.text for each in self.pending if each.verb == "SAY")

    # Octets and time

    def take(self) -> bytes:
        """What to send now. To be called again once it is sent: files come a piece at a time."""
        self.transfers.pump(len(self._out))
        data = bytes(self._out)
        self._out.clear()
        return data

    def receive(self, data: bytes, now: float) -> None:
        """Takes what arrived."""
        self._heard = now
        self._probed = self._probed and self.phase is Phase.GREETING
        self.transfers.now = now
        if self.phase is Phase.GREETING and not self._recognise(data):
            return
        for line in self._cutter.feed(data):
            if self.phase is not Phase.OVER:
                self._read(line)

    def next_deadline(self) -> float:
        """When `tick` is due next."""
        if self.phase is Phase.GREETING:
            return self._heard + (GREETING_TIME if self._probed else PROBE_AFTER)
        return self._heard + QUIET_TIME + (ANSWER_TIME if self._probed else 0)

    def tick(self, now: float) -> None:
        """Time has passed: asks a silent server whether it is there, and gives it up."""
        if now < self.next_deadline() or self.phase is Phase.OVER:
            return
        if not self._probed:
            self._probed = True
            self.ask("PING", "are-you-there", quiet=True)
        elif self.phase is Phase.GREETING:
            self._fail("says nothing")
        else:
            self._fail(f"has not answered for {ANSWER_TIME:.0f} seconds")

    @property
    def silent(self) -> bool:
        """Whether the server has said nothing at all."""
        return not self._opening

    def ended(self, why: str = "") -> str:
        """The connection is gone: why, in words for people."""
        self.phase = Phase.OVER
        self.transfers.end("the connection is gone")
        how = why or "closed the connection"
        return self.fault or (f"{how} without a greeting" if self.silent else how)

    def _fail(self, words: str) -> None:
        self.fault = words
        self.phase = Phase.OVER

    def _recognise(self, data: bytes) -> bool:
        """Whether the first octets can be those of a Parley server. If not, says whose they are."""
        self._opening = (self._opening + data)[:64]
        for greeting in (b"HELLO ", b"BYE "):
            if self._opening[: len(greeting)] == greeting[: len(self._opening)]:
                return True
        self._fail(f"is no Parley server, but {_who_speaks(self._opening)}")
        return False

    # Lines of the server

    def _read(self, octets: bytes) -> None:
        try:
            if len(octets) >= wire.MAX_LINE:
                raise Malformed
            text = octets.removesuffix(b"\r").decode()
            kind, _, rest = text.partition(" ")
            read = getattr(self, f"on_{kind.lower()}", None) if kind.isupper() else None
            if read:
                read(rest)
            elif notice := self.transfers.notices.get(kind):
                notice(rest)
        except (ValueError, wire.Refusal):  # UnicodeDecodeError is a ValueError
            self.events.append(ev.Strange(octets.decode(errors="replace")))

    def on_hello(self, rest: str) -> None:
        protocol, _, words = rest.partition(" ")
        if self.phase is not Phase.GREETING:
            raise Malformed
        if protocol != wire.PROTOCOL:
            return self._fail(f"speaks {protocol[:32]}, and this client {wire.PROTOCOL}")
        if not _TOKENS.fullmatch(words):
            return self._fail("greets with a line that is not in the protocol")
        self.server, *capabilities = words.split(" ")
        self.capabilities = tuple(capabilities)
        self.phase = Phase.NAMELESS
        self.events.append(ev.Greeted(self.server, self.capabilities))

    def on_ping(self, rest: str) -> None:
        self._out += wire.line("PONG", wire.token(rest))

    def on_pong(self, rest: str) -> None:
        self._answered("PING")

    def on_ok(self, rest: str) -> None:
        verb, *fields = rest.split(" ")
        asked = self._answered(verb)
        items, self.items = self.items, []
        if asked.transfer:
            self.transfers.ok(asked, fields)
        elif read := getattr(self, f"ok_{verb.lower()}", None):
            read(Reply(asked, fields, items))

    def on_err(self, rest: str) -> None:
        code, verb, words = split(rest, 3)
        asked = self._answered("" if verb == "-" else verb)
        self.items.clear()
        if code == "unknown-verb":
            self.unknown.add(asked.verb)
        if asked.transfer:
            self.transfers.refused(asked, code, words)
        elif asked.verb == "QUIT" and code == "unknown-verb":
            self.phase = Phase.OVER  # a server on an early level: the end of the stream must do
        elif asked.verb in ("NICK", "LOGIN"):
            self.events.append(ev.Nameless(asked.text, code, words))
        elif not asked.quiet:
            said = asked.text if asked.verb == "SAY" else ""
            self.events.append(ev.Refused(asked.verb, code, words, said))

    def _answered(self, verb: str) -> Asked:
        """The command that a reply answers. Replies name their verb: lost ones can be noticed."""
        if verb and all(asked.verb != verb for asked in self.pending):
            raise Malformed
        while self.pending:
            asked = self.pending.popleft()
            if not verb or asked.verb == verb:
                return asked
        raise Malformed


def _who_speaks(opening: bytes) -> str:
    """What kind of server begins like this."""
    if opening[:2] in (b"\x15\x03", b"\x16\x03"):
        return "one that speaks TLS: try --tls"
    if opening.startswith((b"HTTP/", b"<!DOCTYPE", b"<html", b"<HTML", b"<?xml")):
        return "a web server (HTTP)"
    if opening.startswith((b":", b"NOTICE ", b"ERROR ", b"PING :")):
        return "an IRC server"
    if opening.startswith(b"SSH-"):
        return "an SSH server"
    return f"something that begins with {opening[:32]!r}"


def split(rest: str, count: int) -> list[str]:
    """So many fields; the last reaches to the end of the line. Raises Malformed."""
    fields = rest.split(" ", count - 1)
    if len(fields) < count or not all(fields):
        raise Malformed
    return fields


def name_in(word: str) -> str:
    """A word that has to be a name. Raises Malformed."""
    if not wire.is_name(word):
        raise Malformed
    return word
