"""The extension `direct`: a word to one member alone."""

import pytest

from ..bench import needs
from ..chat import Chat
from ..client import Client
from ..peer import Violation


def test_tell_is_answered_with_the_name(chat: Chat) -> None:
    """TELL-1: OK TELL name, spelled as its holder spelled it, found without regard to case."""
    alice, bob = chat.members("alice", "Bob")
    for name in (bob.nick, bob.nick.upper(), bob.nick.lower()):
        alice.does(f"TELL {name} hello", f"OK TELL {bob.nick}")
    _forget_events(chat)


def test_the_other_is_told_once_and_before_the_reply(chat: Chat) -> None:
    """TELL-2: TOLD from text, once, before OK TELL."""
    crowd = chat.crowd(20, "Crowd")
    for number, sender in enumerate(crowd):
        for step in (3, 8, 13):
            other = crowd[(number + step) % 20]
            text = f"to {other.nick}"
            sender.does(f"TELL {other.nick} {text}", f"OK TELL {other.nick}")
            other.fence()
            _expect_told(other, [f"TOLD {sender.nick} {text}"])
            other.events.clear()
    _forget_events(chat)


def test_many_tell_each_other_at_once(chat: Chat) -> None:
    """TELL-2: everybody tells everybody something, all at once; each arrives once, in order."""
    crowd = chat.crowd(16)
    for number in range(4):
        for step in range(1, 16):
            for position, sender in enumerate(crowd):
                other = crowd[(position + step) % 16]
                sender.sends(f"TELL {other.nick} {number} to {other.nick}")
            for sender in crowd:
                sender.answer()
    assert chat.most_waiting > 8, "the members never told each other anything at the same time"
    for listener in crowd:
        listener.fence()
        for sender in crowd:
            if sender is not listener:
                expected = [f"TOLD {sender.nick} {n} to {listener.nick}" for n in range(4)]
                _expect_told(listener, expected, f"{sender.nick} ")
    _forget_events(chat)


@pytest.mark.parametrize(
    "text", [" two  spaces ", " ", "é e\u0301 漢字 \U0001f600", "MSG lobby 1 x y", "x" * 3800]
)
def test_the_text_arrives_as_it_was_sent(chat: Chat, text: str) -> None:
    """TELL-3: octet for octet."""
    alice, bob = chat.members("alice", "bob")
    alice.does(f"TELL {bob.nick} {text}", f"OK TELL {bob.nick}")
    bob.receives(f"TOLD {alice.nick} {text}")
    _forget_events(chat)


def test_nobody_else_receives_anything(chat: Chat) -> None:
    """TELL-4: and no seq is used up."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    nameless = chat.connect("nameless")
    seq = alice.says("one")
    bob.hears(alice, "one", seq)
    carol.hears(alice, "one", seq)
    alice.does(f"TELL {bob.nick} psst", f"OK TELL {bob.nick}")
    bob.receives(f"TOLD {alice.nick} psst")
    for client in (alice, carol, nameless):
        client.fence()
        if client.events:
            raise Violation(
                "what was told to another",
                client=client,
                expected="(nothing)",
                got=client.events[0].text,
            )
    alice.does("SAY two", f"OK SAY {seq + 1}")
    for client in (bob, carol):
        client.hears(alice, "two", seq + 1)


def test_a_name_that_nobody_has_is_refused(chat: Chat) -> None:
    """TELL-5: no-such-nick: free, never well-formed, or of one who has left."""
    alice, bob = chat.members("alice", "bob")
    nameless = chat.connect("nameless")
    nameless.is_refused(f"NICK {bob.nick}", "nick-in-use")
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT lobby {bob.nick} quit")
    for name in (chat.nick("nobody"), nameless.nick, bob.nick, "1337", "é", "x" * 100):
        alice.is_refused(f"TELL {name} hello", "no-such-nick")
    nameless.receives_nothing()


def test_one_may_tell_oneself(chat: Chat) -> None:
    """TELL-6: TOLD, then OK TELL."""
    alice = chat.member("alice")
    answer = alice.does(f"TELL {alice.nick} note to self", f"OK TELL {alice.nick}")
    if [event.text for event in answer.events] != [f"TOLD {alice.nick} note to self"]:
        raise Violation(
            "what one tells oneself comes before the reply",
            client=alice,
            expected=f"TOLD {alice.nick} note to self",
            got=answer.events[0].text if answer.events else "(nothing)",
        )
    alice.events.clear()


@needs("LOCK-1", "LOCK-4")
def test_a_locked_member_is_told_later_in_order(chat: Chat) -> None:
    """TELL-7: TOLD is held in its place among the events of the room; the sender stays locked."""
    alice, bob = chat.members("alice", "bob")
    bob.does("LOCK", "OK LOCK")
    alice.does("LOCK", "OK LOCK")
    alice.does(f"TELL {bob.nick} first", f"OK TELL {bob.nick}")
    bob.does(f"TELL {alice.nick} back", f"OK TELL {alice.nick}")
    carol = chat.connect("carol")
    carol.takes_name()
    carol.does(f"TELL {bob.nick} third", f"OK TELL {bob.nick}")
    for client in (alice, bob):
        client.receives_nothing()
    joined = f"JOINED lobby {carol.nick} {carol.number}"
    for client, expected in (
        (bob, [f"TOLD {alice.nick} first", joined, f"TOLD {carol.nick} third"]),
        (alice, [f"TOLD {bob.nick} back", joined]),
    ):
        client.does("UNLOCK", f"OK UNLOCK {len(expected)}")
        for line in expected:
            client.receives(line)


def test_tell_needs_a_name_and_a_text(chat: Chat) -> None:
    """TELL-8: bad-args, text-too-long, no-such-nick, tried in this order."""
    alice, bob = chat.members("alice", "bob")
    nobody = chat.nick("nobody")
    for command in (
        "TELL",
        "TELL ",
        f"TELL {bob.nick}",
        f"TELL {bob.nick} ",
        "TELL  hello",
        f"TELL {nobody}",
    ):
        alice.is_refused(command, "bad-args")
    alice.is_refused(f"TELL {bob.nick} {'x' * 3801}", "text-too-long")
    alice.is_refused(f"TELL {bob.nick} {'é' * 1901}", "text-too-long")
    alice.is_refused(f"TELL {nobody} {'x' * 3801}", "text-too-long")
    bob.receives_nothing()
    nameless = chat.connect("nameless")
    nameless.is_refused(f"TELL {bob.nick} hello", "need-nick")


def _expect_told(listener: Client, expected: list[str], by: str = "") -> None:
    """What was told to this client, of all that it has received: TELL-4 is about the rest."""
    told = [
        event.text
        for event in listener.events
        if event.text.startswith(f"TOLD {by}") and event.text.endswith(f" to {listener.nick}")
    ]
    if told != expected:
        raise Violation(
            "what was told to this member, once each and in order",
            client=listener,
            expected=f"({', '.join(expected)})",
            got=f"({', '.join(told) or 'nothing'})",
        )


def _forget_events(chat: Chat) -> None:
    for client in chat.clients:
        client.fence()
        client.events.clear()
