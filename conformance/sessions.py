"""Plays a session of the spec against a server: sends what it sends, compares what it receives.

Nicknames are replaced by those of the test. Member numbers and seqs bind: where the session says 2,
any number holds as long as it is the same one wherever the session says 2 in that sense.
"""

from __future__ import annotations

from . import lines
from .chat import Chat
from .client import Client
from .lines import Line
from .peer import Violation
from .spec import Session

#: The field of each kind of line that stands for itself, and what it numbers.
_BINDING = {
    "OK NICK": ("number", "member"),
    "HERE": ("number", "member"),
    "JOINED": ("number", "member"),
    "OK SAY": ("seq", "message"),
    "MSG": ("seq", "message"),
    "PAST": ("seq", "message"),
}
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
            if step.direction == ">" and step.line.upper().startswith(("NICK ", "JOIN "))
        }
        self.nicknames -= {"lobby"}
        self.rooms: dict[Client, str] = {}  # where each client is, unless in the lobby
        # What an end of stream causes has no reply to wait for, so no fence can be set for it.
        self.fenced = not any(step.direction == ">" and step.line in _ENDS for step in self.steps)

    def play(self) -> None:
        """Plays all steps. Raises Violation where the server leaves the session."""
        for step in self.steps:
            greets = step.line.startswith("HELLO ")
            client = self._client(step.client, greeted=not greets)
            if step.direction == ">":
                self._send(client, step.line)
            elif step.line == "(end of stream)":
                client.awaits_end()
            elif greets:
                self.chat.greeted(client)
            else:
                self._compare(client, self._renamed(step.line))
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
            client.sends(self._renamed(line))

    def _compare(self, client: Client, expected: str) -> None:
        """The next line of this client, whether reply, item or event, must be the one shown."""
        got = self._next_line(client, expected)
        wanted = lines.parse(expected)
        if not self._same(client, wanted, got):
            raise Violation(
                "the session of the spec goes on differently here",
                client=client,
                expected=self._with_numbers(client, wanted),
                got=got.text,
                requirement=client.rule_against(got),
            )

    def _next_line(self, client: Client, expected: str) -> Line:
        at = self.position[client]
        self.position[client] += 1
        while len(client.stream) <= at:
            if client.commands:
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
            while client.commands:
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
        if got.kind == "OK JOIN":
            self.rooms[client] = got["room"]
        binding, sense = self._binding(client, wanted)
        for field, value in wanted.fields.items():
            if field == binding:
                if self.bound.setdefault((sense, value), got[field]) != got[field]:
                    return False
            elif field == "time":  # of a PAST: an example
                continue
            elif got[field] != value:
                return False
        numbers = [number for (kind, _), number in self.bound.items() if kind == sense]
        return len(numbers) == len(set(numbers))  # two that differ in the spec differ here

    def _binding(self, client: Client, line: Line) -> tuple[str, str]:
        """The field of a line that stands for itself, and what it counts: each room's messages."""
        binding, sense = _BINDING.get(line.kind, ("", ""))
        if binding == "seq":
            sense += f" of {line.fields.get('room') or self.rooms.get(client, 'lobby')}"
        return binding, sense

    def _with_numbers(self, client: Client, wanted: Line) -> str:
        """The expected line with what is bound so far."""
        binding, sense = self._binding(client, wanted)
        shown = wanted.fields.get(binding, "")
        bound = self.bound.get((sense, shown), shown)
        return wanted.text.replace(f" {shown}", f" {bound}", 1) if shown else wanted.text

    def _renamed(self, line: str) -> str:
        """The line with the nicknames of this test: alice becomes alice_1f."""
        words = line.split(" ")
        return " ".join(
            self.chat.nick(word) if word.lower() in self.nicknames and lines.is_name(word) else word
            for word in words
        )
