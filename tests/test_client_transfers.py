"""Files from one client to another, through the hub: digests, credit, and every way to fail."""

from __future__ import annotations

import errno

import pytest

from parley.client.transfer import WINDOW
from parley.client.transfers import AHEAD, MAX_OFFERS, PIECE
from parley.hub import Limits
from tests.desks import Copy, Desk, Office


def pair(limits: Limits | None = None) -> tuple[Desk, Desk]:
    alice, bob = Office(limits).members("alice", "bob")
    return alice, bob


@pytest.mark.parametrize("size", [0, 1, PIECE, PIECE + 1, WINDOW, 3 * WINDOW + 7])
def test_a_file_arrives_whole(size: int) -> None:
    """FILE-5 to FILE-8: whatever its size, with the credit that it needs."""
    alice, bob = pair()
    data = bytes(index % 251 for index in range(size))
    copy = alice.offers("bob", "notes.txt", data)
    assert "offers you notes.txt" in bob.sees()[0]
    bob.types("/accept")
    assert bob.shelf.kept == {"notes.txt": data}
    assert bob.shelf.open == 0
    assert copy.closed
    assert alice.sees()[-1].startswith("bob has all of notes.txt")
    assert not alice.session.transfers.busy
    assert not bob.session.transfers.busy


def test_a_smaller_window_of_the_server_is_found() -> None:
    """FILE-16: a MORE beyond the window is refused, and asked for again, smaller."""
    alice, bob = pair(Limits(max_window=10_000))
    alice.offers("bob", "notes.txt", b"x" * 100_000)
    bob.types("/accept")
    assert len(bob.shelf.kept["notes.txt"]) == 100_000


def test_what_is_said_does_not_wait_for_the_whole_file() -> None:
    """FILE-28: no more than AHEAD octets of a file are queued in front of it."""
    alice, bob = pair()
    alice.offers("bob", "notes.txt", b"x" * WINDOW)
    bob.conversation.typed("/accept 1")
    while not alice.session.transfers.outgoing[1].credit:
        assert bob.moves() | alice.moves()
    assert len(alice.conversation.take()) < AHEAD + 5000


def test_a_file_with_another_digest_is_not_kept() -> None:
    """Section 20: a file of which size and SHA-256 are not those of the offer is not to be kept."""
    alice, bob = pair()
    alice.offers("bob", "notes.txt", b"hello", digest="0" * 64)
    seen = bob.types("/accept")
    assert seen[-1] == (
        "notes.txt did not arrive: its digest (SHA-256) is not the one that was announced"
    )
    assert (bob.shelf.kept, bob.shelf.open) == ({}, 0)


def test_a_declined_file() -> None:
    alice, bob = pair()
    copy = alice.offers("bob", "notes.txt", b"hello")
    bob.types("/decline")
    assert alice.sees()[-1] == "notes.txt was not sent: it was declined"
    assert copy.closed


def test_an_offer_to_nobody() -> None:
    alice, _ = pair()
    copy = alice.offers("carol", "notes.txt", b"hello")
    assert alice.sees() == ["notes.txt was not sent: nobody has this nickname"]
    assert copy.closed


def started() -> tuple[Desk, Desk, Copy]:
    """A transfer of which some has arrived and some has not."""
    alice, bob = pair()
    copy = alice.offers("bob", "notes.txt", b"x" * 2 * WINDOW)
    bob.conversation.typed("/accept")
    while not bob.session.transfers.incoming[1].done:
        assert bob.moves() | alice.moves()
    return alice, bob, copy


@pytest.mark.parametrize("who", ["sender", "receiver"])
@pytest.mark.parametrize("how", ["/abort", "quit", ""])
def test_a_transfer_that_one_side_ends(who: str, how: str) -> None:
    """FILE-10, FILE-21: nothing is kept, and both sides are told in one line."""
    alice, bob, copy = started()
    one, other = (alice, bob) if who == "sender" else (bob, alice)
    if how:
        one.types(how)
    else:
        one.is_cut_off()
    assert [line for line in other.sees() if "notes.txt " in line][-1].startswith(
        "notes.txt did not arrive: " if other is bob else "notes.txt was not sent: "
    )
    assert (bob.shelf.kept, bob.shelf.open) == ({}, 0)
    assert copy.closed


def test_a_disk_that_is_full_from_the_start() -> None:
    """The offer stays: there may be room later."""
    alice, bob = pair()
    bob.shelf.room = 3
    alice.offers("bob", "notes.txt", b"hello")
    assert bob.types("/accept")[-1] == "it cannot be saved: no room"
    bob.shelf.room = 5
    bob.types("/accept")
    assert bob.shelf.kept == {"notes.txt": b"hello"}


def test_a_disk_that_fills_up() -> None:
    alice, bob, _ = started()
    bob.shelf.room = 0
    bob.office.settle()
    assert bob.sees()[-1] == "notes.txt did not arrive: it cannot be written: no room"
    assert alice.sees()[-1] == "notes.txt was not sent: the other side ended it"
    assert (bob.shelf.kept, bob.shelf.open) == ({}, 0)


def test_a_file_that_became_shorter() -> None:
    alice, _, copy = started()
    copy.data = b""
    alice.office.settle()
    assert alice.sees()[-1] == "notes.txt was not sent: it has become shorter meanwhile"


def test_a_file_that_cannot_be_read_any_more() -> None:
    alice, _, copy = started()
    copy.fault = OSError(errno.EIO, "no such luck")
    alice.office.settle()
    assert alice.sees()[-1] == "notes.txt was not sent: it cannot be read: no such luck"


def test_more_than_was_announced_is_not_kept() -> None:
    """Section 20: the receiver trusts neither sender nor server."""
    alice, bob = pair()
    alice.offers("bob", "notes.txt", b"hello")
    bob.conversation.typed("/accept")
    bob.session.receive(b"OK ACCEPT 1\nDATA 1 aGVsbG8h\n", 0.0)
    assert (bob.shelf.kept, bob.shelf.open) == ({}, 0)
    bob.office.settle()
    assert alice.sees()[-1] == "notes.txt was not sent: the other side ended it"


def test_done_before_the_end_is_not_kept() -> None:
    alice, bob = pair()
    alice.offers("bob", "notes.txt", b"hello")
    bob.conversation.typed("/accept")
    bob.session.receive(b"OK ACCEPT 1\nDATA 1 aGU=\nDONE 1\n", 0.0)
    assert (bob.shelf.kept, bob.shelf.open) == ({}, 0)


def test_an_offer_that_was_taken_back_while_it_was_held() -> None:
    """FILE-22: ABORTED comes first, then an OFFERED of an id that is known to be dead."""
    alice, bob = pair()
    bob.types("/lock")
    bob.sees()
    alice.offers("bob", "notes.txt", b"hello")
    alice.types("/abort")
    assert bob.types("/unlock")[-1] == "alice offered you notes.txt: no longer"
    assert bob.types("/accept") == ["no file is offered to you"]


def test_several_offers_are_told_apart() -> None:
    """FILE-25: and the one that is meant has to be named."""
    alice, bob = pair()
    alice.offers("bob", "one.txt", b"1")
    alice.offers("bob", "two.txt", b"2")
    bob.sees()
    assert bob.types("/accept") == ["which one? /accept NUMBER (1, 2)"]
    bob.types("/accept 2")
    assert bob.shelf.kept == {"two.txt": b"2"}


def test_both_directions_and_oneself_at_once() -> None:
    """FILE-25, FILE-26."""
    alice, bob = pair()
    alice.offers("bob", "a.txt", b"a" * 9000)
    bob.offers("alice", "b.txt", b"b" * 9000)
    alice.offers("alice", "c.txt", b"c" * 9000)
    bob.types("/accept 1")
    alice.types("/accept 2", "/accept 3")
    assert bob.shelf.kept == {"a.txt": b"a" * 9000}
    assert alice.shelf.kept == {"b.txt": b"b" * 9000, "c.txt": b"c" * 9000}


def test_a_hostile_name_is_made_safe_and_shown_escaped() -> None:
    """Field notes, file names: the receiver chooses where a file goes and what it is called."""
    alice, bob = pair()
    alice.offers("bob", "..\\\u202e.bashrc", b"x")
    assert bob.sees()[0].startswith(r"alice offers you ..\\u202e.bashrc (1 B)")
    bob.types("/accept")
    assert list(bob.shelf.kept) == ["__.bashrc"]


def test_too_many_offers_are_declined_unseen() -> None:
    """Nobody fills another's memory with offers."""
    _, bob = pair()
    for number in range(1, MAX_OFFERS + 2):
        line = f"OFFERED {number} alice 1 {'0' * 64} x\n"
        bob.session.receive(line.encode(), 0.0)
    assert len(bob.session.transfers.incoming) == MAX_OFFERS
    assert bob.session.take() == f"DECLINE {MAX_OFFERS + 1}\n".encode()


def test_send_needs_no_name_between_two() -> None:
    """`/send FILE`: to the other one, if there is just one; the interface opens the file."""
    office = Office()
    alice, _ = office.members("alice", "bob")
    alice.conversation.typed("/send my notes.txt")
    assert "FileWanted(name='bob', path='my notes.txt')" in str(alice.conversation.events)
    alice.conversation.events.clear()
    alice.conversation.typed("/send BOB my notes.txt")
    assert "FileWanted(name='BOB', path='my notes.txt')" in str(alice.conversation.events)
    office.members("carol")
    alice.sees()
    for line in ("/send notes.txt", "/send", "/send bob"):
        assert alice.types(line) == ["to whom, and what? /send NAME FILE"]
