"""Faults of the extension `files`: what ought to be refused, and what is refused wrongly."""

from __future__ import annotations

from parley.files import MAX_DATA, Files, Transfer
from parley.hub import Member
from parley.wire import Refusal

from .registry import breaks
from .tools import OtherLimits


@breaks("FILE-11")
class ReplacesSlashes(Files):
    """A `/` in a filename becomes `_`, and the offer is made."""

    def do_offer(self, member: Member, arguments: str) -> None:
        super().do_offer(member, arguments.replace("/", "_"))


@breaks("FILE-11")
class AllowsDots(Files):
    """The filenames `.` and `..` are allowed."""

    def do_offer(self, member: Member, arguments: str) -> None:
        if arguments.endswith((" .", " ..")):
            arguments += " "
        super().do_offer(member, arguments)


@breaks("FILE-12")
class IgnoresCaseOfDigests(Files):
    """Digests in capitals are taken, too."""

    def do_offer(self, member: Member, arguments: str) -> None:
        words = arguments.split(" ", 3)
        words[2:3] = [word.lower() for word in words[2:3]]
        super().do_offer(member, " ".join(words))


@breaks("FILE-12")
class PadsData(Files):
    """Data without its padding is taken, and padded."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        word, _, data = arguments.partition(" ")
        super().do_chunk(member, f"{word} {data}{'=' * (-len(data) % 4)}")


@breaks("FILE-12")
class MoreOfNothing(Files):
    """MORE of 0 octets is answered with OK."""

    def do_more(self, member: Member, arguments: str) -> None:
        number, _, octets = arguments.partition(" ")
        if octets == "0" and number.isdigit():
            self.reply(member, "OK", "MORE", self.received_by(member, int(number)).number)
        else:
            super().do_more(member, arguments)


@breaks("FILE-13")
class LooksForTheNameFirst(Files):
    """An offer to nobody is refused with no-such-nick before its filename is looked at."""

    def do_offer(self, member: Member, arguments: str) -> None:
        try:
            super().do_offer(member, arguments)
        except Refusal as refusal:
            if refusal.code == "bad-filename" and arguments.split(" ")[0].lower() not in self.names:
                raise Refusal("no-such-nick", "nobody has this nickname") from None
            raise


@breaks("FILE-13")
class NobodyIsBadArgs(Files):
    """An offer to nobody is refused with bad-args."""

    def do_offer(self, member: Member, arguments: str) -> None:
        try:
            super().do_offer(member, arguments)
        except Refusal as refusal:
            code = "bad-args" if refusal.code == "no-such-nick" else refusal.code
            raise Refusal(code, refusal.words) from None


@breaks("FILE-14")
class AnybodyAborts(Files):
    """Everybody can abort every transfer."""

    def do_abort(self, member: Member, arguments: str) -> None:
        transfer = self.transfers.get(int(arguments) if arguments.isdigit() else 0)
        if transfer is None or member in (transfer.sender, transfer.receiver):
            super().do_abort(member, arguments)
            return
        self.end(transfer)
        for each in (transfer.sender, transfer.receiver):
            self.notify(each, "ABORTED", transfer.number, "abort")
        self.reply(member, "OK", "ABORT", transfer.number)


@breaks("FILE-14")
class SendersAccept(Files):
    """A sender can accept its own offer."""

    def received_by(self, member: Member, number: int) -> Transfer:
        transfer = self.transfers.get(number)
        if transfer and transfer.sender is member:
            return transfer
        return super().received_by(member, number)


@breaks("FILE-14")
class TellsOfTheTransfersOfOthers(Files):
    """A third member is told that a transfer is open."""

    def received_by(self, member: Member, number: int) -> Transfer:
        transfer = self.transfers.get(number)
        if transfer and member not in (transfer.sender, transfer.receiver):
            raise Refusal("not-now", "this is a transfer of others")
        return super().received_by(member, number)


@breaks("FILE-15")
class NoCreditBeforeAccept(Files):
    """A chunk of an offer that is not accepted is refused with no-credit."""

    def sent_by(self, member: Member, number: int) -> Transfer:
        transfer = super().sent_by(member, number)
        if not transfer.accepted:
            raise Refusal("no-credit", "the receiver takes nothing yet")
        return transfer


@breaks("FILE-15")
class AcceptsTwice(Files):
    """ACCEPT of an accepted transfer is answered with OK."""

    def do_accept(self, member: Member, arguments: str) -> None:
        try:
            super().do_accept(member, arguments)
        except Refusal as refusal:
            if refusal.code != "not-now":
                raise
            self.reply(member, "OK", "ACCEPT", arguments)


@breaks("FILE-16")
class UnboundedCredit(OtherLimits, Files):
    """There is no bound to the credit that is granted."""

    other = {"max_window": 2**60}  # noqa: RUF012  # read only


@breaks("FILE-16")
class SmallWindow(OtherLimits, Files):
    """The window has 64 KiB."""

    other = {"max_window": 65536}  # noqa: RUF012  # read only


@breaks("FILE-16")
class CreditWithoutReturn(Files):
    """The window bounds all that was ever granted, used up or not."""

    def do_more(self, member: Member, arguments: str) -> None:
        number = arguments.split(" ")[0]
        transfer = self.transfers.get(int(number) if number.isdigit() else 0)
        sent = transfer.sent if transfer else 0
        if transfer:
            transfer.credit += sent
        try:
            super().do_more(member, arguments)
        finally:
            if transfer:
                transfer.credit -= sent


@breaks("FILE-17")
class CreditIsAdvice(Files):
    """Chunks beyond the credit are passed on."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        try:
            super().do_chunk(member, arguments)
        except Refusal as refusal:
            if refusal.code != "no-credit":
                raise
            transfer = self.transfers[int(arguments.split(" ")[0])]
            transfer.credit = MAX_DATA
            super().do_chunk(member, arguments)
            transfer.credit = 0


@breaks("FILE-17")
class RefusalCostsCredit(Files):
    """A chunk that is refused with no-credit uses up the credit that there is."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        try:
            super().do_chunk(member, arguments)
        except Refusal as refusal:
            if refusal.code == "no-credit":
                self.transfers[int(arguments.split(" ")[0])].credit = 0
            raise


@breaks("FILE-18")
class SizeIsAdvice(Files):
    """More octets than were announced are passed on."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        try:
            super().do_chunk(member, arguments)
        except Refusal as refusal:
            if refusal.code != "beyond-size":
                raise
            transfer = self.transfers[int(arguments.split(" ")[0])]
            transfer.size += MAX_DATA
            super().do_chunk(member, arguments)
            transfer.size -= MAX_DATA


@breaks("FILE-18")
class BeyondSizeAborts(Files):
    """A chunk beyond the announced size ends the transfer."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        try:
            super().do_chunk(member, arguments)
        except Refusal as refusal:
            if refusal.code == "beyond-size":
                self.end(self.transfers[int(arguments.split(" ")[0])])
            raise


@breaks("FILE-18")
class CreditComesBeforeSize(Files):
    """A chunk beyond both credit and size is refused with no-credit."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        try:
            super().do_chunk(member, arguments)
        except Refusal as refusal:
            number = int(arguments.split(" ")[0]) if refusal.code == "beyond-size" else 0
            if number and not self.transfers[number].credit:
                raise Refusal("no-credit", "there is none") from None
            raise


@breaks("FILE-19")
class DoneAtAnyTime(Files):
    """DONE is answered with OK though octets are missing."""

    def do_done(self, member: Member, arguments: str) -> None:
        try:
            super().do_done(member, arguments)
        except Refusal as refusal:
            if refusal.code != "incomplete":
                raise
            self.transfers[int(arguments)].size = 0
            super().do_done(member, arguments)


@breaks("FILE-20")
class FiveTransfers(OtherLimits, Files):
    """A member can have five transfers open."""

    other = {"max_transfers_each": 5}  # noqa: RUF012  # read only


@breaks("FILE-20")
class UnboundedTransfers(OtherLimits, Files):
    """The number of open transfers has no bound."""

    other = {"max_transfers_each": 2**60, "max_transfers": 2**60}  # noqa: RUF012  # read only


@breaks("FILE-20")
class CountsOffersOfOthers(Files):
    """What is offered to a member counts as if it had offered it."""

    def check_offers(self, member: Member) -> None:
        super().check_offers(member)
        parts = [(each.sender, each.receiver) for each in self.transfers.values()]
        if sum(member in pair for pair in parts) >= self.limits.max_transfers_each:
            raise Refusal("too-many-transfers", "others offer you too much")
