"""Mistake 3 with threads: the reset ends the thread, and nobody tidies up after it."""

from __future__ import annotations

import socket

from .on_threads import Server


class ThreadDiesOfReset(Server):
    def receive(self, conn: socket.socket) -> bytes:
        return conn.recv(65536)


if __name__ == "__main__":
    ThreadDiesOfReset().run()
