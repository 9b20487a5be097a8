"""What protects the chat from its clients: caps, deadlines, bounds, the rate of each.

Hub derives from Guard; the rules are those of protocol.md, section 12. As in the hub, nothing here
touches a socket, a thread or a clock, nothing is thread-safe, and an outbox is all that anybody is
sent. What a limit does to a member in its room (a LEFT, the end of its lock) is `leave` and
`release`; how a server waits for those limits is the server's business.
"""

from __future__ import annotations

from parley import wire
from parley.state import Deadlines, Limits, Member


class Guard:
    """Who is connected, what each is owed, and how long each may take."""

    greeting: bytes  # HELLO

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.connections: dict[Member, None] = {}  # all that are here, nameless ones included
        self.strangers: set[Member] = set()  # the nameless that count against their cap
        self._now = 0.0  # the time that the current call was given
        self._ready: list[Member] = []  # each whose outbox is not empty, once
        self._dropped: list[Member] = []
        self._handshakes = Deadlines(limits.handshake)  # of the nameless
        self._silences = Deadlines(limits.idle)  # of members
        self._locks = Deadlines(limits.hold_time)  # of locked members
        self._stalls = Deadlines(limits.stall)  # of those whom the network takes nothing for

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        """A member goes: see Hub."""
        raise NotImplementedError

    # What the servers call

    def connect(self, now: float, loopback: bool = False) -> Member:
        """A new connection. Its outbox holds HELLO; or BYE, and it is not `here`: not let in."""
        self._now = now
        member = Member(self.limits.rate)
        counts = self.limits.count_loopback or not loopback
        full = len(self.connections) >= self.limits.max_clients
        if full or (counts and len(self.strangers) >= self.limits.max_nameless):
            member.here = False
            self._send(member, wire.line("BYE", "too many connections, try again later"))
            self._dropped.append(member)
            return member
        self.connections[member] = None
        if counts:
            self.strangers.add(member)
        self._send(member, self.greeting)
        self._handshakes.start(member, now)
        return member

    def sent(self, member: Member, unsent: int, now: float) -> None:
        """The network has accepted all but so many octets of what was taken from the outbox."""
        if not unsent:
            if member.unsent:
                self._stalls.stop(member)
        elif member.here and (unsent < member.unsent or member not in self._stalls):
            self._stalls.start(member, now)
        member.unsent = unsent

    def next_deadline(self) -> float | None:
        """When `tick` has something to do again; None if it has not, as things stand."""
        kinds = (self._handshakes, self._silences, self._locks, self._stalls)
        return min((due for kind in kinds if (due := kind.next()) is not None), default=None)

    def tick(self, now: float) -> None:
        """Acts on every deadline that has passed. Tell what was `sent`, and obey, before that."""
        self._now = now
        for member in self._handshakes.take_expired(now):
            self._send_away(member, "timeout", "you did not choose a nickname in time")
        for member in self._locks.take_expired(now):
            self.release(member)
            self._send(member, wire.line("UNLOCKED", "timeout"))
        for member in self._stalls.take_expired(now):
            self._drop(member)
        for member in self._silences.take_expired(now):
            if self._keeps_waiting(member):
                self._silences.start(member, now)  # the silence is ours (SILENCE-5)
            elif member.asked:
                self._send_away(member, "timeout", "you did not answer")
            else:
                member.asked = True
                self._send(member, wire.line("PING", "still-there"))
                self._silences.start(member, now)

    def take_ready(self) -> list[Member]:
        """The members whose outbox is not empty, each once. The caller must `take` every one.

        Those who do not read what they are owed are dropped here, once per turn: the others'
        LEFT is then part of the same turn.
        """
        for member in self._ready:  # grows while it is walked: the LEFT of a slow one is news
            if member.unsent and member.here:
                if member.unsent + sum(map(len, member.outbox)) > self.limits.outbox_bytes:
                    self._drop(member)
        ready, self._ready = self._ready, []
        return ready

    def take_dropped(self) -> list[Member]:
        """Those whom the hub has given up since the last call: for the server to send away."""
        dropped, self._dropped = self._dropped, []
        return dropped

    # What the hub calls

    def release(self, member: Member) -> int:
        """Ends the lock, if there is one: queues what was held, and returns how many events."""
        held, member.held = member.held, None
        if held is not None:
            self._locks.stop(member)
        if held:
            self._send(member, b"".join(held))
        return len(held or ())

    def _named(self, member: Member) -> None:
        """A connection has got its name: from here on it only has to break its silence."""
        self.strangers.discard(member)
        self._handshakes.stop(member)
        self._silences.start(member, self._now)

    def _keeps_waiting(self, member: Member) -> bool:
        """Whether no line of this member is obeyed at present, whatever it sends."""
        return member.waiting or member.pace.waits or member.owed > self.limits.low_mark

    def _forget(self, member: Member) -> None:
        """No deadline and no cap concerns one who is gone. Its lock is over already."""
        del self.connections[member]
        self.strangers.discard(member)
        for deadlines in (self._handshakes, self._silences, self._stalls):
            deadlines.stop(member)

    def _hold(self, member: Member, line: bytes) -> None:
        """Keeps an event of a locked member, or gives up the lock if it does not fit (LOCK-14)."""
        assert member.held is not None
        limits = self.limits
        member.held.append(line)
        member.held_bytes += len(line)
        if len(member.held) > limits.hold_count or member.held_bytes > limits.hold_bytes:
            self.release(member)
            self._send(member, wire.line("UNLOCKED", "overflow"))

    def _drop(self, member: Member) -> None:
        """Gives up one who does not read: it would not read a BYE either."""
        self._dropped.append(member)
        self.leave(member, "slow", self._now)

    def _send_away(self, member: Member, cause: str, words: str) -> None:
        self.leave(member, cause, self._now)
        self._send(member, wire.line("BYE", words))
        self._dropped.append(member)

    def _send(self, member: Member, lines: bytes) -> None:
        """Queues whole lines to one member, past its lock."""
        if not member.outbox:
            self._ready.append(member)
        member.outbox.append(lines)
