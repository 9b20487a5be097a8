"""Files on their way: offers, credit, digests.

A Transfers belongs to one Session, which hands it the lines that concern files. A Source is read a
piece at a time, as credit allows and as the network takes it; a Sink is written as chunks arrive
(`transfer` says what they are). No other I/O, no clock.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from parley import wire

from . import events as ev
from .transfer import Downloads, Incoming, Outgoing, Source, Transfer

if TYPE_CHECKING:
    from .dialogue import Asked
    from .session import Session

#: Octets in one CHUNK: 4000 characters of base64.
PIECE = 3000
#: Octets that wait to be sent, beyond which no further piece of a file is read: what somebody says
#: during a transfer stands behind so much and no more.
AHEAD = 65536
#: Commands without a reply, beyond which no further piece is sent either.
MAX_UNANSWERED = 1000
#: Offers that wait for an answer; beyond, they are declined unseen.
MAX_OFFERS = 100

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


class Transfers:
    """The open transfers of one connection, by number; a file sent to oneself is in both."""

    def __init__(self, session: Session, downloads: Downloads) -> None:
        self.outgoing: dict[int, Outgoing] = {}
        self.incoming: dict[int, Incoming] = {}
        self.now = 0.0  # when something last arrived
        self._session = session
        self._downloads = downloads
        self._dead: set[int] = set()  # ended before the lock let their OFFERED through
        self.notices: dict[str, Callable[[str], None]] = {
            "OFFERED": self._offered,
            "ACCEPTED": self._accepted,
            "DECLINED": lambda rest: self._end_outgoing(rest, "it was declined"),
            "MORE": self._more,
            "DATA": self._data,
            "DONE": self._done,
            "ABORTED": self._aborted,
        }

    def under_way(self) -> list[Transfer]:
        """Those that were accepted, for progress bars."""
        both: list[Transfer] = [*self.outgoing.values(), *self.incoming.values()]
        return [each for each in both if each.began is not None]

    @property
    def busy(self) -> bool:
        """Whether a file is on its way, or offered by us."""
        return bool(self.outgoing) or any(each.sink for each in self.incoming.values())

    # What a person does

    def offer(self, name: str, filename: str, size: int, digest: str, source: Source) -> None:
        """Offers a file to a member."""
        transfer = Outgoing(0, name, filename, size, digest, source=source)
        self._session.ask("OFFER", name, size, digest, filename, transfer=transfer)

    def accept(self, number: int, filename: str) -> None:
        """Takes a file that was offered, under a safe name. Raises OSError."""
        transfer = self.incoming[number]
        transfer.sink = self._downloads.create(filename, transfer.size)
        self._session.ask("ACCEPT", number, transfer=transfer)

    def decline(self, number: int) -> None:
        self._session.ask("DECLINE", number, transfer=self.incoming.pop(number))

    def abort(self, number: int, why: str = "you ended it") -> None:
        """Ends a transfer, whichever side we are."""
        both = (self.outgoing.pop(number, None), self.incoming.pop(number, None))
        if ours := [each for each in both if each is not None]:
            self._session.ask("ABORT", number, transfer=ours[0])
            for each in ours:
                self._fail(each, why)

    def end(self, why: str) -> None:
        """The connection is gone, and every transfer with it."""
        waiting = [each.transfer for each in self._session.pending if each.verb == "OFFER"]
        for transfer in (*self.outgoing.values(), *self.incoming.values(), *waiting):
            if transfer:
                self._fail(transfer, why)
        self.outgoing.clear()
        self.incoming.clear()

    def pump(self, queued: int) -> None:
        """Queues pieces of files, as far as there is credit, until AHEAD octets are queued."""
        ready = [each for each in self.outgoing.values() if each.credit and each.source]
        while ready and queued < AHEAD and len(self._session.pending) < MAX_UNANSWERED:
            for transfer in list(ready):  # a piece of each in turn
                queued += self._send_piece(transfer)
                if transfer.number not in self.outgoing or not transfer.credit:
                    ready.remove(transfer)
                elif transfer.sent >= transfer.size:
                    ready.remove(transfer)

    def _send_piece(self, transfer: Outgoing) -> int:
        octets = min(PIECE, transfer.credit, transfer.size - transfer.sent)
        if octets <= 0 or not transfer.source:
            return 0
        try:
            data = transfer.source.read(octets)
        except OSError as error:
            self.abort(transfer.number, f"it cannot be read: {error.strerror}")
            return 0
        if not data:
            self.abort(transfer.number, "it has become shorter meanwhile")
            return 0
        transfer.credit -= len(data)
        transfer.sent += len(data)
        coded = base64.b64encode(data).decode()
        self._session.ask("CHUNK", transfer.number, coded, about="", transfer=transfer)
        self._finish(transfer)
        return len(coded)

    def _finish(self, transfer: Outgoing) -> None:
        """Says DONE once all is sent. An empty file needs no credit."""
        if transfer.sent == transfer.size and not transfer.finishing:
            transfer.finishing = True
            self._session.ask("DONE", transfer.number, transfer=transfer)

    # Replies

    def ok(self, asked: Asked, fields: list[str]) -> None:
        """A command of a transfer was answered with OK."""
        transfer = asked.transfer
        if isinstance(transfer, Outgoing):
            self._ok_outgoing(asked.verb, transfer, fields)
        elif isinstance(transfer, Incoming) and asked.verb == "ACCEPT":
            transfer.began = self.now
            self._session.events.append(ev.Started(transfer))
            self._grant(transfer)

    def _ok_outgoing(self, verb: str, transfer: Outgoing, fields: list[str]) -> None:
        if verb == "OFFER":
            (number,) = map(wire.number, fields)
            transfer.number = number
            self._session.events.append(ev.Offering(transfer))
            self.outgoing[number] = transfer
        elif verb == "CHUNK":
            transfer.done = min(wire.number(fields[-1]), transfer.sent)
        elif verb == "DONE" and transfer.number in self.outgoing:
            del self.outgoing[transfer.number]
            transfer.done = transfer.size
            _close(transfer)
            self._session.events.append(ev.Finished(transfer))

    def refused(self, asked: Asked, code: str, words: str) -> None:
        """A command of a transfer was refused. One that has ended meanwhile is nobody's fault."""
        transfer = asked.transfer
        if asked.verb == "MORE" and code == "too-much-credit" and isinstance(transfer, Incoming):
            transfer.credit -= int(asked.text.split(" ")[1])
            if transfer.window > PIECE:  # a server with a smaller window
                transfer.window //= 2
                self._grant(transfer)
        elif transfer and asked.verb == "ACCEPT" and code == "too-many-transfers":
            _close(transfer)  # it stays on offer, to be accepted later
            self._session.events.append(ev.Refused(asked.verb, code, words))
        elif transfer and asked.verb in ("OFFER", "ACCEPT"):
            self.incoming.pop(transfer.number, None)
            self._fail(transfer, words)
        elif transfer and transfer.number in (self.outgoing.keys() | self.incoming.keys()):
            if code != "no-such-transfer":
                self.abort(transfer.number, words)

    # Events

    def _offered(self, rest: str) -> None:
        word, name, size, digest, filename = rest.split(" ", 4)
        number = wire.number(word)
        if not (wire.is_name(name) and _DIGEST.fullmatch(digest) and filename):
            raise ValueError
        transfer = Incoming(number, name, filename, wire.number(size), digest)
        gone = number in self._dead
        self._dead.discard(number)
        if not gone:
            self.incoming[number] = transfer
        if len(self.incoming) > MAX_OFFERS:
            self.decline(number)
        else:
            self._session.deliver(ev.Offered(transfer, gone))

    def _accepted(self, rest: str) -> None:
        transfer = self.outgoing.get(wire.number(rest))
        if transfer and transfer.began is None:
            transfer.began = self.now
            self._session.events.append(ev.Started(transfer))
            self._finish(transfer)

    def _more(self, rest: str) -> None:
        number, octets = map(wire.number, rest.split(" "))
        if transfer := self.outgoing.get(number):
            transfer.credit += octets

    def _data(self, rest: str) -> None:
        word, coded = rest.split(" ")
        data = base64.b64decode(coded, validate=True)  # binascii.Error is a ValueError
        transfer = self.incoming.get(wire.number(word))
        if not (transfer and transfer.sink):
            return  # it crossed an ABORT of ours
        transfer.done += len(data)
        transfer.credit = max(0, transfer.credit - len(data))
        if transfer.done > transfer.size:
            self.abort(transfer.number, "more came than was announced")
            return
        try:
            transfer.sink.write(data)
        except OSError as error:
            self.abort(transfer.number, f"it cannot be written: {error.strerror}")
            return
        transfer.hash.update(data)
        self._grant(transfer)

    def _grant(self, transfer: Incoming) -> None:
        """A window of credit; each time half of it has come, as much again."""
        missing = transfer.size - transfer.done - transfer.credit
        octets = min(transfer.window - transfer.credit, missing)
        if octets > 0 and (transfer.credit <= transfer.window // 2):
            transfer.credit += octets
            self._session.ask("MORE", transfer.number, octets, transfer=transfer)

    def _done(self, rest: str) -> None:
        transfer = self.incoming.pop(wire.number(rest), None)
        if not transfer:
            return
        if not transfer.sink or transfer.done != transfer.size:
            self._fail(transfer, f"only {transfer.done} of {transfer.size} octets came")
        elif transfer.hash.hexdigest() != transfer.digest:
            self._fail(transfer, "its digest (SHA-256) is not the one that was announced")
        else:
            try:
                path = transfer.sink.keep()
            except OSError as error:
                self._fail(transfer, f"it cannot be kept: {error.strerror}")
            else:
                self._session.events.append(ev.Finished(transfer, path))

    def _aborted(self, rest: str) -> None:
        word, cause = rest.split(" ")
        number = wire.number(word)
        if number not in self.incoming and number not in self.outgoing:
            self._dead = {*self._dead, number} if len(self._dead) < MAX_OFFERS else {number}
        incoming = self.incoming.pop(number, None)
        who = f"{incoming.other} ended it" if incoming else "the other side ended it"
        why = who if cause == "abort" else f"the other side has gone ({cause})"
        if incoming:
            self._fail(incoming, why)
        self._end_outgoing(word, why)

    def _end_outgoing(self, rest: str, why: str) -> None:
        if transfer := self.outgoing.pop(wire.number(rest), None):
            self._fail(transfer, why)

    def _fail(self, transfer: Transfer, why: str) -> None:
        _close(transfer)
        self._session.events.append(ev.Failed(transfer, why))


def _close(transfer: Transfer) -> None:
    """Lets go of the file; of one that arrives, nothing is kept."""
    if isinstance(transfer, Outgoing) and transfer.source:
        transfer.source.close()
        transfer.source = None
    elif isinstance(transfer, Incoming) and transfer.sink:
        transfer.sink.discard()
        transfer.sink = None
