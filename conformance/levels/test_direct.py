"""The extension `direct`: a word to one member alone."""

import pytest

from ..chat import Chat
from ..grade import needs
from ..peer import Violation


def test_tell_is_answered_with_the_name(chat: Chat) -> None:
    """TELL-1: OK TELL name, spelled as its holder spelled it, found without regard to case."""
    alice, bob = chat.members("alice", "Bob")
    for name in (bob.nick, bob.nick.upper(), bob.nick.lower()):
        alice.does(f"TELL {name} hello", f"OK TELL {bob.nick}")
        bob.receives(f"TOLD {alice.nick} hello")


def test_the_other_is_told_once_and_before_the_reply(chat: Chat) -> None:
    """TELL-2: TOLD from text, once, before OK TELL."""
    crowd = chat.crowd(20)
    for number, sender in enumerate(crowd):
        other = crowd[(number * 7 + 3) % 20]
        sender.does(f"TELL {other.nick} number {number}", f"OK TELL {other.nick}")
        other.receives(f"TOLD {sender.nick} number {number}")


def test_many_tell_each_other_at_once(chat: Chat) -> None:
    """TELL-2: everybody tells everybody something, all at once; each arrives once, in order."""
    crowd = chat.crowd(16)
    for sender in crowd:
        for number in range(4):
            for other in crowd:
                if other is not sender:
                    sender.sends(f"TELL {other.nick} {number}")
                    sender.answer()
    for sender in crowd:
        for other in crowd:
            if other is not sender:
                sender.sends(f"TELL {other.nick} last")
                break
    assert chat.most_waiting > 8, "the members never told each other anything at the same time"
    for sender in crowd:
        sender.answer()
    for listener in crowd:
        listener.fence()
        for sender in crowd:
            heard = [event["text"] for event in listener.events if event["name"] == sender.nick]
            if sender is not listener and heard[:4] != ["0", "1", "2", "3"]:
                raise Violation(
                    f"what {sender.nick} told",
                    client=listener,
                    expected="(0, 1, 2, 3)",
                    got=f"({', '.join(heard)})",
                )
        listener.events.clear()


@pytest.mark.parametrize(
    "text", [" two  spaces ", "é 漢字 \U0001f600", "MSG lobby 1 x y", "x" * 3800]
)
def test_the_text_arrives_as_it_was_sent(chat: Chat, text: str) -> None:
    """TELL-3: octet for octet."""
    alice, bob = chat.members("alice", "bob")
    alice.does(f"TELL {bob.nick} {text}", f"OK TELL {bob.nick}")
    bob.receives(f"TOLD {alice.nick} {text}")


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
        client.receives_nothing()
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
    alice.is_refused(f"TELL {nobody} {'x' * 3801}", "text-too-long")
    bob.receives_nothing()
    nameless = chat.connect("nameless")
    nameless.is_refused(f"TELL {bob.nick} hello", "need-nick")
