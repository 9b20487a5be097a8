"""Mistake 1: takes what one recv() returns for one message."""

from __future__ import annotations

from .on_threads import Person, Server


class OneRecv(Server):
    def talk(self, person: Person) -> None:
        while data := self.receive(person.conn):
            with self.lock:
                if not self.room.obey_octets(person, data.removesuffix(b"\n")):
                    return


if __name__ == "__main__":
    OneRecv().run()
