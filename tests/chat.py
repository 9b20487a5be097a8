"""A hub and the people at it, for tests that need no socket, no thread and no clock.

`Chat` does what a server does: hands over lines, tells the time, ends turns, empties outboxes. A
`Person` is a client with a name in the test. Nothing happens here that the test did not ask for.
"""

from __future__ import annotations

from parley.hub import Hub, Limits, Member, Outcome

HELLO = "HELLO parley/1 demo"


class Person:
    """One client: what it does, and the lines that it was sent and has not looked at yet."""

    def __init__(self, chat: Chat, member: Member) -> None:
        self.chat = chat
        self.member = member
        self.outcome: Outcome | None = None  # of its last line
        self.reads = True  # False: the network takes nothing of what it is sent
        self.lines: list[str] = []

    def sends(self, *lines: str | bytes) -> None:
        """The hub obeys these lines, and the turn goes on."""
        for line in lines:
            data = line if isinstance(line, bytes) else line.encode()
            self.outcome = self.chat.hub.obey(self.member, data, self.chat.now)

    def does(self, *lines: str | bytes) -> list[str]:
        """Sends lines, and tells what it has been sent since it last listened."""
        self.sends(*lines)
        return self.hears()

    def says(self, text: str) -> list[str]:
        return self.does(f"SAY {text}")

    def hears(self) -> list[str]:
        """What it has been sent since it last listened."""
        self.chat.turn()
        lines, self.lines = self.lines, []
        return lines

    def vanishes(self) -> None:
        """Its stream ends."""
        self.chat.hub.leave(self.member, "closed", self.chat.now)


class Chat:
    """A hub, the time, and everybody connected."""

    def __init__(self, limits: Limits | None = None, hub: type[Hub] = Hub) -> None:
        self.hub = hub("demo", limits)
        self.now = 1000.0
        self.people: dict[Member, Person] = {}
        self.dropped: list[Person] = []  # whom the hub gave up

    def connect(self) -> Person:
        """Somebody connects; the first line is still to be heard."""
        member = self.hub.connect(self.now)
        self.people[member] = Person(self, member)
        return self.people[member]

    def nameless(self) -> Person:
        """Somebody connects, and has read the HELLO."""
        person = self.connect()
        assert person.hears() == [HELLO]
        return person

    def members(self, *names: str) -> list[Person]:
        """These join one after the other, and everybody has heard of it."""
        joined = [self.nameless() for _ in names]
        for person, name in zip(joined, names, strict=True):
            person.sends(f"NICK {name}")
            assert person.member.name == name
        for person in self.people.values():
            person.hears()
        return joined

    def turn(self) -> list[Person]:
        """Ends a turn as a server does; those who had something in their outbox."""
        ready = [self.people[member] for member in self.hub.take_ready()]
        for person in ready:
            data = person.member.take()
            assert data.endswith(b"\n")
            person.lines += data.decode().split("\n")[:-1]
            self.accepts(person, person.member.unsent if person.reads else 0)
        self.dropped += [self.people[member] for member in self.hub.take_dropped()]
        return ready

    def accepts(self, person: Person, octets: int) -> None:
        """The network takes so many octets of what a person is owed."""
        self.hub.sent(person.member, person.member.unsent - octets, self.now)

    def passes(self, seconds: float) -> None:
        """Time passes, and deadlines with it."""
        self.now += seconds
        self.hub.tick(self.now)
