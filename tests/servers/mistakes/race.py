"""Threads without a lock: between the look at the names and taking one, others run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from typing import IO

from . import room
from .on_threads import Server


class WithLog(room.Room):
    """Writes down who comes, and waits until the disk has it."""

    def __init__(self, log: IO[str]) -> None:
        super().__init__()
        self.log = log

    def is_taken(self, name: str) -> bool:
        taken = super().is_taken(name)
        if not taken:
            print(name, "comes", file=self.log, flush=True)
            os.fsync(self.log.fileno())
        return taken


class NoLock(Server):
    def __init__(self, log: IO[str]) -> None:
        super().__init__(WithLog(log))
        self.lock = contextlib.nullcontext()  # type: ignore[assignment]  # there is none


if __name__ == "__main__":
    with tempfile.TemporaryFile("w") as log:
        NoLock(log).run()
