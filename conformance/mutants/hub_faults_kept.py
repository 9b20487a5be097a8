"""Faults of what is held, and of what stays behind in the hub when a member has left."""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Hub, Limits, Member, Outcome, Room, name_of

from .registry import breaks


@breaks("LOCK-4")
class LosesEveryFiftiethHeld(Hub):
    """Every 50th event that is held is lost."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._count = 0

    def _hold(self, member: Member, line: bytes) -> None:
        self._count += 1
        if self._count % 50:
            super()._hold(member, line)


@breaks("LOCK-4")
class SwapsHeld(Hub):
    """If more than ten events are held, the last two change places."""

    def release(self, member: Member) -> int:
        held = member.held or []
        if len(held) > 10:
            held[-2:] = held[:-3:-1]
        return super().release(member)


@breaks("LOCK-4")
class HeldTwice(Hub):
    """If more than ten events are held, the first of them is delivered twice."""

    def release(self, member: Member) -> int:
        if member.held and len(member.held) > 10:
            member.held.insert(1, member.held[0])
        return super().release(member)


@breaks("LOCK-4")
class HoldsShortLines(Hub):
    """Of an event that is held only the first 400 octets are kept."""

    def _hold(self, member: Member, line: bytes) -> None:
        short = line if len(line) <= 400 else line[:399].decode(errors="ignore").encode() + b"\n"
        super()._hold(member, short)


@breaks("LOCK-14")
class LocksFillUp(Hub):
    """The octets that earlier locks have held count for the bound of the next one."""

    def do_lock(self, member: Member, arguments: str) -> None:
        held_before = member.held_bytes
        super().do_lock(member, arguments)
        member.held_bytes = held_before


@breaks("LOCK-1")
class HeldGoToTheNewest(Hub):
    """Held events are delivered to the member that came last."""

    def release(self, member: Member) -> int:
        held = member.held or []
        newest = next(reversed(self.lobby.members.values()), member)
        count = super().release(member)
        if held and newest is not member:
            member.outbox.pop()
            self._send(newest, b"".join(held))
        return count


@breaks("LOCK-13")
class NamesStayLocked(Hub):
    """Who has left locked and comes back under the same name is locked, and nothing was held."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._locked: set[str] = set()

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.here and member.name is not None and member.held is not None:
            self._locked.add(member.name)
        super().leave(member, cause, now, words)

    def admit(self, member: Member, name: str) -> None:
        super().admit(member, name)
        if name in self._locked:
            member.held = []


@breaks("ROOM-13")
class NamesStayInTheirRoom(ExtendedHub):
    """Who has left from a room and comes back under the same name is in that room."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._rooms: dict[str, Room] = {}

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.here and member.name is not None and member.room is not None:
            self._rooms[member.name] = member.room
        super().leave(member, cause, now, words)

    def admit(self, member: Member, name: str) -> None:
        lobby, self.lobby = self.lobby, self._rooms.get(name, self.lobby)
        super().admit(member, name)
        self.lobby = lobby


@breaks("ROOM-8")
class GhostsStayInRooms(ExtendedHub):
    """Who has left from another room than the lobby is still counted and listed there."""

    def exit(self, member: Member, cause: str, words: str = "") -> None:
        room = member.room
        super().exit(member, cause, words)
        if room is not None and room is not self.lobby and cause != "moved":
            ghost = Member()
            ghost.name, ghost.number, ghost.held = name_of(member), member.number, []
            room.members[wire.fold(name_of(member))] = ghost


@breaks("LEFT-6")
class KeepsNumbersOfNames(Hub):
    """Who comes back under a name gets the number that this name had."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._numbers: dict[str, int] = {}

    def admit(self, member: Member, name: str) -> None:
        last = self._last_number
        if name in self._numbers and wire.fold(name) not in self.names:
            self._last_number = self._numbers[name] - 1
        super().admit(member, name)
        self._last_number = max(last, self._last_number)
        self._numbers[name] = member.number


@breaks("ACCT-6")
class TriesOfTheOneBefore(ExtendedHub):
    """Wrong passwords are counted for the whole server, whoever tries."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._tries = 0

    def login(self, member: Member, name: str, right: bool) -> None:
        member.tries = self._tries
        super().login(member, name, right)
        self._tries = member.tries


@breaks("HIST-3")
class TimesOfTheLineBefore(ExtendedHub):
    """The time of a message is when the line came that the server obeyed before."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._before = self._last = 0.0

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        self._before, self._last = now, self._before or now
        return super().obey(member, line, now)

    def remember(self, room: Room, name: str, text: str) -> None:
        self._now, now = self._last, self._now
        super().remember(room, name, text)
        self._now = now
