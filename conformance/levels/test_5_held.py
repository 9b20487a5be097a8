"""Level 5: what is held is kept as it is, in whichever mixture; and the locked speak as others."""

from ..bench import untested
from ..chat import Chat
from ..violation import Violation

#: Long messages that a lock holds: one time within the bound of most servers, three times beyond.
MANY = 40
#: As long as a text may be, with characters of one to four octets.
LONG = "a" * 700 + "é" * 700 + "漢" * 300 + "\U0001f600" * 200
WORDS = " and  so, " + "é" * 1895


def test_long_lines_are_held_whole(chat: Chat) -> None:
    """LOCK-4: texts of 3800 octets and the words of a QUIT come out as they went in."""
    assert len(LONG.encode()) == len(WORDS.encode()) == 3800
    alice, bob, carol = chat.members("alice", "bob", "carol")
    alice.does("LOCK", "OK LOCK")
    spoken = [(bob, LONG), (carol, "x"), (bob, " short  "), (carol, "x" * 3800)]
    seqs = [speaker.says(text) for speaker, text in spoken]
    carol.does(f"QUIT {WORDS}", "OK QUIT")
    alice.does("UNLOCK", f"OK UNLOCK {len(spoken) + 1}")
    for (speaker, text), seq in zip(spoken, seqs, strict=True):
        alice.hears(speaker, text, seq)
    alice.receives(f"LEFT lobby {carol.nick} quit {WORDS}")
    bob.fence()
    bob.events.clear()


def test_every_lock_has_room_for_as_much(chat: Chat) -> None:
    """LOCK-14: what one lock could hold, the next one of the same member holds as well."""
    alice, bob = chat.members("alice", "bob")
    for number in range(3):
        alice.does("LOCK", "OK LOCK")
        seqs = [bob.says("x" * 3700) for _ in range(MANY)]
        alice.fence()
        if number == 0 and any(event.kind == "UNLOCKED" for event in alice.events):
            untested(f"unknown: one lock does not hold {MANY} long messages")
        alice.does("UNLOCK", f"OK UNLOCK {MANY}")
        for seq in seqs:
            alice.hears(bob, "x" * 3700, seq)


def test_what_the_locked_say_has_the_next_number(chat: Chat) -> None:
    """LOCK-8, SAY-5: a SAY that ends a lock, although nothing was held, uses up one."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    before = alice.says("before")
    alice.does("LOCK", "OK LOCK")
    after = alice.says("after")
    if after != before + 1:
        raise Violation(
            "nobody has said anything in between",
            client=alice,
            expected=f"OK SAY {before + 1}",
            got=f"OK SAY {after}",
            requirement="SAY-5",
        )
    for client in (bob, carol):
        client.hears(alice, "before", before)
        client.hears(alice, "after", after)


def test_the_words_of_the_locked_are_passed_on(chat: Chat) -> None:
    """LOCK-10, QUIT-2: a QUIT that ends a lock has words like any other."""
    alice, bob = chat.members("alice", "bob")
    bob.does("LOCK", "OK LOCK")
    bob.does("QUIT so long", "OK QUIT")
    left = f"LEFT lobby {bob.nick} quit"
    event = alice.next_event(f"{left} so long")
    if event.text == left:
        raise Violation(
            "who was locked quits with words",
            client=alice,
            expected=f"{left} so long",
            got=left,
            requirement="QUIT-2",
        )
    alice.check(event, f"{left} so long")
