"""A server as in the first chapter: one client at a time, from accept() to its end."""

from __future__ import annotations

from .on_threads import Server


class OneByOne(Server):
    def run(self) -> None:
        with self.listen() as listener:
            while True:
                conn, _ = listener.accept()
                self.serve(conn)


if __name__ == "__main__":
    OneByOne().run()
