"""Sections 16 to 19 of protocol.md: the extensions direct, rooms, history and accounts."""

from __future__ import annotations

from . import words
from .core import Core
from .state import SOME_TIME, Owed, Person, Room
from .words import Refused


class Direct(Core):
    """Section 16."""

    def do_tell(self, person: Person, arguments: str) -> None:
        name, text = words.some_words(arguments, 2, "TELL-8")
        words.short_enough(text, "TELL-8")
        other = self.members.get(words.same(name))
        if other is None:
            raise Refused("no-such-nick", "TELL-5")
        self.happens(other, Owed(f"TOLD {person.name} {text}", "TELL-2"))
        self.tells(person, f"OK TELL {other.name}", "TELL-1")


class Rooms(Core):
    """Section 17. Rooms of which nobody is left are remembered, with their seq (ROOM-6)."""

    def __init__(self, hold_count: int | None) -> None:
        super().__init__(hold_count)
        self.rooms = {"lobby": self.lobby}  # by name, in lower case

    def do_join(self, person: Person, arguments: str) -> None:
        name = words.one_word(arguments, "ROOM-14")
        if not words.is_name(name):
            raise Refused("bad-room", "ROOM-7")
        room = self.rooms.get(words.same(name))
        if room is None and self.chosen == "too-many-rooms":
            raise Refused("too-many-rooms", "ROOM-1")
        if room is None:
            room = self.rooms[words.same(name)] = Room(name)
        self.unlocks(person, "ROOM-12")
        if room is not person.room:
            old = person.here
            old.people.remove(person)
            text = f"LEFT {old.name} {person.name} moved"
            self.everybody_hears(old, text, "ROOM-2", but=person)
            self.joins(person, room, "ROOM-2")
        self.tells(person, f"OK JOIN {room.name} {len(room.people)}", "ROOM-1")

    def do_rooms(self, person: Person, arguments: str) -> None:
        words.nothing(arguments, "ROOM-14")
        listed = [room for room in self.rooms.values() if room.people or room is self.lobby]
        run = self.a_run()
        for room in listed:
            self.tells(person, f"ROOM {room.name} {len(room.people)}", "ROOM-8", run)
        self.tells(person, f"OK ROOMS {len(listed)}", "ROOM-8")

    def do_who(self, person: Person, arguments: str) -> None:
        if not arguments or "ROOMS" not in self.verbs:
            super().do_who(person, arguments)
            return
        room = self.rooms.get(words.same(words.one_word(arguments, "ROOM-14")))
        if room is None or not (room.people or room is self.lobby):
            raise Refused("no-such-room", "ROOM-10")
        self.lists(person, room, "ROOM-10")


class History(Core):
    """Section 18. How much a server remembers beyond 100 messages of a room is its own affair."""

    def do_history(self, person: Person, arguments: str) -> None:
        count = words.a_number(words.one_word(arguments, "HIST-8"), "HIST-8") if arguments else 50
        past = person.here.past[-count:] if count else []
        for seq, name, text in past:
            line = f"PAST {person.here.name} {seq} {SOME_TIME} {name} {text}"
            self.tells(person, line, "HIST-1")
        self.tells(person, f"OK HISTORY {len(past)}", "HIST-1")


class Accounts(Core):
    """Section 19."""

    def __init__(self, hold_count: int | None) -> None:
        super().__init__(hold_count)
        self.accounts: dict[str, tuple[str, str]] = {}  # by name: its spelling and the password

    def check_registered(self, name: str) -> None:
        if words.same(name) in self.accounts:
            raise Refused("nick-registered", "ACCT-4")

    def do_register(self, person: Person, arguments: str) -> None:
        password = words.one_token(arguments, "ACCT-18")
        if words.same(person.name) in self.accounts:
            raise Refused("already-registered", "ACCT-14")
        if len(password) < 8:
            raise Refused("bad-password", "ACCT-17")
        if self.chosen in ("too-many-accounts", "busy"):
            raise Refused(self.chosen, "ACCT-12")
        self.accounts[words.same(person.name)] = (person.name, password)
        self.tells(person, "OK REGISTER", "ACCT-1")

    def do_login(self, person: Person, arguments: str) -> None:
        name, password = words.some_words(arguments, 2, "ACCT-18")
        words.one_token(password, "ACCT-18")
        if person.name:
            raise Refused("already-named", "ACCT-15")
        if self.chosen == "busy":
            raise Refused("busy", "ACCT-12")
        spelling, right = self.accounts.get(words.same(name), ("", ""))
        if password != right:
            self.counts_wrong_try(person)
            return
        if words.same(name) in self.members:
            raise Refused("nick-in-use", "ACCT-7")
        self.gives_name(person, spelling)
        self.tells(person, f"OK LOGIN {spelling} {person.number}", "ACCT-2")

    def counts_wrong_try(self, person: Person) -> None:
        """ACCT-9: with the third comes BYE."""
        person.wrong_tries += 1
        self.tells(person, "ERR bad-login LOGIN (words)", "ACCT-5")
        if person.wrong_tries == 3:
            self.tells(person, "BYE (words)", "ACCT-9")
            person.gone = person.ends = True
