"""Sends a line that has no end."""

import contextlib
import socket
import threading

from .. import tiny


def ramble(client: socket.socket) -> None:
    """Begins a HELLO, and never comes to its LF."""
    with contextlib.suppress(OSError), client:
        client.sendall(b"HELLO parley/1 ")
        while True:
            client.sendall(b"a" * 65536)


if __name__ == "__main__":
    with tiny.listen() as listener:
        while True:
            threading.Thread(target=ramble, args=listener.accept()[:1], daemon=True).start()
