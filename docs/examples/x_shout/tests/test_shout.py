"""The clauses of extra.md, one test each: X-SHOUT."""

from conformance.api import Chat, needs


def test_a_shout_arrives_in_capitals(chat: Chat) -> None:
    """X-SHOUT-1: everybody else hears it once, in capitals, before the reply."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    for text, loud in (("help", "HELP"), ("Größe 8,  x", "GRößE 8,  X")):
        alice.does(f"X-SHOUT {text}", "OK X-SHOUT 2")
        for listener in (bob, carol):
            listener.receives(f"X-SHOUTED {alice.nick} {loud}")
            listener.receives_nothing()
        alice.receives_nothing()


@needs("X-SHOUT-1")
def test_the_reply_counts_the_others(chat: Chat) -> None:
    """X-SHOUT-2: the number of those who hear it: not oneself, not who has no name yet."""
    alice = chat.member("alice")
    chat.connect("nameless")
    alice.does("X-SHOUT is anybody there?", "OK X-SHOUT 0")
    bob = chat.member("bob")
    alice.receives(f"JOINED lobby {bob.nick} {bob.number}")
    alice.does("X-SHOUT hello", "OK X-SHOUT 1")
    bob.receives(f"X-SHOUTED {alice.nick} HELLO")


@needs("X-SHOUT-1")
def test_a_shout_of_nothing_is_refused(chat: Chat) -> None:
    """X-SHOUT-3: bad-args or text-too-long, and silence."""
    alice, bob = chat.members("alice", "bob")
    for command in ("X-SHOUT", "X-SHOUT "):
        alice.is_refused(command, "bad-args")
    alice.is_refused("X-SHOUT " + "x" * 3801, "text-too-long")
    bob.receives_nothing()


@needs("X-SHOUT-1")
def test_a_shout_waits_for_who_is_writing(chat: Chat) -> None:
    """X-SHOUT-4: held among the other events, in its place; a shout ends nobody's lock."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    for locked in (alice, bob):
        locked.does("LOCK", "OK LOCK")
    first = carol.says("psst")
    alice.does("X-SHOUT fire", "OK X-SHOUT 2")
    last = carol.says("where?")
    carol.receives(f"X-SHOUTED {alice.nick} FIRE")
    bob.receives_nothing()
    bob.does("UNLOCK", "OK UNLOCK 3")
    bob.hears(carol, "psst", first)
    bob.receives(f"X-SHOUTED {alice.nick} FIRE")
    bob.hears(carol, "where?", last)
    alice.does("UNLOCK", "OK UNLOCK 2")
    alice.hears(carol, "psst", first)
    alice.hears(carol, "where?", last)
