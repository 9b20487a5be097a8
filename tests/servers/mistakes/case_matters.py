"""Mistake 15: alice and Alice are two people."""

from __future__ import annotations

from . import room
from .on_threads import Server


class Exact(room.Room):
    def is_taken(self, name: str) -> bool:
        return any(other.name == name for other in self.people)


if __name__ == "__main__":
    Server(Exact()).run()
