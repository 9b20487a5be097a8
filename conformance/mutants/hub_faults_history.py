"""Faults of the extension `history`: what is listed. HIST-5 to HIST-8 are in
hub_faults_history_order, those of its file in store_faults.
"""

from __future__ import annotations

from parley import wire
from parley.extensions import ExtendedHub
from parley.hub import Limits, Member, Message, room_of
from parley.wire import Refusal

from .registry import breaks
from .tools import OtherLimits


class OtherPast(ExtendedHub):
    """Lists another past than what was said."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        """What HISTORY lists, of all that is remembered."""
        return past[max(0, len(past) - count) :]

    def do_history(self, member: Member, arguments: str) -> None:
        count = wire.number(wire.one_argument(arguments)) if arguments else self.USUAL
        past = list(self.past.get(wire.fold(room_of(member).name), ()))
        chosen = self.past_of(member, past, count)
        self.reply_with(member, [wire.line("PAST", *each) for each in chosen], "HISTORY")


@breaks("HIST-1")
class NewestFirst(OtherPast):
    """HISTORY lists the newest message first."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return super().past_of(member, past, count)[::-1]


@breaks("HIST-1")
class ListsTheOldest(OtherPast):
    """HISTORY lists the first messages, not the last."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return past[:count]


@breaks("HIST-1")
class OneTooFew(OtherPast):
    """HISTORY lists one message less than it was asked for."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return super().past_of(member, past, max(0, count - 1))


@breaks("HIST-1")
class OmitsTheLast(OtherPast):
    """HISTORY does not list the last message."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return super().past_of(member, past[:-1], count)


@breaks("HIST-1")
class AllOrNothing(OtherPast):
    """HISTORY lists nothing if there are fewer messages than it was asked for."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return super().past_of(member, past, count) if count <= len(past) else []


@breaks("HIST-1")
class RefusesIfFewer(OtherPast):
    """HISTORY is refused if there are fewer messages than it was asked for."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        if count > len(past):
            raise Refusal("bad-args", "there are not so many")
        return super().past_of(member, past, count)


@breaks("HIST-1")
class OkHistoryCountsAll(ExtendedHub):
    """OK HISTORY has the number of all messages that are remembered."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[:2] == ("OK", "HISTORY"):
            fields = (*fields[:2], len(self.past.get(wire.fold(room_of(member).name), ())))
        super().reply(member, *fields)


@breaks("HIST-1")
class RemembersSixty(OtherLimits, ExtendedHub):
    """The last 60 messages of a room are remembered."""

    other = {"history_count": 60}  # noqa: RUF012  # read only


@breaks("HIST-1")
class RemembersLittle(OtherLimits, ExtendedHub):
    """Of the longest messages of a room 50 are remembered."""

    other = {"history_bytes": 50 * 3900}  # noqa: RUF012  # read only


@breaks("HIST-1")
class NothingIsRemembered(OtherPast):
    """HISTORY is answered with OK HISTORY 0, always."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return []


class OtherMessages(OtherPast):
    """Tells the messages of the past otherwise than they were said."""

    def told(self, message: Message) -> Message:
        return message

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return [self.told(each) for each in super().past_of(member, past, count)]


@breaks("HIST-2")
class PastNamesInSmallLetters(OtherMessages):
    """PAST names the speaker in small letters."""

    def told(self, message: Message) -> Message:
        return message._replace(name=message.name.lower())


@breaks("HIST-2")
class PastIsSqueezed(OtherMessages):
    """PAST squeezes the spaces of a text."""

    def told(self, message: Message) -> Message:
        return message._replace(text=" ".join(message.text.split()) or " ")


@breaks("HIST-2")
class PastIsAscii(OtherMessages):
    """PAST has question marks in place of characters outside ASCII."""

    def told(self, message: Message) -> Message:
        return message._replace(text=message.text.encode("ascii", "replace").decode())


@breaks("HIST-2")
class PastIsCutAt400(OtherMessages):
    """Of a text only the first 400 octets are remembered."""

    def told(self, message: Message) -> Message:
        return message._replace(text=message.text.encode()[:400].decode(errors="ignore"))


@breaks("HIST-2")
class PastIsOfTheLobby(OtherMessages):
    """PAST names the lobby, whichever room it was."""

    def told(self, message: Message) -> Message:
        return message._replace(room="lobby")


@breaks("HIST-2")
class PastIsRenumbered(OtherPast):
    """PAST numbers the messages of an answer from 1 on."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        chosen = super().past_of(member, past, count)
        return [each._replace(seq=number) for number, each in enumerate(chosen, 1)]


@breaks("HIST-2")
class OmitsOnesOwn(OtherPast):
    """HISTORY does not list one's own messages."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        past = [each for each in past if each.name != member.name]
        return super().past_of(member, past, count)


@breaks("HIST-2")
class NothingBeforeOneCame(OtherPast):
    """HISTORY does not list what was said before one came."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._before: dict[Member, set[Message]] = {}

    def do_nick(self, member: Member, arguments: str) -> None:
        super().do_nick(member, arguments)
        self._before.setdefault(member, {each for past in self.past.values() for each in past})

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        past = [each for each in past if each not in self._before[member]]
        return super().past_of(member, past, count)


class OtherTimes(ExtendedHub):
    """Remembers messages with other times."""

    def time(self, seconds: int) -> int:
        return seconds

    def _keep(self, message: Message) -> None:
        super()._keep(message._replace(time=self.time(message.time)))


@breaks("HIST-3")
class PastInMilliseconds(OtherTimes):
    """The time of a message is in milliseconds."""

    def time(self, seconds: int) -> int:
        return seconds * 1000


@breaks("HIST-3")
class PastSinceStart(OtherTimes):
    """The time of a message is that of a clock which does not begin in 1970."""

    def time(self, seconds: int) -> int:
        return int(self._now)


@breaks("HIST-3")
class PastInLocalTime(OtherTimes):
    """The time of a message is that of a place one hour east of Greenwich."""

    def time(self, seconds: int) -> int:
        return seconds + 3600


@breaks("HIST-3")
class PastHasNoTime(OtherTimes):
    """The time of a message is 0."""

    def time(self, seconds: int) -> int:
        return 0


@breaks("HIST-4")
class TwentyAreUsual(ExtendedHub):
    """HISTORY alone lists 20 messages."""

    USUAL = 20


@breaks("HIST-4")
class AllAreUsual(ExtendedHub):
    """HISTORY alone lists everything."""

    USUAL = 2**52


@breaks("HIST-4")
class ZeroIsAll(OtherPast):
    """HISTORY 0 lists everything."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        return past[-count:]


@breaks("HIST-4")
class ZeroIsBadArgs(OtherPast):
    """HISTORY 0 is refused."""

    def past_of(self, member: Member, past: list[Message], count: int) -> list[Message]:
        if not count:
            raise Refusal("bad-args", "nothing is nothing")
        return super().past_of(member, past, count)


@breaks("HIST-4")
class HistoryNeedsANumber(ExtendedHub):
    """HISTORY alone is refused."""

    def do_history(self, member: Member, arguments: str) -> None:
        wire.one_argument(arguments)
        super().do_history(member, arguments)
