"""Mistake 1, a smaller one: recv(1024), as in every tutorial, and each result is a message."""

from __future__ import annotations

import socket

from .on_threads import Person, Server


class SmallRecv(Server):
    def receive(self, conn: socket.socket) -> bytes:
        try:
            return conn.recv(1024)
        except OSError:
            return b""

    def talk(self, person: Person) -> None:
        while data := self.receive(person.conn):
            with self.lock:
                if not self.room.obey_octets(person, data.removesuffix(b"\n")):
                    return


if __name__ == "__main__":
    SmallRecv().run()
