"""Mistake 10: decode() of whatever has come, in the middle of a character too."""

from __future__ import annotations

from .on_threads import Person, Server


class DecodesPieces(Server):
    def talk(self, person: Person) -> None:
        text = ""
        while data := self.receive(person.conn):
            text += data.decode()
            *lines, text = text.split("\n")
            for line in lines:
                with self.lock:
                    if not self.room.obey_octets(person, line.encode()):
                        return


if __name__ == "__main__":
    DecodesPieces().run()
