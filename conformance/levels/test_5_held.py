"""Level 5: what is held is kept as it is, in whichever mixture; and the locked speak as others."""

from ..bench import untested
from ..chat import Chat

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
    """SAY-5, LOCK-8: a SAY that ends a lock, although nothing was held, uses up one."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    seq = alice.says("before")
    alice.does("LOCK", "OK LOCK")
    alice.does("SAY after", f"OK SAY {seq + 1}")
    for client in (bob, carol):
        client.hears(alice, "before", seq)
        client.hears(alice, "after", seq + 1)


def test_the_words_of_the_locked_are_passed_on(chat: Chat) -> None:
    """QUIT-2, LOCK-10: a QUIT that ends a lock has words like any other."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    for client in (alice, bob):
        client.does("LOCK", "OK LOCK")
    bob.does("QUIT so long", "OK QUIT")
    alice.does("UNLOCK", "OK UNLOCK 1")
    for client in (alice, carol):
        client.receives(f"LEFT lobby {bob.nick} quit so long")
