"""The extension `files`: what each verb does, and to whom."""

import pytest

from ..bench import needs
from ..chat import Chat
from ..client import Client
from ..transfers import LONGEST, Transfer, offer_to, run_together, some_octets
from ..violation import Violation


def test_an_offer_is_answered_and_the_other_is_told(chat: Chat) -> None:
    """FILE-1: OK OFFER id; OFFERED once, before the reply; the name without regard to case."""
    alice, bob = chat.members("alice", "Bob")
    for name in (bob.nick, bob.nick.upper(), bob.nick.lower()):
        offer = offer_to(bob).replace(bob.nick, name)
        final = alice.asks(offer).final
        if final.kind != "OK OFFER":
            raise Violation("an offer", client=alice, expected="OK OFFER (id)", got=final.text)
        announced = offer.split(" ", 2)[2]
        bob.receives(f"OFFERED {final['id']} {alice.nick} {announced}")


def test_many_offer_at_once(chat: Chat) -> None:
    """FILE-1, FILE-3: thirty members offer each other files; each offer arrives once."""
    crowd = chat.crowd(30)
    for number, client in enumerate(crowd):
        for step in (1, 7):
            client.sends(offer_to(crowd[(number + step) % 30], number))
    assert chat.most_waiting > 15, "the members never offered anything at the same time"
    given = {client: [client.answer().final.fields.get("id") for _ in (1, 7)] for client in crowd}
    for number, client in enumerate(crowd):
        client.fence()
        offers = [(crowd[number - step], given[crowd[number - step]][step > 1]) for step in (1, 7)]
        expected = sorted((sender.nick, str(id)) for sender, id in offers)
        got = sorted((event["name"], event["id"]) for event in client.events)
        if got != expected:
            raise Violation(
                "who offered something, and under which ids",
                client=client,
                expected=str(expected),
                got=str(got),
            )
        client.events.clear()
    ids = [id for pair in given.values() for id in pair]
    assert len(ids) == 60
    if len(set(ids)) != 60:
        raise Violation(
            "two transfers have one id",
            expected="(60 ids)",
            got=f"({len(set(ids))} ids)",
            requirement="FILE-3",
        )


@pytest.mark.parametrize(
    "filename",
    [
        *(" leading and  double spaces ", " ", "é 漢字 \U0001f600.txt", "...", "..\\x"),
        *("x" * 255, "é" * 127),
    ],
)
def test_what_is_offered_arrives_as_it_was_sent(chat: Chat, filename: str) -> None:
    """FILE-2: size, digest and filename, octet for octet."""
    alice, bob = chat.members("alice", "bob")
    Transfer(alice, bob, b"some octets", filename)
    alice.is_refused(f"NICK {bob.nick}", "already-named")  # the connection goes on


@pytest.mark.parametrize("size", [0, 1, 2**31, 2**32, 2**53 - 1])
def test_any_size_may_be_offered(chat: Chat, size: int) -> None:
    """FILE-2: up to the largest number."""
    alice, bob = chat.members("alice", "bob")
    final = alice.asks(offer_to(bob, size)).final
    event = bob.next_event(f"OFFERED (id) {alice.nick} {size} (sha256) notes.txt")
    bob.check(
        event, f"OFFERED {final['id']} {' '.join([alice.nick, *offer_to(bob, size).split()[2:]])}"
    )


@needs("FILE-9", "FILE-10")
def test_ids_are_never_used_again(chat: Chat) -> None:
    """FILE-3: not after an offer was declined or aborted, nor when its sender has gone."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    seen = set()
    for _ in range(10):
        first, second, third = (Transfer(alice, bob) for _ in range(3))
        second.decline()
        first.abort(alice)
        third.abort(bob)
        seen |= {first.id, second.id, third.id}
    seen.add(Transfer(carol, bob).id)
    carol.does("QUIT", "OK QUIT")
    for client in (alice, bob):
        client.fence()
        client.events.clear()
    seen.add(Transfer(alice, bob).id)
    if len(seen) != 32:
        raise Violation(
            "an id was used again", client=alice, expected="(32 ids)", got=f"({len(seen)} ids)"
        )


def test_hundreds_of_ids_differ(chat: Chat) -> None:
    """FILE-3: three hundred offers, most of which are over; the first is still open."""
    alice, bob = chat.members("alice", "bob")
    seen = [Transfer(alice, bob).id]
    for _ in range(60):
        for _ in range(5):
            alice.sends(offer_to(bob))
        finals = [alice.answer().final for _ in range(5)]
        for final in finals:
            if final.kind != "OK OFFER":
                raise Violation("an offer", client=alice, got=final.text, requirement="FILE-20")
        ids = [final.number("id") for final in finals]
        for id in ids:
            bob.sends(f"DECLINE {id}")
        for id in ids:
            bob.check(bob.answer().final, f"OK DECLINE {id}")
        seen += ids
    if len(set(seen)) != 301:
        raise Violation(
            "an id was used again",
            client=alice,
            expected="(301 ids)",
            got=f"({len(set(seen))} ids)",
        )
    for client in (alice, bob):
        client.fence()
        client.events.clear()


def test_the_sender_is_told_of_the_acceptance(chat: Chat) -> None:
    """FILE-4: OK ACCEPT id, after ACCEPTED id was queued to the sender."""
    alice, bob = chat.members("alice", "bob")
    Transfer(alice, bob).accept()
    Transfer(bob, alice).accept()


@needs("FILE-4")
def test_credit_is_passed_on(chat: Chat) -> None:
    """FILE-5: OK MORE id, after MORE id octets was queued to the sender."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, b"x" * 10).accept()
    for octets in (1, 7, 4096, 65536):
        transfer.grant(octets)


@needs("FILE-4")
def test_credit_adds_up(chat: Chat) -> None:
    """FILE-5: a chunk may use what several MORE have granted."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, b"x" * 12).accept()
    for octets in (3, 4, 5):
        transfer.grant(octets)
    alice.does(transfer.chunk(12), f"OK CHUNK {transfer.id} 12")
    bob.fence()
    bob.events.clear()


@needs("FILE-4", "FILE-5")
@pytest.mark.parametrize("size", [1, 2, 3, 1000, LONGEST - 1, LONGEST])
def test_chunks_arrive_as_they_were_sent(chat: Chat, size: int) -> None:
    """FILE-6: DATA with the data octet for octet, once and in order, before OK CHUNK."""
    alice, bob = chat.members("alice", "bob")
    content = some_octets(4 * size + 1)
    transfer = Transfer(alice, bob, content).accept(len(content))
    while transfer.sent < len(content):
        transfer.send(size)
    transfer.check_digest()


@needs("FILE-4", "FILE-5")
def test_the_bits_that_padding_leaves_over_are_passed_on(chat: Chat) -> None:
    """FILE-6: octet for octet, too, unless the server looks at them and refuses the chunk."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, b"x").accept(1)
    answer = alice.asks(f"CHUNK {transfer.id} eH==")
    if answer.final.kind == "ERR":
        alice.was_refused(answer, "CHUNK", "bad-args")
    else:
        bob.receives(f"DATA {transfer.id} eH==")


@needs("FILE-4", "FILE-5")
def test_a_file_arrives_whole_in_a_pipeline(chat: Chat) -> None:
    """FILE-6: a megabyte, its chunks sent without waiting: the SHA-256 is that of the offer."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(1_000_000)).accept()
    run_together([transfer])
    transfer.check_digest()


@needs("FILE-6")
def test_chunks_are_answered_with_the_octets_so_far(chat: Chat) -> None:
    """FILE-7: at once, though the receiver reads nothing."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(200_000)).accept(200_000)
    bob.reads_no_more()
    for size in (1, 2, 10, 1000, *[LONGEST] * 60):
        transfer.sent += len(transfer.next_chunk(size))
        sent, transfer.sent = transfer.sent, transfer.sent - size
        alice.does(transfer.chunk(size), f"OK CHUNK {transfer.id} {sent}")
        transfer.sent = sent
    alice.asks(f"ABORT {transfer.id}")
    bob.closes()
    alice.is_told(f"LEFT lobby {bob.nick} closed")


@needs("FILE-6")
def test_done_ends_a_transfer(chat: Chat) -> None:
    """FILE-8: OK DONE, after the receiver got DONE behind the last DATA; an empty file too."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(10_000)).accept(10_000)
    while transfer.sent < 10_000:
        transfer.send()
    transfer.finish()
    empty = Transfer(alice, bob).accept()
    empty.finish()
    for each in (transfer, empty):
        each.is_over()


@needs("FILE-6")
def test_done_comes_behind_the_last_data_in_a_pipeline(chat: Chat) -> None:
    """FILE-8: chunks and DONE sent without waiting arrive in their order."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob, some_octets(60_000)).accept(60_000)
    expected = []
    while chunk := transfer.next_chunk():
        alice.sends(transfer.chunk())
        transfer.sent += len(chunk)
        expected.append("DATA")
    alice.sends(f"DONE {transfer.id}")
    for number in range(1, len(expected) + 1):
        alice.check(alice.answer().final, f"OK CHUNK {transfer.id} {number * LONGEST}")
    alice.check(alice.answer().final, f"OK DONE {transfer.id}")
    bob.fence()
    got = [event.kind for event in bob.events]
    if got != [*expected, "DONE"]:
        raise Violation(
            "DONE comes once, and last",
            client=bob,
            expected=f"({len(expected)} DATA, then DONE)",
            got=f"({' '.join(got)})"[:200],
        )
    bob.events.clear()


def test_an_offer_may_be_declined(chat: Chat) -> None:
    """FILE-9: OK DECLINE, after the sender was told; the transfer is over."""
    alice, bob = chat.members("alice", "bob")
    transfer = Transfer(alice, bob)
    transfer.decline()
    transfer.is_over()
    Transfer(alice, bob)


@needs("FILE-6")
@pytest.mark.parametrize("when", ["offered", "accepted", "halfway", "complete"])
def test_either_side_may_abort(chat: Chat, when: str) -> None:
    """FILE-10: at any time; the other side is told, then OK ABORT."""
    alice, bob = chat.members("alice", "bob")
    for side in (alice, bob):
        transfer = Transfer(alice, bob, b"x" * 100)
        if when != "offered":
            transfer.accept(100)
        for _ in range({"halfway": 1, "complete": 2}.get(when, 0)):
            transfer.send(50)
        transfer.abort(side)
        transfer.is_over()


@needs("FILE-6")
def test_nobody_else_receives_anything(chat: Chat) -> None:
    """FILE-24: and no seq is used up."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    nameless = chat.connect("nameless")
    seq = _all_hear(chat, alice, "one")
    transfer = Transfer(alice, bob, b"content").accept(7)
    transfer.send()
    transfer.finish()
    Transfer(bob, alice).decline()
    Transfer(bob, alice).accept().abort(bob)
    for client in (alice, bob, carol, dave, nameless):
        client.receives_nothing()
    if _all_hear(chat, alice, "two") != seq + 1:
        raise Violation("a transfer used up a seq", client=alice, expected=f"OK SAY {seq + 1}")


@needs("FILE-6", "FILE-8", "FILE-10")
def test_a_member_may_send_itself_a_file(chat: Chat) -> None:
    """FILE-26: it receives the events of both sides, each before the reply."""
    alice = chat.member("alice")
    transfer = Transfer(alice, alice, b"note to self", rule="FILE-26").accept(12)
    transfer.send()
    transfer.finish()
    for accepted in (False, True):
        other = Transfer(alice, alice, rule="FILE-26")
        if accepted:
            other.accept()
        answer = alice.does(f"ABORT {other.id}", f"OK ABORT {other.id}")
        if [event.text for event in answer.events] != [f"ABORTED {other.id} abort"]:
            raise Violation(
                "the event comes before the reply",
                client=alice,
                expected=f"ABORTED {other.id} abort",
                got=answer.events[0].text if answer.events else "(nothing)",
            )
        alice.events.clear()
    Transfer(alice, alice, rule="FILE-26")
    alice.does("QUIT", "OK QUIT")


def _all_hear(chat: Chat, speaker: Client, text: str) -> int:
    seq = speaker.says(text)
    for client in chat.clients:
        if client is not speaker and client.number:
            client.hears(speaker, text, seq)
    return seq
