"""close() right after OK QUIT: what is still unread makes the system reset the connection."""

from __future__ import annotations

import socket

from .on_threads import Server


class Closes(Server):
    def receive(self, conn: socket.socket) -> bytes:
        try:
            return conn.recv(1024)
        except OSError:
            return b""

    def close(self, conn: socket.socket) -> None:
        conn.close()


if __name__ == "__main__":
    Closes().run()
