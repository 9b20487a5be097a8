"""Sections 3 to 11 of protocol.md: lines, names, talking, presence, leaving, the lock."""

from __future__ import annotations

import re

from . import words
from .state import WORDS, Owed, Person, Room
from .words import Refused

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_VERB = re.compile(r"[A-Za-z]{1,16}", re.ASCII)
#: What a connection may send before it has a name (NEED-1).
_NAMELESS = ("NICK", "LOGIN", "PING", "PONG", "QUIT")


def read(line: bytes) -> tuple[str, str] | None:
    """A line, without its LF, as verb and arguments. None: an empty line (OCTET-4)."""
    if len(line) + 1 > 4096:
        raise Refused("line-too-long", "OCTET-6")
    try:
        content = line.removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise Refused("bad-line", "OCTET-7") from None
    if _CONTROL.search(content):
        raise Refused("bad-line", "OCTET-8")
    if not content:
        return None
    verb, _, arguments = content.partition(" ")
    return (verb.upper() if _VERB.fullmatch(verb) else ""), arguments


class Core:
    """A server without extensions. A method `do_verb` says what VERB does."""

    VERBS: tuple[str, ...] = ("NICK", "SAY", "WHO", "LOCK", "UNLOCK", "PING", "PONG", "QUIT")

    def __init__(self, hold_count: int | None) -> None:
        self.hold_count = hold_count  # events held, at most; None: more than anybody here is held
        self.verbs: set[str] = set(Core.VERBS)
        self.people: dict[str, Person] = {}  # all connections, by the label of the client
        self.members: dict[str, Person] = {}  # by name, in lower case
        self.lobby = Room("lobby")
        self.last_number = 0
        self.owed: dict[str, list[Owed]] = {}  # what each client has to receive, in order
        self.chosen = ""  # the code with which the server has refused the line, where it may
        self._runs = 0

    # What happens to a server

    def connects(self, label: str) -> None:
        """HELLO-1 is not among what is owed: every client awaits it by itself."""
        self.people[label] = Person(label)
        self.owed[label] = []

    def obeys(self, label: str, line: bytes, chosen: str = "") -> None:
        """One line arrives. `chosen`: the code of the refusal, where the server had a choice."""
        person, self.chosen = self.people[label], chosen
        if person.gone:
            return  # QUIT-4: neither obeyed nor answered
        known = "-"
        try:
            command = read(line)
            if command is None:
                return
            verb, arguments = command
            known = verb if verb in self.verbs else "-"
            if not person.name and known not in _NAMELESS:
                raise Refused("need-nick", "NEED-1" if known == "-" else "NEED-2")
            if known == "-":
                raise Refused("unknown-verb", "ERR-2")
            getattr(self, f"do_{verb.lower()}")(person, arguments)
        except Refused as refused:
            self.tells(person, f"ERR {refused.code} {known} {WORDS}", refused.rule)

    def ends(self, label: str) -> None:
        """The client ends its direction, or all of the connection (LEFT-1, LEFT-2)."""
        person = self.people[label]
        self.leaves(person, "closed", "LEFT-1", "LOCK-11")
        person.ends = True

    # What verbs are made of

    def tells(self, person: Person, text: str, rule: str, run: int = 0, transfer: int = 0) -> None:
        """A line that is sent at once, lock or no lock: a reply, mostly (LOCK-2)."""
        self.owed[person.label].append(Owed(text, rule, run, transfer))

    def happens(self, person: Person, event: Owed) -> None:
        """An event that a lock holds, until there is one too many (LOCK-1, LOCK-14)."""
        if person.held is None:
            self.owed[person.label].append(event)
            return
        person.held.append(event)
        if self.hold_count is not None and len(person.held) > self.hold_count:
            self.unlocks(person, "LOCK-14")
            self.tells(person, "UNLOCKED overflow", "LOCK-14")

    def everybody_hears(self, room: Room, text: str, rule: str, but: Person) -> None:
        """Appends an event to a room's log."""
        for each in room.people:
            if each is not but:
                self.happens(each, Owed(text, rule))

    def unlocks(self, person: Person, rule: str) -> int:
        """Ends the lock, if there is one: first of all comes what was held. How much was it?"""
        held, person.held = person.held or [], None
        for each in held:
            self.owed[person.label].append(Owed(each.text, rule, each.run, each.transfer))
        return len(held)

    def joins(self, person: Person, room: Room, rule: str = "JOINED-1") -> None:
        """The others are told, then the newcomer belongs to them (JOINED-2, JOINED-3)."""
        text = f"JOINED {room.name} {person.name} {person.number}"
        self.everybody_hears(room, text, rule, but=person)
        room.people.append(person)
        person.room = room

    def leaves(self, person: Person, cause: str, rule: str, lock: str, last: str = "") -> None:
        """Somebody goes. What was held comes to him; `LEFT` is the last that others hear of it."""
        self.unlocks(person, lock)
        person.gone = True
        if person.name:
            room = person.here
            room.people.remove(person)
            del self.members[words.same(person.name)]
            text = f"LEFT {room.name} {person.name} {cause}" + (f" {last}" if last else "")
            self.everybody_hears(room, text, rule, but=person)

    def gives_name(self, person: Person, name: str) -> None:
        """NICK-6: numbers have no gaps. A member begins in the lobby."""
        self.last_number += 1
        person.name, person.number = name, self.last_number
        self.members[words.same(name)] = person
        self.joins(person, self.lobby)

    def a_run(self) -> int:
        """A new mark for lines that may come in any order."""
        self._runs += 1
        return self._runs

    # The verbs

    def do_nick(self, person: Person, arguments: str) -> None:
        name = words.one_word(arguments)
        if person.name:
            raise Refused("already-named", "NICK-9")
        if not words.is_name(name):
            raise Refused("bad-nick", "NICK-3")
        self.check_registered(name)
        if words.same(name) in self.members:
            raise Refused("nick-in-use", "NICK-4")
        self.gives_name(person, name)
        self.tells(person, f"OK NICK {name} {person.number}", "NICK-1")

    def check_registered(self, name: str) -> None:
        """Whether a nickname has a password: not in the core."""

    def do_say(self, person: Person, arguments: str) -> None:
        if not arguments:
            raise Refused("bad-args", "SAY-11")
        text = words.short_enough(arguments, "SAY-12")
        self.unlocks(person, "LOCK-8")
        room = person.here
        room.seq += 1
        room.past.append((room.seq, person.name, text))
        rule = "SAY-2" if room is self.lobby else "ROOM-4"
        self.everybody_hears(
            room, f"MSG {room.name} {room.seq} {person.name} {text}", rule, but=person
        )
        self.tells(person, f"OK SAY {room.seq}", "SAY-1")

    def do_who(self, person: Person, arguments: str) -> None:
        words.nothing(arguments, "WHO-6")
        self.lists(person, person.here, "WHO-1")

    def lists(self, person: Person, room: Room, rule: str) -> None:
        """Who is in a room; the order of the items is not specified."""
        run = self.a_run()
        for each in room.people:
            self.tells(person, f"HERE {each.name} {each.number}", rule, run)
        self.tells(person, f"OK WHO {len(room.people)}", rule)

    def do_lock(self, person: Person, arguments: str) -> None:
        words.nothing(arguments, "LOCK-16")
        if person.held is None:  # LOCK-6: otherwise what is held stays held
            person.held = []
        self.tells(person, "OK LOCK", "LOCK-1")

    def do_unlock(self, person: Person, arguments: str) -> None:
        words.nothing(arguments, "LOCK-16")
        count = self.unlocks(person, "LOCK-4")
        self.tells(person, f"OK UNLOCK {count}", "LOCK-4")

    def do_ping(self, person: Person, arguments: str) -> None:
        self.tells(person, f"PONG {words.one_token(arguments)}", "PING-1")

    def do_pong(self, person: Person, arguments: str) -> None:
        """PONG-1: never answered, whatever its arguments."""

    def do_quit(self, person: Person, arguments: str) -> None:
        last = words.short_enough(arguments, "QUIT-5")
        self.leaves(person, "quit", "QUIT-2", "LOCK-10", last)
        self.tells(person, "OK QUIT", "QUIT-1")
        person.ends = True
