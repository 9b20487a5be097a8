"""Mistake 13: decode() of a whole line, and no thought of lines that are no text."""

from __future__ import annotations

from . import room
from .on_select import Person, Server


class TrustsClients(Server):
    def obey(self, person: Person, data: bytes) -> None:
        *lines, person.buffer = (person.buffer + data).split(b"\n")
        for line in lines:
            if person.skipping:
                person.skipping = False
            elif not self.room.obey_octets(person, line.decode().encode()):
                person.leaving = True
                return
        if len(person.buffer) >= room.MAX_LINE:
            if not person.skipping:
                person.send("ERR line-too-long - at most 4096 octets")
            person.buffer, person.skipping = b"", True


if __name__ == "__main__":
    TrustsClients().run()
