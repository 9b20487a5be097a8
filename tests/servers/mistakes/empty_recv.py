"""Mistake 2: an empty recv() is ignored, and the thread of a client that has gone spins."""

from __future__ import annotations

from .on_threads import Person, Server


class IgnoresTheEnd(Server):
    def talk(self, person: Person) -> None:
        while True:
            data = self.receive(person.conn)
            if data:
                *lines, person.buffer = (person.buffer + data).split(b"\n")
                for line in lines:
                    with self.lock:
                        if not self.room.obey_octets(person, line):
                            return


if __name__ == "__main__":
    IgnoresTheEnd().run()
