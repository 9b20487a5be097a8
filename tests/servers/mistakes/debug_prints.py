"""Prints what it does, as one does to find a mistake; the mistake is that SAY is echoed."""

from __future__ import annotations

from . import room
from .on_select import Server


class Prints(room.Room):
    def broadcast(self, event: str, but: room.Person | None = None) -> None:
        print("DEBUG: broadcast", event, "to", [each.name for each in self.people], flush=True)
        super().broadcast(event)


if __name__ == "__main__":
    Server(Prints()).run()
