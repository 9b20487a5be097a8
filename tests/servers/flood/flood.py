"""Sends without end: each line would be allowed by itself."""

import contextlib
import socket
import threading

from .. import tiny


def flood(client: socket.socket) -> None:
    """Sends as much as the client takes, and more."""
    with contextlib.suppress(OSError), client:
        client.sendall(tiny.HELLO)
        while True:
            client.sendall(b"X-GARBAGE 0123456789abcdef\n" * 1000)


if __name__ == "__main__":
    with tiny.listen() as listener:
        while True:
            threading.Thread(target=flood, args=listener.accept()[:1], daemon=True).start()
