"""A sound server that takes its time: whatever the suite says against it is wrong.

It obeys and sends long after it could, and serves those who wait in any order. All of that is
allowed: the protocol says what comes before what, and hardly ever when.
"""

import random
import sys
import time
from unittest import mock

from impl_threads import server
from impl_threads.connection import Connection
from parley import launch
from parley.hub import Member, Outcome

#: Of so many occasions to dawdle one is taken.
SELDOM = 4
#: How long that is at most, in seconds.
LONG = 0.005


def dawdle() -> None:
    """Waits for a while, or does not."""
    if not random.randrange(SELDOM):
        time.sleep(random.random() * LONG)


class Dawdler(Connection):
    """Obeys late, is sent what is its own late, and leaves late."""

    def obey(self, line: bytes) -> Outcome | None:
        dawdle()
        return super().obey(line)

    def leave(self) -> None:
        dawdle()
        super().leave()

    def send(self, data: bytes) -> None:
        dawdle()
        super().send(data)


class Server(server.Server):
    """Sends in any order what its clients are sent in one turn."""

    def run(self) -> int:
        take_ready = self.hub.take_ready

        def in_any_order() -> list[Member]:
            ready = take_ready()
            random.shuffle(ready)
            return ready

        self.hub.take_ready = in_any_order  # type: ignore[method-assign]
        return super().run()


if __name__ == "__main__":
    with mock.patch.object(server, "Connection", Dawdler):
        sys.exit(launch.main("dawdling", Server))
