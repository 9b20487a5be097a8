"""Mistake 9: sendall() to one who does not read, and everybody waits."""

from __future__ import annotations

import contextlib

from . import on_select


class Person(on_select.Person):
    def send(self, line: str) -> None:
        self.conn.setblocking(True)
        with contextlib.suppress(OSError):
            self.conn.sendall(line.encode() + b"\n")


class Blocks(on_select.Server):
    person = Person


if __name__ == "__main__":
    Blocks().run()
