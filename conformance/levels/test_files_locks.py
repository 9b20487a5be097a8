"""The extension `files`: transfers of members that are locked."""

import hashlib

from ..bench import Bench, needs
from ..chat import Chat
from ..transfers import Transfer, offer_to
from ..violation import Violation
from .test_history import offers


@needs("FILE-6", "FILE-8", "FILE-10", "LOCK-1", "LOCK-4")
def test_a_lock_holds_offers_and_nothing_else(chat: Chat) -> None:
    """FILE-22: OFFERED waits in its place; ACCEPTED, MORE, DATA, DONE, ABORTED do not."""
    alice, bob = chat.members("alice", "bob")
    out = Transfer(alice, bob, b"x" * 10, rule="FILE-22")
    back = Transfer(bob, alice, b"y" * 10, rule="FILE-22").accept(5)
    for client in (alice, bob):
        client.does("LOCK", "OK LOCK")
    first = bob.says("before the offer")
    bob.does("LOCK", "OK LOCK")
    digest = hashlib.sha256(b"").hexdigest()
    id = bob.asks(f"OFFER {alice.nick} 0 {digest} late.txt").final["id"]
    second = bob.says("after the offer")
    bob.does("LOCK", "OK LOCK")
    alice.receives_nothing()
    out.accept(10)
    out.send()
    out.finish()
    back.send(5)
    back.abort(alice)
    alice.does(f"DECLINE {id}", f"OK DECLINE {id}")
    bob.receives(f"DECLINED {id}")
    answer = alice.does("UNLOCK", "OK UNLOCK 3")
    expected = [
        f"MSG lobby {first} {bob.nick} before the offer",
        f"OFFERED {id} {bob.nick} 0 {digest} late.txt",
        f"MSG lobby {second} {bob.nick} after the offer",
    ]
    if [event.text for event in answer.events] != expected:
        raise Violation(
            "the offer has its place among the held events",
            client=alice,
            expected=f"({', '.join(expected)})",
            got=f"({', '.join(event.text for event in answer.events)})",
        )
    alice.events.clear()
    bob.does("UNLOCK", "OK UNLOCK 0")


@needs("FILE-1", "LOCK-1", "LOCK-4")
def test_offers_of_other_rooms_are_held_as_well(chat: Chat) -> None:
    """FILE-22: whoever offers, and wherever it is. That it has left is told at once."""
    alice, bob = chat.members("alice", "bob")
    if offers(chat, alice, "rooms"):
        bob.asks(f"JOIN {chat.nick('garden')}")
        alice.fence()
        alice.events.clear()
    alice.does("LOCK", "OK LOCK")
    id = bob.asks(offer_to(alice)).final["id"]
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.receives(f"OFFERED {id} {bob.nick} {offer_to(alice).split(' ', 2)[2]}")
    alice.does("LOCK", "OK LOCK")
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"ABORTED {id} quit")
    alice.asks("UNLOCK")
    alice.events.clear()


@needs("FILE-1", "LOCK-4", "LOCK-14")
def test_offers_fill_a_hold(bench: Bench) -> None:
    """FILE-22: they are held like the events of the room: to the bound, and no further."""
    alice, bob = bench.chat(bench.start(hold_count=3)).members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    ids = [bob.asks(offer_to(alice)).final["id"] for _ in range(4)]
    rest = offer_to(alice).split(" ", 2)[2]
    for each in [*(f"OFFERED {id} {bob.nick} {rest}" for id in ids), "UNLOCKED overflow"]:
        alice.receives(each)
    alice.does("UNLOCK", "OK UNLOCK 0")


@needs("FILE-6", "FILE-8", "FILE-10", "LOCK-1", "LOCK-4")
def test_no_verb_of_a_transfer_ends_a_lock(chat: Chat) -> None:
    """FILE-23: sender and receiver stay locked through all of it."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    transfer, declined, aborted = (
        Transfer(alice, bob, b"x" * 10, rule="FILE-23") for _ in range(3)
    )
    for client in (alice, bob):
        client.does("LOCK", "OK LOCK")
    seq = carol.says("held")
    alice.does(f"OFFER {carol.nick} 0 {hashlib.sha256().hexdigest()} x", "OK OFFER (number)")
    carol.next_event("OFFERED (id)")
    transfer.accept(10)
    transfer.send()
    transfer.finish()
    declined.decline()
    aborted.abort(bob)
    for client in (alice, bob):
        client.receives_nothing()
        client.does("UNLOCK", "OK UNLOCK 1")
        client.hears(carol, "held", seq)
    carol.fence()
    carol.events.clear()  # what others must not be told is FILE-24
