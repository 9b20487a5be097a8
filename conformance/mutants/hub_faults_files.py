"""Faults of the extension `files`: what each verb does, and to whom. Refusals are in
hub_faults_files_refusals and hub_faults_files_words, counts in hub_faults_files_counts, locks and
leaving in hub_faults_files_chat.
"""

from __future__ import annotations

from parley import wire
from parley.files import Files, Transfer
from parley.hub import Member
from parley.wire import Refusal

from .registry import breaks
from .tools import DelayingHub, swap


@breaks("FILE-1")
class OffersTwice(Files):
    """OFFERED comes twice."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        for _ in range(2 if fields[0] == "OFFERED" else 1):
            super().deliver(member, *fields)


@breaks("FILE-1")
class OffersToTheExactName(Files):
    """OFFER knows the other only by the exact spelling of its name."""

    def do_offer(self, member: Member, arguments: str) -> None:
        name = arguments.split(" ")[0]
        if wire.fold(name) in self.names and self.names[wire.fold(name)].name != name:
            raise Refusal("no-such-nick", "nobody has this nickname")
        super().do_offer(member, arguments)


@breaks("FILE-1")
class OkOfferComesFirst(DelayingHub, Files):
    """OFFERED comes 10 ms after OK OFFER: the fault is a delay."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "OFFERED":
            self.later(0.01, lambda: super(OkOfferComesFirst, self).deliver(member, *fields))
        else:
            super().deliver(member, *fields)


@breaks("FILE-2")
class TidiesFilenames(Files):
    """Spaces around a filename are taken away."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "OFFERED":
            fields = (*fields[:-1], str(fields[-1]).strip())
        super().deliver(member, *fields)


@breaks("FILE-2")
class SizesOf32Bits(Files):
    """The size of a file is kept in 32 bits."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "OFFERED":
            fields = (*fields[:3], int(fields[3]) % 2**32, *fields[4:])
        super().deliver(member, *fields)


@breaks("FILE-2")
class ShortFilenames(Files):
    """Filenames of more than 100 octets are refused."""

    def do_offer(self, member: Member, arguments: str) -> None:
        filename = "".join(arguments.split(" ", 3)[3:])
        if len(filename.encode()) > 100:
            raise Refusal("bad-filename", "at most 100 octets")
        super().do_offer(member, arguments)


@breaks("FILE-3")
class UsesIdsAgain(Files):
    """The id of a transfer that is over is given to the next one."""

    def end(self, transfer: Transfer) -> None:
        super().end(transfer)
        self._last_transfer = max(self.transfers, default=0)


class Mute(Files):
    """Does not pass on one kind of event of a transfer."""

    silent = ""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] != self.silent:
            super().notify(member, *fields)


@breaks("FILE-4")
class AcceptsSilently(Mute):
    """The sender is not told that its offer was accepted."""

    silent = "ACCEPTED"


@breaks("FILE-5")
class TellsAllCredit(Files):
    """The sender is told all the credit that there is, not what was granted now."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "MORE":
            fields = (*fields[:2], self.transfers[int(fields[1])].credit)
        super().notify(member, *fields)


@breaks("FILE-5")
class ForgetsOldCredit(Files):
    """What MORE grants takes the place of the credit that was left."""

    def do_more(self, member: Member, arguments: str) -> None:
        super().do_more(member, arguments)
        number, octets = map(int, arguments.split(" "))
        self.transfers[number].credit = octets


@breaks("FILE-6")
class OrderOfChunksDiffers(Files):
    """Two chunks of one turn arrive in the wrong order."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            swap(member, b"DATA ", b"DATA ")
        return ready


@breaks("FILE-6")
class LosesPadding(Files):
    """The padding of base64 is not passed on."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "DATA":
            fields = (*fields[:2], str(fields[2]).rstrip("="))
        super().notify(member, *fields)


@breaks("FILE-6")
class OkChunkComesFirst(DelayingHub, Files):
    """DATA comes 10 ms after OK CHUNK: the fault is a delay."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "DATA":
            self.later(0.01, lambda: super(OkChunkComesFirst, self).notify(member, *fields))
        else:
            super().notify(member, *fields)


@breaks("FILE-7")
class CountsOneChunk(Files):
    """OK CHUNK has the octets of this chunk, not those of all so far."""

    def do_chunk(self, member: Member, arguments: str) -> None:
        word = arguments.split(" ")[0]
        transfer = self.transfers.get(int(word) if word.isdigit() else 0)
        self._before = transfer.sent if transfer else 0
        super().do_chunk(member, arguments)

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "CHUNK"):
            fields = (*fields[:3], int(fields[3]) - self._before)
        super().reply(member, *fields)


@breaks("FILE-8")
class DoneIsNotPassedOn(Mute):
    """The receiver is not told that a file is complete."""

    silent = "DONE"


@breaks("FILE-8")
class DoneLeavesOpen(Files):
    """A transfer that is done can still be aborted."""

    def do_done(self, member: Member, arguments: str) -> None:
        transfer = self.transfers.get(int(arguments) if arguments.isdigit() else 0)
        super().do_done(member, arguments)
        assert transfer is not None  # else it was refused
        self.transfers[transfer.number] = transfer


@breaks("FILE-9")
class DeclinesSilently(Mute):
    """The sender is not told that its offer was declined."""

    silent = "DECLINED"


@breaks("FILE-10")
class OnlySendersAbort(Files):
    """A receiver cannot abort."""

    def do_abort(self, member: Member, arguments: str) -> None:
        if arguments.isdigit():
            self.sent_by(member, int(arguments))
        super().do_abort(member, arguments)


@breaks("FILE-10")
class AbortsOnlyAccepted(Files):
    """An offer cannot be aborted before it is accepted."""

    def do_abort(self, member: Member, arguments: str) -> None:
        transfer = self.transfers.get(int(arguments) if arguments.isdigit() else 0)
        if transfer and not transfer.accepted:
            raise Refusal("not-now", "this transfer is not accepted yet")
        super().do_abort(member, arguments)


@breaks("FILE-24")
class TellsEverybodyOfRefusal(Files):
    """That an offer was declined is told to the whole room."""

    def do_decline(self, member: Member, arguments: str) -> None:
        transfer = self.transfers.get(int(arguments) if arguments.isdigit() else 0)
        super().do_decline(member, arguments)
        assert transfer is not None  # else it was refused
        for each in self.lobby.members.values():
            if each not in (transfer.sender, transfer.receiver):
                self.notify(each, "DECLINED", transfer.number)


@breaks("FILE-24")
class FilesUseUpSeq(Files):
    """A file that is done uses up the number of a message."""

    def do_done(self, member: Member, arguments: str) -> None:
        super().do_done(member, arguments)
        self.lobby.seq += 1


@breaks("FILE-26")
class NotToOneself(Files):
    """A file cannot be offered to oneself."""

    def do_offer(self, member: Member, arguments: str) -> None:
        if self.names.get(wire.fold(arguments.split(" ")[0])) is member:
            raise Refusal("no-such-nick", "that is you")
        super().do_offer(member, arguments)
