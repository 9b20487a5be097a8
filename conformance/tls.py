"""TLS from the client's side: what the suite needs to speak to a server that speaks TLS.

A Wire stands between a client's octets and those of its socket, and does no I/O: the reading and
writing stays where it is. A run that grades over TLS makes a certificate authority of its own.
"""

from __future__ import annotations

import ssl
from pathlib import Path

#: Names and addresses under which graded servers are reached.
HOSTS = ("localhost", "127.0.0.1", "::1")


class Wire:
    """The wire that changes nothing: TCP as it is."""

    ended = False  # whether the server has said that nothing more will come

    def receive(self, octets: bytes) -> bytes:
        """What the server sent, in what arrived. Raises ssl.SSLError."""
        return octets

    def send(self, octets: bytes) -> bytes:
        """What to put on the wire, for these octets and for the wire itself."""
        return octets

    def end(self) -> bytes:
        """The last that goes on the wire."""
        return b""


class TlsWire(Wire):
    """A TLS connection of a client. Octets that are sent before the handshake is done wait."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._shaken = False
        self._waiting = bytearray()
        self._handshake()

    def receive(self, octets: bytes) -> bytes:
        self._incoming.write(octets)
        self._handshake()
        text = bytearray()
        try:
            while self._shaken and (data := self._tls.read(65536)):
                text += data
            self.ended = self._shaken
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = True
        return bytes(text)

    def send(self, octets: bytes) -> bytes:
        self._waiting += octets
        if self._shaken and self._waiting:
            self._tls.write(self._waiting)
            self._waiting.clear()
        return self._outgoing.read()

    def end(self) -> bytes:
        try:
            self._tls.unwrap()
        except ssl.SSLError:  # it would like to wait for the server's; the test does that
            pass
        return self._outgoing.read()

    def _handshake(self) -> None:
        if self._shaken:
            return
        try:
            self._tls.do_handshake()
            self._shaken = True
        except ssl.SSLWantReadError:
            pass


class Authority:
    """A certificate for the servers of a run, in a file, and a context that trusts it."""

    def __init__(self, folder: Path) -> None:
        import trustme  # here: every other grade starts sooner without it

        authority = trustme.CA()
        server = authority.issue_cert(*HOSTS)
        self.file = folder / "server.pem"  # the key and the chain, as most servers take them
        self.file.write_bytes(
            server.private_key_pem.bytes() + b"".join(pem.bytes() for pem in server.cert_chain_pems)
        )
        self.file.chmod(0o600)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(self.context)


def context_for(authorities: Path | None) -> ssl.SSLContext:
    """A context that trusts the authorities in a file, or those of this system. Raises OSError."""
    return ssl.create_default_context(cafile=str(authorities) if authorities else None)
