"""Mistake 15: a word of welcome for people, before HELLO."""

from __future__ import annotations

from . import room
from .on_select import Server


class Welcomes(room.Room):
    def greet(self, person: room.Person) -> None:
        person.send("Welcome to the chat of the beginners!")
        super().greet(person)


if __name__ == "__main__":
    Server(Welcomes()).run()
