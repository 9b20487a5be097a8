"""Names not chosen, silence, and when the server has to look again: protocol.md, section 12."""

from __future__ import annotations

import pytest

from parley.hub import Limits, Member
from parley.state import Deadlines
from tests.chat import Chat

NO_NAME = "BYE you did not choose a nickname in time"
NO_ANSWER = "BYE you did not answer"


def test_connection_without_a_name_is_sent_away() -> None:
    """NAMELESS-1: BYE and words for a connection that stays nameless for too long."""
    chat = Chat(Limits(handshake=60))
    [alice] = chat.members("alice")
    bob = chat.nameless()
    chat.passes(59)
    assert bob.hears() == []
    chat.passes(1)
    assert bob.hears() == [NO_NAME]
    assert chat.dropped == [bob]
    assert alice.hears() == []  # LEFT-7: a nameless connection that ends causes no event
    assert bob.does("NICK bob") == []


def test_only_a_name_stops_the_handshake() -> None:
    """NAMELESS-2: other commands and refusals do not."""
    chat = Chat(Limits(handshake=60))
    bob = chat.nameless()
    chat.passes(50)
    bob.does("PING a", "NICK 1", "SAY x", "PONG still-there", "")
    chat.passes(10)
    assert bob.hears() == [NO_NAME]


def test_who_has_a_name_has_all_the_time() -> None:
    """NAMELESS-1: the time to choose a name ends with the choice."""
    chat = Chat(Limits(handshake=60, idle=1e6))
    [alice] = chat.members("alice")
    chat.passes(1000)
    assert alice.hears() == []


def test_silent_member_is_asked_and_then_sent_away() -> None:
    """SILENCE-1, SILENCE-3: PING after the time of silence, and as long again for the answer."""
    chat = Chat(Limits(idle=120, handshake=1e6))
    alice, bob = chat.members("alice", "bob")
    chat.passes(60)
    alice.does("PING a")
    chat.passes(60)
    assert bob.hears() == ["PING still-there"]
    assert alice.hears() == []
    chat.passes(60)
    alice.hears()
    alice.does("PONG still-there")
    chat.passes(59)
    assert bob.hears() == []
    chat.passes(1)
    assert bob.hears() == [NO_ANSWER]
    assert chat.dropped == [bob]
    assert alice.hears() == ["LEFT lobby bob timeout"]


@pytest.mark.parametrize("line", [b"PONG still-there", b"", b"\r", b"DANCE", b"\xff", b"x" * 4096])
def test_any_line_is_a_sign_of_life(line: bytes) -> None:
    """SILENCE-2: silence ends when a line comes, whatever it is; then it begins anew."""
    chat = Chat(Limits(idle=120))
    [alice] = chat.members("alice")
    chat.passes(120)
    assert alice.hears() == ["PING still-there"]
    chat.passes(119)
    alice.does(line)
    chat.passes(119)
    assert alice.hears() == []
    chat.passes(1)
    assert alice.hears() == ["PING still-there"]
    chat.passes(120)
    assert alice.hears() == [NO_ANSWER]


def test_nameless_is_not_asked() -> None:
    """PING-3: the server sends nothing that no rule calls for."""
    chat = Chat(Limits(idle=10, handshake=60))
    bob = chat.nameless()
    chat.passes(30)
    chat.passes(29)
    assert bob.hears() == []


def test_held_events_come_before_bye() -> None:
    """LOCK-19: a PING leaves held what is held; BYE does not come before it."""
    chat = Chat(Limits(idle=10, hold_time=1e6))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    chat.passes(10)
    bob.says("hello")
    assert alice.hears() == ["PING still-there"]
    chat.passes(10)
    assert alice.hears() == ["MSG lobby 1 bob hello", NO_ANSWER]


def test_all_who_time_out_together_are_told_in_full() -> None:
    """LEFT-8: those who stay receive one LEFT for each; those who go hear of earlier ones only."""
    chat = Chat(Limits(idle=10))
    alice, bob, carol = chat.members("alice", "bob", "carol")
    chat.passes(10)
    carol.does("PONG still-there")
    chat.passes(10)
    assert alice.hears() == ["PING still-there", NO_ANSWER]
    assert bob.hears() == ["PING still-there", "LEFT lobby alice timeout", NO_ANSWER]
    assert carol.hears()[:2] == ["LEFT lobby alice timeout", "LEFT lobby bob timeout"]
    assert chat.dropped == [alice, bob]


def test_name_of_one_who_timed_out_is_free() -> None:
    """LEFT-6: whoever has received the LEFT may take the name."""
    chat = Chat(Limits(idle=10))
    chat.members("alice")
    chat.passes(10)
    chat.passes(10)
    assert chat.nameless().does("NICK alice") == ["OK NICK alice 2"]


# When there is something to do


def test_nothing_is_due_where_nobody_is() -> None:
    """An idle server sleeps: next_deadline is None before anybody came and after all have left."""
    chat = Chat()
    assert chat.hub.next_deadline() is None
    alice, bob, carol = chat.members("alice", "bob", "carol")
    dave = chat.nameless()
    for person in (alice, bob):
        person.does("LOCK")
    assert chat.hub.next_deadline() is not None
    alice.sends("QUIT")
    for person in (bob, carol, dave):
        person.vanishes()
    assert chat.hub.next_deadline() is None


def test_next_deadline_is_the_earliest_of_all_kinds() -> None:
    """Section 12: a name to choose, a lock, silence: whichever comes first."""
    chat = Chat(Limits(handshake=50, idle=40, hold_time=30))
    start = chat.now
    chat.nameless()
    assert chat.hub.next_deadline() == start + 50
    chat.now += 5
    [alice] = chat.members("alice")
    assert chat.hub.next_deadline() == start + 45
    alice.does("LOCK")
    assert chat.hub.next_deadline() == start + 35
    alice.does("UNLOCK")
    assert chat.hub.next_deadline() == start + 45
    chat.now += 20
    alice.does("PING a")
    assert chat.hub.next_deadline() == start + 50


def test_time_begins_with_the_line_that_starts_it() -> None:
    """Section 12: silence begins with NICK, and the time of a lock with LOCK."""
    chat = Chat(Limits(idle=20, hold_time=10))
    alice = chat.nameless()
    chat.now += 5
    alice.does("NICK alice")
    assert chat.hub.next_deadline() == chat.now + 20
    chat.now += 5
    alice.does("LOCK")
    assert chat.hub.next_deadline() == chat.now + 10


def test_no_deadline_is_left_in_the_past() -> None:
    """After tick nothing is due any more: a server that waits for next_deadline does not spin."""
    chat = Chat(Limits(handshake=7, idle=11, hold_time=5))
    alice, _bob = chat.members("alice", "bob")
    chat.nameless()
    alice.does("LOCK")
    while (due := chat.hub.next_deadline()) is not None:
        assert due > chat.now
        chat.passes(due - chat.now)
    assert chat.hub.connections == {}
    chat.turn()
    assert len(chat.dropped) == 3


def test_deadlines_of_one_who_was_sent_away_are_forgotten() -> None:
    """Section 12: who is gone is sent away once."""
    chat = Chat(Limits(idle=10, hold_time=25, outbox_bytes=10))
    [alice] = chat.members("alice")
    alice.does("LOCK")
    alice.reads = False
    alice.does("PING a")
    alice.does("PING b")
    assert chat.dropped == [alice]
    assert chat.hub.next_deadline() is None
    chat.passes(100)
    assert chat.turn() == []
    assert chat.dropped == [alice]


def test_deadline_started_again_moves_to_the_end() -> None:
    """Deadlines: the one started first is due first; one that was stopped is forgotten."""
    alice, bob, carol = Member(), Member(), Member()
    deadlines = Deadlines(10)
    for now, member in enumerate((alice, bob, carol, alice)):
        deadlines.start(member, now)
    deadlines.stop(bob)
    deadlines.stop(bob)
    assert deadlines.next() == 12
    assert deadlines.take_expired(11.9) == []
    assert deadlines.take_expired(12) == [carol]
    assert deadlines.take_expired(100) == [alice]
    assert deadlines.next() is None
