"""Faults of the extension `files`: ids, sizes, credit, and how many transfers a member has."""

from __future__ import annotations

from collections import Counter
from unittest import mock

from parley import files
from parley.files import Files, Transfer
from parley.hub import Limits, Member
from parley.wire import Refusal

from .registry import Launch, breaks


@breaks("FILE-2")
class SizesUpToATebibyte(Files):
    """A file of more than 2^40 octets cannot be offered."""

    def do_offer(self, member: Member, arguments: str) -> None:
        size = "".join(arguments.split(" ")[1:2])
        if size.isdigit() and int(size) > 2**40:
            raise Refusal("bad-args", "no file is that large")
        super().do_offer(member, arguments)


@breaks("FILE-3")
class IdsEndWithTheirSender(Files):
    """The ids of a member's transfers are given to others when it has left."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        was_here = member.here
        super().leave(member, cause, now, words)
        if was_here:
            self._last_transfer = max(self.transfers, default=0)


@breaks("FILE-3")
class IdsOfOneOctet(Files):
    """After 255 transfers the ids begin anew."""

    def do_offer(self, member: Member, arguments: str) -> None:
        self._last_transfer %= 255
        super().do_offer(member, arguments)


@breaks("FILE-7")
class PaddingIsCounted(Launch):
    """A chunk whose last character is padding counts one octet less than it has."""

    def main(self, name: str) -> int:
        octets_of = files.octets_of

        def too_few(data: str) -> int:
            return octets_of(data) - (data.count("=", -2) == 1)

        with mock.patch.object(files, "octets_of", too_few):
            return super().main(name)


@breaks("FILE-10")
class CompleteIsTooLate(Files):
    """A receiver cannot abort when it has all octets."""

    def do_abort(self, member: Member, arguments: str) -> None:
        transfer = self.transfers.get(int(arguments) if arguments.isdigit() else 0)
        if transfer and transfer.sent == transfer.size > 0 and transfer.receiver is member:
            raise Refusal("not-now", "you have it all")
        super().do_abort(member, arguments)


@breaks("FILE-16")
class RefusedCreditIsGranted(Files):
    """A MORE beyond the window is refused, and grants what there is room for."""

    def do_more(self, member: Member, arguments: str) -> None:
        try:
            super().do_more(member, arguments)
        except Refusal as refusal:
            if refusal.code == "too-much-credit":
                self.transfers[int(arguments.split(" ")[0])].credit = self.limits.max_window
            raise


class CountsTheDead(Files):
    """Counts some transfers that are over as if they were open."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.offered: Counter[Member] = Counter()  # that are over, and count
        self.accepted: Counter[Member] = Counter()

    def check_offers(self, member: Member) -> None:
        open_ones = sum(each.sender is member for each in self.transfers.values())
        if open_ones + self.offered[member] >= self.limits.max_transfers_each:
            raise Refusal("too-many-transfers", "there have been eight")
        super().check_offers(member)

    def check_accepted(self, member: Member) -> None:
        mine = [each for each in self.transfers.values() if each.receiver is member]
        open_ones = sum(each.accepted for each in mine)
        if open_ones + self.accepted[member] >= self.limits.max_transfers_each:
            raise Refusal("too-many-transfers", "there have been eight")
        super().check_accepted(member)


@breaks("FILE-20")
class DeclinedOffersCount(CountsTheDead):
    """An offer that was declined counts among those that are open."""

    def do_decline(self, member: Member, arguments: str) -> None:
        transfer = self.transfers.get(int(arguments) if arguments.isdigit() else 0)
        super().do_decline(member, arguments)
        assert transfer is not None  # else it was refused
        self.offered[transfer.sender] += 1


@breaks("FILE-20")
class OffersToTheGoneCount(CountsTheDead):
    """An offer counts among those that are open when its receiver has left."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.here:
            mine = [each.sender for each in self.transfers.values() if each.receiver is member]
            self.offered.update(mine)
        super().leave(member, cause, now, words)


@breaks("FILE-20")
class AbortedFilesCount(CountsTheDead):
    """What a member has accepted counts among what is open if it was aborted."""

    def end(self, transfer: Transfer) -> None:
        super().end(transfer)
        self.accepted[transfer.receiver] += transfer.accepted and transfer.sent < transfer.size
