"""A server that is flaky on purpose: the first one that is started on a mark doubles a message.

Whoever starts it again with the same mark gets a sound server: the failure does not repeat.
"""

from __future__ import annotations

import os
import sys

from impl_poll.server import Server
from parley import launch
from parley.hub import Hub, Member, Room


class DoublesOnce(Hub):
    """The first message is told twice, by the first server that says anything."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        super().publish(room, *fields, but=but)
        if fields[0] == "MSG" and len(room.members) > 1:
            try:
                os.close(os.open(MARK, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return
            super().publish(room, *fields, but=but)


MARK = sys.argv.pop(1)
if __name__ == "__main__":
    sys.exit(launch.main("fails-once", Server, DoublesOnce))
