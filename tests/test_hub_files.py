"""The capability `files`: offers, credit, chunks and the ends of transfers (section 20)."""

from __future__ import annotations

import base64

import pytest

from parley.extensions import ExtendedHub
from parley.files import MAX_DATA, Files, is_filename, octets_of
from parley.hub import Limits
from parley.wire import Refusal
from tests.chat import Chat, Person

DIGEST = "0123456789abcdef" * 4


def chat_of(*names: str, **limits: int) -> tuple[Chat, list[Person]]:
    chat = Chat(Limits(**limits), hub=Files)  # type: ignore[arg-type]  # all of these are int
    person = chat.connect()
    assert person.hears() == ["HELLO parley/1 demo files"]
    person.does("QUIT")
    chat.hub.greeting = b"HELLO parley/1 demo\n"
    return chat, chat.members(*names)


def code(lines: list[str]) -> str:
    """The code of the only line, a refusal."""
    [line] = lines
    assert line.startswith("ERR ")
    return line.split()[1]


def open_transfers(chat: Chat) -> list[int]:
    assert isinstance(chat.hub, Files)
    return list(chat.hub.transfers)


def offered(sender: Person, receiver: Person, size: int = 6) -> str:
    """Offers a file; its id."""
    sender.sends(f"OFFER {receiver.member.name} {size} {DIGEST} notes.txt")
    identity = sender.hears()[-1].removeprefix("OK OFFER ")
    receiver.hears()
    return identity


def accepted(sender: Person, receiver: Person, size: int = 6, credit: int = 0) -> str:
    """Offers a file that is accepted, with this much credit; its id."""
    identity = offered(sender, receiver, size)
    receiver.sends(f"ACCEPT {identity}", *([f"MORE {identity} {credit}"] if credit else []))
    sender.hears()
    receiver.hears()
    return identity


def chunk(octets: int) -> str:
    return base64.b64encode(b"x" * octets).decode()


def test_the_whole_way_of_a_file() -> None:
    """FILE-1 to FILE-8: each event, and each reply after it."""
    _, (alice, bob) = chat_of("alice", "Bob")
    assert alice.does(f"OFFER bob 6 {DIGEST} to you.txt") == ["OK OFFER 1"]
    assert bob.does("ACCEPT 1") == [f"OFFERED 1 alice 6 {DIGEST} to you.txt", "OK ACCEPT 1"]
    assert bob.does("MORE 1 6") == ["OK MORE 1"]
    assert alice.does("CHUNK 1 AAEC") == ["ACCEPTED 1", "MORE 1 6", "OK CHUNK 1 3"]
    assert alice.does("CHUNK 1 AwQF", "DONE 1") == ["OK CHUNK 1 6", "OK DONE 1"]
    assert bob.hears() == ["DATA 1 AAEC", "DATA 1 AwQF", "DONE 1"]
    assert code(alice.does("DONE 1")) == "no-such-transfer"


def test_to_oneself_events_come_before_replies() -> None:
    """FILE-26: both sides are one member."""
    chat, (alice,) = chat_of("alice")
    assert alice.does(f"OFFER alice 1 {DIGEST} x", "ACCEPT 1", "MORE 1 1", "CHUNK 1 AA==") == [
        *(f"OFFERED 1 alice 1 {DIGEST} x", "OK OFFER 1", "ACCEPTED 1", "OK ACCEPT 1"),
        *("MORE 1 1", "OK MORE 1", "DATA 1 AA==", "OK CHUNK 1 1"),
    ]
    alice.does("QUIT")
    assert open_transfers(chat) == []


def test_declined_and_aborted_are_over() -> None:
    """FILE-9, FILE-10, FILE-3: the other is told why; no id comes again."""
    chat, (alice, bob) = chat_of("alice", "bob")
    assert offered(alice, bob) == "1"
    assert bob.does("DECLINE 1") == ["OK DECLINE 1"]
    assert alice.hears() == ["DECLINED 1"]
    for side, other in ((alice, bob), (bob, alice)):
        number = accepted(alice, bob)
        assert side.does(f"ABORT {number}") == [f"OK ABORT {number}"]
        assert other.hears() == [f"ABORTED {number} abort"]
    assert open_transfers(chat) == []
    assert offered(bob, alice) == "4"


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("OFFER", "bad-args"),
        (f"OFFER bob 5 {DIGEST}", "bad-args"),
        (f"OFFER bob  {DIGEST} x", "bad-args"),
        (f"OFFER bob 05 {DIGEST} x", "bad-args"),
        (f"OFFER bob {2**53} {DIGEST} ..", "bad-args"),
        (f"OFFER nobody 5 {DIGEST.upper()} ..", "bad-args"),
        (f"OFFER nobody 5 {DIGEST} ..", "bad-filename"),
        (f"OFFER nobody 5 {DIGEST} x", "no-such-nick"),
        ("ACCEPT", "bad-args"),
        ("ACCEPT 1 2", "bad-args"),
        ("ACCEPT x", "bad-args"),
        ("ACCEPT 99", "no-such-transfer"),
        ("ACCEPT 1", "no-such-transfer"),
        ("DECLINE 1", "no-such-transfer"),
        ("MORE 1 5", "no-such-transfer"),
        ("MORE 1", "bad-args"),
        ("MORE 99 0", "bad-args"),
        ("MORE 1 5 5", "bad-args"),
        ("CHUNK 1", "bad-args"),
        ("CHUNK 99 A", "bad-args"),
        ("CHUNK 99 AAAA", "no-such-transfer"),
        ("CHUNK 1 AAAA", "not-now"),
        ("CHUNK 2 AAAAAAAAAAAA", "beyond-size"),
        ("CHUNK 2 AAAA", "no-credit"),
        ("DONE 1", "not-now"),
        ("DONE 2", "incomplete"),
        ("DONE 2 ", "bad-args"),
        ("ABORT 99", "no-such-transfer"),
    ],
)
def test_what_is_refused_changes_nothing(line: str, refused: str) -> None:
    """FILE-11 to FILE-19: the first code that applies; the other hears nothing."""
    chat, (alice, bob) = chat_of("alice", "bob")
    assert (offered(alice, bob), accepted(alice, bob)) == ("1", "2")
    assert code(alice.does(line)) == refused
    assert bob.hears() == []
    assert open_transfers(chat) == [1, 2]


@pytest.mark.parametrize(
    ("line", "refused"),
    [
        ("MORE 1 5", "not-now"),
        ("MORE 1 9007199254740991", "not-now"),
        ("ACCEPT 2", "not-now"),
        ("DECLINE 2", "not-now"),
        ("MORE 2 101", "too-much-credit"),
        ("CHUNK 2 AAAA", "no-such-transfer"),
        ("DONE 2", "no-such-transfer"),
    ],
)
def test_what_a_receiver_may_not_do(line: str, refused: str) -> None:
    """FILE-14 to FILE-16: the verbs of the other side, and those whose time it is not."""
    _, (alice, bob) = chat_of("alice", "bob", max_window=100)
    assert (offered(alice, bob), accepted(alice, bob)) == ("1", "2")
    assert code(bob.does(line)) == refused
    assert alice.hears() == []


def test_a_third_member_has_no_part() -> None:
    """FILE-14, FILE-24: every verb is refused, and it hears nothing."""
    _, (alice, bob, carol) = chat_of("alice", "bob", "carol")
    number = accepted(alice, bob, credit=6)
    for verb in ("ACCEPT", "DECLINE", "DONE", "ABORT"):
        assert code(carol.does(f"{verb} {number}")) == "no-such-transfer"
    for line in (f"MORE {number} 5", f"CHUNK {number} AAAA"):
        assert code(carol.does(line)) == "no-such-transfer"
    assert alice.does(f"CHUNK {number} AAAA") == [f"OK CHUNK {number} 3"]
    assert carol.hears() == []


def test_credit_is_used_up_and_bounded() -> None:
    """FILE-16, FILE-17: what is unused never exceeds the window; a refusal costs nothing."""
    _, (alice, bob) = chat_of("alice", "bob", max_window=100)
    number = accepted(alice, bob, size=10_000, credit=100)
    assert code(bob.does(f"MORE {number} 1")) == "too-much-credit"
    assert code(alice.does(f"CHUNK {number} {chunk(101)}")) == "no-credit"
    assert alice.does(f"CHUNK {number} {chunk(60)}") == [f"OK CHUNK {number} 60"]
    assert code(bob.does(f"MORE {number} 61")[1:]) == "too-much-credit"
    assert bob.does(f"MORE {number} 60") == [f"OK MORE {number}"]
    assert alice.does(f"CHUNK {number} {chunk(100)}")[-1] == f"OK CHUNK {number} 160"
    assert code(alice.does(f"CHUNK {number} {chunk(1)}")) == "no-credit"


def test_what_is_queued_of_a_transfer_is_bounded_by_the_window() -> None:
    """FILE-16: a receiver that does not read costs the server a window, as base64."""
    _, (alice, bob) = chat_of("alice", "bob", max_window=30_000)
    number = accepted(alice, bob, size=10**6, credit=30_000)
    bob.reads = False
    for _ in range(40):
        alice.does(f"CHUNK {number} {chunk(3000)}")
    queued = sum(map(len, bob.member.outbox)) + bob.member.unsent
    assert queued == 10 * len(f"DATA {number} {chunk(3000)}\n")


def test_a_lock_holds_offered_alone() -> None:
    """FILE-22, FILE-23: an offer that has ended meanwhile is told of all the same."""
    _, (alice, bob) = chat_of("alice", "bob")
    number = accepted(alice, bob, credit=3)
    assert bob.does("LOCK") == ["OK LOCK"]
    alice.sends(f"OFFER bob 0 {DIGEST} x", f"CHUNK {number} AAAA", f"ABORT {number}", "ABORT 2")
    assert bob.hears() == [f"DATA {number} AAAA", f"ABORTED {number} abort", "ABORTED 2 abort"]
    assert bob.does("UNLOCK") == [f"OFFERED 2 alice 0 {DIGEST} x", "OK UNLOCK 1"]
    assert code(bob.does("ACCEPT 2")) == "no-such-transfer"


@pytest.mark.parametrize("cause", ["quit", "closed", "timeout", "slow"])
def test_leaving_ends_transfers_before_left(cause: str) -> None:
    """FILE-21: however it leaves; the other side is told once, then the room."""
    chat, (alice, bob, carol) = chat_of("alice", "bob", "carol", idle=10, outbox_bytes=100)
    first, second = accepted(alice, bob), offered(bob, alice)
    kept = accepted(alice, carol)
    if cause == "quit":
        bob.does("QUIT")
    elif cause == "closed":
        bob.vanishes()
        bob.vanishes()
    elif cause == "timeout":
        for _ in range(2):
            chat.passes(9)
            for person in (alice, carol):
                person.does("PING x")
            chat.passes(2)
    else:
        bob.reads = False
        for _ in range(8):
            alice.does("SAY " + "x" * 20)
    told = [line for line in alice.hears() if line.startswith(("ABORTED", "LEFT"))]
    if cause != "slow":  # alice has heard it amid her replies
        assert told == [
            *(f"ABORTED {number} {cause}" for number in (first, second)),
            f"LEFT lobby bob {cause}",
        ]
    assert open_transfers(chat) == [int(kept)]


def test_transfers_are_bounded() -> None:
    """FILE-20: per sender, per receiver once accepted, and in all."""
    _, (alice, bob, carol) = chat_of("alice", "bob", "carol", max_transfers_each=2, max_transfers=5)
    first, _ = offered(alice, bob), offered(alice, bob)
    assert code(alice.does(f"OFFER carol 0 {DIGEST} x")) == "too-many-transfers"
    bob.does(f"ACCEPT {first}")
    third, fourth = accepted(carol, bob), offered(carol, bob)
    assert code(bob.does(f"ACCEPT {fourth}")) == "too-many-transfers"
    alice.does(f"ABORT {first}")
    assert bob.does(f"ACCEPT {fourth}")[-1] == f"OK ACCEPT {fourth}"
    offered(bob, alice), offered(bob, alice)
    carol.does(f"ABORT {third}")
    offered(carol, alice)
    assert code(alice.does(f"OFFER carol 0 {DIGEST} x")[-1:]) == "too-many-transfers"


def test_stopping_tells_nobody_of_transfers() -> None:
    """FILE-27: BYE is all."""
    chat, (alice, bob) = chat_of("alice", "bob")
    accepted(alice, bob)
    chat.hub.shutdown("server shutting down", chat.now)
    for person in (alice, bob):
        assert person.hears() == ["BYE server shutting down"]
        person.vanishes()
        assert person.hears() == []


@pytest.mark.parametrize("size", [1, 2, 3, 2998, 2999, 3000])
def test_octets_of_counts_what_is_decoded(size: int) -> None:
    """FILE-7, FILE-17: the octets of the file, not the characters of base64."""
    assert octets_of(chunk(size)) == size


@pytest.mark.parametrize(
    "data",
    ["A", "AA", "AAA", "=", "====", "A===", "A=AA", "AA==AAAA", "AA-_", "A" * (MAX_DATA + 4)],
)
def test_data_that_is_not_base64_is_refused(data: str) -> None:
    """FILE-12: bad-args."""
    with pytest.raises(Refusal) as refused:
        octets_of(data)
    assert refused.value.code == "bad-args"


def test_filenames() -> None:
    """FILE-2, FILE-11: octets are counted, not characters."""
    assert all(map(is_filename, ("x", " ", "...", "..x", "a\\b", "x" * 255, "é" * 127)))
    assert not any(map(is_filename, (".", "..", "/", "a/b", "x" * 256, "é" * 128)))


def test_every_extension_at_once() -> None:
    """FILE-21 with rooms: a transfer outlives a move, and ABORTED comes though no LEFT does."""
    assert "files" in ExtendedHub.capabilities
    chat = Chat(hub=ExtendedHub)
    chat.hub.greeting = b"HELLO parley/1 demo\n"
    alice, bob = chat.members("alice", "bob")
    number = accepted(alice, bob, credit=3)
    alice.does("JOIN garden")
    assert alice.does(f"CHUNK {number} AAAA") == [f"OK CHUNK {number} 3"]
    bob.does("QUIT")
    assert alice.hears() == [f"ABORTED {number} quit"]
