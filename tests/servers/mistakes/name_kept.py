"""Mistake 4: a set of names in use, from which no name is ever taken out."""

from __future__ import annotations

from . import room
from .on_threads import Server


class NamesForEver(room.Room):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def is_taken(self, name: str) -> bool:
        if name.lower() in self.names:
            return True
        self.names.add(name.lower())
        return False


if __name__ == "__main__":
    Server(NamesForEver()).run()
