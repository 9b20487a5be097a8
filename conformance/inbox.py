"""What a client has received, line by line: the answers to its commands, and the events.

It opens nothing and waits for nothing: lines come in, and what no server may send in that place is
refused. Which commands are still to be answered, it is told by whoever sends them.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from .lines import Line, Malformed, escape

#: The commands that each kind of item answers.
LISTINGS = {"HERE": ("WHO",), "ROOM": ("ROOMS",), "PAST": ("HISTORY",)}
#: How the tokens of the suite's own PINGs begin.
FENCE = "fence-"


@dataclass
class Answer:
    """What a command brought: its items, its final reply, and the events that came before that."""

    final: Line
    items: list[Line] = field(default_factory=list)
    events: list[Line] = field(default_factory=list)


class Inbox:
    """Answers and events of one connection, each in its order, until somebody looks at them."""

    def __init__(self) -> None:
        self.greeting: Line | None = None
        self.commands: deque[str] = deque()  # sent, and not yet answered
        self.answers: deque[Answer] = deque()  # complete, and not yet looked at
        self.events: deque[Line] = deque()  # received, and not yet looked at
        self.stream: list[Line] = []  # replies, items and events in their order; no fences
        self.said_bye: Line | None = None
        self.has_quit = False  # and was told so: nothing more may come
        self.pings = 0  # that the server has sent of its own accord
        self.answers_pings = True
        self.probes: set[str] = set()  # tokens of our own PINGs: no commands of the test
        self._reading = Answer(Line("", "", "", {}))  # items and events of the answer under way

    def sort(self, line: Line) -> None:
        """Puts a line where it belongs: to the answer under way, or to the events.

        Raises Malformed for what no server may send now.
        """
        if self._reading.items and line.role not in ("item", "reply"):
            raise Malformed("WHO-4", "another line within a listing", line.text)
        if self.said_bye:
            raise Malformed("STOP-1", "a line after BYE", line.text)
        if self.has_quit:
            raise Malformed("QUIT-1", "a line after OK QUIT", line.text)
        if self.greeting is None:
            if line.kind == "BYE":
                self.said_bye = line
            elif line.role != "greeting":
                raise Malformed("HELLO-1", "the first line is not HELLO", line.text)
            self.greeting = line
        elif line.role == "reply":
            self._finish(line)
        elif line.role == "item":
            asked = self.commands[0].split(" ")[0].upper() if self.commands else ""
            if asked not in LISTINGS.get(line.kind, ()):
                raise Malformed("CMD-3", "an item of a listing that nobody asked for", line.text)
            self._reading.items.append(line)
            self.stream.append(line)
        elif line.role == "ping":
            self.pings += 1
            if self.answers_pings:
                self.answers_ping(line["token"])
        elif self.heeds(line):
            if line.kind == "BYE":
                self.said_bye = line
            self._reading.events.append(line)
            self.events.append(line)
            self.stream.append(line)
        elif line.role == "greeting":
            raise Malformed("HELLO-1", "a second HELLO", line.text)

    def _finish(self, final: Line) -> None:
        if not self.commands:
            raise Malformed("CMD-3", "a reply to nothing: every command was answered", final.text)
        command = self.commands.popleft()
        verb = command.split(" ", 1)[0].upper()
        self.answered()
        if self.is_probe(command) and final.text != command.replace("PING", "PONG", 1):
            raise Malformed("PING-1", f"this does not answer {escape(command)}", final.text)
        if final.kind == "PONG" and final["token"] in self.probes:
            if command != f"PING {final['token']}":
                raise Malformed(
                    "CMD-3",
                    f"{escape(command)[:80]} was never answered, but the PING sent after it was",
                    final.text,
                )
            self.probes.discard(final["token"])
            return  # a probe is no command of the test
        if final.kind == "ERR":
            mine = final["verb"] in (verb, "-")
        else:
            mine = final.kind.rstrip("?") == ("PONG" if verb == "PING" else f"OK {verb}")
        if not mine:
            raise Malformed("CMD-3", f"this does not answer {escape(command)[:80]}", final.text)
        self.has_quit = final.kind == "OK QUIT"
        if not (final.kind == "PONG" and final["token"].startswith(FENCE)):
            self.stream.append(final)
        self._reading.final = final
        self.answers.append(self._reading)
        self._reading = Answer(Line("", "", "", {}))

    def is_probe(self, command: str) -> bool:
        """Whether a command is a PING of our own."""
        return command.removeprefix("PING ") in self.probes

    # What a connection adds

    def heeds(self, line: Line) -> bool:
        """Whether a line is an event for the test; of private ones it is those that it is about."""
        raise NotImplementedError

    def answers_ping(self, token: str) -> None:
        """Sends the PONG to a PING of the server."""
        raise NotImplementedError

    def answered(self) -> None:
        """A command fewer is to be answered."""
        raise NotImplementedError
