"""Faults of the extension `history`: what gets into it and when, locks, and what is refused."""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, Message, Room, name_of, room_of
from parley.wire import Refusal

from .registry import breaks


@breaks("HIST-5")
class PastOfTheLastTurn(ExtendedHub):
    """What was said in a turn is remembered when it ends: HISTORY in the same turn misses it."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._new: list[Message] = []

    def _keep(self, message: Message) -> None:
        self._new.append(message)

    def take_ready(self) -> list[Member]:
        new, self._new = self._new, []
        for message in new:
            super()._keep(message)
        return super().take_ready()


@breaks("HIST-5")
class PastIsFilledInLater(ExtendedHub):
    """What HISTORY lists is looked up when the turn ends, whatever was said in between."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._asked: list[tuple[Member, int, str]] = []

    def do_history(self, member: Member, arguments: str) -> None:
        if arguments:
            wire.number(wire.one_argument(arguments))
        self._send(member, b"")
        self._asked.append((member, len(member.outbox) - 1, arguments))

    def take_ready(self) -> list[Member]:
        asked, self._asked = self._asked, []
        for member, place, arguments in asked:
            behind = member.outbox[place + 1 :]
            del member.outbox[place + 1 :]
            super().do_history(member, arguments)
            member.outbox += behind
        return super().take_ready()


@breaks("HIST-6")
class RemembersComings(ExtendedHub):
    """Who comes into a room is remembered there like a message."""

    def enter(self, member: Member, room: Room) -> None:
        super().enter(member, room)
        self.remember(room, name_of(member), "has come")


@breaks("HIST-6")
class RemembersGoings(ExtendedHub):
    """Who leaves a room is remembered there like a message."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        super().exit(member, cause, words)
        self.remember(room_of(member), name_of(member), "has left")


@breaks("HIST-6")
class RemembersRefused(ExtendedHub):
    """A refused SAY is remembered."""

    def do_say(self, member: Member, arguments: str) -> None:
        try:
            super().do_say(member, arguments)
        except Refusal:
            self.remember(room_of(member), name_of(member), arguments[:3000] or "(nothing)")
            raise


@breaks("HIST-6")
class RemembersTold(ExtendedHub):
    """What is told to one is remembered in the room."""

    def do_tell(self, member: Member, arguments: str) -> None:
        super().do_tell(member, arguments)
        self.remember(room_of(member), name_of(member), arguments)


@breaks("HIST-6")
class RemembersInOnePlace(ExtendedHub):
    """What is said in other rooms is remembered in the lobby too."""

    def remember(self, room: Room, name: str, text: str) -> None:
        super().remember(room, name, text)
        if room is not self.lobby:
            super().remember(self.lobby, name, text)


@breaks("HIST-7")
class LockedReadTheOldPast(ExtendedHub):
    """HISTORY of a locked member ends where its lock began."""

    def do_history(self, member: Member, arguments: str) -> None:
        past = self.past.get(wire.fold(room_of(member).name))
        hidden = [past.pop() for line in member.held or () if past and line.startswith(b"MSG ")]
        super().do_history(member, arguments)
        if past is not None:
            past.extend(reversed(hidden))


@breaks("HIST-7")
class HistoryEndsTheLock(ExtendedHub):
    """HISTORY ends the lock."""

    def do_history(self, member: Member, arguments: str) -> None:
        self.release(member)
        super().do_history(member, arguments)


@breaks("HIST-7")
class HistoryEmptiesTheLock(ExtendedHub):
    """What HISTORY has listed is no longer held."""

    def do_history(self, member: Member, arguments: str) -> None:
        super().do_history(member, arguments)
        if member.held:
            member.held.clear()


@breaks("HIST-7")
class NoHistoryForTheLocked(ExtendedHub):
    """HISTORY of a locked member is refused."""

    def do_history(self, member: Member, arguments: str) -> None:
        if member.held is not None:
            raise Refusal("not-now", "you have locked the chat")
        super().do_history(member, arguments)


@breaks("HIST-8")
class NoNumberIsUsual(ExtendedHub):
    """HISTORY with something that is no number is the same as HISTORY alone."""

    def do_history(self, member: Member, arguments: str) -> None:
        super().do_history(member, arguments if arguments.isdigit() else "")


@breaks("HIST-8")
class NumbersAsPythonReadsThem(ExtendedHub):
    """HISTORY takes what int() takes: signs, spaces, leading zeros."""

    def do_history(self, member: Member, arguments: str) -> None:
        try:
            count = int(arguments or 50)
        except ValueError:
            raise Refusal("bad-args", "this takes a number") from None
        super().do_history(member, str(max(0, count)))


@breaks("HIST-8")
class NumbersWithLeadingZeros(ExtendedHub):
    """HISTORY takes a number with a zero before it."""

    def do_history(self, member: Member, arguments: str) -> None:
        super().do_history(member, arguments.lstrip("0") or arguments)


@breaks("HIST-8")
class HistoryTakesTheFirst(ExtendedHub):
    """HISTORY with two arguments takes the first."""

    def do_history(self, member: Member, arguments: str) -> None:
        super().do_history(member, arguments.split(" ")[0] or arguments)


@breaks("HIST-8")
class NoNumberIsBadNumber(ExtendedHub):
    """HISTORY with something that is no number is refused with a code of its own making."""

    def do_history(self, member: Member, arguments: str) -> None:
        try:
            super().do_history(member, arguments)
        except Refusal:
            raise Refusal("bad-number", "this takes a number") from None
