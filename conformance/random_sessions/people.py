"""The rules by which random sessions are made: hypothesis draws who does what; any order goes.

A rule looks at the model to find somebody who can do a thing, and then makes a move; what becomes
of it is for the Conversation to judge.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ..model import Person
from .conversation import Conversation
from .moves import HALF_CLOSE, RESET, Begins, Connects, Leaves, Move, Sends, Turn
from .vocabulary import LABELS, LINES, NAMES, ODD, TEXTS

#: A choice from a table, by its remainder.
CHOICE = st.integers(0, 9999)
#: Lines that may be the last before an end of stream: after them, people are where they were.
LAST = ("SAY one last thing", "PING x", "WHO", "LOCK", "SAY", "DANCE", "UNLOCK", "SAY goodbye")


class Stage(Protocol):
    """Where sessions take place: a server, and what is to be done when one fails."""

    @property
    def suffix(self) -> str: ...
    def begins(self) -> Conversation: ...
    def makes(self, talk: Conversation, move: Move) -> None: ...
    def ends(self, talk: Conversation) -> None: ...


class People(RuleBasedStateMachine):
    """People who use the core."""

    stage: ClassVar[Stage]
    lines: ClassVar[tuple[str, ...]] = LINES

    def __init__(self) -> None:
        super().__init__()
        self.talk = self.stage.begins()
        self.suffix = self.stage.suffix  # of all nicknames

    def teardown(self) -> None:
        self.stage.ends(self.talk)

    # Who and what

    def somebody(self, choice: int) -> str:
        """One of those who are connected."""
        here = list(self.talk.clients) or [LABELS[0]]
        return here[choice % len(here)]

    def member(self, choice: int) -> Person | None:
        """One of those who have a name."""
        here = [each for each in self.talk.world.people.values() if each.name and not each.gone]
        return here[choice % len(here)] if here else None

    def newcomers(self, count: int) -> list[str]:
        """Labels for so many clients, or fewer: of people who are not here, but may have been."""
        here = {person(label) for label in self.talk.clients}
        away = [name for name in LABELS if name not in here]
        return [self.new_label(name) for name in away[:count]]

    def new_label(self, name: str) -> str:
        """The label of a person's next client: alice, aliceb, alicec."""
        label, letters = name, iter("bcdefghijklmnopqrstuvwxyz" * 9)
        while not self.talk.is_new(label):
            label = name + next(letters)
        return label

    def makes(self, move: Move) -> None:
        self.stage.makes(self.talk, move)

    def sends(self, label: str, *lines: str | bytes) -> None:
        octets = (line if isinstance(line, bytes) else line.encode() for line in lines)
        self.makes(Sends((Turn(label, tuple(octets)),)))

    def nick(self, label: str) -> str:
        return f"NICK {person(label)}{self.suffix}"

    # What they do

    @initialize(count=st.integers(1, 12))
    def people_come(self, count: int) -> None:
        for label in LABELS[:count]:
            self.makes(Connects(label))
            self.sends(label, self.nick(label))

    @rule(named=st.booleans())
    def somebody_connects(self, named: bool) -> None:
        for label in self.newcomers(1):
            self.makes(Connects(label))
            if named:
                self.sends(label, self.nick(label))

    @rule(who=CHOICE, other=CHOICE, loud=st.booleans(), strange=CHOICE)
    def somebody_asks_for_a_name(self, who: int, other: int, loud: bool, strange: int) -> None:
        label = [*self.newcomers(who % 3), self.somebody(who)][0]
        line = self.nick(self.somebody(other))
        if strange % 3 == 0:
            line = f"NICK {NAMES[strange % len(NAMES)]}"
        self.sends(label, line.upper() if loud else line, self.nick(label))

    @rule(who=CHOICE, text=CHOICE)
    def somebody_speaks(self, who: int, text: int) -> None:
        self.sends(self.somebody(who), f"SAY {TEXTS[text % len(TEXTS)]}")

    @rule(who=CHOICE, line=CHOICE)
    def somebody_sends_a_line(self, who: int, line: int) -> None:
        self.sends(self.somebody(who), self.lines[line % len(self.lines)])

    @rule(who=CHOICE, lines=st.lists(CHOICE, min_size=1, max_size=3))
    def somebody_sends_odd_octets(self, who: int, lines: list[int]) -> None:
        self.sends(self.somebody(who), *(ODD[each % len(ODD)] for each in lines), b"PING behind")

    @rule(who=CHOICE, lines=st.lists(CHOICE, min_size=2, max_size=6))
    def somebody_sends_several_lines_in_one_piece(self, who: int, lines: list[int]) -> None:
        self.sends(self.somebody(who), *(self.lines[each % len(self.lines)] for each in lines))

    @rule(who=CHOICE, line=CHOICE, cut=CHOICE)
    def somebody_begins_a_line(self, who: int, line: int, cut: int) -> None:
        octets = self.lines[line % len(self.lines)].encode()
        if len(octets) > 1:
            self.makes(Begins(self.somebody(who), octets, 1 + cut % (len(octets) - 1)))

    @rule(count=st.integers(2, 6), first=CHOICE, text=CHOICE)
    def several_speak_at_the_same_time(self, count: int, first: int, text: int) -> None:
        speakers = dict.fromkeys(self.somebody(first + each) for each in range(count))
        texts = [TEXTS[(text + each) % len(TEXTS)] for each in range(count)]
        pairs = zip(speakers, texts, strict=False)
        turns = (Turn(label, (f"SAY {each}".encode(),)) for label, each in pairs)
        free = tuple(turn for turn in turns if turn.label not in self.talk.begun)
        if len(free) > 1:
            self.makes(Sends(free))

    @rule(count=st.integers(2, 5), one_name=st.booleans())
    def several_ask_for_names_at_the_same_time(self, count: int, one_name: bool) -> None:
        labels = self.newcomers(count)
        lines = [self.nick(labels[0] if one_name else label) for label in labels]
        for label in labels:
            self.makes(Connects(label))
        turns = (Turn(label, (line.encode(),)) for label, line in zip(labels, lines, strict=True))
        if labels:
            self.makes(Sends(tuple(turns)))

    @rule(who=CHOICE, count=st.integers(1, 8), more=CHOICE)
    def somebody_locks_and_others_speak(self, who: int, count: int, more: int) -> None:
        self.sends(self.somebody(who), "LOCK")
        if more % 2:
            self.sends(
                self.somebody(who), ("SAY", "SAY " + "x" * 3801, "LOCK now", "LOCK")[more % 4]
            )
        for each in range(count):
            self.sends(self.somebody(who + 1 + (more + each) % 3), f"SAY number {each + 1}")
        if more % 3:
            self.sends(self.somebody(who), ("UNLOCK", "SAY done", "QUIT")[more % 3])

    @rule(who=CHOICE, words=st.sampled_from(("", " good night", "  two", " \u202e é", " ")))
    def somebody_quits(self, who: int, words: str) -> None:
        self.sends(self.somebody(who), f"QUIT{words}")

    @rule(who=CHOICE, line=CHOICE)
    def somebody_quits_and_goes_on(self, who: int, line: int) -> None:
        behind = self.lines[line % len(self.lines)]
        self.sends(self.somebody(who), "SAY I go", "QUIT", behind, "PING behind")

    @rule(who=CHOICE, how=st.sampled_from((HALF_CLOSE, RESET)), unfinished=CHOICE)
    def somebody_leaves(self, who: int, how: str, unfinished: int) -> None:
        label = self.somebody(who)
        if unfinished % 2:
            line = self.lines[unfinished % len(self.lines)].encode()
            self.makes(Begins(label, line, len(line)))
        self.makes(Leaves(label, how))

    @rule(who=CHOICE, lines=st.lists(st.sampled_from(LAST), min_size=1, max_size=4))
    def somebody_speaks_and_leaves(self, who: int, lines: list[str]) -> None:
        self.makes(Leaves(self.somebody(who), HALF_CLOSE, tuple(line.encode() for line in lines)))

    @rule(who=CHOICE, other=CHOICE, how=st.sampled_from((HALF_CLOSE, RESET)), both=st.booleans())
    def somebody_leaves_locked(self, who: int, other: int, how: str, both: bool) -> None:
        label = self.somebody(who)
        self.sends(label, "LOCK")
        if both:
            self.sends(self.somebody(other + 1), "LOCK")
        for line in ("SAY first", "SAY second"):
            self.sends(self.somebody(other), line)
        self.makes(Leaves(label, how))


def person(label: str) -> str:
    """Whose client this is: alice for alice, aliceb and alicec."""
    return next(name for name in LABELS if label.startswith(name))
