"""Plays a session of the spec against a server: sends what it sends, compares what it receives.

Nicknames are replaced by those of the test. Member numbers and seqs bind: where the session says 2,
any number holds as long as it is the same one wherever the session says 2 in that sense.
"""

from __future__ import annotations

from . import lines
from .chat import Chat
from .client import Client
from .lines import Line
from .spec import PRIVATE, Session, Step
from .violation import Violation

#: The field of each kind of line that stands for itself, and what it numbers.
_BINDING = {
    "OK NICK": ("number", "member"),
    "OK LOGIN": ("number", "member"),
    "HERE": ("number", "member"),
    "JOINED": ("number", "member"),
    "OK SAY": ("seq", "message"),
    "MSG": ("seq", "message"),
    "PAST": ("seq", "message"),
    **dict.fromkeys(
        (
            *("OK OFFER", "OK ACCEPT", "OK DECLINE", "OK MORE", "OK CHUNK", "OK DONE", "OK ABORT"),
            *("OFFERED", "ACCEPTED", "DECLINED", "MORE", "DATA", "DONE", "ABORTED"),
        ),
        ("id", "transfer"),
    ),
}
#: The commands whose first argument stands for itself in the same way.
_NUMBERED = ("ACCEPT", "DECLINE", "MORE", "CHUNK", "DONE", "ABORT")
_ENDS = ("(end of stream)", "(reset)")


class Player:
    """The clients of one session, by the names that the spec gives them."""

    def __init__(self, chat: Chat, session: Session) -> None:
        self.chat = chat
        self.steps = session.steps
        self.people: dict[str, Client] = {}
        self.position: dict[Client, int] = {}  # how much of each stream has been compared
        self.bound: dict[tuple[str, str], str] = {}
        self.nicknames = {step.client for step in session.steps}
        self.nicknames |= {
            step.line.split(" ")[1].lower()
            for step in session.steps
            if step.direction == ">" and step.line.upper().startswith(("NICK ", "LOGIN ", "JOIN "))
        }
        self.nicknames -= {"lobby"}
        self.items_left: list[str] = []  # of the listing under way: those that have not come
        self.rooms: dict[Client, str] = {}  # where each client is, unless in the lobby
        # What an end of stream causes has no reply to wait for, so no fence can be set for it.
        self.fenced = not any(step.direction == ">" and step.line in _ENDS for step in self.steps)

    def play(self) -> None:
        """Plays all steps. Raises Violation where the server leaves the session."""
        for number, step in enumerate(self.steps):
            greets = step.line.startswith("HELLO ")
            client = self._client(step.client, greeted=not greets)
            if step.direction == ">":
                self._send(client, step.line)
            elif step.line == "(end of stream)":
                client.awaits_end()
            elif greets:
                self.chat.greeted(client)
            else:
                self._compare(client, self._alternatives(number))
        self._await_answers()
        for client in self.chat.clients:
            self._expect_nothing_more(client)

    def _client(self, name: str, greeted: bool) -> Client:
        if name not in self.people:
            self.people[name] = client = Client(self.chat, name)
            self.position[client] = 0
            if greeted:
                self.chat.greeted(client)
        return self.people[name]

    def _send(self, client: Client, line: str) -> None:
        if line == "(end of stream)":
            client.half_closes()
        elif line == "(reset)":
            client.resets()
        else:
            client.sends(self._numbered(self._renamed(line)))

    def _alternatives(self, number: int) -> list[str]:
        """The lines that may come at a step: the one shown, or another item of the same listing.

        The order of items is not specified; one that has come is not expected again.
        """
        step = self.steps[number]
        start = stop = number
        while start > 0 and self._is_item_of(self.steps[start - 1], step):
            start -= 1
        while stop < len(self.steps) and self._is_item_of(self.steps[stop], step):
            stop += 1
        run = [self._renamed(each.line) for each in self.steps[start:stop]]
        if start == number:
            self.items_left = run
        return self.items_left if run else [self._renamed(step.line)]

    def _is_item_of(self, one: Step, other: Step) -> bool:
        """Whether two steps are items of one kind that the same client receives."""
        kind = one.line.split(" ")[0]
        same = one.client == other.client and one.direction == other.direction == "<"
        return same and kind in ("HERE", "ROOM") and kind == other.line.split(" ")[0]

    def _compare(self, client: Client, alternatives: list[str]) -> None:
        """The next line of this client, whether reply, item or event, must be one of these."""
        self.chat.looked_at += 1
        got = self._next_line(client, alternatives[0])
        for expected in alternatives:
            if self._same(client, lines.parse(expected), got):
                alternatives.remove(expected)
                return
        raise Violation(
            "the session of the spec goes on differently here",
            client=client,
            expected=self._with_numbers(client, lines.parse(alternatives[0]), got),
            got=got.text,
            requirement=client.rule_against(got),
        )

    def _next_line(self, client: Client, expected: str) -> Line:
        at = self.position[client]
        self.position[client] += 1
        while len(client.stream) <= at:
            if client.waits:
                client.answer()
            elif not self.fenced:
                client.awaits_more(at, expected)
            else:
                self._await_answers()  # a fence proves nothing while the cause is on its way
                client.fence()
                if len(client.stream) <= at:
                    raise Violation(
                        "a line is missing: the PING sent afterwards was answered without it",
                        client=client,
                        expected=expected,
                        got="(nothing)",
                    )
        return client.stream[at]

    def _await_answers(self) -> None:
        """Waits for all answers that are due; they are in the streams when they have come."""
        for client in self.chat.clients:
            while client.waits:
                client.answer()
            client.answers.clear()

    def _expect_nothing_more(self, client: Client) -> None:
        if client.ended is None and not client.has_quit and not client.half_closed:
            client.fence()
        if len(client.stream) > self.position[client]:
            surplus = client.stream[self.position[client]]
            raise Violation(
                "the session of the spec has no such line",
                client=client,
                expected="(nothing)",
                got=surplus.text,
                requirement=client.rule_against(surplus),
            )
        client.events.clear()

    def _same(self, client: Client, wanted: Line, got: Line) -> bool:
        if wanted.kind != got.kind:
            return False
        if wanted.kind == "BYE":
            return True
        if wanted.kind.removeprefix("OK ").startswith(PRIVATE):  # what its words mean is not known
            return wanted.text == got.text
        if got.kind == "OK JOIN":
            self.rooms[client] = got["room"]
        binding, sense = self._binding(client, wanted)
        for field, value in wanted.fields.items():
            if field not in (binding, "time") and got[field] != value:  # the time of a PAST varies
                return False
        return not binding or self._binds(sense, wanted[binding], got[binding])

    def _binds(self, sense: str, shown: str, number: str) -> bool:
        """Whether a number can stand for the one that the spec shows: then from now on it does."""
        taken = {each for (kind, _), each in self.bound.items() if kind == sense}
        bound = self.bound.get((sense, shown))
        if number != bound and (bound is not None or number in taken):
            return False
        self.bound[(sense, shown)] = number
        return True

    def _binding(self, client: Client, line: Line) -> tuple[str, str]:
        """The field of a line that stands for itself, and what it counts: each room's messages."""
        binding, sense = _BINDING.get(line.kind, ("", ""))
        if binding == "seq":
            sense += f" of {line.fields.get('room') or self.rooms.get(client, 'lobby')}"
        return binding, sense

    def _with_numbers(self, client: Client, wanted: Line, got: Line) -> str:
        """The expected line with what is bound so far, and with a number that could yet bind."""
        binding, sense = self._binding(client, wanted)
        shown = wanted.fields.get(binding, "")
        bound = self.bound.get((sense, shown), shown)
        if got.kind == wanted.kind and shown and self._binds(sense, shown, got[binding]):
            bound = got[binding]
        return wanted.text.replace(f" {shown}", f" {bound}", 1) if shown else wanted.text

    def _numbered(self, command: str) -> str:
        """A command on a transfer with the id that the server gave it."""
        verb, *rest = command.split(" ")
        if verb in _NUMBERED and rest:
            rest[0] = self.bound.get(("transfer", rest[0]), rest[0])
        return " ".join([verb, *rest])

    def _renamed(self, line: str) -> str:
        """The line with the nicknames of this test: alice becomes alice_1f."""
        words = line.split(" ")
        return " ".join(
            self.chat.nick(word) if word.lower() in self.nicknames and lines.is_name(word) else word
            for word in words
        )
