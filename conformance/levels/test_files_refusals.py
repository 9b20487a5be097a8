"""The extension `files`: what is refused, and that nothing of it is passed on."""

import pytest

from ..bench import needs
from ..chat import Chat
from ..client import ANY_VERB, Client
from ..transfers import LONGEST, SOME_DIGEST, WINDOW, Transfer, offer_to, some_octets
from ..violation import Violation, blamed_on

#: Offers of one member by which the server must have said no (FILE-20).
MOST_OFFERS = 1000


@pytest.mark.parametrize(
    "filename", [".", "..", "/", "a/b", "../x", "/etc/x", "x" * 256, "é" * 128]
)
def test_a_filename_that_is_none_is_refused(chat: Chat, filename: str) -> None:
    """FILE-11: bad-filename, and the other is not told."""
    alice, bob = chat.members("alice", "bob")
    alice.is_refused(offer_to(bob, 5, filename), "bad-filename")
    bob.receives_nothing()


@pytest.mark.parametrize(
    "arguments",
    [
        *("", " ", "NAME", "NAME 5", f"NAME 5 {SOME_DIGEST}", f"NAME 5 {SOME_DIGEST} "),
        *(f" 5 {SOME_DIGEST} x", f"NAME  {SOME_DIGEST} x", "NAME 5  x"),
        *(f"NAME {size} {SOME_DIGEST} x" for size in ("-1", "1.5", "05", "five", "+5", "٣")),
        *(f"NAME {size} {SOME_DIGEST} x" for size in (2**53, 10**16, "9" * 100)),
        *(f"NAME 5 {digest} x" for digest in ("x", SOME_DIGEST[1:], SOME_DIGEST + "0")),
        *(
            f"NAME 5 {digest} x"
            for digest in (SOME_DIGEST.upper(), "g" * 64, SOME_DIGEST[1:] + "é")
        ),
    ],
)
def test_a_malformed_offer_is_refused(chat: Chat, arguments: str) -> None:
    """FILE-12: bad-args for what is missing, empty, no number or no digest."""
    alice, bob = chat.members("alice", "bob")
    alice.is_refused(f"OFFER {arguments.replace('NAME', bob.nick)}".rstrip("\n"), "bad-args")
    bob.receives_nothing()


@needs("FILE-6")
@pytest.mark.parametrize(
    "data",
    [
        *("AA", "AAA", "A", "=", "====", "A===", "AA=", "AA=A", "AA==AAAA", "AAAAA"),
        *("AA-_", "AA A", "éé", "AAAA AAAA", "A" * 4004, "A" * 4001),
    ],
)
def test_data_that_is_not_base64_is_refused(chat: Chat, data: str) -> None:
    """FILE-12: bad-args for data without its padding, of other characters, or too long."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(LONGEST), rule="FILE-12").accept(2 * LONGEST)
    alice.is_refused(f"CHUNK {transfer.id} {data}", "bad-args")
    bob.receives_nothing()
    transfer.send()
    transfer.finish()


@needs("FILE-5")
def test_the_arguments_of_each_verb_are_checked(chat: Chat) -> None:
    """FILE-12: bad-args comes before all that concerns the meaning; need-nick before that."""
    alice, bob = chat.members("alice", "bob")
    nameless = chat.connect("nameless")
    transfer = Transfer(alice, bob, b"x" * 6, rule="FILE-12").accept(3)
    for verb, rest in (
        *(("ACCEPT", ""), ("DECLINE", ""), ("DONE", ""), ("ABORT", "")),
        *(("MORE", " 5"), ("CHUNK", " AAAA")),
    ):
        for who in (alice, bob):
            for id in ("", "x", "-1", "01", f"{transfer.id}x", str(2**53)):
                who.is_refused(f"{verb} {id}{rest}", "bad-args")
            who.is_refused(f"{verb}", "bad-args")
            who.is_refused(f"{verb} {transfer.id}{rest} ", "bad-args")
            who.is_refused(f"{verb} {transfer.id}{rest} 1", "bad-args")
            if rest:
                who.is_refused(f"{verb} {transfer.id}", "bad-args")
        nameless.is_refused(f"{verb} {transfer.id}{rest}", "need-nick", ANY_VERB)
    for who, number in ((bob, transfer.id), (alice, transfer.id), (bob, 2**53 - 1)):
        for octets in ("0", "x", "-1", str(2**53)):
            who.is_refused(f"MORE {number} {octets}", "bad-args")
        who.is_refused(f"CHUNK {number} AAA", "bad-args")
    nameless.is_refused(offer_to(bob), "need-nick")
    for client in (alice, bob):
        client.receives_nothing()
    transfer.send(3)


def test_an_offer_to_nobody_is_refused(chat: Chat) -> None:
    """FILE-13: no-such-nick, after bad-args and bad-filename."""
    alice, bob = chat.members("alice", "bob")
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT lobby {bob.nick} quit")
    for name in (bob.nick, chat.nick("nobody"), "1337", "é", "x" * 100):
        alice.is_refused(f"OFFER {name} 5 {SOME_DIGEST} x", "no-such-nick")
        alice.is_refused(f"OFFER {name} 5 {SOME_DIGEST} ..", "bad-filename")
        alice.is_refused(f"OFFER {name} 05 {SOME_DIGEST} ..", "bad-args")


@needs("FILE-5", "FILE-8")
def test_only_the_right_side_may_use_an_open_transfer(chat: Chat) -> None:
    """FILE-14: no-such-transfer for the other side, for a third member, and for other ids."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    offered, accepted = (
        Transfer(alice, bob, rule="FILE-14"),
        Transfer(alice, bob, b"x" * 3, rule="FILE-14").accept(3),
    )
    over = Transfer(alice, bob, rule="FILE-14").accept()
    over.finish()
    for id in (offered.id, accepted.id):
        for command in (f"ACCEPT {id}", f"DECLINE {id}", f"MORE {id} 5"):
            alice.is_refused(command, "no-such-transfer")
        for command in (f"CHUNK {id} AAAA", f"DONE {id}"):
            bob.is_refused(command, "no-such-transfer")
    for who, ids in (
        (carol, (offered.id, accepted.id, over.id)),
        *((each, (over.id, 0, over.id + 10**6, 2**53 - 1)) for each in (alice, bob)),
    ):
        for id in ids:
            for command in (
                *(f"ACCEPT {id}", f"DECLINE {id}", f"MORE {id} 5", f"MORE {id} {WINDOW + 1}"),
                *(f"CHUNK {id} AAAA", f"DONE {id}", f"ABORT {id}"),
            ):
                who.is_refused(command, "no-such-transfer")
    for client in (alice, bob, carol):
        client.receives_nothing()
    offered.accept()
    accepted.send()
    accepted.finish()


@needs("FILE-4")
def test_each_verb_has_its_time(chat: Chat) -> None:
    """FILE-15: not-now for what needs an accepted transfer, and for what needs one that is not."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, b"x" * 3, rule="FILE-15")
    bob.is_refused(f"MORE {transfer.id} 5", "not-now")
    bob.is_refused(f"MORE {transfer.id} {WINDOW + 1}", "not-now")
    alice.is_refused(f"CHUNK {transfer.id} AAAA", "not-now")
    alice.is_refused(f"CHUNK {transfer.id} AAAAAAAA", "not-now")
    alice.is_refused(f"DONE {transfer.id}", "not-now")
    transfer.accept()
    for verb in ("ACCEPT", "DECLINE"):
        bob.is_refused(f"{verb} {transfer.id}", "not-now")
    for client in (alice, bob):
        client.receives_nothing()
    transfer.grant(3)
    transfer.send()
    transfer.finish()


@needs("FILE-6")
def test_credit_has_a_bound(chat: Chat) -> None:
    """FILE-16: too-much-credit beyond 262144 octets that are not used up; it grants nothing."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(WINDOW + 2 * LONGEST), rule="FILE-16").accept()
    bob.is_refused(f"MORE {transfer.id} {WINDOW + 1}", "too-much-credit")
    bob.is_refused(f"MORE {transfer.id} {2**53 - 1}", "too-much-credit")
    transfer.grant(WINDOW - 10)
    transfer.grant(10)
    bob.is_refused(f"MORE {transfer.id} 1", "too-much-credit")
    alice.receives_nothing()
    transfer.send(LONGEST)
    bob.is_refused(f"MORE {transfer.id} {LONGEST + 1}", "too-much-credit")
    transfer.grant(LONGEST)
    while transfer.sent < WINDOW + LONGEST:
        transfer.send(min(LONGEST, WINDOW + LONGEST - transfer.sent))


@needs("FILE-6")
def test_a_chunk_beyond_the_credit_is_refused(chat: Chat) -> None:
    """FILE-17: no-credit; nothing is passed on, and the credit stays as it is."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(1000), rule="FILE-17").accept()
    alice.is_refused(transfer.chunk(1), "no-credit")
    transfer.grant(100)
    for size in (101, 1000, 102):
        alice.is_refused(transfer.chunk(size), "no-credit")
    bob.receives_nothing()
    transfer.send(60)
    alice.is_refused(transfer.chunk(41), "no-credit")
    transfer.send(40)
    alice.is_refused(transfer.chunk(1), "no-credit")
    transfer.grant(1000)
    while transfer.sent < 1000:
        transfer.send(7)
    transfer.finish()


@needs("FILE-6", "FILE-17")
def test_more_than_was_announced_is_refused(chat: Chat) -> None:
    """FILE-18: beyond-size, whatever the credit; the transfer stays open."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(100), rule="FILE-18").accept()
    data = "A" * 136  # 102 octets
    alice.is_refused(f"CHUNK {transfer.id} {data}", "beyond-size")
    transfer.grant(WINDOW)
    alice.is_refused(f"CHUNK {transfer.id} {data}", "beyond-size")
    transfer.send(98)
    alice.is_refused(f"CHUNK {transfer.id} AAAA", "beyond-size")
    bob.receives_nothing()
    transfer.send()
    alice.is_refused(f"CHUNK {transfer.id} AA==", "beyond-size")
    transfer.finish()
    empty = Transfer(alice, bob, rule="FILE-18").accept(10)
    alice.is_refused(f"CHUNK {empty.id} AA==", "beyond-size")
    empty.finish()


@needs("FILE-6", "FILE-8")
def test_done_too_soon_is_refused(chat: Chat) -> None:
    """FILE-19: incomplete; the transfer stays open."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(100), rule="FILE-19").accept(100)
    alice.is_refused(f"DONE {transfer.id}", "incomplete")
    transfer.send(99)
    alice.is_refused(f"DONE {transfer.id}", "incomplete")
    bob.receives_nothing()
    transfer.send(1)
    transfer.finish()


@needs("FILE-4", "FILE-10")
def test_open_transfers_are_bounded(chat: Chat) -> None:
    """FILE-20: eight are granted, the 1001st is not; what others offer does not count."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    for _ in range(8):
        Transfer(carol, alice, rule="FILE-20")
    offers = [Transfer(alice, bob, rule="FILE-20").accept() for _ in range(8)]
    command, refused = offer_to(bob), False
    while not refused and len(offers) <= MOST_OFFERS:
        final = alice.asks(command).final
        refused = final.kind == "ERR"
        if not refused:
            offers.append(offers[0])
            bob.next_event("OFFERED")
    if not refused:
        raise Violation(
            f"{len(offers)} offers of one member are open, and none was refused",
            client=alice,
            expected="ERR too-many-transfers OFFER (and some words)",
            got=final.text,
        )
    alice.is_refused(command, "too-many-transfers")
    with blamed_on("FILE-13"):
        alice.is_refused(offer_to(bob).replace(bob.nick, "1337"), "no-such-nick")
    bob.receives_nothing()
    offers[0].abort(alice)
    Transfer(alice, bob, rule="FILE-20")


@needs("FILE-6", "FILE-8", "FILE-9", "FILE-10")
def test_what_is_over_does_not_count(chat: Chat) -> None:
    """FILE-20: nine files, one after the other, end in each way; there is room for eight more."""
    alice, bob = chat.members("alice", "bob")
    for _ in range(9):
        Transfer(alice, bob, rule="FILE-20").decline()
        Transfer(alice, bob, rule="FILE-20").abort(alice)
        Transfer(alice, bob, b"xy", rule="FILE-20").accept().abort(bob)
        done = Transfer(alice, bob, b"xy", rule="FILE-20").accept(2)
        done.send()
        done.finish()
    for _ in range(8):
        Transfer(alice, bob, rule="FILE-20").accept()


@needs("FILE-4", "FILE-21")
def test_what_ended_with_its_other_side_does_not_count(chat: Chat) -> None:
    """FILE-20: eight receivers and eight senders leave; there is room for eight more."""
    alice, bob = chat.members("alice", "bob")
    crowd = chat.crowd(8)
    chat.settle([alice, bob])
    for each in crowd:
        Transfer(alice, each, rule="FILE-20")
        Transfer(each, alice, rule="FILE-20").accept()
    for each in crowd:
        each.does("QUIT", "OK QUIT")
    _expect_sixteen_aborted(alice)
    chat.put_aside(bob)
    for sender, receiver in ((alice, bob), (bob, alice)) * 8:
        Transfer(sender, receiver, rule="FILE-20").accept()


def _expect_sixteen_aborted(alice: Client) -> None:
    """What is not over counts: that is FILE-21, and FILE-20 has nothing to say of it."""
    alice.fence()
    over = [event for event in alice.events if event.kind == "ABORTED"]
    if len(over) != 16:
        raise Violation(
            "eight have left, each with one transfer to Alice and one from her",
            client=alice,
            expected="(ABORTED of 16 transfers)",
            got=f"(ABORTED of {len(over)} transfers)",
            requirement="FILE-21",
        )
    alice.events.clear()


def test_a_ninth_transfer_is_accepted_or_may_be_later(chat: Chat) -> None:
    """FILE-20: eight accepted are granted; if a ninth is refused, its offer stays open."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    accepted = [Transfer(bob, alice, rule="FILE-20").accept() for _ in range(8)]
    offer = Transfer(carol, alice, rule="FILE-20")
    answer = alice.asks(f"ACCEPT {offer.id}")
    if answer.final.kind == "ERR":
        alice.was_refused(answer, "ACCEPT", "too-many-transfers")
        carol.receives_nothing()
        accepted[0].abort(bob)
        offer.accept()
        return
    alice.check(answer.final, f"OK ACCEPT {offer.id}")
    carol.receives(f"ACCEPTED {offer.id}")
