"""What the servers of this folder share: the rules of the chat, without a socket.

Each of the others makes one mistake that beginners make; its docstring names it, and the code that
makes it stands in that file. Rules and sockets are right unless a docstring says otherwise: only
what is unusual in a first server (options, extensions) is missing.
"""

from __future__ import annotations

import re
import socket
import sys

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}", re.ASCII)
TOKEN = re.compile(r"[!-~]{1,64}", re.ASCII)
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
MAX_LINE = 4096
MAX_TEXT = 3800


class Person:
    """One connection, named or not. What it is to be sent goes through `send`."""

    def __init__(self) -> None:
        self.name = ""
        self.number = 0
        self.locked = False
        self.held: list[str] = []
        self.buffer = b""
        self.gone = False

    def send(self, line: str) -> None:
        """Sends a line, given without its end."""
        raise NotImplementedError

    def tell(self, event: str) -> None:
        """An event: sent, or held while the lock is on."""
        if self.locked:
            self.held.append(event)
        else:
            self.send(event)

    def unlock(self) -> int:
        """Ends the lock. Returns how many events it held."""
        held, self.held, self.locked = self.held, [], False
        for event in held:
            self.send(event)
        return len(held)


class Refused(Exception):
    """A command that is answered with ERR: a code, and words."""


class Room:
    """Everybody who is here. Who calls it from several threads holds a lock."""

    def __init__(self) -> None:
        self.people: list[Person] = []  # with names
        self.everybody: list[Person] = []  # nameless ones too
        self.last_number = 0
        self.last_seq = 0

    def greet(self, person: Person) -> None:
        """What comes first."""
        self.everybody.append(person)
        person.send("HELLO parley/1 beginner")

    def obey_octets(self, person: Person, octets: bytes) -> bool:
        """One line without its LF. False: the connection has to be closed."""
        if len(octets) >= MAX_LINE:
            person.send("ERR line-too-long - at most 4096 octets")
            return True
        try:
            line = octets.removesuffix(b"\r").decode()
        except UnicodeDecodeError:
            line = "\0"
        if CONTROL.search(line):
            person.send("ERR bad-line - no text")
            return True
        return self.obey(person, line) if line else True

    def obey(self, person: Person, line: str) -> bool:
        """One command. False: the connection has to be closed."""
        verb, _, rest = line.partition(" ")
        method = getattr(self, f"do_{verb.upper()}", None) if verb.isascii() else None
        verb = verb.upper()
        if verb == "PONG":
            return True
        try:
            if not person.name and verb not in ("NICK", "PING", "QUIT"):
                verb = verb if method else "-"
                raise Refused("need-nick", "choose a nickname first")
            if method is None:
                verb = "-"
                raise Refused("unknown-verb", "no such verb")
            method(person, rest)
        except Refused as refused:
            person.send(f"ERR {refused.args[0]} {verb} {refused.args[1]}")
            return True
        return verb != "QUIT"

    def leave(self, person: Person, how: str) -> None:
        """Somebody has gone: the others are told, and the name is free."""
        if person in self.everybody:
            self.everybody.remove(person)
        if person in self.people:
            self.people.remove(person)
            self.broadcast(f"LEFT lobby {person.name} {how}")

    def broadcast(self, event: str, but: Person | None = None) -> None:
        """Tells everybody in the room."""
        for other in list(self.people):
            if other is not but:
                other.tell(event)

    def do_PING(self, person: Person, rest: str) -> None:
        if not TOKEN.fullmatch(rest):
            raise Refused("bad-args", "PING takes a token")
        person.send(f"PONG {rest}")

    def do_NICK(self, person: Person, rest: str) -> None:
        if not rest or " " in rest:
            raise Refused("bad-args", "NICK takes a name")
        if person.name:
            raise Refused("already-named", f"you are {person.name}")
        if not NAME.fullmatch(rest):
            raise Refused("bad-nick", "letters, digits, _ and -")
        if self.is_taken(rest):
            raise Refused("nick-in-use", "this name is taken")
        self.last_number += 1
        person.name, person.number = rest, self.last_number
        self.broadcast(f"JOINED lobby {person.name} {person.number}")
        self.people.append(person)
        person.send(f"OK NICK {person.name} {person.number}")

    def is_taken(self, name: str) -> bool:
        """Whether a member has this name."""
        return any(other.name.lower() == name.lower() for other in self.people)

    def do_SAY(self, person: Person, rest: str) -> None:
        if not rest:
            raise Refused("bad-args", "SAY takes a text")
        if len(rest.encode()) > MAX_TEXT:
            raise Refused("text-too-long", "at most 3800 octets")
        self.last_seq += 1
        self.broadcast(f"MSG lobby {self.last_seq} {person.name} {rest}", but=person)
        person.unlock()
        person.send(f"OK SAY {self.last_seq}")

    def do_WHO(self, person: Person, rest: str) -> None:
        if rest:
            raise Refused("bad-args", "WHO takes nothing")
        for other in self.people:
            person.send(f"HERE {other.name} {other.number}")
        person.send(f"OK WHO {len(self.people)}")

    def do_LOCK(self, person: Person, rest: str) -> None:
        if rest:
            raise Refused("bad-args", "LOCK takes nothing")
        person.locked = True
        person.send("OK LOCK")

    def do_UNLOCK(self, person: Person, rest: str) -> None:
        if rest:
            raise Refused("bad-args", "UNLOCK takes nothing")
        person.send(f"OK UNLOCK {person.unlock()}")

    def do_QUIT(self, person: Person, rest: str) -> None:
        if len(rest.encode()) > MAX_TEXT:
            raise Refused("text-too-long", "at most 3800 octets")
        person.unlock()
        self.leave(person, f"quit {rest}" if rest else "quit")
        person.send("OK QUIT")


def listen() -> socket.socket:
    """Listens where `--host HOST --port PORT` says, and says so."""
    if not sys.argv[4].isdigit():
        print("--port takes a number", file=sys.stderr)
        sys.exit(2)
    try:
        listener = socket.create_server((sys.argv[2], int(sys.argv[4])), backlog=511)
    except OSError as error:
        print(f"cannot listen: {error}", file=sys.stderr)
        sys.exit(1)
    host, port = listener.getsockname()
    print(f"listening on {host} {port}", flush=True)
    return listener
