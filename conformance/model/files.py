"""Section 20 of protocol.md: the extension files."""

from __future__ import annotations

import re

from . import words
from .core import Core
from .state import Owed, Person, Transfer
from .words import Refused

#: Octets of credit that a transfer may have unused (FILE-16).
WINDOW = 262144

_SHA256 = re.compile(r"[0-9a-f]{64}")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


class Files(Core):
    """What a server does with transfers: it passes on, and keeps nothing."""

    def __init__(self, hold_count: int | None) -> None:
        super().__init__(hold_count)
        self.transfers: dict[int, Transfer] = {}  # those that are open
        self.ids: dict[str, int] = {}  # the server's ids, and what the model calls the transfers
        self.offered = 0

    def do_offer(self, person: Person, arguments: str) -> None:
        name, size, digest, filename = words.some_words(arguments, 4, "FILE-12")
        octets = words.a_number(size, "FILE-12")
        if not _SHA256.fullmatch(digest):
            raise Refused("bad-args", "FILE-12")
        if "/" in filename or filename in (".", "..") or len(filename.encode()) > 255:
            raise Refused("bad-filename", "FILE-11")
        other = self.members.get(words.same(name))
        if other is None:
            raise Refused("no-such-nick", "FILE-13")
        self.offered += 1
        number = self.offered
        self.transfers[number] = Transfer(number, person, other, octets)
        text = f"OFFERED # {person.name} {size} {digest} {filename}"
        self.happens(other, Owed(text, "FILE-1", transfer=number))
        self.tells(person, "OK OFFER #", "FILE-1", transfer=number)

    def do_accept(self, person: Person, arguments: str) -> None:
        transfer = self.one_of(person, arguments, "receiver")
        if transfer.accepted:
            raise Refused("not-now", "FILE-15")
        transfer.accepted = True
        self.both_learn(transfer, person, "ACCEPTED #", "OK ACCEPT #", "FILE-4")

    def do_decline(self, person: Person, arguments: str) -> None:
        transfer = self.one_of(person, arguments, "receiver")
        if transfer.accepted:
            raise Refused("not-now", "FILE-15")
        del self.transfers[transfer.number]
        self.both_learn(transfer, person, "DECLINED #", "OK DECLINE #", "FILE-9")

    def do_more(self, person: Person, arguments: str) -> None:
        word, count = words.some_words(arguments, 2, "FILE-12")
        octets = words.a_number(count, "FILE-12")
        if not octets:
            raise Refused("bad-args", "FILE-12")
        transfer = self.under_way(self.one_of(person, word, "receiver"))
        if transfer.credit + octets > WINDOW:
            raise Refused("too-much-credit", "FILE-16")
        transfer.credit += octets
        self.both_learn(transfer, person, f"MORE # {octets}", "OK MORE #", "FILE-5")

    def do_chunk(self, person: Person, arguments: str) -> None:
        word, data = words.some_words(arguments, 2, "FILE-12")
        words.a_number(word, "FILE-12")
        if len(data) % 4 or len(data) > 4000 or not _BASE64.fullmatch(data):
            raise Refused("bad-args", "FILE-12")
        octets = len(data) // 4 * 3 - data.count("=")
        transfer = self.under_way(self.one_of(person, word, "sender"))
        if transfer.sent + octets > transfer.size:
            raise Refused("beyond-size", "FILE-18")
        if octets > transfer.credit:
            raise Refused("no-credit", "FILE-17")
        transfer.credit -= octets
        transfer.sent += octets
        reply = f"OK CHUNK # {transfer.sent}"
        self.both_learn(transfer, person, f"DATA # {data}", reply, "FILE-6")

    def do_done(self, person: Person, arguments: str) -> None:
        transfer = self.under_way(self.one_of(person, arguments, "sender"))
        if transfer.sent < transfer.size:
            raise Refused("incomplete", "FILE-19")
        del self.transfers[transfer.number]
        self.both_learn(transfer, person, "DONE #", "OK DONE #", "FILE-8")

    def do_abort(self, person: Person, arguments: str) -> None:
        transfer = self.one_of(person, arguments, "sender", "receiver")
        del self.transfers[transfer.number]
        self.both_learn(transfer, person, "ABORTED # abort", "OK ABORT #", "FILE-10")

    def leaves(self, person: Person, cause: str, rule: str, lock: str, last: str = "") -> None:
        """FILE-21: first the transfers of somebody who goes are over, then it goes."""
        run = self.a_run()
        for number, transfer in list(self.transfers.items()):
            if person in (transfer.sender, transfer.receiver):
                del self.transfers[number]
                if transfer.sender is not transfer.receiver:
                    other = transfer.other(person)
                    self.tells(other, f"ABORTED # {cause}", "FILE-21", run, number)
        super().leaves(person, cause, rule, lock, last)

    # What these verbs are made of

    def one_of(self, person: Person, arguments: str, *parts: str) -> Transfer:
        """The open transfer of this id in which the member has such a part (FILE-14)."""
        word = words.one_word(arguments, "FILE-12")
        words.a_number(word, "FILE-12")
        transfer = self.transfers.get(self.ids.get(word, 0))
        if transfer is None or not any(getattr(transfer, part) is person for part in parts):
            raise Refused("no-such-transfer", "FILE-14")
        return transfer

    def under_way(self, transfer: Transfer) -> Transfer:
        if not transfer.accepted:
            raise Refused("not-now", "FILE-15")
        return transfer

    def both_learn(
        self, transfer: Transfer, person: Person, event: str, reply: str, rule: str
    ) -> None:
        """The other side is told at once (FILE-22), then the command is answered."""
        self.tells(transfer.other(person), event, rule, transfer=transfer.number)
        self.tells(person, reply, rule, transfer=transfer.number)
