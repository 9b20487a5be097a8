"""Faults of level 0: what is sent to somebody who has just connected, PING and PONG."""

from __future__ import annotations

from parley import wire
from parley.hub import Hub, Limits, Member, Outcome
from parley.wire import Refusal

from .registry import breaks
from .tools import OtherLimits


@breaks("LINE-1")
class HelloTooLong(Hub):
    """HELLO has more than 4096 octets."""

    capabilities = tuple(f"X-capability-number-{number}" for number in range(200))


@breaks("LINE-1")
class EndsRepliesWithNul(Hub):
    """The NUL at the end of a C string is sent with every reply."""

    def _send(self, member: Member, lines: bytes) -> None:
        super()._send(member, lines.replace(b"\n", b"\0\n"))


@breaks("LINE-1")
class ColoursRefusals(Hub):
    """The words of a refusal are red: control characters."""

    def reply(self, member: Member, *fields: str | int) -> None:
        if fields[0] == "ERR":
            fields = (*fields[:-1], f"\x1b[31m{fields[-1]}\x1b[0m")
        super().reply(member, *fields)


@breaks("LINE-1")
class TalksLatin1(Hub):
    """Refusals are written in Latin-1."""

    def _send(self, member: Member, lines: bytes) -> None:
        if lines.startswith(b"ERR "):
            lines = lines[:-1] + b", d\xe9sol\xe9\n"
        super()._send(member, lines)


@breaks("LINE-2")
class CommentsOnPing(Hub):
    """Before each PONG comes a line that no table has."""

    def do_ping(self, member: Member, arguments: str) -> None:
        self._send(member, wire.line("NOTICE", "you", "pinged"))
        super().do_ping(member, arguments)


@breaks("HELLO-1")
class SpeaksAnotherVersion(Hub):
    """HELLO names parley/2."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self.greeting = wire.line("HELLO", "parley/2", name)


@breaks("HELLO-1")
class WaitsToBeGreeted(Hub):
    """HELLO is sent only when the client has sent a line."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        member.outbox.clear()
        self._ready.remove(member)
        self._silent = {*getattr(self, "_silent", ()), member}
        return member

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if member in self._silent:
            self._silent.remove(member)
            self._send(member, self.greeting)
        return super().obey(member, line, now)


@breaks("HELLO-2")
class AdvertisesTwice(Hub):
    """HELLO names a capability twice."""

    capabilities = ("X-echo", "X-echo")


@breaks("HELLO-3")
class RefusesEleventhClient(OtherLimits):
    """Ten connections are let in, and no more."""

    other = {"max_clients": 10}  # noqa: RUF012  # read only


@breaks("HELLO-3")
class RefusesHundredAndFirstClient(OtherLimits):
    """A hundred connections are let in, and no more."""

    other = {"max_clients": 100}  # noqa: RUF012  # read only


@breaks("PING-1")
class ShortensTokens(Hub):
    """Of a token only 32 octets come back."""

    def do_ping(self, member: Member, arguments: str) -> None:
        wire.token(arguments)
        super().do_ping(member, arguments[:32])


@breaks("PING-1")
class PingNeedsNick(Hub):
    """PING of a nameless connection is refused."""

    NAMELESS = Hub.NAMELESS - {"PING"}


@breaks("PING-2")
class NoPongForMembers(Hub):
    """PING is answered only as long as a connection is nameless."""

    def do_ping(self, member: Member, arguments: str) -> None:
        if member.name is not None:
            raise Refusal("unknown-verb", "you have introduced yourself already")
        super().do_ping(member, arguments)


@breaks("LOCK-2")
class HoldsPong(Hub):
    """PONG waits with the held events of a locked member."""

    def do_ping(self, member: Member, arguments: str) -> None:
        self.deliver(member, "PONG", wire.token(arguments))


@breaks("PING-3")
class PingsAtOnce(Hub):
    """Every newcomer is sent a PING right behind HELLO."""

    def connect(self, now: float, loopback: bool = False) -> Member:
        member = super().connect(now, loopback)
        self._send(member, wire.line("PING", "who-are-you"))
        return member


@breaks("PONG-1")
class AcknowledgesPong(Hub):
    """PONG is answered with OK PONG."""

    def do_pong(self, member: Member, arguments: str) -> None:
        self.reply(member, "OK", "PONG")


@breaks("PONG-1")
class RefusesMalformedPong(Hub):
    """PONG without a token is refused."""

    def do_pong(self, member: Member, arguments: str) -> None:
        wire.token(arguments)


@breaks("PONG-1")
class PongNeedsNick(Hub):
    """PONG of a nameless connection is refused."""

    NAMELESS = Hub.NAMELESS - {"PONG"}
