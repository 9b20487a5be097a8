"""Mistake 3: ConnectionResetError of one client ends the server for all."""

from __future__ import annotations

from .on_select import Person, Server


class DiesOfReset(Server):
    def receive(self, person: Person) -> bytes:
        return person.conn.recv(65536)


if __name__ == "__main__":
    DiesOfReset().run()
