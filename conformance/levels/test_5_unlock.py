"""Level 5: a lock ends, in one way or another; what was held is delivered, none of it lost."""

import signal

import pytest

from ..bench import Bench, needs
from ..chat import Chat
from .locks import expect_held


def test_unlock_delivers_everything_in_order(chat: Chat) -> None:
    """LOCK-4: the held events, each once and in their order, then OK UNLOCK count.

    Some are said twice, and one comes and goes again and again.
    """
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    expected = []
    for number in range(20):
        text = f"m{number // 2}"
        expected.append(f"MSG lobby {bob.says(text)} {bob.nick} {text}")
        if number % 5 == 0:
            guest = chat.connect(f"guest{number}")
            guest.takes_name(chat.nick("guest"))
            expected.append(f"JOINED lobby {guest.nick} {guest.number}")
            guest.does("QUIT bye", "OK QUIT")
            expected.append(f"LEFT lobby {guest.nick} quit bye")
    alice.receives_nothing()
    answer = alice.does("UNLOCK", f"OK UNLOCK {len(expected)}")
    expect_held(alice, expected, [event.text for event in answer.events])
    alice.events.clear()
    bob.fence()
    bob.events.clear()


@pytest.mark.parametrize("count", [40])
def test_many_are_locked_while_many_talk(chat: Chat, count: int) -> None:
    """LOCK-4: forty locked members all get the same, in the order that the others heard."""
    witness, *locked = chat.crowd(count + 1, "locked")
    talkers = chat.crowd(10, "talker")
    for client in locked:
        client.sends("LOCK")
    for client in locked:
        client.check(client.answer().final, "OK LOCK")
    chat.settle([witness])
    for number in range(5):
        for talker in talkers:
            talker.sends(f"SAY round {number}")
        assert chat.most_waiting > 5, "the talkers never talked at the same time"
        for talker in talkers:
            talker.said(talker.answer())
    witness.fence()
    expected = [event.text for event in witness.events]
    witness.events.clear()
    for client in locked:
        answer = client.does("UNLOCK", f"OK UNLOCK {len(expected)}")
        expect_held(client, expected, [event.text for event in answer.events][-len(expected) :])
    for client in chat.clients:
        client.fence()
        client.events.clear()


def test_unlock_without_lock_is_zero(chat: Chat) -> None:
    """LOCK-7: OK UNLOCK 0."""
    alice, bob = chat.members("alice", "bob")
    alice.does("UNLOCK", "OK UNLOCK 0")
    seq = bob.says("not held")
    alice.hears(bob, "not held", seq)
    alice.does("UNLOCK", "OK UNLOCK 0")


def test_say_ends_the_lock_after_what_was_held(chat: Chat) -> None:
    """LOCK-8: first the held events, then OK SAY."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    first, second = bob.says("one"), bob.says("two")
    answer = alice.does("SAY three", f"OK SAY {second + 1}")
    expected = [
        f"MSG lobby {seq} {bob.nick} {text}" for seq, text in ((first, "one"), (second, "two"))
    ]
    expect_held(alice, expected, [event.text for event in answer.events])
    alice.events.clear()
    bob.hears(alice, "three", second + 1)
    alice.does("UNLOCK", "OK UNLOCK 0")


@pytest.mark.parametrize("command", ["SAY", "SAY " + "x" * 3801])
def test_a_refused_say_does_not_end_the_lock(chat: Chat, command: str) -> None:
    """LOCK-9: events stay held."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    bob.says("one")
    code = "bad-args" if command == "SAY" else "text-too-long"
    alice.is_refused(command, code)
    bob.says("two")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 2")
    alice.events.clear()


def test_quit_ends_the_lock(chat: Chat) -> None:
    """LOCK-10: first the held events, then OK QUIT."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("before you go")
    answer = alice.does("QUIT", "OK QUIT")
    expected = [f"MSG lobby {seq} {bob.nick} before you go"]
    expect_held(alice, expected, [event.text for event in answer.events])
    bob.receives(f"LEFT lobby {alice.nick} quit")


@needs("LEFT-1", "LEFT-4")
def test_the_end_of_the_stream_ends_the_lock(chat: Chat) -> None:
    """LOCK-11: a client that half-closes receives the held events."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("before you go")
    alice.half_closes()
    alice.awaits_end()
    expected = [f"MSG lobby {seq} {bob.nick} before you go"]
    expect_held(alice, expected, [event.text for event in alice.events])
    bob.is_told(f"LEFT lobby {alice.nick} closed")


@pytest.mark.parametrize("way", ["quit", "half-close", "reset"])
@needs("LEFT-1")
def test_a_lock_ends_with_its_member(chat: Chat, way: str) -> None:
    """LOCK-13: who takes the name later is not locked and receives nothing that was held."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    bob.says("for the first alice")
    if way == "quit":
        alice.does("QUIT", "OK QUIT")
    elif way == "half-close":
        alice.half_closes()
    else:
        alice.resets()
    bob.is_told(f"LEFT lobby {alice.nick} {'quit' if way == 'quit' else 'closed'}")
    alice.events.clear()
    heir = chat.connect("heir")
    heir.takes_name(alice.nick)
    bob.receives(f"JOINED lobby {heir.nick} {heir.number}")
    heir.receives_nothing()
    seq = bob.says("for the second")
    heir.hears(bob, "for the second", seq)
    heir.does("UNLOCK", "OK UNLOCK 0")
    alice.events.clear()


def test_a_hold_that_is_full_is_delivered_and_ends(bench: Bench) -> None:
    """LOCK-14: the held events, the one that did not fit, UNLOCKED overflow; the lock is off.

    So it is for each of two that one event is too much for.
    """
    bound = 6
    chat = bench.chat(bench.start(hold_count=bound))
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    for last in ("MSG", "LEFT"):
        for client in (alice, dave):
            client.does("LOCK", "OK LOCK")
        expected = [f"MSG lobby {bob.says(f'm{each}')} {bob.nick} m{each}" for each in range(bound)]
        alice.receives_nothing()
        if last == "MSG":
            expected.append(f"MSG lobby {bob.says('too many')} {bob.nick} too many")
        else:
            carol.does("QUIT", "OK QUIT")
            expected.append(f"LEFT lobby {carol.nick} quit")
            bob.receives(expected[-1])
        expected.append("UNLOCKED overflow")
        for client in (alice, dave):
            client.fence()
            expect_held(client, expected, [event.text for event in client.events])
        seq = bob.says("directly")
        for client in (alice, dave):
            client.hears(bob, "directly", seq)
            client.does("UNLOCK", "OK UNLOCK 0")


@pytest.mark.parametrize("number", [signal.SIGTERM], ids=lambda number: number.name)
def test_a_stop_delivers_what_is_held(bench: Bench, number: signal.Signals) -> None:
    """LOCK-15: the held events, then BYE."""
    server = bench.start()
    chat = bench.chat(server)
    alice, bob, carol = chat.members("alice", "bob", "carol")
    for client in (alice, carol):
        client.does("LOCK", "OK LOCK")
    seq = bob.says("one last thing")
    server.signal(number)
    for client in (alice, carol):
        client.awaits_end()
        got = [event.text if event.kind != "BYE" else "BYE" for event in client.events]
        expect_held(client, [f"MSG lobby {seq} {bob.nick} one last thing", "BYE"], got)
    for client in (alice, bob):
        client.awaits_end()
        client.events.clear()


def test_a_hold_of_hundreds_is_counted(bench: Bench) -> None:
    """LOCK-4: three hundred events are three hundred."""
    chat = bench.chat(bench.start(hold_count=400))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    expected = [f"MSG lobby {bob.says(f'm{each}')} {bob.nick} m{each}" for each in range(300)]
    answer = alice.does("UNLOCK", "OK UNLOCK 300")
    expect_held(alice, expected, [event.text for event in answer.events])
