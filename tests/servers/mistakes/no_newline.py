"""Mistake 15: lines are sent without their end."""

from __future__ import annotations

from . import on_threads


class Person(on_threads.Person):
    def send(self, line: str) -> None:
        self.conn.send(line.encode())


class NoNewline(on_threads.Server):
    person = Person


if __name__ == "__main__":
    NoNewline().run()
