"""Answers the speaker first, and leaves telling the others to a thread with a queue."""

from __future__ import annotations

import queue
import threading

from . import room
from .on_threads import Server


class Queued(room.Room):
    def __init__(self) -> None:
        super().__init__()
        self.waiting: queue.Queue[tuple[str, room.Person | None]] = queue.Queue()
        threading.Thread(target=self.tell_everybody, daemon=True).start()

    def broadcast(self, event: str, but: room.Person | None = None) -> None:
        self.waiting.put((event, but))

    def tell_everybody(self) -> None:
        while True:
            event, but = self.waiting.get()
            super().broadcast(event, but)


if __name__ == "__main__":
    Server(Queued()).run()
