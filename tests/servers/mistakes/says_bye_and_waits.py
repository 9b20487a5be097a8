"""Mistake 5, half mended: Ctrl-C says goodbye, and then waits for threads that wait in recv()."""

from __future__ import annotations

import contextlib
import signal
import socket

from .on_threads import Person, Server


class WaitsForThreads(Server):
    daemon = False

    def stop(self) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with self.lock:
            for person in self.room.everybody:
                assert isinstance(person, Person)
                person.unlock()
                person.send("BYE server shutting down")
                with contextlib.suppress(OSError):
                    person.conn.shutdown(socket.SHUT_WR)


if __name__ == "__main__":
    WaitsForThreads().run()
