"""Servers that are not what a client hopes for: `python -m tests.odd_server WHAT`. One client each.

The first line of the output tells the port.
"""

from __future__ import annotations

import socket
import sys

#: Lines of a flood.
FLOOD = 50_000


def irc(client: socket.socket) -> None:
    client.sendall(b":irc.example NOTICE * :*** Looking up your hostname...\r\n")
    client.recv(4096)


def closes(client: socket.socket) -> None:
    """Says nothing and hangs up."""


def full(client: socket.socket) -> None:
    client.sendall(b"BYE no room for \x1b[2J anybody\n")


def flood(client: socket.socket) -> None:
    """A member's `SAY go` is answered with FLOOD messages of others."""
    client.sendall(b"HELLO parley/1 flood\n")
    with client.makefile("rb") as lines:
        for line in lines:
            verb = line.split()[0]
            if verb == b"NICK":
                client.sendall(b"OK NICK alice 1\n")
            elif verb == b"WHO":
                client.sendall(b"HERE alice 1\nOK WHO 1\n")
            elif verb == b"SAY":
                client.sendall(b"OK SAY 1\n" + b"".join(map(message, range(2, FLOOD + 2))))
            elif verb == b"QUIT":
                client.sendall(b"OK QUIT\n")
                return


def message(seq: int) -> bytes:
    return b"MSG lobby %d bob%d message %d, with some words in it\n" % (seq, seq % 7, seq)


def main() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)
        client, _ = listener.accept()
        with client:
            {"irc": irc, "closes": closes, "full": full, "flood": flood}[sys.argv[1]](client)


if __name__ == "__main__":
    main()
