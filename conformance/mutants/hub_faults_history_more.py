"""Faults of the extension `history`: what is forgotten too soon; names and times that change."""

from __future__ import annotations

from collections import deque

from parley import wire
from parley.hub import Limits, Member, Message
from parley.wire import Refusal

from .hub_faults_history import OtherMessages, OtherPast, OtherTimes
from .registry import breaks
from .tools import OtherLimits


@breaks("HIST-1")
class RemembersNinetyNine(OtherLimits, OtherPast):
    """The last 99 messages of a room are remembered."""

    other = {"history_count": 99}  # noqa: RUF012  # read only


@breaks("HIST-1")
class OneMemoryForAllRooms(OtherPast):
    """The last 250 messages are remembered, of all rooms together."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._last: deque[Message] = deque(maxlen=250)

    def _keep(self, message: Message) -> None:
        super()._keep(message)
        self._last.append(message)

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        past = [each for each in past if each in self._last]
        return super().past_of(member, past, count)


@breaks("HIST-1")
class CountsOf31Bits(OtherPast):
    """HISTORY of 2147483648 messages or more is refused."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        if count >= 2**31:
            raise Refusal("bad-args", "there are not so many")
        return super().past_of(member, past, count)


@breaks("HIST-2")
class PastNamesAsSpelledNow(OtherMessages):
    """PAST spells a name as by who has it now."""

    def told(self, message: Message) -> Message:
        holder = self.names.get(wire.fold(message.name))
        return message._replace(name=holder.name if holder and holder.name else message.name)


@breaks("HIST-3")
class PastIsAlwaysNow(OtherMessages):
    """The time of a message is when somebody asks for it."""

    def told(self, message: Message) -> Message:
        return message._replace(time=int(self.epoch + self._now))


@breaks("HIST-3")
class TimesOfTheFirst(OtherTimes):
    """Messages within a minute have the time of the first of them."""

    _first = 0

    def time(self, seconds: int) -> int:
        if seconds >= self._first + 60:
            self._first = seconds
        return self._first
