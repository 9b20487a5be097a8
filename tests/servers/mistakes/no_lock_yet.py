"""Mistake 6 seen from the server: LOCK and UNLOCK are not there, incoming text is not held."""

from __future__ import annotations

from . import room
from .on_select import Server


class NoLock(room.Room):
    do_LOCK = None  # type: ignore[assignment]  # what is not there yet
    do_UNLOCK = None  # type: ignore[assignment]


if __name__ == "__main__":
    Server(NoLock()).run()
