"""Mistake 2 with select(): whoever has gone is told to the others, but select() still watches."""

from __future__ import annotations

from .on_select import Person, Server


class KeepsWatching(Server):
    def read(self, person: Person) -> None:
        data = self.receive(person)
        if data and not person.leaving:
            self.obey(person, data)
        elif not data:
            self.room.leave(person, "closed")
            person.flush()
            person.leaving = True


if __name__ == "__main__":
    KeepsWatching().run()
