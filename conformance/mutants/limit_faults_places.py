"""More faults of limits: places that are counted wrongly, lines that cost nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import select
from unittest import mock

from impl_poll import connection
from impl_poll.connection import Connection
from parley.hub import Hub, Member
from parley.state import Pace
from parley.wire import MAX_LINE

from .registry import breaks
from .server_faults import has_ended

# Places


class OtherPlaces(Hub):
    """A hub in which the end of some connections changes how many there may be."""

    def places(self, member: Member, cause: str) -> int:
        """How many more connections there may be from now on."""
        return 0

    def nameless_places(self, member: Member, cause: str) -> int:
        """How many more of those without a name."""
        return 0

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        if member.here:
            self.limits = dataclasses.replace(
                self.limits,
                max_clients=self.limits.max_clients + self.places(member, cause),
                max_nameless=self.limits.max_nameless + self.nameless_places(member, cause),
            )
        super().leave(member, cause, now, words)


@breaks("CAP-3")
class PlacesOfTheSilentAreUsedUp(OtherPlaces):
    """A member that was sent away for its silence still counts."""

    def places(self, member: Member, cause: str) -> int:
        return -(member.name is not None and cause == "timeout")


@breaks("CAP-3")
class PlacesOfTheUndecidedAreUsedUp(OtherPlaces):
    """Who did not choose a name in time still counts among those that have none."""

    def nameless_places(self, member: Member, cause: str) -> int:
        return -(member.name is None and cause == "timeout")


@breaks("CAP-3")
class PlacesOfTheSlowAreUsedUp(OtherPlaces):
    """A member that was dropped because it does not read still counts."""

    def places(self, member: Member, cause: str) -> int:
        return -(cause == "slow")


@breaks("CAP-3")
class PlacesOfNamelessQuittersAreUsedUp(OtherPlaces):
    """Who quits without a name still counts among those that have none."""

    def nameless_places(self, member: Member, cause: str) -> int:
        return -(member.name is None and cause == "quit")


@breaks("CAP-4")
class MembersLeaveTwoPlaces(OtherPlaces):
    """When a member leaves, there may be one more without a name."""

    def nameless_places(self, member: Member, cause: str) -> int:
        return int(member.name is not None)


@breaks("CAP-1")
class TheSilentLeaveTwoPlaces(OtherPlaces):
    """Who is sent away in time leaves two places, one at its end and one at that of its socket."""

    def places(self, member: Member, cause: str) -> int:
        return int(cause == "timeout")


# The rate


class Generous(Connection):
    """A connection on which some lines cost nothing."""

    def is_free(self, line: bytes) -> bool:
        raise NotImplementedError

    def run(self) -> None:
        while self.step and self.lines and not self.waiting and self.is_free(self.lines[0]):
            self.step(self.lines.popleft())
        with mock.patch.object(connection, "LINES_PER_TURN", 1):
            super().run()


@breaks("RATE-2")
class EmptyLinesAreFree(Generous):
    """An empty line is obeyed however fast it comes."""

    def is_free(self, line: bytes) -> bool:
        return not line.strip(b"\r")


@breaks("RATE-2")
class LongLinesAreFree(Generous):
    """A line that is too long is refused however fast it comes."""

    def is_free(self, line: bytes) -> bool:
        return len(line) >= MAX_LINE


@breaks("RATE-2")
class NamelessLinesAreFree(Generous):
    """Who has no name yet is answered however fast it asks."""

    def is_free(self, line: bytes) -> bool:
        return self.member.name is None


@breaks("RATE-2")
class NamesPayForAll(Hub):
    """Who gets its name may send as many lines at once as if it had sent none before."""

    def admit(self, member: Member, name: str) -> None:
        super().admit(member, name)
        member.pace = Pace(self.limits.rate)


class OtherPace(Hub):
    """A hub that counts the lines of its clients in another way."""

    pace: type[Pace]

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        member.pace = self.pace(self.limits.rate)
        return member


class _Savings(Pace):
    """A bucket that is full after two seconds, and half full at first: time passes half as fast."""

    def __init__(self, rate: int) -> None:
        super().__init__(2 * rate)

    def take(self, now: float) -> float:
        self._full_at = self._full_at or now / 2 + 0.5
        return 2 * super().take(now / 2)


class _Seconds(Pace):
    """So many lines in each second, which begins with the first line in it."""

    def __init__(self, rate: int) -> None:
        super().__init__(rate)
        self.rate, self.taken, self.over_at = rate, 0, 0.0

    def take(self, now: float) -> float:
        if now >= self.over_at:
            self.taken, self.over_at = 0, now + 1.0
        self.waits = 0 < self.rate <= self.taken
        self.taken += not self.waits
        return self.over_at - now if self.waits else 0.0


@breaks("RATE-2")
class SavesLinesForLater(OtherPace):
    """Who has sent nothing for two seconds may send twice as many lines at once."""

    pace = _Savings


@breaks("RATE-2")
class CountsBySeconds(OtherPace):
    """So many lines are obeyed at the end of one second, and as many again at once in the next."""

    pace = _Seconds


@breaks("RATE-2")
class ReadsAhead(Connection):
    """While lines wait because they came too fast, all that comes behind them is read and kept."""

    def wants(self) -> int:
        has_to_wait = self.server.now < self.resume_at and not self.input_ended
        return super().wants() | (select.POLLIN if has_to_wait else 0)


@breaks("SLOW-3")
class EndCutsOff(Connection):
    """Who ends its stream while it is behind receives no more than the network has room for."""

    def proceed(self) -> None:
        super().proceed()
        if self.step is None and self.input_ended:
            self.cut_off()


@breaks("RATE-1")
class EndDropsWaiting(Connection):
    """Lines that wait because they came too fast are lost if the client half-closes."""

    def run(self) -> None:
        super().run()
        with contextlib.suppress(OSError):
            if self.step and self.member.pace.waits and has_ended(self.sock):
                self.leave()
