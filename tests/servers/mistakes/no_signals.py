"""Mistake 5: threads that are no daemons, and nothing is said about Ctrl-C."""

from __future__ import annotations

import threading

from .on_threads import Server


class NoDaemons(Server):
    def run(self) -> None:
        with self.listen() as listener:
            while True:
                conn, _ = listener.accept()
                threading.Thread(target=self.serve, args=(conn,)).start()


if __name__ == "__main__":
    NoDaemons().run()
