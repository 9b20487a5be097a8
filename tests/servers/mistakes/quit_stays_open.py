"""OK QUIT is sent, and the socket is never closed."""

from __future__ import annotations

import socket

from .on_threads import Server


class Forgets(Server):
    sockets: list[socket.socket] = []  # noqa: RUF012  # a beginner's global list

    def close(self, conn: socket.socket) -> None:
        self.sockets.append(conn)


if __name__ == "__main__":
    Forgets().run()
