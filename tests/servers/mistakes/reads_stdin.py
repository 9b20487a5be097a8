"""Mistake 14 seen from the server: select() on standard input too, for commands of its owner."""

from __future__ import annotations

import select
import sys

from .on_select import Server


class WithConsole(Server):
    def turn(self) -> None:
        wanted = [self.listener, self.stopping, *self.people]
        owed = [sock for sock, person in self.people.items() if person.outbox]
        readable, writable, _ = select.select([sys.stdin, *wanted], owed, [])
        if sys.stdin in readable and sys.stdin.readline().strip() == "stop":
            self.stop()
        if writable or readable != [sys.stdin]:
            super().turn()


if __name__ == "__main__":
    WithConsole().run()
