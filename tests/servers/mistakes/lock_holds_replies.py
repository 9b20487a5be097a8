"""Mistake 6 half mended: the lock holds everything that is sent to a member, replies too."""

from __future__ import annotations

from . import on_select


class Person(on_select.Person):
    def send(self, line: str) -> None:
        if self.locked and line != "OK LOCK":
            self.held.append(line)
        else:
            super().send(line)


class HoldsAll(on_select.Server):
    person = Person


if __name__ == "__main__":
    HoldsAll().run()
