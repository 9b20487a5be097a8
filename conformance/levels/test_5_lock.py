"""Level 5: events wait while a member writes; nobody else notices."""

import pytest

from ..chat import Chat
from ..client import ANY_VERB
from ..violation import Violation
from .locks import expect_held

#: Commands that are refused, and how.
REFUSED = [
    ("WHO is here", "bad-args"),
    ("NICK other", "already-named"),
    ("DANCE", "unknown-verb"),
    ("PING", "bad-args"),
    ("QUIT " + "x" * 3801, "text-too-long"),
]


def test_events_are_held_after_lock(chat: Chat) -> None:
    """LOCK-1: OK LOCK; from then on nothing arrives."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("are you there?")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.hears(bob, "are you there?", seq)


def test_replies_are_not_held(chat: Chat) -> None:
    """LOCK-2, PING-2: commands of a locked member are answered at once."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    bob.says("hello")
    alice.does("PING x")
    alice.is_refused("DANCE", "unknown-verb", "-")
    alice.is_refused("NICK other", "already-named")
    answer = alice.asks("WHO")
    alice.check(answer.final, "OK WHO 2")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.events.clear()


def test_who_of_a_locked_member_is_of_now(chat: Chat) -> None:
    """LOCK-3: not as of the held events."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    carol = chat.connect("carol")
    carol.takes_name()
    bob.does("QUIT", "OK QUIT")
    listed = sorted(item["name"] for item in alice.asks("WHO").items)
    if listed != sorted([alice.nick, carol.nick]):
        raise Violation(
            "WHO of a locked member",
            client=alice,
            expected=f"({alice.nick}, {carol.nick})",
            got=f"({', '.join(listed)})",
        )
    alice.does("UNLOCK", "OK UNLOCK 2")
    alice.receives(f"JOINED lobby {carol.nick} {carol.number}")
    alice.receives(f"LEFT lobby {bob.nick} quit")
    carol.receives(f"LEFT lobby {bob.nick} quit")


def test_after_the_lock_events_arrive_again(chat: Chat) -> None:
    """LOCK-5: as they happen."""
    alice, bob = chat.members("alice", "bob")
    for number in range(3):
        alice.does("LOCK", "OK LOCK")
        bob.says("held")
        alice.asks("UNLOCK")
        alice.events.clear()
        seq = bob.says(f"after {number}")
        alice.hears(bob, f"after {number}", seq)
    bob.fence()
    bob.events.clear()


def test_lock_twice_keeps_what_is_held(chat: Chat) -> None:
    """LOCK-6: OK LOCK again; what is held stays held."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    first = bob.says("one")
    answer = alice.does("LOCK", "OK LOCK")
    second = bob.says("two")
    alice.receives_nothing()
    answer = alice.does("UNLOCK", "OK UNLOCK 2")
    expected = [
        f"MSG lobby {seq} {bob.nick} {text}" for seq, text in ((first, "one"), (second, "two"))
    ]
    expect_held(alice, expected, [event.text for event in answer.events])
    alice.events.clear()
    alice.does("UNLOCK", "OK UNLOCK 0")


def test_a_lock_concerns_nobody_else(chat: Chat) -> None:
    """LOCK-12: others receive their events at once, also those that the locked member causes."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    alice.does("LOCK", "OK LOCK")
    carol.does("LOCK", "OK LOCK")
    seq = alice.says("my own lock ends, carol's does not")
    bob.hears(alice, "my own lock ends, carol's does not", seq)
    alice.does("LOCK", "OK LOCK")
    bob.says("held for two")
    dave = chat.connect("dave")
    dave.takes_name()
    bob.receives(f"JOINED lobby {dave.nick} {dave.number}")
    carol.receives_nothing()
    carol.does("UNLOCK", "OK UNLOCK 3")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 2")
    for client in (alice, carol):
        client.events.clear()


def test_what_is_refused_leaves_the_lock(chat: Chat) -> None:
    """LOCK-1, ERR-4, PONG-1: neither does a PONG end it."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    bob.says("held")
    alice.sends("PONG x")
    for _ in range(3):  # the server has its turn: PONG and what follows are two pieces
        bob.fence()
    for command, code in REFUSED:
        alice.is_refused(command, code, ANY_VERB)
        alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.events.clear()


def test_a_locked_member_is_there(chat: Chat) -> None:
    """LOCK-12, NICK-4, WHO-1: its name is in use, and it is listed."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    nobody = chat.connect("nobody")
    nobody.is_refused(f"NICK {alice.nick}", "nick-in-use")
    items = [item.text for item in bob.does("WHO", "OK WHO 2").items]
    if f"HERE {alice.nick} {alice.number}" not in items:
        raise Violation(
            "a locked member is listed",
            client=bob,
            expected=f"HERE {alice.nick} {alice.number}",
            got=" / ".join(items),
        )
    alice.does("UNLOCK", "OK UNLOCK 0")


@pytest.mark.parametrize("verb", ["LOCK", "UNLOCK"])
def test_lock_and_unlock_take_no_argument(chat: Chat, verb: str) -> None:
    """LOCK-16, CMD-2: bad-args, and nothing changes; a space behind the verb is no argument."""
    alice, bob = chat.members("alice", "bob")
    alice.does(f"{verb.lower()} ", f"OK {verb}" + " 0" * (verb == "UNLOCK"))
    alice.asks("UNLOCK")
    alice.is_refused(f"{verb}  ", "bad-args")
    alice.is_refused(f"{verb.lower()} x", "bad-args")
    seq = bob.says("not held")
    alice.hears(bob, "not held", seq)
    alice.does("LOCK", "OK LOCK")
    alice.is_refused(f"{verb} x", "bad-args")
    bob.says("held")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.events.clear()
