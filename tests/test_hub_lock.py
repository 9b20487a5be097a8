"""The lock: events held, how it ends, and its bounds: protocol.md, section 10."""

from __future__ import annotations

import pytest

from parley.hub import Limits
from tests.chat import Chat


def test_events_are_held_until_unlock() -> None:
    """LOCK-1, LOCK-4, LOCK-5: each once and in order, then OK UNLOCK with their number."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    assert alice.does("LOCK") == ["OK LOCK"]
    bob.says("one")
    carol = chat.nameless()
    carol.does("NICK carol", "SAY two", "QUIT three")
    assert alice.hears() == []
    assert alice.does("UNLOCK") == [
        "MSG lobby 1 bob one",
        "JOINED lobby carol 3",
        "MSG lobby 2 carol two",
        "LEFT lobby carol quit three",
        "OK UNLOCK 4",
    ]
    bob.says("four")
    assert alice.hears() == ["MSG lobby 3 bob four"]


def test_replies_are_not_held() -> None:
    """LOCK-2, LOCK-3: PING and WHO are answered at once, and WHO as of now."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    bob.sends("QUIT")
    chat.nameless().sends("NICK carol")
    assert alice.does("PING a", "WHO", "DANCE") == [
        "PONG a",
        *("HERE alice 1", "HERE carol 3", "OK WHO 2"),
        "ERR unknown-verb - there is no such command",
    ]
    assert alice.does("UNLOCK")[-1] == "OK UNLOCK 2"


def test_second_lock_keeps_what_is_held() -> None:
    """LOCK-6: LOCK of a locked member is answered with OK LOCK."""
    alice, bob = Chat().members("alice", "bob")
    alice.does("LOCK")
    bob.says("one")
    assert alice.does("LOCK") == ["OK LOCK"]
    bob.says("two")
    assert alice.does("UNLOCK") == [*("MSG lobby 1 bob one", "MSG lobby 2 bob two"), "OK UNLOCK 2"]


def test_unlock_without_a_lock_counts_nothing() -> None:
    """LOCK-7: OK UNLOCK 0, before a lock and after it."""
    alice, bob = Chat().members("alice", "bob")
    assert alice.does("UNLOCK", "LOCK", "UNLOCK") == ["OK UNLOCK 0", "OK LOCK", "OK UNLOCK 0"]
    alice.does("LOCK")
    bob.says("one")
    alice.does("UNLOCK")
    assert alice.does("UNLOCK") == ["OK UNLOCK 0"]


def test_say_ends_the_lock() -> None:
    """LOCK-8: first come the held events, then OK SAY; then events arrive again."""
    alice, bob = Chat().members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    assert alice.says("I was writing") == ["MSG lobby 1 bob hello", "OK SAY 2"]
    bob.says("indeed")
    assert alice.hears() == ["MSG lobby 3 bob indeed"]


@pytest.mark.parametrize(
    "line", [b"SAY", b"SAY ", b"SAY \xff", b"SAY a\x00", b"SAY " + b"x" * 3801]
)
def test_refused_say_does_not_end_the_lock(line: bytes) -> None:
    """LOCK-9, ERR-4: a SAY that is refused does not end the lock."""
    alice, bob = Chat().members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    [refused] = alice.does(line)
    assert refused.startswith("ERR ")
    assert alice.does("UNLOCK") == ["MSG lobby 1 bob hello", "OK UNLOCK 1"]


def test_refused_quit_does_not_end_the_lock() -> None:
    """LOCK-10, QUIT-5: a client whose QUIT is refused stays, locked if it was."""
    alice, bob = Chat().members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    assert alice.does("QUIT " + "x" * 3801)[0].startswith("ERR text-too-long QUIT ")
    assert alice.does("UNLOCK") == ["MSG lobby 1 bob hello", "OK UNLOCK 1"]


def test_lock_with_an_argument_changes_nothing() -> None:
    """LOCK-16: LOCK and UNLOCK with an argument are refused and change nothing."""
    alice, bob = Chat().members("alice", "bob")
    assert alice.does("LOCK now")[0].startswith("ERR bad-args LOCK ")
    bob.says("one")
    assert alice.hears() == ["MSG lobby 1 bob one"]
    alice.does("LOCK")
    bob.says("two")
    [refused] = alice.does("UNLOCK now")
    assert refused.startswith("ERR bad-args UNLOCK ")


def test_quit_ends_the_lock() -> None:
    """LOCK-10: first come the held events, then OK QUIT."""
    alice, bob = Chat().members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    assert alice.does("QUIT") == ["MSG lobby 1 bob hello", "OK QUIT"]


def test_end_of_stream_ends_the_lock() -> None:
    """LOCK-11: a client that half-closes receives the held events."""
    alice, bob = Chat().members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    alice.vanishes()
    assert alice.hears() == ["MSG lobby 1 bob hello"]


def test_lock_concerns_nobody_else() -> None:
    """LOCK-12: others receive their events, the locked member's own included, at once."""
    alice, bob, carol = Chat().members("alice", "bob", "carol")
    alice.does("LOCK")
    bob.says("hello")
    assert carol.hears() == ["MSG lobby 1 bob hello"]
    alice.sends("QUIT")
    assert carol.hears() == bob.hears() == ["LEFT lobby alice quit"]


def test_two_locks_hold_each_their_own() -> None:
    """LOCK-12: a lock concerns the member that asked for it and nobody else."""
    alice, bob, carol = Chat().members("alice", "bob", "carol")
    alice.does("LOCK")
    carol.says("one")
    bob.does("LOCK")
    carol.says("two")
    assert bob.does("UNLOCK") == ["MSG lobby 2 carol two", "OK UNLOCK 1"]
    assert alice.does("UNLOCK")[-1] == "OK UNLOCK 2"


def test_lock_ends_with_its_member() -> None:
    """LOCK-13: who takes the name later is not locked and receives nothing that was held."""
    chat = Chat(Limits(idle=1e6, handshake=1e6))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    alice.vanishes()
    heir = chat.nameless()
    assert heir.does("NICK alice") == ["OK NICK alice 3"]
    bob.says("again")
    assert heir.hears() == ["MSG lobby 2 bob again"]
    chat.passes(1000)
    assert heir.hears() == []  # the lock's deadline went with it, too


# Its bounds


def test_event_that_no_longer_fits_ends_the_lock() -> None:
    """LOCK-14: everything held, then that event, then UNLOCKED overflow, and the lock is off."""
    alice, bob = Chat(Limits(hold_count=3)).members("alice", "bob")
    alice.does("LOCK")
    bob.does("SAY 1", "SAY 2", "SAY 3")
    assert alice.hears() == []
    bob.says("4")
    assert alice.hears() == [*(f"MSG lobby {n} bob {n}" for n in range(1, 5)), "UNLOCKED overflow"]
    bob.says("5")
    assert alice.does("UNLOCK") == ["MSG lobby 5 bob 5", "OK UNLOCK 0"]


def test_joining_and_leaving_count_as_well() -> None:
    """LOCK-14: the number of events held is bounded, whatever they are."""
    chat = Chat(Limits(hold_count=2))
    [alice] = chat.members("alice")
    alice.does("LOCK")
    bob = chat.nameless()
    bob.sends("NICK bob", "SAY hi")
    assert alice.hears() == []
    bob.vanishes()
    assert alice.hears()[-2:] == ["LEFT lobby bob closed", "UNLOCKED overflow"]


def test_octets_held_are_bounded_too() -> None:
    """Section 10: 1000 events or 256 KiB, whichever comes first."""
    message = len("MSG lobby 1 bob 1234\n")
    alice, bob = Chat(Limits(hold_bytes=3 * message)).members("alice", "bob")
    alice.does("LOCK")
    bob.does("SAY 1234", "SAY 1234", "SAY 1234")
    assert alice.hears() == []
    bob.says("1")
    assert alice.hears()[-2:] == ["MSG lobby 4 bob 1", "UNLOCKED overflow"]


def test_bounds_begin_anew_with_each_lock() -> None:
    """LOCK-14, LOCK-1: what an earlier lock held does not count."""
    limits = Limits(hold_count=2, hold_bytes=2 * len("MSG lobby 1 bob 1\n"))
    alice, bob = Chat(limits).members("alice", "bob")
    for number in (1, 3, 5):
        alice.does("LOCK")
        bob.does(f"SAY {number}", f"SAY {number + 1}")
        assert alice.does("UNLOCK")[-1] == "OK UNLOCK 2"


def test_overflow_of_one_lock_leaves_the_others() -> None:
    """LOCK-12, LOCK-14: one lock that overflows while an event is passed on disturbs no other."""
    alice, bob, carol = Chat(Limits(hold_count=1)).members("alice", "bob", "carol")
    alice.does("LOCK")
    bob.says("1")
    carol.does("LOCK")
    bob.says("2")
    assert alice.hears() == ["MSG lobby 1 bob 1", "MSG lobby 2 bob 2", "UNLOCKED overflow"]
    assert carol.does("UNLOCK") == ["MSG lobby 2 bob 2", "OK UNLOCK 1"]


def test_lock_that_lasts_too_long_ends() -> None:
    """LOCK-18: the held events, then UNLOCKED timeout."""
    chat = Chat(Limits(hold_time=30))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    chat.passes(29)
    assert alice.hears() == []
    chat.passes(1)
    assert alice.hears() == ["MSG lobby 1 bob hello", "UNLOCKED timeout"]
    assert alice.does("UNLOCK") == ["OK UNLOCK 0"]


def test_second_lock_does_not_last_longer() -> None:
    """LOCK-6, LOCK-18: LOCK of a locked member does not start its time again."""
    chat = Chat(Limits(hold_time=30))
    [alice] = chat.members("alice")
    alice.does("LOCK")
    chat.passes(20)
    alice.does("LOCK")
    chat.passes(10)
    assert alice.hears() == ["UNLOCKED timeout"]


@pytest.mark.parametrize("line", ["UNLOCK", "SAY x"])
def test_lock_that_ended_does_not_time_out(line: str) -> None:
    """LOCK-5, LOCK-18: its time ends with it, and the next lock has its own."""
    chat = Chat(Limits(hold_time=30))
    [alice] = chat.members("alice")
    alice.does("LOCK")
    chat.passes(20)
    alice.does(line)
    alice.does("LOCK")
    chat.passes(20)
    assert alice.hears() == []
    chat.passes(10)
    assert alice.hears() == ["UNLOCKED timeout"]


def test_lock_that_overflowed_does_not_time_out() -> None:
    """LOCK-14, LOCK-18: a lock ends once."""
    chat = Chat(Limits(hold_count=1, hold_time=30))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    bob.does("SAY 1", "SAY 2")
    assert alice.hears()[-1] == "UNLOCKED overflow"
    chat.passes(30)
    assert alice.hears() == []
