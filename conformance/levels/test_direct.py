"""The extension `direct`: a word to one member alone."""

from typing import Any

import pytest

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..narrow import TEXT
from ..violation import Violation, blamed_on
from .test_6_slow import MOST_OCTETS, where_little_is_kept
from .test_history import offers


def test_tell_is_answered_with_the_name(chat: Chat) -> None:
    """TELL-1: OK TELL name, spelled as its holder spelled it, found without regard to case."""
    alice, bob = chat.members("alice", "Bob")
    for name in (bob.nick, bob.nick.upper(), bob.nick.lower()):
        alice.does(f"TELL {name} hello", f"OK TELL {bob.nick}")
    chat.put_aside()


@needs("LEFT-6")
def test_the_name_is_spelled_as_by_who_has_it_now(chat: Chat) -> None:
    """TELL-1: not as by who had it before."""
    alice, bob = chat.members("alice", "Bob")
    alice.does(f"TELL {bob.nick} hello", f"OK TELL {bob.nick}")
    bob.does("QUIT", "OK QUIT")
    heir = chat.connect("heir")
    heir.takes_name(bob.nick.swapcase())
    alice.does(f"TELL {bob.nick} hello", f"OK TELL {heir.nick}")
    chat.put_aside()


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
    chat.put_aside()


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
    chat.put_aside()


@pytest.mark.parametrize(
    "text", [" two  spaces ", " ", "é e\u0301 漢字 \U0001f600", "MSG lobby 1 x y", "x" * 3800]
)
def test_the_text_arrives_as_it_was_sent(chat: Chat, text: str) -> None:
    """TELL-3: octet for octet."""
    alice, bob = chat.members("alice", "bob")
    alice.does(f"TELL {bob.nick} {text}", f"OK TELL {bob.nick}")
    bob.receives(f"TOLD {alice.nick} {text}")
    chat.put_aside()


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
    alice, bob, carol = chat.connects("alice", "bob", "carol")
    for client in (alice, bob):
        client.takes_name()
    carol.takes_name(chat.nick("carol").ljust(20, "x"))
    chat.settle([alice])
    nameless = chat.connect("nameless")
    nameless.is_refused(f"NICK {bob.nick}", "nick-in-use")
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT lobby {bob.nick} quit")
    for name in (
        *(chat.nick("nobody"), nameless.nick, bob.nick, "1337", "é", "x" * 100),
        *(f"{carol.nick}x", carol.nick[:-1], "lobby", "constructor"),
    ):
        alice.is_refused(f"TELL {name} hello", "no-such-nick")
    nameless.receives_nothing()
    carol.is_told(f"LEFT lobby {bob.nick} quit")
    carol.receives_nothing()


@needs("SLOW-1", "SLOW-2")
def test_one_who_does_not_read_what_it_is_told_is_dropped(bench: Bench) -> None:
    """TELL-2: what is kept for it is bounded (SLOW-2), whether it was said or told."""
    chat = where_little_is_kept(bench)
    alice, carol = chat.member("alice"), chat.narrow_member("carol")
    carol.reads_no_more()
    told = 0
    while not any(event.kind == "LEFT" for event in alice.events):
        if told > MOST_OCTETS:
            raise Violation(
                f"{told // 2**20} MiB were told to a member that does not read",
                client=alice,
                expected=f"LEFT lobby {carol.nick} slow",
                got="(nothing)",
                requirement="SLOW-2",
            )
        if alice.asks(f"TELL {carol.nick} {TEXT}").final.kind != "OK TELL":
            break  # it has gone already
        told += len(TEXT)
    alice.is_told(f"LEFT lobby {carol.nick} slow")
    carol.closes()


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


@needs("LOCK-1", "LOCK-4")
def test_who_tells_makes_no_difference_to_a_lock(chat: Chat) -> None:
    """TELL-7: held, too, if it comes from oneself or from another room."""
    alice, bob = chat.members("alice", "bob")
    if offers(chat, alice, "rooms"):
        alice.asks(f"JOIN {chat.nick('garden')}")
        bob.fence()
        bob.events.clear()
    bob.does("LOCK", "OK LOCK")
    for client in (alice, bob):
        client.does(f"TELL {bob.nick} later", f"OK TELL {bob.nick}")
    bob.receives_nothing()
    bob.does("UNLOCK", "OK UNLOCK 2")
    for client in (alice, bob):
        bob.receives(f"TOLD {client.nick} later")


@needs("LOCK-1", "LOCK-4", "TELL-8")
def test_a_refused_tell_leaves_its_sender_locked(chat: Chat) -> None:
    """TELL-7: whatever it is refused for; what was held stays held."""
    alice, bob = chat.members("alice", "bob")
    for arguments, code in (
        (f" {chat.nick('nobody')} hello", "no-such-nick"),
        (f" {bob.nick} {'x' * 4000}", "text-too-long"),
        (f" {bob.nick}", "bad-args"),
    ):
        alice.does("LOCK", "OK LOCK")
        seq = bob.says(code)
        with blamed_on("TELL-8"):
            alice.is_refused(f"TELL{arguments}", code)
        alice.receives_nothing()
        alice.does("UNLOCK", "OK UNLOCK 1")
        alice.hears(bob, code, seq)


@needs("LOCK-1", "LOCK-4")
def test_what_was_told_comes_when_a_join_ends_the_lock(chat: Chat) -> None:
    """TELL-7: in its place, before OK JOIN."""
    alice, bob = chat.members("alice", "bob")
    if not offers(chat, alice, "rooms"):
        return
    alice.does("LOCK", "OK LOCK")
    expected = [f"MSG lobby {bob.says('one')} {bob.nick} one", f"TOLD {bob.nick} two"]
    bob.does(f"TELL {alice.nick} two", f"OK TELL {alice.nick}")
    expected.append(f"MSG lobby {bob.says('three')} {bob.nick} three")
    answer = alice.does(f"JOIN {chat.nick('garden')}", f"OK JOIN {chat.nick('garden')} 1")
    alice.check_all("held until then", expected, [event.text for event in answer.events])
    chat.put_aside()


@pytest.mark.parametrize("bound", [{"hold_count": 8}, {"hold_bytes": 10_000}], ids=str)
@needs("LOCK-1", "LOCK-14")
def test_what_is_told_fills_a_hold(bench: Bench, bound: dict[str, Any]) -> None:
    """TELL-7: it is held like the events of the room: to the bound, and no further."""
    chat = bench.chat(bench.start(**bound))
    alice, bob = chat.members("alice", "bob")
    texts = [f"{number:04}".ljust(1000, "x") for number in range(12)]
    bob.does("LOCK", "OK LOCK")
    for number, text in enumerate(texts):
        alice.does(f"TELL {bob.nick} {text}", f"OK TELL {bob.nick}")
        if number == 7:
            bob.receives_nothing()
    bob.fence()
    got = [event.text for event in bob.events]
    bob.events.clear()
    told = [text for text in got if text != "UNLOCKED overflow"]
    if told != [f"TOLD {alice.nick} {text}" for text in texts] or len(got) != len(told) + 1:
        raise Violation(
            f"8 TOLD of 1000 octets were held, then came 4 more ({bound})",
            client=bob,
            expected="(12 TOLD in order, and UNLOCKED overflow behind the one that did not fit)",
            got=f"({len(got)} events, {got.count('UNLOCKED overflow')} times UNLOCKED overflow)",
        )
    bob.does("UNLOCK", "OK UNLOCK 0")


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
