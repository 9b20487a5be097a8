"""A member's view of the chat: its name, its room, who is there, and whether it is locked.

What the lines of a server mean, above the frame that `dialogue` gives them. Events that arrive
while the lock is on had been held: they are handed on when the reply that ends the lock has told
how many there are. No I/O, no clock, one caller at a time, as in `dialogue`.
"""

from __future__ import annotations

from parley import wire

from . import events as ev
from .dialogue import Dialogue, Malformed, Phase, Reply, name_in, split
from .transfer import Downloads
from .transfers import Transfers

#: Commands that end the lock when they are answered with OK.
UNLOCKING = frozenset({"UNLOCK", "SAY", "JOIN", "QUIT"})
#: Events that are kept until the reply that ends a lock tells their number. Servers hold 1000.
MAX_HELD = 10_000


class Session(Dialogue):
    """The state of one connection. `events` are for the interface, in order."""

    def __init__(self, now: float, downloads: Downloads) -> None:
        super().__init__(now)
        self.transfers = Transfers(self, downloads)
        self.name = ""
        self.number = 0
        self.room = "lobby"
        self.members: dict[str, tuple[str, int | None]] = {}  # of the room, ourselves included
        self.rooms: dict[str, int] = {}  # as of the last listing
        self.locked = False  # as of the last reply
        self._held: list[ev.Event] = []  # arrived while locked: the end of the lock is next

    def will_be_locked(self) -> bool:
        """Whether the lock will be on when all that was asked has been answered with OK."""
        locked = self.locked
        for asked in self.pending:
            locked = asked.verb == "LOCK" or (locked and asked.verb not in UNLOCKING)
        return locked

    def on_bye(self, rest: str) -> None:
        self.fault = f"says goodbye: {rest}"
        self._let_go()
        self.phase = Phase.OVER

    def on_here(self, rest: str) -> None:
        name, number = split(rest, 2)
        self.items.append((name_in(name), str(wire.number(number))))

    def on_room(self, rest: str) -> None:
        room, count = split(rest, 2)
        self.items.append((name_in(room), str(wire.number(count))))

    def on_past(self, rest: str) -> None:
        room, seq, time, name, text = split(rest, 5)
        wire.number(seq), wire.number(time)
        self.items.append((name_in(room), seq, time, name_in(name), text))

    def on_msg(self, rest: str) -> None:
        room, seq, name, text = split(rest, 4)
        known = self.members.setdefault(wire.fold(name_in(name)), (name, None))
        self.deliver(ev.Said(name_in(room), wire.number(seq), name, known[1], text))

    def on_joined(self, rest: str) -> None:
        room, name, word = split(rest, 3)
        number = wire.number(word)
        self.members[wire.fold(name_in(name))] = (name, number)
        self.deliver(ev.Joined(name_in(room), name, number))

    def on_left(self, rest: str) -> None:
        room, name, cause, *words = rest.split(" ", 3)
        if not cause.isalpha():
            raise Malformed
        _, number = self.members.pop(wire.fold(name_in(name)), (name, None))
        self.deliver(ev.Left(name_in(room), name, number, cause, words[0] if words else ""))

    def on_told(self, rest: str) -> None:
        name, text = split(rest, 2)
        self.deliver(ev.Told(name_in(name), text))

    def on_unlocked(self, rest: str) -> None:
        self._release(rest)

    def deliver(self, event: ev.Event) -> None:
        """Hands on an event of a kind that a lock holds: what comes while locked was held."""
        if not self.locked:
            self.events.append(event)
        elif len(self._held) < MAX_HELD:
            self._held.append(event)
        else:
            self._release("overflow")
            self.events.append(event)

    def ok_nick(self, reply: Reply) -> None:
        name, number = reply.fields
        self.name, self.number = name_in(name), wire.number(number)
        self.members = {wire.fold(name): (name, self.number)}
        self.phase = Phase.MEMBER
        self.events.append(ev.Named(self.name, self.number))
        self._look_around()

    ok_login = ok_nick

    def ok_say(self, reply: Reply) -> None:
        self._release("say")
        (seq,) = map(wire.number, reply.fields)
        said = ev.Said(self.room, seq, self.name, self.number, reply.asked.text, own=True)
        self.events.append(said)

    def ok_tell(self, reply: Reply) -> None:
        (name,) = reply.fields
        self.events.append(ev.Told(name_in(name), reply.asked.text, own=True))

    def ok_lock(self, reply: Reply) -> None:
        if not self.locked:
            self.locked = True
            self.events.append(ev.Locked())

    def ok_unlock(self, reply: Reply) -> None:
        self._release("unlock")

    def ok_quit(self, reply: Reply) -> None:
        self._let_go()
        self.phase = Phase.OVER

    def ok_register(self, reply: Reply) -> None:
        self.events.append(ev.Registered(self.name))

    def ok_join(self, reply: Reply) -> None:
        self._release("join")
        room, count = reply.fields
        self.room = name_in(room)
        self.members = {wire.fold(self.name): (self.name, self.number)}
        self.events.append(ev.Moved(room, wire.number(count)))
        self._look_around()

    def ok_who(self, reply: Reply) -> None:
        members = sorted(
            ((name, int(number)) for name, number in reply.items), key=lambda each: each[1]
        )
        if wire.fold(reply.asked.text or self.room) == wire.fold(self.room):
            self.members = {wire.fold(name): (name, number) for name, number in members}
        if not reply.asked.quiet:
            self.events.append(ev.Listed(reply.asked.text or self.room, tuple(members)))

    def ok_rooms(self, reply: Reply) -> None:
        self.rooms = {room: int(count) for room, count in reply.items}
        if not reply.asked.quiet:
            self.events.append(ev.RoomsListed(tuple(self.rooms.items())))

    def ok_history(self, reply: Reply) -> None:
        past = [
            ev.Past(each[0], int(each[1]), int(each[2]), each[3], each[4]) for each in reply.items
        ]
        self.events.append(ev.Recalled(tuple(past), missed=reply.asked.quiet))

    def _look_around(self) -> None:
        """Learns who is here and which rooms there are, for names to complete and numbers."""
        for verb in ("WHO", "ROOMS"):
            if self.offers(verb):
                self.ask(verb, quiet=True)

    def _release(self, cause: str) -> None:
        """The lock is off: what it held comes now, after word of how much it is."""
        if self.locked:
            self.locked = False
            self.events.append(ev.Released(len(self._held), cause))
            self._let_go()

    def _let_go(self) -> None:
        self.events.extend(self._held)
        self._held.clear()
