"""What the hub remembers: members, rooms, deadlines, and the limits that it keeps to.

Only the hub changes these; servers empty the outbox of a Member, and read the rest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple


class Outcome:
    """What obeying a line asks of the server beyond sending outboxes: CLOSE, or a Job."""


#: Send what is in the outbox, then end the connection.
CLOSE: Final = Outcome()


@dataclass(frozen=True, eq=False, repr=False)  # nothing prints what a job knows: passwords
class Job(Outcome):
    """Work of a line that takes long. The server runs it where that holds up nobody else.

    What `run` returns it hands to `Hub.finish`, once for each job, whatever has become of the
    member. Further lines of the member are not obeyed while it is `waiting`.
    """

    member: Member
    verb: str
    work: Callable[[], Any]  # knows nothing of the hub
    done: Callable[[Any], None]  # obeys the rest of the line, in the hub, with what work returned

    def run(self) -> Any:
        """Does the work, in whichever thread. What goes wrong is a result too; `finish` raises it.

        Who has gone in the meantime needs no result.
        """
        try:
            return self.work() if self.member.here else None
        except Exception as error:
            return error


class Account(NamedTuple):
    """A registered nickname, and what its password is checked against (parley.passwords)."""

    name: str
    password: str


class Message(NamedTuple):
    """One message of a room: what `MSG` says, and when, in whole seconds since 1970 (UTC)."""

    room: str
    seq: int
    time: int
    name: str
    text: str


@dataclass(frozen=True)
class Limits:
    """The bounds of a server: octets and seconds. protocol.md, sections 10 and 12."""

    max_clients: int = 10_000  # connections, nameless ones included
    max_nameless: int = 500  # connections without a name, those from this machine not counted
    count_loopback: bool = False  # whether those count as well
    rate: int = 5000  # lines a second that a client may send, and at once; 0: as many as it likes
    max_rooms: int = 1000  # ever joined: the seq and the history of an empty room are kept
    history_count: int = 1000  # messages remembered of each room
    history_bytes: int = 400_000  # the same in octets: 100 of the longest messages fit
    history_days: float = 30.0  # messages older than this are forgotten at the next start
    checks: int = 16  # of passwords, running and waiting: 1.3 s of work for one worker
    hash_cost: int = 15  # log2 of scrypt's N; below 14 only for tests
    checks_at_once: int = 1  # each takes a processor for 80 ms, and 32 MiB
    login_delay: float = 1.0  # before a wrong password is refused
    max_accounts: int = 10_000  # registered nicknames: all are in memory
    handshake: float = 60.0  # from connecting to having a name
    idle: float = 120.0  # silence before the server asks with PING, and again before it gives up
    hold_count: int = 1000  # events held for a locked member
    hold_bytes: int = 256 * 1024
    hold_time: float = 120.0
    outbox_bytes: int = 4 * 1024 * 1024  # queued for one connection that does not read
    stall: float = 60.0  # without the network taking anything of that
    max_window: int = 256 * 1024  # of a file, in front of a chat line: 0.1 s at 20 Mbit/s
    max_transfers_each: int = 8  # that a member sends, or has accepted: eight windows fit an outbox
    max_transfers: int = 1000  # open at the same time, offers included
    low_mark: int = 64 * 1024  # owed to a connection before its further commands wait
    flush_time: float = 2.0  # for one that leaves to accept what it is owed
    linger_time: float = 1.0  # after that: its input is discarded, so that no reset destroys output
    goodbye_time: float = 1.5  # for both when the server stops: STOP-3 grants 2 for everything


class Member:
    """One connection as the chat sees it: nameless first, then a member, then gone.

    The server empties `outbox` with `take`, and tells the hub when the network has accepted what it
    took: see `Hub.sent`.
    """

    __slots__ = (
        "asked", "held", "held_bytes", "here", "name", "number",
        "outbox", "pace", "peer", "replied", "room", "tries", "unsent", "waiting",
    )  # fmt: skip

    def __init__(self, rate: int = 0) -> None:
        self.here = True  # False as soon as it has quit, left or been dropped
        self.peer = ""  # where it comes from, for logs
        self.name: str | None = None
        self.number = 0
        self.room: Room | None = None
        self.outbox: list[bytes] = []  # lines to be sent, oldest first
        self.replied = 0  # octets of replies in outbox: what it asked for itself
        self.unsent = 0  # octets taken from outbox that the network has not accepted yet
        self.held: list[bytes] | None = None  # events that wait for UNLOCK; None: not locked
        self.held_bytes = 0
        self.waiting = False  # whether its last line is still to be answered: further lines wait
        self.pace = Pace(rate)  # of its lines
        self.tries = 0  # wrong passwords
        self.asked = False  # whether it was sent a PING and no line has come since

    @property
    def owed(self) -> int:
        """How much waits for this member, estimated low in octets; 0 only if nothing does."""
        return self.unsent + self.replied + len(self.outbox)

    def take(self) -> bytes:
        """Empties the outbox into octets to send, and counts them as unsent."""
        data = b"".join(self.outbox)
        self.outbox.clear()
        self.replied = 0
        self.unsent += len(data)
        return data


class Pace:
    """A token bucket: so many lines a second, and after a second of silence as many at once.

    The bucket is kept as the time at which it will be full again, as in the generic cell rate
    algorithm of ITU-T I.371, annex A: one number, and no timer.
    """

    __slots__ = ("_each", "_full_at", "waits")

    #: Seconds of a pause, at least: many short ones would cost more than the lines in between.
    SHORTEST_PAUSE = 0.02

    def __init__(self, rate: int) -> None:
        self._each = 1 / rate if rate else 0.0  # seconds for a line
        self._full_at = 0.0
        self.waits = False  # whether a line waits for its token

    def take(self, now: float) -> float:
        """Takes a token for a line and returns 0; or how long to wait for one, in seconds."""
        full_at = self._full_at if self._full_at > now else now
        wait = full_at + self._each - now - 1.0
        self.waits = wait > 0
        if self.waits:
            return max(wait, self.SHORTEST_PAUSE)
        self._full_at = full_at + self._each
        return 0.0


class Room:
    """One log of events: everybody in `members` receives each entry once, in one order."""

    __slots__ = ("members", "name", "seq")

    def __init__(self, name: str) -> None:
        self.name = name
        self.seq = 0  # of the last message
        self.members: dict[str, Member] = {}  # by folded name, oldest first


class Deadlines:
    """The deadlines of one kind. All last equally long, so the one started first is due first."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._due: OrderedDict[Member, float] = OrderedDict()

    def __contains__(self, member: Member) -> bool:
        return member in self._due

    def start(self, member: Member, now: float) -> None:
        """Starts the member's deadline, or starts it again."""
        self._due[member] = now + self._seconds
        self._due.move_to_end(member)

    def stop(self, member: Member) -> None:
        """Forgets the member's deadline, if it has one."""
        self._due.pop(member, None)

    def next(self) -> float | None:
        """When the next deadline is due; None if there is none."""
        return next(iter(self._due.values()), None)

    def take_expired(self, now: float) -> list[Member]:
        """Removes those whose deadline has passed, and returns them."""
        expired = []
        for member, due in self._due.items():
            if due > now:
                break
            expired.append(member)
        for member in expired:
            del self._due[member]
        return expired
