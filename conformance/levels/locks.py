"""Level 6: locks whose time is over, apart from the first of a member. For test_6_deadlines."""

from collections.abc import Iterator

from ..chat import Chat
from ..client import Client
from ..peer import Violation
from ..together import Watch
from .silence import NOT_BEFORE, SHORT


def somebody_locks_a_second_time(chat: Chat, watch: Watch) -> Iterator[None]:
    """Alice, when her first lock has ended before its time; and Dave, for whom nothing is held.

    Meanwhile Bob pauses within a line.
    """
    alice, bob, dave = chat.members("alice", "bob", "dave")
    watch.begins()
    alice.does("LOCK", "OK LOCK")
    seq = alice.says("this ends my lock")
    for client in (bob, dave):
        client.hears(alice, "this ends my lock", seq)
    bob.sends_octets(b"PING ha", shown="PING ha (and no more)")
    locked, over = {dave: watch.passed}, dict[Client, float]()
    dave.does("LOCK", "OK LOCK")
    for _ in watch.until(lambda: len(over) == 2):
        if alice not in locked and watch.passed >= SHORT / 2:
            locked[alice] = watch.passed
            alice.sends("LOCK")
        for client in locked:
            if client.ended is not None or client.events:
                over.setdefault(client, watch.passed)
        yield
    alice.check(alice.answer().final, "OK LOCK")
    for client in (alice, dave):
        lasted = over.get(client, watch.passed) - locked[client]
        if lasted < NOT_BEFORE * SHORT:
            raise Violation(
                "this lock was over before its time",
                client=client,
                expected=f"UNLOCKED timeout ({SHORT:g} s after LOCK)",
                got=f"UNLOCKED timeout ({lasted:.2f} s after LOCK, at most)",
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
