"""What tests of locks share; and, for test_6_deadlines, locks until their time is over."""

from collections.abc import Iterator
from itertools import takewhile

from ..chat import Chat
from ..client import Client
from ..lines import Line
from ..together import Watch, too_busy
from ..violation import Violation
from .silence import NOT_BEFORE, SHORT, too_early

#: Events that are held in this part.
HOLD = 8
#: Octets that are held in another.
HOLD_BYTES = 400


def expect_held(client: Client, expected: list[str], got: list[str]) -> None:
    """What came is what was held."""
    client.check_all("the held events, in their order, each once", expected, got)
    client.events.clear()


def somebody_holds_for_ever(chat: Chat, watch: Watch) -> Iterator[None]:
    everybody = chat.members("alice", "bob", "carol", "dave", "erin", "frank")
    alice, bob, carol, dave, erin, frank = everybody
    watch.begins()
    carol.does("LOCK", "OK LOCK")
    carol.asks("UNLOCK")
    carol_was_in_time = watch.passed < NOT_BEFORE * SHORT
    watch.begins()
    locks = Locks(watch, alice, erin, frank, dave)
    said = [f"MSG lobby {bob.says(text)} {bob.nick} {text}" for text in ("one", "two", "three")]
    for _ in watch.until(lambda: locks.are_over):
        locks.look()
        locks.midway(erin, "LOCK")
        locks.midway(frank, "SAY")
        yield
    if locks.over.get(alice, SHORT) < NOT_BEFORE * SHORT:
        raise too_early(alice, locks.over[alice], "LOCK-18", SHORT, "the end of this lock")
    for each in [*said, "UNLOCKED timeout"]:
        alice.receives(each)
    told = [
        locks.judge(client, dave, what)
        for client, what in ((erin, "a second LOCK"), (frank, "a refused SAY"))
    ]
    alice.hears(bob, "directly", bob.says("directly"))
    alice.does("UNLOCK", "OK UNLOCK 0")
    carol.fence()
    if carol_was_in_time and any(event.kind == "UNLOCKED" for event in carol.events):
        raise Violation(
            "this lock was over before its time",
            client=carol,
            expected="(four messages)",
            got="UNLOCKED timeout",
        )
    for client in (carol, dave, erin, frank):
        client.asks("UNLOCK")  # a second LOCK that came late may have begun anew
        client.events.clear()
    if not all(told):
        too_busy("whether what comes midway makes a lock longer")


def somebody_holds_in_a_lively_room(chat: Chat, watch: Watch) -> Iterator[None]:
    """While Alice holds, Bob talks, and Carol locks and unlocks, until her lock is over."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    watch.begins()
    alice.does("LOCK", "OK LOCK")
    due = 0.0
    for _ in watch.until(lambda: bool(alice.events)):
        if watch.passed >= due:
            bob.says("still talking")
            for command in ("LOCK", "UNLOCK", "LOCK"):
                carol.asks(command)
            due = watch.passed + SHORT / 4
        yield
    if not alice.events:
        raise Violation(
            f"neither what others say nor their locks make this one longer than {SHORT:g} s",
            client=alice,
            expected="(what was held), then UNLOCKED timeout",
            got=f"(nothing in {watch.passed:.1f} s)",
            requirement="LOCK-18",
        )
    for client in (alice, bob, carol):
        client.asks("UNLOCK")
        client.events.clear()


def what_was_held_in_time_is_not_counted_again(chat: Chat, watch: Watch) -> Iterator[None]:
    """Two locks of Alice; each holds more than half of the octets that one may."""
    alice, bob = chat.members("alice", "bob")
    for _ in range(2):
        watch.begins()
        alice.does("LOCK", "OK LOCK")
        seq = bob.says("x" * (HOLD_BYTES // 2))
        if watch.passed >= NOT_BEFORE * SHORT:
            too_busy("how much a lock holds")
        yield from watch.until(lambda: any(each.kind == "UNLOCKED" for each in alice.events))
        alice.hears(bob, "x" * (HOLD_BYTES // 2), seq)
        alice.receives("UNLOCKED timeout")


class Locks:
    """Locks that begin one after the other, when each was seen to be over, and what came midway."""

    def __init__(self, watch: Watch, *clients: Client) -> None:
        self.watch = watch
        self.clients = clients
        self.over: dict[Client, float] = {}
        self.said: dict[Client, float] = {}
        for client in clients:
            client.does("LOCK", "OK LOCK")

    @property
    def are_over(self) -> bool:
        return len(self.over) == len(self.clients)

    def look(self) -> None:
        for client in self.clients:
            if client.ended is not None or "UNLOCKED" in _locks_of(client):
                self.over.setdefault(client, self.watch.passed)

    def midway(self, client: Client, command: str) -> None:
        """What a client says midway, once; nothing if it is too late for that."""
        midway = SHORT / 2 <= self.watch.passed < NOT_BEFORE * SHORT
        if client not in self.said and midway and client not in self.over:
            self.said[client] = self.watch.passed
            client.sends(command)

    def judge(self, client: Client, once: Client, what: str) -> bool:
        """The lock of the one who said something midway was due before that of the other.

        If it lasted a whole time from then on, and that of the other was over on time, then it
        began anew. False where these clients were too late to tell.
        """
        if client not in self.said:
            return False
        since = self.said[client]
        final = client.answer().final
        if self.over.get(client, since + SHORT) - since < SHORT:
            return "UNLOCKED" not in _kinds_before(client, final)
        if self.watch.longest > 0.25 * SHORT:
            return False
        if self.over.get(once, since + SHORT) - since < 0.75 * SHORT:
            ended = f"UNLOCKED timeout, {SHORT:g} s after {what} or later"
            raise Violation(
                f"{what} changes nothing: the lock of {once.label}, due later, was over",
                client=client,
                expected=f"(UNLOCKED timeout, {SHORT:g} s after LOCK)",
                got=f"({ended if client in self.over else 'no UNLOCKED'})",
                requirement="LOCK-18",
            )
        return True  # a server that is late with all of them may be so


def _locks_of(client: Client) -> list[str]:
    """How a client's locks began and ended."""
    return [line.kind for line in client.stream if line.kind in ("OK LOCK", "UNLOCKED")]


def _kinds_before(client: Client, last: Line) -> list[str]:
    """Of what came before this line."""
    return [line.kind for line in takewhile(lambda line: line is not last, client.stream)]


def somebody_locks_a_second_time(chat: Chat, watch: Watch) -> Iterator[None]:
    """Alice and Carol, when SAY and UNLOCK have ended their first locks in time, and Erin,
    when too much was held for her; and Dave, for whom nothing is held. Bob pauses within a line.
    """
    alice, bob, carol, dave, erin = chat.members("alice", "bob", "carol", "dave", "erin")
    watch.begins()
    for client in (alice, carol):
        client.does("LOCK", "OK LOCK")
    seq = alice.says("this ends my lock")
    carol.asks("UNLOCK")
    for client in (bob, carol, dave, erin):
        client.hears(alice, "this ends my lock", seq)
    erin.does("LOCK", "OK LOCK")
    for _ in range(HOLD + 1):
        bob.says("too much")
    for client in (alice, carol, dave, erin):
        client.fence()
        client.events.clear()
    bob.sends_octets(b"PING ha", shown="PING ha (and no more)")
    locked, over = {dave: watch.passed}, dict[Client, float]()
    dave.does("LOCK", "OK LOCK")
    for _ in watch.until(lambda: len(over) == 4):
        if alice not in locked and watch.passed >= SHORT / 2:
            for client in (alice, carol, erin):
                locked[client] = watch.passed
                client.sends("LOCK")
        for client in locked:
            if client.ended is not None or client.events:
                over.setdefault(client, watch.passed)
        yield
    for client in (alice, carol, erin):
        client.check(client.answer().final, "OK LOCK")
    for client in (alice, carol, erin, dave):
        lasted = over.get(client, watch.passed) - locked[client]
        if lasted < NOT_BEFORE * SHORT:
            raise Violation(
                "this lock was over before its time",
                client=client,
                expected=f"(UNLOCKED timeout, {SHORT:g} s after LOCK)",
                got=f"(UNLOCKED timeout, {lasted:.2f} s after LOCK at most)",
                requirement="LOCK-18",
            )
        client.receives("UNLOCKED timeout")
        client.does("UNLOCK", "OK UNLOCK 0")
    bob.sends_octets(b"lf\n", shown="lf (the rest, much later)")
    bob.expects_answers_to("PING half")
    try:
        bob.check(bob.answer().final, "PONG half")
    except Violation as violation:
        violation.requirement = violation.requirement or "OCTET-1"
        raise
