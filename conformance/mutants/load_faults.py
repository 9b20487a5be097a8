"""Faults that show only under load: among more than a hundred, or in how long things take."""

from __future__ import annotations

import time

from impl_poll.connection import Connection
from impl_poll.server import Server
from parley.hub import Hub, Member, Room

from .registry import breaks
from .tools import DelayingHub

#: From so many members on there is a crowd: more than any test of another level has talking.
CROWD = 160


class Spoils(Hub):
    """In a crowd, does something wrong with one message of its last member in ten thousand."""

    told = 0

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        last = next(reversed(room.members.values()), None)
        if fields[0] != "MSG" or len(room.members) <= CROWD or last is None or last is but:
            return
        before, self.told = self.told, self.told + len(room.members)
        if before // 10_000 != self.told // 10_000 and last.outbox:
            self.spoil(last.outbox)

    def spoil(self, outbox: list[bytes]) -> None:
        raise NotImplementedError


@breaks("LOAD-1")
class LosesOneInThousands(Spoils):
    """In a crowd one delivery in ten thousand is lost."""

    def spoil(self, outbox: list[bytes]) -> None:
        outbox.pop()


@breaks("LOAD-1")
class RepeatsOneInThousands(Spoils):
    """In a crowd one delivery in ten thousand comes twice."""

    def spoil(self, outbox: list[bytes]) -> None:
        outbox.append(outbox[-1])


@breaks("LOAD-1")
class RefusesACrowd(Hub):
    """Nobody is let in beyond a hundred and sixty members."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        if len(self.names) > CROWD:
            self._send_away(member, "closed", "there are too many of you")
        return member


@breaks("LOAD-2")
class StallsAgainAndAgain(Hub):
    """Every 0.6 s nobody is served for 0.5 s."""

    stalled = 0.0

    def take_ready(self) -> list[Member]:
        if time.monotonic() > self.stalled + 0.6 and len(self.names) > CROWD:
            time.sleep(0.5)
            self.stalled = time.monotonic()
        return super().take_ready()


@breaks("LOAD-4", hub=DelayingHub)
class OneIsServedLate(Connection):
    """In a crowd, whoever came first is served half a second after the others."""

    def send(self, data: bytes) -> None:
        hub = self.server.hub
        first = next(iter(hub.names.values()), None)
        if data and len(hub.names) > CROWD and self.member is first:
            assert isinstance(hub, DelayingHub)
            hub.later(0.5, lambda: super(OneIsServedLate, self).send(data))
        else:
            super().send(data)


@breaks("LOAD-5")
class StallsWhileSomebodyIsBehind(Server):
    """While a member does not read, nobody is served for 0.4 s of every half second."""

    stalled = 0.0

    def flush(self) -> None:
        behind = any(len(each.unsent) > 65536 for each in self.connections.values())
        if behind and self.now > self.stalled + 0.1:
            time.sleep(0.4)
            self.stalled = time.monotonic()
        super().flush()
