"""Faults of protection: those who read slowly, or not at all, and those who choose no name."""

from __future__ import annotations

from impl_poll.connection import Connection
from impl_poll.server import Server
from parley.hub import Hub, Member, Outcome

from .registry import breaks
from .tools import FOR_GOOD, InATenth, OtherLimits

# Those who read slowly, or not at all


@breaks("SLOW-3")
class LosesAnOctet(Connection):
    """Where the socket takes a part of what there is to send, an octet behind that is lost."""

    def send(self, data: bytes) -> None:
        owed = len(self.unsent) + len(data)
        super().send(data)
        if 0 < len(self.unsent) < owed:
            del self.unsent[0]


@breaks("SLOW-4")
class WaitsForProgress(OtherLimits):
    """A member for which the network takes nothing may stay, as long as it costs little."""

    other = {"stall": FOR_GOOD}  # noqa: RUF012  # read only


@breaks("SLOW-4")
class WaitsForTheSlow(Server):
    """Who was dropped because it reads nothing is waited for until it closes its connection."""

    def dismiss(self, connection: Connection) -> None:
        super().dismiss(connection)
        if connection.kept:
            connection.deadline = self.now + FOR_GOOD


@breaks("SLOW-4")
class StallsAnewWithEachEvent(Hub):
    """The time of one that is behind begins anew with everything that is queued for it."""

    def sent(self, member: Member, unsent: int, now: float) -> None:
        super().sent(member, unsent, now)
        if unsent and member.here:
            self._stalls.start(member, now)


@breaks("SLOW-2")
class KeepsTheConnectionsOfTheSlow(Hub):
    """Who does not read is said to have left, and stays connected."""

    def _drop(self, member: Member) -> None:
        self.leave(member, "slow", self._now)


@breaks("SLOW-4")
class CatchingUpIsNoEnd(Hub):
    """The time of one that is behind goes on when it has read everything."""

    def sent(self, member: Member, unsent: int, now: float) -> None:
        if unsent:
            super().sent(member, unsent, now)
        member.unsent = unsent


@breaks("SLOW-4")
class StalledOnesAreClosed(Hub):
    """A member that makes no progress is said to have closed."""

    def tick(self, now: float) -> None:
        self._now = now
        for member in self._stalls.take_expired(now):
            self._send_away(member, "closed", "you read nothing")
        super().tick(now)


@breaks("SLOW-5")
class ReadsWithoutEnd(OtherLimits):
    """A client that asks without end is read from without end, and its answers are kept."""

    other = {"low_mark": 2**60}  # noqa: RUF012  # read only

    def _drop(self, member: Member) -> None:
        if not member.outbox or not member.outbox[-1].startswith(b"PONG"):
            super()._drop(member)


@breaks("SLOW-5")
class ForgetsAnswers(Hub):
    """Answers to one who does not read are thrown away instead of waiting."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if member.unsent < 16_384 or fields[0] != "PONG":
            super().reply(member, *fields)


# Those who choose no name


@breaks("NAMELESS-1")
class MayStayNameless(OtherLimits):
    """Who does not choose a name may stay."""

    other = {"handshake": FOR_GOOD}  # noqa: RUF012  # read only


@breaks("NAMELESS-1")
class HurriesTheNameless(InATenth):
    """The time to choose a name is over after a tenth of it."""

    times = ("handshake",)


@breaks("NAMELESS-1")
class NamelessGoWithoutBye(Hub):
    """Who does not choose a name is closed without a word."""

    def _send_away(self, member: Member, cause: str, words: str) -> None:
        if member.name is not None:
            return super()._send_away(member, cause, words)
        self.leave(member, cause, self._now)
        self._dropped.append(member)


@breaks("NAMELESS-2")
class AnyLineGrantsTime(Hub):
    """The time to choose a name begins anew with every line."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if member in self._handshakes:
            self._handshakes.start(member, now)
        return super().obey(member, line, now)


@breaks("NAMELESS-2")
class PingGrantsTheWholeTime(Hub):
    """Who has been answered once may stay without a name."""

    def do_ping(self, member: Member, arguments: str) -> None:
        self._handshakes.stop(member)
        super().do_ping(member, arguments)
