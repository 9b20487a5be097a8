"""Mistake 12 again: setblocking(False), and a send() that cannot be done ends the server."""

from __future__ import annotations

from . import on_select


class Person(on_select.Person):
    def send(self, line: str) -> None:
        self.conn.sendall(line.encode() + b"\n")


class Raises(on_select.Server):
    person = Person


if __name__ == "__main__":
    Raises().run()
