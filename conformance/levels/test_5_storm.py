"""Level 5: locks begin and end while others talk; everybody has one command under way at a time.

A server that is not careful delivers an event while it empties a hold, or between the hold and the
reply: then it comes too early, or never. Every `MSG` has a number, and so has every `OK SAY`: in
the stream of each member these numbers follow one another, whatever happened at the same moment.
"""

from itertools import zip_longest

from ..chat import Chat
from ..client import Client
from ..lines import Line
from ..violation import Violation

#: What one who locks does, again and again. The PING shows what comes although it is locked.
TURNS = ("LOCK", "PING x", "UNLOCK", "LOCK", "PING x", "SAY and now I")
TALKERS = LOCKERS = 8
ROUNDS = 24


def test_locks_begin_and_end_while_many_talk(chat: Chat) -> None:
    """LOCK-12: nobody misses a message, and nobody gets one too early."""
    talkers, lockers = chat.crowd(TALKERS, "talker"), chat.crowd(LOCKERS, "locker")
    chat.settle(talkers)
    for number in range(ROUNDS):
        for place, (talker, locker) in enumerate(zip(talkers, lockers, strict=True)):
            talker.sends("SAY hello")
            locker.sends(TURNS[(number + place) % len(TURNS)])
        chat.expect_at_once(TALKERS)
        for client in (*talkers, *lockers):
            client.answer()
    for locker in lockers:
        locker.asks("UNLOCK")
    for client in chat.clients:
        client.fence()
    said = sorted(
        line.number("seq")
        for client in chat.clients
        for line in client.stream
        if line.kind == "OK SAY"
    )
    for talker in talkers:
        _expect_every_message(talker, said, "SAY-6")
    for locker in lockers:
        _expect_held(locker)
        _expect_every_message(locker, said, "LOCK-4")
    for client in chat.clients:
        client.events.clear()


def _expect_every_message(client: Client, said: list[int], rule: str) -> None:
    """Each once and in order, its own where its MSG would stand."""
    told = [line for line in client.stream if line.kind in ("MSG", "OK SAY")]
    for seq, line in zip_longest(said, told):
        if line is None or line.number("seq") != seq:
            raise Violation(
                "others talk while locks begin and end",
                client=client,
                expected=f"MSG lobby {seq} (nickname) (text)" if seq else "(nothing)",
                got=line.text if line else "(nothing)",
                requirement=rule,
            )


def _expect_held(client: Client) -> None:
    """Nothing comes while it is locked; OK UNLOCK tells how many messages came before it."""
    held: list[Line] | None = None
    for line in client.stream:
        if line.kind == "OK LOCK":
            held = []
        elif line.kind == "MSG" and held is not None:
            held.append(line)
        elif line.kind == "PONG" and held:
            raise Violation(
                "it is locked while others talk",
                client=client,
                expected="PONG x, and no MSG before UNLOCK",
                got=held[0].text,
                requirement="LOCK-1",
            )
        elif line.kind == "OK UNLOCK" and line.number("count") != len(held or ()):
            raise Violation(
                "between OK LOCK and OK UNLOCK come the held events, and nothing else",
                client=client,
                expected=f"OK UNLOCK {len(held or ())}",
                got=line.text,
                requirement="LOCK-4",
            )
        if line.kind in ("OK UNLOCK", "OK SAY"):
            held = None
