"""Mistake 15: `' '.join(…) + ' '`: a space at the end of a line, which nobody sees."""

from __future__ import annotations

from . import room
from .on_select import Server


class Spaced(room.Room):
    def do_SAY(self, person: room.Person, rest: str) -> None:
        words = rest.split()
        self.last_seq += 1
        event = f"MSG lobby {self.last_seq} {person.name} "
        for word in words:
            event += word + " "
        self.broadcast(event, but=person)
        person.send(f"OK SAY {self.last_seq}")


if __name__ == "__main__":
    Server(Spaced()).run()
