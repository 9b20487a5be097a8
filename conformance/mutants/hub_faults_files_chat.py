"""Faults of the extension `files`: transfers among members that talk, lock and leave."""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.files import Files, Transfer
from parley.hub import Limits, Member, Room

from .registry import breaks


@breaks("FILE-21")
class VanishesSilently(Files):
    """Nobody is told that a transfer ended because the other side left."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] != "ABORTED" or fields[-1] == "abort":
            super().notify(member, *fields)


@breaks("FILE-21")
class TellsReceiversOnly(Files):
    """A sender is not told that the receiver has left."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        self.transfers = {
            number: each for number, each in self.transfers.items() if each.receiver is not member
        }
        super().leave(member, cause, now, words)


@breaks("FILE-21")
class AbortsOnQuitOnly(Files):
    """The transfers of one whose stream ends stay open."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        transfers = self.transfers
        if cause != "quit":
            self.transfers = {}
        super().leave(member, cause, now, words)
        self.transfers = transfers


@breaks("FILE-21")
class AbortedAfterLeft(Files):
    """ABORTED comes after the LEFT."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        here = member.here
        mine = [each for each in self.transfers.values() if member in (each.sender, each.receiver)]
        for each in mine if here else ():
            self.end(each)
        super().leave(member, cause, now, words)
        for each in mine if here else ():
            other = each.receiver if each.sender is member else each.sender
            if other is not member:
                self.notify(other, "ABORTED", each.number, cause)


@breaks("FILE-21")
class AbortsOneTransfer(Files):
    """Of the transfers of one who leaves only the first ends."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        mine = [each for each in self.transfers.values() if member in (each.sender, each.receiver)]
        kept = {each.number: each for each in mine[1:]}
        self.transfers = {n: each for n, each in self.transfers.items() if n not in kept}
        super().leave(member, cause, now, words)
        self.transfers.update(kept)


@breaks("FILE-21")
class AbortsToOneself(Files):
    """Who leaves is told that its transfer to itself is over."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        for each in self.transfers.values() if member.here else ():
            if each.sender is each.receiver is member:
                self.notify(member, "ABORTED", each.number, cause)
        super().leave(member, cause, now, words)


@breaks("FILE-21")
class AbortsToThoseWhoLeave(Files):
    """Both sides of a transfer are told that one of them has left."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        for each in self.transfers.values() if member.here else ():
            if member in (each.sender, each.receiver) and each.sender is not each.receiver:
                self.notify(member, "ABORTED", each.number, cause)
        super().leave(member, cause, now, words)


@breaks("FILE-22")
class HoldsData(Files):
    """DATA is held for a locked member."""

    def notify(self, member: Member, *fields: str | int) -> None:
        (self.deliver if fields[0] == "DATA" else super().notify)(member, *fields)


@breaks("FILE-22")
class HoldsAborted(Files):
    """ABORTED is held for a locked member."""

    def notify(self, member: Member, *fields: str | int) -> None:
        (self.deliver if fields[0] == "ABORTED" else super().notify)(member, *fields)


@breaks("FILE-22")
class OffersPassTheLock(Files):
    """OFFERED is not held for a locked member."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        (self.notify if fields[0] == "OFFERED" else super().deliver)(member, *fields)


@breaks("FILE-23")
class AcceptEndsTheLock(Files):
    """ACCEPT ends the lock, as SAY does."""

    def do_accept(self, member: Member, arguments: str) -> None:
        self.release(member)
        super().do_accept(member, arguments)


@breaks("FILE-25")
class CreditForAll(Files):
    """What MORE grants to one transfer, all of the same two members have."""

    def do_more(self, member: Member, arguments: str) -> None:
        super().do_more(member, arguments)
        number, octets = map(int, arguments.split(" "))
        one = self.transfers[number]
        for each in self.transfers.values():
            if each is not one and (each.sender, each.receiver) == (one.sender, one.receiver):
                each.credit += octets


@breaks("FILE-27")
class TellsOfTransfersAtTheStop(Files):
    """When the server stops, both sides of each transfer receive an ABORTED."""

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        for each in self.transfers.values():
            for member in (each.sender, each.receiver):
                self.notify(member, "ABORTED", each.number, "closed")
        super().shutdown(words, now, discard)


@breaks("FILE-28")
class FilesComeFirst(Files):
    """Who receives a file hears what is said when the transfer is over."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._waiting: list[tuple[Member, tuple[str | int, ...]]] = []

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        flowing = {each.receiver for each in self.transfers.values() if each.sent and each.credit}
        if fields[0] != "MSG" or not flowing:
            super().publish(room, *fields, but=but)
            return
        for member in list(room.members.values()):
            if member in flowing and member is not but:
                self._waiting.append((member, fields))
            elif member is not but:
                self.deliver(member, *fields)

    def end(self, transfer: Transfer) -> None:
        super().end(transfer)
        for member, fields in self._waiting:
            self.deliver(member, *fields)
        self._waiting.clear()


class OtherCauses(Files):
    """Says of one cause for leaving that the stream has ended, in ABORTED only."""

    cause = ""

    def notify(self, member: Member, *fields: str | int) -> None:
        if (fields[0], fields[-1]) == ("ABORTED", self.cause):
            fields = (*fields[:2], "closed")
        super().notify(member, *fields)


@breaks("FILE-21")
class AbortedOfTheSilent(OtherCauses):
    """The cause of an ABORTED is closed though the other side was silent for too long."""

    cause = "timeout"


@breaks("FILE-21")
class AbortedOfTheSlow(OtherCauses):
    """The cause of an ABORTED is closed though the other side did not read."""

    cause = "slow"


@breaks("FILE-22")
class AbortTakesBackOffers(Files):
    """An offer that is held for a locked member is lost when it is aborted."""

    def end(self, transfer: Transfer) -> None:
        super().end(transfer)
        held, offered = transfer.receiver.held, b"OFFERED %d " % transfer.number
        if held is not None:
            held[:] = [line for line in held if not line.startswith(offered)]


@breaks("FILE-22")
class OffersFromElsewherePassTheLock(ExtendedHub):
    """OFFERED is not held if it comes from another room."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "OFFERED" and self.names[wire.fold(str(fields[2]))].room != member.room:
            self.notify(member, *fields)
        else:
            super().deliver(member, *fields)


@breaks("FILE-22")
class AbortedByLeavingIsHeld(Files):
    """That the other side has left is held for a locked member, ABORTED and LEFT alike."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "ABORTED" and fields[-1] != "abort":
            self.deliver(member, *fields)
        else:
            super().notify(member, *fields)


@breaks("FILE-22")
class OffersHaveNoBound(Files):
    """However many files are offered to a locked member, all offers are held."""

    def deliver(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "OFFERED" and member.held is not None:
            member.held.append(wire.line(*fields))
        else:
            super().deliver(member, *fields)


@breaks("FILE-26")
class AbortsItsOwnSilently(Files):
    """Who aborts a transfer to itself is not told so."""

    def notify(self, member: Member, *fields: str | int) -> None:
        if fields[0] != "ABORTED" or self._aborting is not member:
            super().notify(member, *fields)

    _aborting: Member | None = None

    def do_abort(self, member: Member, arguments: str) -> None:
        self._aborting = member
        try:
            super().do_abort(member, arguments)
        finally:
            self._aborting = None


@breaks("FILE-4")
class MovingEndsOffers(ExtendedHub):
    """Who moves to another room loses the offers that are not accepted yet."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        super().exit(member, cause, words)
        for each in list(self.transfers.values()) if cause == "moved" else ():
            if member in (each.sender, each.receiver) and not each.accepted:
                self.end(each)
