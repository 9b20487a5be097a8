"""The extension `files`: transfers among members that talk, leave and vanish."""

import signal
from collections import deque

import pytest

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..transfers import WINDOW, Transfer, run_together, some_octets
from ..violation import Violation
from .test_history import offers

WAYS = {"quit": "quit", "half-close": "closed", "reset": "closed"}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("when", ["offered", "accepted", "granted", "halfway", "complete"])
@pytest.mark.parametrize("side", ["sender", "receiver"])
@needs("FILE-6", "LEFT-1")
def test_the_other_learns_that_one_has_left(chat: Chat, side: str, when: str, way: str) -> None:
    """FILE-21: ABORTED id cause, before the LEFT, at whatever moment one side vanishes."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    transfer = Transfer(alice, bob, some_octets(200))
    if when != "offered":
        transfer.accept()
    if when in ("granted", "halfway", "complete"):
        transfer.grant(200)
    for _ in range({"halfway": 1, "complete": 2}.get(when, 0)):
        transfer.send(100)
    gone, other = (alice, bob) if side == "sender" else (bob, alice)
    _leaves(gone, way)
    other.is_told(f"ABORTED {transfer.id} {WAYS[way]}")
    for client in (other, carol):
        client.is_told(f"LEFT lobby {gone.nick} {WAYS[way]}")
    other.is_refused(f"ABORT {transfer.id}", "no-such-transfer")
    other.receives_nothing()


@needs("FILE-6", "LEFT-1")
def test_all_transfers_of_one_who_leaves_end(chat: Chat) -> None:
    """FILE-21: each once; those of others go on, and who takes the name has none of them."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    mine = [Transfer(bob, alice), Transfer(bob, alice).accept(), Transfer(alice, bob)]
    over = Transfer(alice, bob).accept()
    over.finish()
    theirs = Transfer(alice, carol, b"x" * 10).accept(10)
    _leaves(bob, "quit")
    told = sorted(alice.next_event("ABORTED (id) quit").text for _ in mine)
    if told != sorted(f"ABORTED {each.id} quit" for each in mine):
        raise Violation(
            "each open transfer of the one who left",
            client=alice,
            expected=f"({len(mine)} ABORTED)",
            got=f"({', '.join(told)})",
        )
    for client in (alice, carol):
        client.receives(f"LEFT lobby {bob.nick} quit")
    again = chat.connect("again")
    again.takes_name(bob.nick)
    for client in (alice, carol):
        client.receives(f"JOINED lobby {bob.nick} {again.number}")
    for each in mine:
        again.is_refused(f"ABORT {each.id}", "no-such-transfer")
    theirs.send()
    theirs.finish()


@pytest.mark.parametrize("way", ["quit", "half-close"])
@needs("LEFT-1", "LEFT-4")
def test_who_leaves_is_told_of_none_of_its_transfers(chat: Chat, way: str) -> None:
    """FILE-21: who leaves receives no ABORTED, of a transfer to itself either."""
    alice, bob = chat.members("alice", "bob")
    Transfer(alice, alice, rule="FILE-26")
    mine = [Transfer(alice, bob), Transfer(bob, alice)]
    _leaves(alice, way)
    alice.awaits_end()
    if alice.events:
        raise Violation(
            "who leaves is not told that its transfers are over",
            client=alice,
            expected="(nothing)",
            got=alice.events[0].text,
        )
    for _ in mine:
        bob.awaits_event(f"ABORTED (id) {WAYS[way]}")
    bob.is_told(f"LEFT lobby {alice.nick} {WAYS[way]}")


@needs("FILE-6", "LEFT-1", "LEFT-3")
def test_a_crowd_of_senders_vanishes(chat: Chat) -> None:
    """FILE-21: twenty senders go at once, in all ways, amid their chunks; each is ABORTED once."""
    crowd = chat.crowd(20, "sender")
    receiver = chat.member("receiver")
    stay = chat.crowd(20, "receiver")
    for client in chat.clients:
        client.fence()
        client.events.clear()
    pairs = [Transfer(a, b, some_octets(3000)) for a, b in zip(crowd, stay, strict=True)]
    for each in pairs:
        each.accept(3000)
    for each in pairs:
        each.sender.sends(each.chunk(1500))
    for number, each in enumerate(pairs):
        way = list(WAYS)[number % 3]
        if way == "quit":
            each.sender.sends("QUIT")
        else:
            _leaves(each.sender, way)
    for number, each in enumerate(pairs):
        ended = f"ABORTED {each.id} {list(WAYS.values())[number % 3]}"
        event = each.receiver.awaits_event(ended)
        while event.kind in ("LEFT", "DATA"):
            event = each.receiver.awaits_event(ended)
        each.receiver.check(event, ended)
    gone = 0
    while gone < 20:
        gone += receiver.awaits_event("LEFT lobby (name) (cause)").kind == "LEFT"
    for each in pairs:
        if each.sender in chat.clients and each.sender.commands:
            each.sender.abandons()
        each.receiver.fence()
        if any(event.kind == "ABORTED" for event in each.receiver.events):
            raise Violation("a second ABORTED", client=each.receiver, expected="(nothing)")
        each.receiver.events.clear()


@needs("FILE-6", "FILE-8")
def test_each_transfer_has_its_own_credit_and_count(chat: Chat) -> None:
    """FILE-25: several between the same two members, in both directions."""
    alice, bob = chat.members("alice", "bob")
    transfers = [Transfer(alice, bob, some_octets(900, seed), rule="FILE-25") for seed in range(3)]
    transfers += [
        Transfer(bob, alice, some_octets(900, seed), rule="FILE-25") for seed in range(3, 5)
    ]
    for number, each in enumerate(transfers):
        each.accept(100 * number + 1)
    for number, each in enumerate(transfers):
        each.sender.is_refused(each.chunk(100 * number + 2), "no-credit")
    for _ in range(10):
        for number, each in enumerate(transfers[1:], 1):
            each.send(10 * number)
    for each in transfers:
        each.grant(1000)
        while each.sent < 900:
            each.send(97)
        each.finish()


@needs("FILE-6", "FILE-8")
def test_a_crowd_sends_files_to_each_other(chat: Chat) -> None:
    """FILE-25: twelve members, each sends four files at once; every SHA-256 is right."""
    crowd = chat.crowd(12)
    transfers = [
        Transfer(sender, crowd[(number + step) % 12], some_octets(40_000 + number, step))
        for number, sender in enumerate(crowd)
        for step in (1, 2, 3, 5)
    ]
    for each in transfers:
        each.accept()
    run_together(transfers, size=2500, window=20_000)
    for each in transfers:
        each.finish()


@needs("FILE-6", "FILE-8")
def test_a_transfer_goes_on_in_other_rooms(chat: Chat) -> None:
    """FILE-4, FILE-6: who moves to another room keeps what was offered and what flows."""
    alice, bob = chat.members("alice", "bob")
    offered = Transfer(alice, bob, b"xy")
    flowing = Transfer(bob, alice, b"xyz").accept(3)
    for client in (alice, bob) if offers(chat, alice, "rooms") else ():
        client.asks(f"JOIN {chat.nick(client.label)}")
        for other in (alice, bob):
            other.fence()
            other.events = deque(event for event in other.events if event.kind != "LEFT")
    offered.accept(2)
    for each in (offered, flowing):
        each.send()
        each.finish()


@needs("FILE-10", "STOP-1")
def test_nobody_is_told_when_the_server_stops(bench: Bench) -> None:
    """FILE-27: BYE, and no ABORTED."""
    server = bench.start()
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    Transfer(alice, bob, b"x" * 10)
    Transfer(bob, alice, b"x" * 10).accept(10)
    Transfer(alice, bob, b"x" * 10).accept(10).send(5)
    server.popen.send_signal(signal.SIGTERM)
    for client in (alice, bob):
        client.awaits_end()
        told = [event.kind for event in client.events]
        if told != ["BYE"]:
            raise Violation(
                "what a stop of the server is told with",
                client=client,
                expected="(BYE)",
                got=f"({' '.join(told)})",
            )


@needs("FILE-6")
def test_the_chat_goes_on_between_chunks(chat: Chat) -> None:
    """FILE-28: everybody talks while a file flows; each message arrives at once."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    transfer = Transfer(alice, bob, some_octets(300_000)).accept(WINDOW)
    everybody = (alice, bob, carol, dave)
    for number in range(20):
        for _ in range(4):
            transfer.send()
        for speaker in (alice, carol) if number % 2 else (bob, dave):
            seq = speaker.says(f"round {number}")
            for client in everybody:
                if client is not speaker:
                    client.hears(speaker, f"round {number}", seq)
    transfer.abort(bob)


@needs("FILE-6", "LEFT-1")
def test_a_transfer_that_has_come_to_a_halt_delays_nobody(chat: Chat) -> None:
    """FILE-28: the receiver reads no more; others talk, and send each other files."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    stuck = Transfer(alice, bob, some_octets(WINDOW)).accept(WINDOW)
    bob.reads_no_more()
    for number in range(1, WINDOW // 3000 + 1):
        alice.sends(stuck.chunk(3000))
        stuck.sent = 3000 * number
    for sent in range(3000, stuck.sent + 1, 3000):
        alice.check(alice.answer().final, f"OK CHUNK {stuck.id} {sent}")
    for number in range(20):
        seq = alice.says(f"message {number}")
        for client in (carol, dave):
            client.hears(alice, f"message {number}", seq)
    other = Transfer(carol, alice, some_octets(100_000)).accept()
    run_together([other])
    other.check_digest()
    bob.closes()
    alice.is_told(f"ABORTED {stuck.id} closed")
    for client in (alice, carol, dave):
        client.is_told(f"LEFT lobby {bob.nick} closed")


def _leaves(client: Client, way: str) -> None:
    if way == "quit":
        client.does("QUIT", "OK QUIT")
    elif way == "half-close":
        client.half_closes()
    else:
        client.resets()
