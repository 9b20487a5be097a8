"""Mistake 15: `line.split()[1]`, and a command comes without an argument."""

from __future__ import annotations

from . import room
from .on_threads import Server


class Splits(room.Room):
    def do_NICK(self, person: room.Person, rest: str) -> None:
        parts = f"NICK {rest}".split()
        super().do_NICK(person, parts[1])


if __name__ == "__main__":
    Server(Splits()).run()
