"""Faults of a server that speaks TLS: versions, and peers that do not."""

from __future__ import annotations

import dataclasses
import select
import socket
import ssl
from collections.abc import Callable

from impl_poll.connection import Connection
from impl_poll.server import Server
from parley.channel import RECORD, Channel, ChannelError, TlsChannel
from parley.extensions import ExtendedHub
from parley.hub import Hub, Limits
from parley.store import Store

from .registry import breaks

#: Far beyond what any test waits, in seconds.
FOR_GOOD = 1e6


class OtherContext(Server):
    """A server that spoils its TLS context before the first client comes."""

    def __init__(
        self,
        hub: Hub,
        listener: socket.socket,
        store: Store,
        channel: Callable[[], Channel] = Channel,
    ) -> None:
        super().__init__(hub, listener, store, channel)
        first = channel()
        if isinstance(first, TlsChannel):
            self.spoil(first._tls.context)

    def spoil(self, context: ssl.SSLContext) -> None:
        raise NotImplementedError


@breaks("TLS-1")
class NoNewestTls(OtherContext):
    """TLS 1.3 is not accepted."""

    def spoil(self, context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2


@breaks("TLS-2")
class AnyTls(OtherContext):
    """TLS 1.0 and 1.1 are accepted."""

    def spoil(self, context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")


@breaks("TLS-3")
class HandshakesOneByOne(Connection):
    """The server waits for the first octets of a newcomer before it serves anybody else."""

    def __init__(self, server: Server, sock: socket.socket, member: object) -> None:
        super().__init__(server, sock, member)  # type: ignore[arg-type]
        if isinstance(self.channel, TlsChannel):
            waiter = select.poll()
            waiter.register(sock, select.POLLIN)
            waiter.poll()


@breaks("TLS-4")
class IgnoresGarbage(Connection):
    """What is no TLS is ignored, and the connection stays open."""

    def receive(self) -> None:
        sound = self.channel.receive

        def deaf(octets: bytes) -> bytes:
            try:
                return sound(octets)
            except ChannelError:
                return b""

        self.channel.receive = deaf  # type: ignore[method-assign]
        super().receive()
        self.channel.receive = sound  # type: ignore[method-assign]


@breaks("TLS-5")
class PatientHandshakes(ExtendedHub):
    """Who does not finish a handshake, or does not choose a name, may stay for good."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, dataclasses.replace(limits or Limits(), handshake=FOR_GOOD))


@breaks("TLS-6")
class WaitsForTheFin(Connection):
    """Only the end of a client's TCP stream is an end; a close_notify is none."""

    def receive(self) -> None:
        sound = self.channel.receive

        def deaf(octets: bytes) -> bytes:
            text = sound(octets)
            self.channel.input_ended = False
            return text

        self.channel.receive = deaf  # type: ignore[method-assign]
        super().receive()
        self.channel.receive = sound  # type: ignore[method-assign]


@breaks("TLS-6")
class EndsWithoutNotice(TlsChannel):
    """The stream of the server ends without a close_notify."""

    def end(self) -> bytes:
        return b""


@breaks("TLS-1")
class OneRecordAtATime(TlsChannel):
    """Of what arrives in one piece 16 KiB are read, the rest when more comes."""

    _rest = b""

    def receive(self, octets: bytes) -> bytes:
        text = self._rest + super().receive(octets)
        self._rest = text[RECORD:]
        return text[:RECORD]


@breaks("TLS-1")
class SendsTheBeginning(TlsChannel):
    """Of what is sent in one piece only 64 KiB arrive."""

    def send(self, text: bytes) -> bytes:
        return super().send(text[:65536])


@breaks("TLS-1")
class GreetingsAreOwed(Server):
    """A HELLO that has waited for a handshake counts as owed, until something else is sent."""

    def settle(self, connection: Connection) -> None:
        connection.member.unsent = connection.kept
        super().settle(connection)


@breaks("TLS-5")
class HandshakesHaveNoTime(Connection):
    """Who does not finish a handshake may stay for good."""

    def leave(self) -> None:
        channel = self.channel
        if not isinstance(channel, TlsChannel) or channel._ready or self.input_ended:
            super().leave()


@breaks("TLS-6")
class CloseNotifyIsTheEnd(Connection):
    """Who sends a close_notify is cut off, whatever it is owed."""

    def receive(self) -> None:
        super().receive()
        if self.channel.input_ended and self.step:
            self.leave()
            self.cut_off()
