"""Mistake 13: a buffer without a bound, for a line that does not end."""

from __future__ import annotations

from .on_select import Person, Server


class Patient(Server):
    def obey(self, person: Person, data: bytes) -> None:
        person.buffer += data
        while b"\n" in person.buffer:
            line, person.buffer = person.buffer.split(b"\n", 1)
            text = line.decode(errors="replace").rstrip("\r")
            if text and not self.room.obey(person, text):
                person.leaving = True
                return


if __name__ == "__main__":
    Patient().run()
