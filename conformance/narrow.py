"""Connections that hold little: whoever does not read one is behind after a few messages."""

from __future__ import annotations

import contextlib
import socket

#: So many of these messages are more than a narrow connection holds, and fewer than any bound of a
#: server.
BEHIND = 40
TEXT = "x" * 3700


def narrow_connection(address: tuple[str, int], patience: float) -> socket.socket:
    """A connection whose sockets, on both sides, hold little (on Linux 100 kB). Raises OSError.

    A small window alone would not do: the server's side makes room for ten of our segments.
    """
    family, kind, protocol, _, where = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)[0]
    sock = socket.socket(family, kind, protocol)
    try:
        for buffer in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, buffer, 4096)
        with contextlib.suppress(OSError):  # not every system lets a client choose
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        sock.settimeout(patience)
        sock.connect(where)
    except OSError:
        sock.close()
        raise
    return sock
