"""Mistake 8: who cannot be sent to is deleted from the dict that the loop walks through."""

from __future__ import annotations

from . import on_select, room


class Person(on_select.Person):
    def send(self, line: str) -> None:
        self.conn.sendall(line.encode() + b"\n")


class Room(room.Room):
    def broadcast(self, event: str, but: room.Person | None = None) -> None:
        clients = {other.name: other for other in self.people}
        gone = []
        for name, other in clients.items():
            try:
                if other is not but:
                    other.tell(event)
            except OSError:
                del clients[name]
                gone.append(other)
        for other in gone:
            self.leave(other, "closed")


class Deletes(on_select.Server):
    person = Person


if __name__ == "__main__":
    Deletes(Room()).run()
