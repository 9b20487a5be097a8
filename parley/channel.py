"""Between a socket's octets and the lines in them: nothing, or TLS.

A Channel does no I/O: what arrived goes in and text comes out, text goes in and what to send comes
out. That is why the same piece serves a blocking reader, a poll() loop and a task: TLS does not
mind who carries its octets. Reading and sending must not happen at the same time; impl_threads has
a lock for each channel, the others need none.
Source: https://docs.python.org/3/library/ssl.html#memory-bio-support
"""

from __future__ import annotations

import ssl

#: Octets of text asked of TLS with one call: a record has at most 16 KiB.
RECORD = 16384


class ChannelError(Exception):
    """What arrived is not what this channel speaks: the connection has to be cut off."""


class Channel:
    """The channel that changes nothing: TCP as it is."""

    input_ended = False  # whether the peer has said that nothing more will come
    pending = False  # whether the channel itself has something to send: send(b"") returns it
    early = 0  # octets of text that cannot be sent yet

    def receive(self, octets: bytes) -> bytes:
        """The text in what arrived. Raises ChannelError."""
        return octets

    def send(self, text: bytes) -> bytes:
        """What to put on the wire for a text, and for what the channel itself has to say."""
        return text

    def end(self) -> bytes:
        """The last that goes on the wire."""
        return b""


class TlsChannel(Channel):
    """A TLS connection, from the server's side. Text that is sent too early waits."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._ready = False  # whether the handshake is done
        self._early = bytearray()

    @property
    def pending(self) -> bool:  # type: ignore[override]
        return bool(self._outgoing.pending) or (self._ready and bool(self._early))

    @property
    def early(self) -> int:  # type: ignore[override]
        return len(self._early)

    def receive(self, octets: bytes) -> bytes:
        self._incoming.write(octets)
        text = bytearray()
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while data := self._tls.read(RECORD):
                text += data
            self.input_ended = True
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # close_notify: a half-close, as TCP has it
            self.input_ended = True
        except ssl.SSLError as error:
            raise ChannelError(error.reason or str(error)) from None
        return bytes(text)

    def send(self, text: bytes) -> bytes:
        self._early += text
        if self._ready and self._early:
            self._tls.write(self._early)
            self._early.clear()
        return self._outgoing.read()

    def end(self) -> bytes:
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # it would like to wait for the peer's; TCP tells us enough
            pass
        return self._outgoing.read()


def server_context(certificate: str, key: str) -> ssl.SSLContext:
    """A context for servers: TLS 1.2 at least. Raises OSError or ssl.SSLError for bad files."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key or None)
    return context
