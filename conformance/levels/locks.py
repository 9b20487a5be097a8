"""What tests of locks share; and, for test_6_deadlines, locks apart from the first of a member."""

from collections.abc import Iterator

from ..chat import Chat
from ..client import Client
from ..together import Watch
from ..violation import Violation
from .silence import NOT_BEFORE, SHORT

#: Events that are held in this part.
HOLD = 8


def expect_held(client: Client, expected: list[str], got: list[str]) -> None:
    """What came is what was held."""
    client.check_all("the held events, in their order, each once", expected, got)
    client.events.clear()


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
