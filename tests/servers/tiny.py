"""What the misbehaving programs beside this file share: a listening socket and a loop.

Each lives in a folder of its own and has one thing wrong with it, which its docstring names. They
are started as `python -m tests.servers.NAME.NAME`, and end on SIGTERM unless they say otherwise.
"""

from __future__ import annotations

import contextlib
import select
import socket
import sys
from collections.abc import Callable
from typing import NoReturn

HELLO = b"HELLO parley/1 tiny\n"


def listen(ready: bool = True) -> socket.socket:
    """Listens where `--host HOST --port PORT` says, and says so on standard output."""
    try:
        listener = socket.create_server((sys.argv[2], int(sys.argv[4])), backlog=511)
    except OSError as error:
        print(f"cannot listen: {error}", file=sys.stderr)
        sys.exit(1)
    if ready:
        host, port = listener.getsockname()
        print(f"listening on {host} {port}", flush=True)
    return listener


def serve(listener: socket.socket, answer: Callable[[bytes], bytes]) -> NoReturn:
    """Greets everybody, and sends what `answer` makes of each line without its LF."""
    beginnings: dict[socket.socket, bytes] = {}
    while True:
        for sock in select.select([listener, *beginnings], [], [])[0]:
            if sock is listener:
                client = listener.accept()[0]
                beginnings[client] = b""
                client.sendall(HELLO)
                continue
            data = b""
            with contextlib.suppress(OSError):
                data = sock.recv(65536)
            *lines, beginnings[sock] = (beginnings[sock] + data).split(b"\n")
            for line in lines:
                with contextlib.suppress(OSError):
                    sock.sendall(answer(line))
            if not data:
                del beginnings[sock]
                sock.close()


def echo(line: bytes) -> bytes:
    """An answer as on level 0: PONG for PING, and silence."""
    verb, _, token = line.partition(b" ")
    return b"PONG " + token + b"\n" if verb.upper() == b"PING" else b""
