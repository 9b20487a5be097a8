"""The vocabulary of the tests: clients that have names, and say and hear things.

A body of a test reads like the session it plays. What did NOT happen is proved by a fence
(protocol.md, section 14): a PING round trip on the connection in question. Nothing here sleeps.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import zip_longest

from .compare import first_difference
from .inbox import Answer
from .lines import Line
from .peer import Peer
from .spec import BEYOND
from .violation import Violation

#: In `is_refused`: any verb will do.
ANY_VERB = "(VERB)"
#: Seconds in which an event that is missing may turn out to be late. It decides whom to blame only.
LATE = 0.5
#: The rule that a late event breaks.
LATE_RULES = {"MSG": "SAY-10", "JOINED": "JOINED-3"}
#: In an expected line: any number will do.
ANY_NUMBER = "(number)"


class Client(Peer):
    """One person: does things and checks what comes back, at once."""

    def fence(self) -> None:
        """A PING round trip: what was queued for this client before it has arrived now."""
        command = f"PING {self.chat.token()}"
        try:
            final = self.asks(command).final
        except Violation as violation:
            if violation.timed_out and violation.requirement is None and self.is_locked:
                violation.requirement = "LOCK-2"
            raise
        if final.text != command.replace("PING", "PONG", 1):
            about_ping = final.kind == "PONG" or (final.kind == "ERR" and final["verb"] == "PING")
            rule = "PING-2" if self.number else "PING-1"
            raise Violation(
                "PING is answered in every state",
                client=self,
                expected=command.replace("PING", "PONG", 1),
                got=final.text,
                requirement=rule if about_ping else None,
            )

    def next_event(self, expected: str) -> Line:
        """The next event, proved to be there by a fence. `expected` says what it ought to be."""
        self._unseen = 0
        if not self.events:
            self.fence()
        if not self.events:
            raise self._missing(expected)
        self.chat.looked_at += 1
        return self.events.popleft()

    def _missing(self, expected: str) -> Violation:
        """An event is not there. That it is late, if it is, tells which rule is broken."""
        answered = "the PING sent afterwards was answered without it"
        give_up_at = time.monotonic() + LATE
        while not self.events and self.ended is None and time.monotonic() < give_up_at:
            self.chat.pump(give_up_at - time.monotonic())
        if self.events and first_difference(expected, self.events[0].text) is None:
            return Violation(
                f"the event came too late: {answered}",
                client=self,
                expected=expected,
                got="(nothing)",
                requirement=LATE_RULES.get(self.events[0].kind)
                if self.chat.level < BEYOND
                else None,
            )
        return Violation(
            f"the event did not come: {answered}",
            client=self,
            expected=expected,
            got="(nothing)",
        )

    def awaits_event(self, expected: str) -> Line:
        """The next event, one that no line of any client causes: waited for with patience."""
        while not self.events:
            self.awaits_more(len(self.stream), expected)
        self.chat.looked_at += 1
        return self.events.popleft()

    def does(self, command: str, expected: str | None = None) -> Answer:
        """Asks, and expects exactly this final reply (PING: the PONG, if none is given)."""
        if expected is None:
            expected = command.replace("PING", "PONG", 1)
        answer = self.asks(command)
        self.check(answer.final, expected)
        return answer

    def is_refused(self, command: str, code: str, verb: str | None = None) -> Answer:
        """Asks, and expects `ERR code VERB …`; the verb is the command's own if none is given."""
        return self.was_refused(self.asks(command), command, code, verb)

    def was_refused(
        self, answer: Answer, command: str, code: str, verb: str | None = None
    ) -> Answer:
        """Checks that this answer is the refusal of that command."""
        verb = verb or command.split(" ")[0].upper()
        final = answer.final
        if final.kind != "ERR" or final["code"] != code or verb not in (final["verb"], ANY_VERB):
            raise Violation(
                "this is not the refusal that the spec asks for",
                client=self,
                expected=f"ERR {code} {verb} (and some words)",
                got=final.text,
            )
        return answer

    def takes_name(self, nick: str | None = None) -> int:
        """NICK with the client's own nickname, or another. Returns the member number."""
        self.nick = nick or self.nick
        return self.named(self.asks(f"NICK {self.nick}"))

    def named(self, answer: Answer) -> int:
        """Checks that this answer gives the client its nickname. Returns the member number."""
        final = answer.final
        if final.kind != "OK NICK" or final["name"] != self.nick:
            raise Violation(
                "the nickname was not given",
                client=self,
                expected=f"OK NICK {self.nick} {ANY_NUMBER}",
                got=final.text,
                requirement="NICK-1" if final.kind == "OK NICK" else None,
            )
        self.number = final.number("number")
        return self.number

    def says(self, text: str) -> int:
        """SAY. Returns the seq."""
        return self.said(self.asks(f"SAY {text}"))

    def said(self, answer: Answer) -> int:
        """Checks that this answer is the OK of a SAY. Returns the seq."""
        if answer.final.kind != "OK SAY":
            raise Violation(
                "SAY was not answered with OK SAY",
                client=self,
                expected="OK SAY (number)",
                got=answer.final.text,
            )
        return answer.final.number("seq")

    @property
    def is_locked(self) -> bool:
        """Whether what it has received so far leaves it locked."""
        ends = ("OK LOCK", "OK UNLOCK", "UNLOCKED", "OK SAY", "OK JOIN", "OK QUIT")
        said = [line.kind for line in self.stream if line.kind in ends]
        return said[-1:] == ["OK LOCK"]

    def hears(self, speaker: Client, text: str, seq: int | str = ANY_NUMBER) -> None:
        """The next event is this message."""
        self.receives(f"MSG lobby {seq} {speaker.nick} {text}")

    def receives(self, expected: str) -> None:
        """The next event reads exactly so; a fence proves that it has arrived."""
        self.check(self.next_event(expected), expected)

    def is_told(self, expected: str) -> None:
        """The next event reads exactly so; no line caused it, so it is waited for."""
        self.check(self.awaits_event(expected), expected)

    def receives_nothing(self, requirement: str | None = None) -> None:
        """A fence proves that no event waits; `requirement` is what one would break."""
        self.fence()
        if self.events and self._is_late(self.events[0]):
            raise Violation(
                "the event came too late: a PING sent after OK NICK was answered without it",
                client=self,
                expected="(nothing)",
                got=self.events[0].text,
                requirement=LATE_RULES["JOINED"],
            )
        if self.events:
            raise Violation(
                "an event that should not have come",
                client=self,
                expected="(nothing)",
                got=self.events[0].text,
                requirement=self.rule_against(self.events[0]) or requirement,
            )

    def _is_late(self, event: Line) -> bool:
        """Whether it is the first word of somebody who had come when all were fenced."""
        return (
            event.kind == "JOINED"
            and self.chat.level < BEYOND
            and event["name"] != self.nick
            and event.number("number") > self.number
            and (event["name"], event.number("number")) in self.chat.settled
            and sum(line.text == event.text for line in self.stream) == 1
        )

    def rule_against(self, event: Line) -> str | None:
        """The requirement that forbids an event, where the event itself tells which."""
        if event.role != "event" or event.kind in ("BYE", "UNLOCKED"):
            return None
        for line in self.stream:
            if line.kind in ("OK NICK", "OK LOGIN"):
                break
            if line is event:
                return "SAY-9"
        came_before = event.kind == "JOINED" and event.number("number") < self.number
        if came_before and self.chat.level < BEYOND:
            return "JOINED-2"
        if event.fields.get("name") != self.nick:
            return None
        return {"MSG": "SAY-4", "JOINED": "JOINED-2", "LEFT": "LEFT-9"}.get(event.kind)

    def check(self, line: Line, expected: str) -> None:
        """Raises Violation if a line does not read exactly so."""
        start, any_number, rest = expected.partition(ANY_NUMBER)
        if line.text != expected and not (
            any_number
            and line.text.startswith(start)
            and line.text.endswith(rest)
            and line.text[len(start) : len(line.text) - len(rest)].isdigit()
        ):
            raise Violation(
                "this is not the line that the spec asks for",
                client=self,
                expected=expected,
                got=line.text,
                requirement=self.rule_against(line) or _rule_of_seq(line, expected),
            )

    def check_all(
        self, why: str, expected: Iterable[str], got: Iterable[str], requirement: str | None = None
    ) -> None:
        """Raises Violation at the first line in which two lists differ."""
        for one, other in zip_longest(expected, got, fillvalue="(nothing)"):
            if one != other:
                raise Violation(why, client=self, expected=one, got=other, requirement=requirement)


def _rule_of_seq(line: Line, expected: str) -> str | None:
    """SAY-5, if a message differs from what was expected in nothing but its number."""
    if line.kind != "MSG" or not expected.startswith("MSG "):
        return None
    got, wanted = line.text.split(" ", 3), expected.split(" ", 3)
    return "SAY-5" if (got[1], got[3:]) == (wanted[1], wanted[3:]) else None
