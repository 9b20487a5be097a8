"""Answers the speaker at once; the others are told ten times a second, by a thread of its own."""

from __future__ import annotations

import threading

from . import room
from .on_threads import Server


class TenTimesASecond(room.Room):
    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[tuple[str, room.Person | None]] = []
        self.clock = threading.Event()
        threading.Thread(target=self.tell_everybody, daemon=True).start()

    def broadcast(self, event: str, but: room.Person | None = None) -> None:
        self.waiting.append((event, but))

    def tell_everybody(self) -> None:
        while not self.clock.wait(0.1):
            while self.waiting:
                event, but = self.waiting.pop(0)
                super().broadcast(event, but)


if __name__ == "__main__":
    Server(TenTimesASecond()).run()
