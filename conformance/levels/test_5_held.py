"""Level 5: what is held is kept as it is, however long, and in whichever mixture."""

from ..chat import Chat

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
