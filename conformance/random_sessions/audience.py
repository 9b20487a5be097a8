"""Who listens in a session: clients whose streams are compared with what the model owes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from ..chat import Chat
from ..client import Client
from ..lines import escape
from ..model import World
from ..spec import Step
from ..violation import Violation
from .compare import Comparer, Difference, rule_broken, says_why, shown
from .moves import HALF_CLOSE

#: What an event that comes twice breaks.
_ONCE = {"MSG": "SAY-2", "JOINED": "JOINED-1", "LEFT": "LEFT-1", "TOLD": "TELL-2"}


class Audience:
    """All clients of a session, and the steps that it has had so far."""

    def __init__(self, chat: Chat, world: World) -> None:
        self.chat = chat
        self.world = world
        self.steps: list[Step] = []
        self.clients: dict[str, Client] = {}  # those that are connected
        self.begun: dict[str, tuple[bytes, int]] = {}  # unfinished lines: all of it, octets sent
        self.ahead = 0  # how many of the last steps are owed, and have not come: after a failure
        self._compared: dict[str, int] = {}  # how many lines of each stream
        self._comparer = Comparer(world.ids)

    def _compare_all(self, speakers: Iterable[str] = ()) -> None:
        """Everybody has received what it is owed and nothing else: shown by a fence.

        Who is in the middle of a line cannot ask for one; what it is owed is awaited.
        """
        fenced = [
            client
            for label, client in self.clients.items()
            if label not in self.begun and not self.world.people[label].gone
        ]
        try:
            for client in fenced:
                client.sends(f"PING {self.chat.token()}")
            for client in fenced:
                client.answer()
            self._await_owed(self.begun)
            leaving = [label for label in self.clients if self.world.people[label].ends]
            for label in leaving:
                self.clients[label].awaits_end()
        except Violation as violation:
            self._compare_what_came(violation)
            raise
        first = list(speakers)
        labels = [*first, *(label for label in self.clients if label not in first)]
        streams = {label: self._look(label) for label in labels if label in self.clients}
        wrong = next((label for label, found in streams.items() if found[1]), None)
        for label in [*labels[len(first) :], *first]:  # events first, as the spec shows it
            if label in streams and label != wrong:
                self._record(label, streams[label][0], all_owed=wrong is not None)
        if wrong is not None:
            self._blame(wrong, *streams[wrong])
        for label in leaving:
            self._is_over(label)

    def _await_owed(self, labels: Iterable[str]) -> None:
        for label in labels:
            client, owed = self.clients[label], self.world.owed[label]
            while len(client.stream) < self._compared[label] + len(owed):
                expected = owed[len(client.stream) - self._compared[label]]
                try:
                    client.awaits_more(len(client.stream), self._comparer.text(expected))
                except Violation as violation:
                    violation.requirement = violation.requirement or expected.rule
                    raise

    def _is_over(self, label: str) -> None:
        """The server has ended a stream, as it had to: not by a reset."""
        client = self.clients.pop(label)
        self.steps.append(Step(label, "<", HALF_CLOSE))
        if client.ended != "end of stream":
            raise Violation(
                "the server has to end the stream, not to reset the connection",
                client=client,
                expected=HALF_CLOSE,
                got=f"({client.ended})",
            )

    def _look(self, label: str) -> tuple[int, Difference | None]:
        """How many lines of a stream are as the model says, and the first that is not."""
        came = self.clients[label].stream[self._compared[label] :]
        owed = self.world.owed[label]
        return self._comparer.compare(owed, came) if came or owed else (0, None)

    def _record(self, label: str, count: int, all_owed: bool = False) -> int:
        """So many lines are as they ought to be: they become steps of the session.

        With `all_owed`, what ought to come behind them does, too. How many lines is that?
        """
        start = self._compared[label]
        came = self.clients[label].stream[start : start + count]
        self.steps += [Step(label, "<", shown(line)) for line in came]
        self._compared[label] += count
        owed = self.world.owed[label]
        del owed[:count]
        if all_owed:
            texts = map(self._comparer.text, owed)
            self.steps += [Step(label, "<", escape(text)) for text in texts]
        return len(owed)

    def _blame(self, label: str, count: int, difference: Difference | None) -> NoReturn:
        """The session ends with the lines that ought to have come: who has others holds it."""
        assert difference
        self.ahead = self._record(label, count, all_owed=True)
        client, got = self.clients[label], difference.got
        expected = difference.expected and self._comparer.text(difference.expected)
        other = None
        if got:
            other = client.rule_against(got)
            if any(line.text == got.text for line in client.stream[: self._compared[label]]):
                other = other or _ONCE.get(got.kind)
            elif self.world.people[label].held is not None and got.role == "event":
                other = other or "LOCK-1"
        raise Violation(
            says_why(difference),
            client=client,
            expected=expected or "(nothing)",
            got=got.text if got else "(nothing)",
            requirement=rule_broken(difference, other),
        )

    def _compare_what_came(self, violation: Violation) -> None:
        """After a failure: what had come by then, and what ought to come next to whom it failed.

        If a line that came is wrong already, that is the failure.
        """
        failing = violation.client.label if violation.client else ""
        streams = {label: self._look(label) for label in self.clients}
        wrong = [label for label, (_, found) in streams.items() if found and found.got]
        last = wrong[0] if wrong else failing
        for label in streams:
            if label != last:
                self._record(label, streams[label][0], all_owed=True)
        if wrong:
            self._blame(last, *streams[last])
        if last in streams:
            self.ahead = self._record(last, streams[last][0], all_owed=True)
