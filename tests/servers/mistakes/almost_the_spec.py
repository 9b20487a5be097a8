"""Mistake 15: friendlier than the spec: OK NICK has words behind it that the spec does not know."""

from __future__ import annotations

from . import room
from .on_select import Server


class Friendly(room.Room):
    def do_NICK(self, person: room.Person, rest: str) -> None:
        if self.is_taken(rest):
            raise room.Refused("nick-in-use", "this name is taken")
        self.last_number += 1
        person.name, person.number = rest, self.last_number
        self.broadcast(f"JOINED lobby {person.name} {person.number}")
        self.people.append(person)
        person.send(f"OK NICK {person.name}, welcome! You are number {person.number}")


if __name__ == "__main__":
    Server(Friendly()).run()
