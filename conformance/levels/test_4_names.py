"""Level 4: what becomes of the name and the number of one who leaves, and who has them then."""

import pytest

from ..bench import needs
from ..chat import Chat
from ..violation import Violation
from .test_4_leaving import goes


@pytest.mark.parametrize("way", ["quit", "half-close", "close", "reset"])
@needs("LEFT-1")
def test_the_name_of_one_who_left_is_free(chat: Chat, way: str) -> None:
    """LEFT-6: who has received LEFT may take the name; the number is a new one."""
    alice, bob = chat.members("alice", "bob")
    for _ in range(5):
        name, number = bob.nick, bob.number
        goes(bob, way)
        alice.is_told(f"LEFT lobby {name} {'quit' if way == 'quit' else 'closed'}")
        bob = chat.connect("bob")
        bob.takes_name(name.swapcase())
        if bob.number <= number:
            raise Violation(
                "a number is never used again",
                client=bob,
                expected=f"a number above {number}",
                got=str(bob.number),
            )
        alice.receives(f"JOINED lobby {bob.nick} {bob.number}")


def test_the_name_is_free_when_quit_is_answered(chat: Chat) -> None:
    """LEFT-6: who has received OK QUIT may take the name at once."""
    name = ""
    for number in range(10):
        client = chat.connect(f"c{number}")
        client.takes_name(name or None)
        name = client.nick
        client.does("QUIT", "OK QUIT")


@needs("QUIT-1", "LEFT-1", "WHO-1")
def test_who_quits_and_closes_later_takes_nothing_from_its_heir(chat: Chat) -> None:
    """LEFT-6: a name belongs to who has it now, when the connection ends that had it before."""
    alice = chat.member("alice")
    old = chat.members(*(f"old{number}" for number in range(6)))
    for client in old:
        client.returns_end = False
        client.does("QUIT", "OK QUIT")
        client.awaits_end()
    heirs = chat.connects(*(f"heir{number}" for number in range(len(old))))
    for heir, client in zip(heirs, old, strict=True):
        heir.takes_name(client.nick)
    for number, client in enumerate(old):
        client.closes() if number % 2 else client.resets()
    chat.put_aside()
    for number in range(10):  # by then it has noticed that the old connections are closed
        seq = alice.says(f"still here {number}")
        for heir in heirs:
            heir.receives(f"MSG lobby {seq} {alice.nick} still here {number}")
    listed = {item["name"] for item in alice.asks("WHO").items}
    for heir in heirs:
        if heir.nick not in listed:
            raise Violation(
                "it took the name of one who had quit, and whose connection was closed then",
                client=alice,
                expected=f"HERE {heir.nick} {heir.number}",
                got="(nothing)",
            )


@pytest.mark.parametrize("way", ["quit", "half-close", "reset"])
@needs("NICK-4", "QUIT-1", "WHO-1")
def test_who_was_refused_a_name_takes_it_from_nobody(chat: Chat, way: str) -> None:
    """LEFT-7: a nameless connection that asked for a name in use, and goes: the name stays."""
    alice = chat.member("alice")
    tries = chat.connects(*(f"try{number}" for number in range(4)))
    for client in tries:
        client.is_refused(f"NICK {alice.nick}", "nick-in-use")
        goes(client, way)
        if way != "reset":
            client.awaits_end()
        chat.connect("next").is_refused(f"NICK {alice.nick}", "nick-in-use")
    listed = [item["name"] for item in alice.asks("WHO").items]
    alice.check_all("it is still here", [alice.nick], listed)
    alice.receives_nothing()


@needs("QUIT-1")
def test_numbers_go_on_when_nobody_is_left(chat: Chat) -> None:
    """LEFT-6, NICK-6, SAY-5: in a room that was empty, of members and of messages."""
    numbers = []
    for label in ("first", "next"):
        client = chat.member(label)
        numbers.append((client.number, client.says("is anybody there?")))
        client.does("QUIT", "OK QUIT")
        client.awaits_end()
    first, after = numbers
    for got, expected, rule in zip(
        after, [each + 1 for each in first], ("NICK-6", "SAY-5"), strict=True
    ):
        if got != expected:
            raise Violation(
                "the next, after the last member had gone",
                expected=str(expected),
                got=str(got),
                requirement=rule,
            )
