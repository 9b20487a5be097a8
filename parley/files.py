"""The capability `files`: one member sends another a file, with credit (protocol.md, section 20).

The server keeps no file. A chunk goes from the sender's line straight into the receiver's outbox,
as far as the receiver has granted credit: so what a transfer has in an outbox is bounded by the
window, and the chat goes on between the chunks. Like the hub, this does no I/O and is not
thread-safe. When the server stops, open transfers end with it: BYE says so to both sides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from parley import wire
from parley.hub import Hub, Limits, Member, name_of
from parley.wire import Refusal

#: Characters of base64 in one CHUNK: 3000 octets, and the line stays below 4096.
MAX_DATA = 4000
#: Octets of a file's name: what file systems take (NAME_MAX of Linux and macOS).
MAX_FILENAME = 255

_DIGEST = re.compile(r"[0-9a-f]{64}")
_DATA = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(eq=False, slots=True)
class Transfer:
    """One file on its way from one member to another; both may be the same."""

    number: int
    sender: Member
    receiver: Member
    size: int  # octets announced
    accepted: bool = False
    sent: int = 0  # octets
    credit: int = 0  # octets that the receiver has granted and the sender has not used


class Files(Hub):
    """The capability `files`: OFFER, ACCEPT, DECLINE, MORE, CHUNK, DONE, ABORT."""

    capabilities: ClassVar[tuple[str, ...]] = ("files",)

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.transfers: dict[int, Transfer] = {}  # those that are open, by number
        self._last_transfer = 0

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        """As in Hub; before anybody is told that the member left, its transfers end (FILE-21)."""
        if member.here and self.transfers:
            for transfer in list(self.transfers.values()):
                if member in (transfer.sender, transfer.receiver):
                    self.end(transfer)
                    if transfer.sender is not transfer.receiver:
                        self.notify(_other(transfer, member), "ABORTED", transfer.number, cause)
        super().leave(member, cause, now, words)

    def do_offer(self, member: Member, arguments: str) -> None:
        name, size, digest, filename = _split(arguments, 4)
        octets = wire.number(size)
        if not _DIGEST.fullmatch(digest):
            raise Refusal("bad-args", "a SHA-256 is 64 of the digits 0 to 9 and a to f")
        if not is_filename(filename):
            raise Refusal("bad-filename", f"at most {MAX_FILENAME} octets, no /, not . or ..")
        other = self.names.get(wire.fold(name))
        if other is None:
            raise Refusal("no-such-nick", "nobody has this nickname")
        self.check_offers(member)
        self._last_transfer += 1
        transfer = Transfer(self._last_transfer, member, other, octets)
        self.transfers[transfer.number] = transfer
        # The only event of a transfer that a lock holds: hence `deliver`, elsewhere `notify`.
        self.deliver(other, "OFFERED", transfer.number, name_of(member), octets, digest, filename)
        self.reply(member, "OK", "OFFER", transfer.number)

    def do_accept(self, member: Member, arguments: str) -> None:
        transfer = self.received_by(member, wire.number(wire.one_argument(arguments)))
        if transfer.accepted:
            raise Refusal("not-now", "this transfer is accepted already")
        self.check_accepted(member)
        transfer.accepted = True
        self.notify(transfer.sender, "ACCEPTED", transfer.number)
        self.reply(member, "OK", "ACCEPT", transfer.number)

    def do_decline(self, member: Member, arguments: str) -> None:
        transfer = self.received_by(member, wire.number(wire.one_argument(arguments)))
        if transfer.accepted:
            raise Refusal("not-now", "this transfer is accepted already: ABORT ends it")
        self.end(transfer)
        self.notify(transfer.sender, "DECLINED", transfer.number)
        self.reply(member, "OK", "DECLINE", transfer.number)

    def do_more(self, member: Member, arguments: str) -> None:
        number, octets = map(wire.number, _split(arguments, 2))
        if not octets:
            raise Refusal("bad-args", "this takes a number above 0")
        transfer = _under_way(self.received_by(member, number))
        if transfer.credit + octets > self.limits.max_window:
            raise Refusal("too-much-credit", f"at most {self.limits.max_window} octets unused")
        transfer.credit += octets
        self.notify(transfer.sender, "MORE", number, octets)
        self.reply(member, "OK", "MORE", number)

    def do_chunk(self, member: Member, arguments: str) -> None:
        word, data = _split(arguments, 2)
        number, octets = wire.number(word), octets_of(data)
        transfer = _under_way(self.sent_by(member, number))
        if transfer.sent + octets > transfer.size:
            raise Refusal("beyond-size", f"{transfer.size} octets were announced")
        if octets > transfer.credit:
            raise Refusal("no-credit", f"the receiver takes {transfer.credit} octets now")
        transfer.credit -= octets
        transfer.sent += octets
        self.notify(transfer.receiver, "DATA", number, data)
        self.reply(member, "OK", "CHUNK", number, transfer.sent)

    def do_done(self, member: Member, arguments: str) -> None:
        number = wire.number(wire.one_argument(arguments))
        transfer = _under_way(self.sent_by(member, number))
        if transfer.sent < transfer.size:
            raise Refusal("incomplete", f"{transfer.size - transfer.sent} octets are missing")
        self.end(transfer)
        self.notify(transfer.receiver, "DONE", number)
        self.reply(member, "OK", "DONE", number)

    def do_abort(self, member: Member, arguments: str) -> None:
        number = wire.number(wire.one_argument(arguments))
        transfer = self.transfers.get(number)
        if transfer is None or member not in (transfer.sender, transfer.receiver):
            raise Refusal("no-such-transfer", "no transfer of yours has this number")
        self.end(transfer)
        self.notify(_other(transfer, member), "ABORTED", number, "abort")
        self.reply(member, "OK", "ABORT", number)

    # What these verbs are made of

    def notify(self, member: Member, *fields: str | int) -> None:
        """Queues an event of a transfer at once, whether the member is locked or not (FILE-22)."""
        self._send(member, wire.line(*fields))

    def sent_by(self, member: Member, number: int) -> Transfer:
        """The open transfer of this number that the member sends. Raises Refusal."""
        transfer = self.transfers.get(number)
        if transfer is None or transfer.sender is not member:
            raise Refusal("no-such-transfer", "you send no file under this number")
        return transfer

    def received_by(self, member: Member, number: int) -> Transfer:
        """The open transfer of this number that the member receives. Raises Refusal."""
        transfer = self.transfers.get(number)
        if transfer is None or transfer.receiver is not member:
            raise Refusal("no-such-transfer", "no file is offered to you under this number")
        return transfer

    def check_offers(self, member: Member) -> None:
        """Raises Refusal if the member, or everybody together, has too many transfers open.

        What others offer to a member does not count: nobody can use up the transfers of another.
        """
        sending = sum(each.sender is member for each in self.transfers.values())
        limits = self.limits
        if sending >= limits.max_transfers_each or len(self.transfers) >= limits.max_transfers:
            raise Refusal("too-many-transfers", "wait until one has ended, or abort one")

    def check_accepted(self, member: Member) -> None:
        """Raises Refusal if the member receives as many files as its outbox has room for."""
        mine = (each for each in self.transfers.values() if each.receiver is member)
        if sum(each.accepted for each in mine) >= self.limits.max_transfers_each:
            raise Refusal("too-many-transfers", "accept it when another has ended")

    def end(self, transfer: Transfer) -> None:
        """Forgets a transfer. Its number is never used again."""
        del self.transfers[transfer.number]


def is_filename(word: str) -> bool:
    """Whether a text may be offered as the name of a file (FILE-11)."""
    return "/" not in word and word not in (".", "..") and len(word.encode()) <= MAX_FILENAME


def octets_of(data: str) -> int:
    """How many octets a chunk stands for. Raises Refusal if it is not padded base64."""
    if len(data) > MAX_DATA or len(data) % 4 or not _DATA.fullmatch(data):
        raise Refusal("bad-args", f"a chunk is up to {MAX_DATA} characters of padded base64")
    return len(data) // 4 * 3 - data.count("=", -2)


def _split(arguments: str, count: int) -> list[str]:
    """So many arguments; the last reaches to the end of the line. Raises Refusal."""
    words = arguments.split(" ", count - 1)
    if len(words) < count or not all(words):
        raise Refusal("bad-args", f"this takes {count} arguments")
    return words


def _under_way(transfer: Transfer) -> Transfer:
    if not transfer.accepted:
        raise Refusal("not-now", "this transfer is not accepted yet")
    return transfer


def _other(transfer: Transfer, member: Member) -> Member:
    return transfer.receiver if member is transfer.sender else transfer.sender
