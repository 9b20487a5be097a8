"""Faults of the lock that show with several locks, or with lines of a certain kind.

Holds that merge what looks alike, lines that end a lock, locks of which others notice something.
"""

from __future__ import annotations

from parley import wire
from parley.hub import Hub, Limits, Member, Outcome, Room
from parley.wire import MAX_LINE, MAX_TEXT, Refusal

from .hub_faults_words import OtherLocks
from .registry import breaks


class OtherHolds(Hub):
    """A hub that keeps what is held in a way of its own."""

    def merges(self, held: list[bytes], line: bytes) -> bool:
        """Whether an event is not kept because of those that are; may change these."""
        raise NotImplementedError

    def _hold(self, member: Member, line: bytes) -> None:
        if not self.merges(member.held or [], line):
            super()._hold(member, line)


@breaks("LOCK-4")
class MergesEqualTexts(OtherHolds):
    """Of equal texts that are said one after the other, a hold keeps the first."""

    def merges(self, held: list[bytes], line: bytes) -> bool:
        same = line.startswith(b"MSG ") and held[-1:] != []
        return same and held[-1].split(b" ", 3)[3:] == line.split(b" ", 3)[3:]


@breaks("LOCK-4")
class ComingsAndGoingsCancel(OtherHolds):
    """Of who comes and goes while a member is locked, that member is never told."""

    def merges(self, held: list[bytes], line: bytes) -> bool:
        name = line.split(b" ")[2]
        for index, each in enumerate(held):
            if line.startswith(b"LEFT ") and each.startswith(b"JOINED lobby %b " % name):
                del held[index]
                return True
        return False


@breaks("LOCK-4")
class GoingsAndComingsCancel(OtherHolds):
    """Who leaves and comes back under its name while a member is locked is not held as coming."""

    def merges(self, held: list[bytes], line: bytes) -> bool:
        left = b"LEFT lobby %b " % line.split(b" ")[2]
        return line.startswith(b"JOINED ") and any(each.startswith(left) for each in held)


@breaks("LOCK-4")
class LeavingsDoNotCount(Hub):
    """OK UNLOCK does not count those who have left."""

    def release(self, member: Member) -> int:
        left = sum(line.startswith(b"LEFT ") for line in member.held or ())
        return super().release(member) - left


@breaks("LOCK-14")
class LeavingsTakeNoRoom(Hub):
    """A LEFT is held whether the bound is reached or not."""

    def _hold(self, member: Member, line: bytes) -> None:
        assert member.held is not None
        if line.startswith(b"LEFT ") and len(member.held) >= self.limits.hold_count:
            member.held.append(line)
        else:
            super()._hold(member, line)


@breaks("LOCK-14")
class OverflowSpoilsLocks(Hub):
    """Who had too much held once is answered OK LOCK, and nothing is held any more."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._spoilt: set[Member] = set()

    def _hold(self, member: Member, line: bytes) -> None:
        super()._hold(member, line)
        if member.held is None:
            self._spoilt.add(member)

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        if member in self._spoilt:
            self.release(member)


@breaks("LOCK-17")
class HoldsCharacters(Hub):
    """What may be held is counted in characters."""

    def _hold(self, member: Member, line: bytes) -> None:
        member.held_bytes -= len(line) - len(line.decode())
        super()._hold(member, line)


@breaks("LOCK-17")
class LineEndsCostNothing(Hub):
    """What may be held is counted without the LF of each event."""

    def _hold(self, member: Member, line: bytes) -> None:
        member.held_bytes -= 1
        super()._hold(member, line)


@breaks("LOCK-17")
class HoldsOneOctetLess(Hub):
    """A lock ends as soon as as many octets are held as may be."""

    def _hold(self, member: Member, line: bytes) -> None:
        member.held_bytes += 1 if not member.held else 0
        super()._hold(member, line)


@breaks("LOCK-17")
class RelockingForgetsOctets(Hub):
    """A second LOCK leaves what is held, and begins to count its octets anew."""

    def do_lock(self, member: Member, arguments: str) -> None:
        super().do_lock(member, arguments)
        member.held_bytes = 0


# Lines that end a lock


@breaks("OCTET-7")
class BadLinesUnlock(OtherLocks):
    """A line that is not UTF-8 ends the lock."""

    def ends(self, line: bytes) -> bool:
        return len(line) < MAX_LINE and "\ufffd" in line.decode(errors="replace")


@breaks("LOCK-1")
class UnknownVerbsUnlock(OtherLocks):
    """A verb that is unknown ends the lock."""

    def ends(self, line: bytes) -> bool:
        verb = line.split(b" ")[0].decode(errors="replace").upper()
        return verb.isascii() and verb.isalpha() and self._find(verb) is None


@breaks("LOCK-9")
class LongTextsUnlock(OtherLocks):
    """A SAY whose text is too long ends the lock."""

    def ends(self, line: bytes) -> bool:
        return line.upper().startswith(b"SAY ") and MAX_TEXT + 4 < len(line) < MAX_LINE


@breaks("SAY-5")
class EmptyLocksUseSeq(Hub):
    """A SAY that ends a lock for which nothing was held uses up two numbers."""

    def do_say(self, member: Member, arguments: str) -> None:
        self.lobby.seq += member.held == [] and 0 < len(arguments.encode()) <= MAX_TEXT
        super().do_say(member, arguments)


# What the lock of one is to others


@breaks("LOCK-12")
class LockedAreNotListed(Hub):
    """WHO lists no other who is locked."""

    def do_who(self, member: Member, arguments: str) -> None:
        wire.no_arguments(arguments)
        items = [
            wire.line("HERE", name, each.number)
            for name, each in ((each.name or "", each) for each in self.lobby.members.values())
            if each.held is None or each is member
        ]
        self.reply_with(member, items, "WHO")


@breaks("LOCK-12")
class NamesOfTheLockedAreBad(Hub):
    """The name of one who is locked is refused with bad-nick, not nick-in-use."""

    def admit(self, member: Member, name: str) -> None:
        holder = self.names.get(wire.fold(name))
        if holder is not None and holder.held is not None:
            raise Refusal("bad-nick", "this name is locked")
        super().admit(member, name)


@breaks("LOCK-12")
class LockedDoNotHearEachOther(Hub):
    """A SAY that ends a lock is not held for others who are locked."""

    missed = False

    def do_say(self, member: Member, arguments: str) -> None:
        self.missed = member.held is not None
        try:
            super().do_say(member, arguments)
        finally:
            self.missed = False

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        everybody = room.members
        if self.missed:
            room.members = {key: each for key, each in everybody.items() if each.held is None}
        super().publish(room, *fields, but=but)
        room.members = everybody


@breaks("QUIT-2")
class LockedLeaveWithoutWords(Hub):
    """The words of a QUIT are lost if who quits is locked."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        wire.words(arguments)
        return super().do_quit(member, "" if member.held is not None else arguments)
