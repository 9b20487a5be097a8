"""Faults of level 4: how members leave, and what remains of them."""

from __future__ import annotations

from parley import wire
from parley.hub import CLOSE, Hub, Limits, Member, Outcome, Room
from parley.wire import Refusal

from .registry import breaks
from .tools import DelayingHub, swap


@breaks("QUIT-1")
class QuitsWithoutOk(Hub):
    """QUIT closes the connection and says nothing."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] != ("OK", "QUIT"):
            super().reply(member, *fields)


@breaks("QUIT-1")
class ByeAfterQuit(Hub):
    """Behind OK QUIT comes a BYE."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        outcome = super().do_quit(member, arguments)
        self._send(member, wire.line("BYE", "come back soon"))
        return outcome


@breaks("QUIT-2")
class TrimsParting(Hub):
    """Spaces at the ends of the words of a QUIT are lost."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        return super().do_quit(member, arguments.strip(" "))


@breaks("QUIT-2")
class SpaceAfterLeft(Hub):
    """After a QUIT without words, LEFT ends with a space."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "LEFT" and fields[3:] == ("quit",):
            fields = (*fields, "")
        super().publish(room, *fields, but=but)


@breaks("QUIT-2")
class CutsParting(Hub):
    """Of the words of a QUIT only 400 octets are passed on."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        wire.words(arguments)
        return super().do_quit(member, arguments.encode()[:400].decode(errors="ignore"))


@breaks("QUIT-3")
class QuitNeedsNick(Hub):
    """QUIT of a nameless connection is refused."""

    NAMELESS = Hub.NAMELESS - {"QUIT"}


@breaks("QUIT-3")
class TellsOfNamelessQuit(Hub):
    """A nameless connection that quits is announced."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        if member.name is None:
            self.publish(self.lobby, "LEFT", "lobby", "somebody", "quit")
        return super().do_quit(member, arguments)


@breaks("QUIT-5")
class PartingOf3900(Hub):
    """Words of a QUIT of 3801 octets and more are passed on."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        if not wire.MAX_TEXT < len(arguments.encode()) <= wire.MAX_TEXT + 100:
            return super().do_quit(member, arguments)
        self.leave(member, "quit", self._now, arguments)
        self.reply(member, "OK", "QUIT")
        return CLOSE


@breaks("QUIT-5")
class LeavesThoughRefused(Hub):
    """A QUIT whose words are too long is refused, and the member leaves."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        try:
            return super().do_quit(member, arguments)
        except Refusal as refusal:
            self.reply(member, "ERR", refusal.code, "QUIT", refusal.words)
            self.leave(member, "quit", self._now)
            return CLOSE


class OtherLeft(Hub):
    """Tells something else when a member has left; `left` says what."""

    def left(self, room: Room, *fields: str | int) -> None:
        raise NotImplementedError

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] == "LEFT":
            self.left(room, *fields)
        else:
            super().publish(room, *fields, but=but)


@breaks("LEFT-1")
class EndIsQuit(OtherLeft):
    """A member whose stream has ended is said to have quit."""

    def left(self, room: Room, *fields: str | int) -> None:
        cause = "quit" if fields[3] == "closed" else fields[3]
        Hub.publish(self, room, *fields[:3], cause, *fields[4:])


@breaks("LEFT-1")
class EndIsSilent(OtherLeft):
    """Nobody is told that a member's stream has ended."""

    def left(self, room: Room, *fields: str | int) -> None:
        if fields[3] != "closed":
            Hub.publish(self, room, *fields)


@breaks("LEFT-1")
class EndIsToldTwice(OtherLeft):
    """LEFT arrives twice when a member's stream has ended."""

    def left(self, room: Room, *fields: str | int) -> None:
        Hub.publish(self, room, *fields)
        if fields[3] == "closed":
            Hub.publish(self, room, *fields)


@breaks("LEFT-5")
class RepeatsLastWords(OtherLeft):
    """Behind the LEFT of a member that quit comes its last message once more."""

    _last: tuple[str | int, ...] = ()

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG":
            self._last = fields

    def left(self, room: Room, *fields: str | int) -> None:
        Hub.publish(self, room, *fields)
        if fields[3] == "quit" and self._last[3:4] == fields[2:3]:
            Hub.publish(self, room, *self._last)


@breaks("LEFT-5")
class LeftOvertakes(Hub):
    """LEFT is sent before the last message, if both fall into one turn."""

    def take_ready(self) -> list[Member]:
        ready = super().take_ready()
        for member in ready:
            swap(member, b"MSG ", b"LEFT ")
        return ready


@breaks("LEFT-6")
class KeepsNames(Hub):
    """The name of a member whose stream has ended stays in use."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        gone = member.here and cause == "closed"
        super().leave(member, cause, now, words)
        if gone and member.name is not None:
            self.names[wire.fold(member.name)] = member


@breaks("LEFT-6")
class KeepsNamesAWhile(DelayingHub):
    """A name comes free 0.5 s after the end of a stream: the fault is a delay."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        gone = member.here and member.name is not None and cause == "closed"
        super().leave(member, cause, now, words)
        name = wire.fold(member.name or "")
        if gone:
            self.names[name] = member
            self.later(0.5, lambda: self.free(name))

    def free(self, name: str) -> None:
        self.names.pop(name, None)


@breaks("LEFT-6")
class GivesNumbersBack(Hub):
    """Who takes the name of one whose stream has ended gets its number too."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._numbers: dict[str, int] = {}

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        gone = member.here and cause == "closed"
        super().leave(member, cause, now, words)
        if gone and member.name is not None:
            self._numbers[wire.fold(member.name)] = member.number

    def do_nick(self, member: Member, arguments: str) -> None:
        last = self._last_number
        self._last_number = self._numbers.get(wire.fold(arguments), last + 1) - 1
        try:
            super().do_nick(member, arguments)
        finally:
            self._last_number = max(last, self._last_number if member.number > last else 0)


@breaks("LEFT-8")
class OneQuitPerTurn(OtherLeft):
    """When several members quit in one turn, one of them is told."""

    _told_at = 0.0

    def left(self, room: Room, *fields: str | int) -> None:
        if fields[3] != "quit" or self._told_at != self._now:
            Hub.publish(self, room, *fields)
        if fields[3] == "quit":
            self._told_at = self._now


@breaks("LEFT-8")
class LeavingSwallowsMessages(OtherLeft):
    """What is said in the turn in which somebody leaves is lost."""

    _told_at = 0.0

    def left(self, room: Room, *fields: str | int) -> None:
        Hub.publish(self, room, *fields)
        self._told_at = self._now

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        if fields[0] != "MSG" or self._told_at != self._now:
            super().publish(room, *fields, but=but)


@breaks("LEFT-9")
class WhoListsTheGone(Hub):
    """WHO lists the last member that quit."""

    _gone: Member | None = None

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        outcome = super().do_quit(member, arguments)
        self._gone = member if member.name else self._gone
        return outcome

    def do_who(self, member: Member, arguments: str) -> None:
        members, gone = self.lobby.members, self._gone
        if gone is not None and wire.fold(gone.name or "") not in members:
            self.lobby.members = {"": gone, **members}
        super().do_who(member, arguments)
        self.lobby.members = members


@breaks("LEFT-7")
class FreesTheNameItWasRefused(Hub):
    """A connection that was refused a name in use, and goes, makes that name free."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._asked_for: dict[Member, str] = {}

    def do_nick(self, member: Member, arguments: str) -> None:
        self._asked_for[member] = wire.fold(arguments)
        super().do_nick(member, arguments)

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, cause, now, words)
        if member.name is None:
            self.names.pop(self._asked_for.get(member, ""), None)
