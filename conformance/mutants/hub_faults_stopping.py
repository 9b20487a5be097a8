"""Faults of level 4: how the server stops. What takes a signal or a socket is in other modules."""

from __future__ import annotations

from parley.hub import Hub, Member

from .registry import breaks
from .tools import OtherLimits


class TellsSome(Hub):
    """A hub that tells only some that it stops."""

    def forgotten(self) -> list[Member]:
        """Who is not told, of those who are connected."""
        raise NotImplementedError

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        forgotten = self.forgotten()
        super().shutdown(words, now, discard)
        for member in forgotten:
            member.outbox = [line for line in member.outbox if not line.startswith(b"BYE")]


@breaks("STOP-1")
class StopsWithoutBye(TellsSome):
    """Nobody receives BYE when the server stops."""

    def forgotten(self) -> list[Member]:
        return list(self.connections)


@breaks("STOP-1")
class NoByeForNameless(TellsSome):
    """Nameless connections receive no BYE when the server stops."""

    def forgotten(self) -> list[Member]:
        return [member for member in self.connections if member.name is None]


@breaks("STOP-1")
class EightByesForNameless(TellsSome):
    """The ninth nameless connection, and the later ones, receive no BYE when the server stops."""

    def forgotten(self) -> list[Member]:
        return [member for member in self.connections if member.name is None][8:]


@breaks("STOP-1")
class NoByeForTheHasty(TellsSome):
    """Those whose lines wait because they came too fast receive no BYE when the server stops."""

    def forgotten(self) -> list[Member]:
        return [member for member in self.connections if member.pace.waits]


@breaks("STOP-2")
class TellsOfTheStop(Hub):
    """When the server stops, everybody receives a LEFT for everybody else."""

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        for member in list(self.lobby.members.values()):
            self.publish(self.lobby, "LEFT", "lobby", member.name or "", "closed", but=member)
        super().shutdown(words, now, discard)


@breaks("STOP-3")
class WaitsForEverybodyToClose(OtherLimits):
    """A server that stops waits until all clients have closed: the fault is a delay."""

    other = {"goodbye_time": 1e6, "flush_time": 1e6, "linger_time": 1e6}  # noqa: RUF012  # read only
