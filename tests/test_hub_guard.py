"""Caps, progress and pace, where only the hub's own clock counts: protocol.md, section 12."""

from __future__ import annotations

import pytest

from parley.hub import Limits
from parley.state import Pace
from tests.chat import HELLO, Chat, Person

TURNED_AWAY = "BYE too many connections, try again later"


# Nameless


def connects(chat: Chat, loopback: bool = False) -> Person:
    """Somebody connects, from this machine or another."""
    member = chat.hub.connect(chat.now, loopback)
    chat.people[member] = Person(chat, member)
    return chat.people[member]


def test_too_many_nameless_are_turned_away() -> None:
    """CAP-4: BYE in place of HELLO; a name, or an end, makes room for another."""
    chat = Chat(Limits(max_nameless=2))
    alice, bob = connects(chat), connects(chat)
    assert (alice.hears(), bob.hears()) == ([HELLO], [HELLO])
    assert connects(chat).hears() == [TURNED_AWAY]
    alice.sends("NICK alice")
    assert connects(chat).hears() == [HELLO]
    assert connects(chat).hears() == [TURNED_AWAY]
    bob.vanishes()
    assert connects(chat).hears() == [HELLO]
    assert connects(chat).hears() == [TURNED_AWAY]


def test_nameless_of_this_machine_do_not_count() -> None:
    """CAP-4: a class that shares one machine gets in, unless the server is told to count it."""
    chat = Chat(Limits(max_nameless=1))
    assert [connects(chat, loopback=True).hears() for _ in range(3)] == [[HELLO]] * 3
    assert connects(chat).hears() == [HELLO]
    assert connects(chat).hears() == [TURNED_AWAY]
    assert connects(chat, loopback=True).hears() == [HELLO]
    counting = Chat(Limits(max_nameless=1, count_loopback=True))
    assert connects(counting, loopback=True).hears() == [HELLO]
    assert connects(counting, loopback=True).hears() == [TURNED_AWAY]


def test_nameless_who_time_out_make_room() -> None:
    """CAP-4, NAMELESS-1: their places are free when their time is over."""
    chat = Chat(Limits(max_nameless=1, handshake=60))
    connects(chat)
    chat.passes(60)
    assert connects(chat).hears() == [HELLO]


# Progress


def behind(chat: Chat, person: Person) -> None:
    """The network takes nothing of 100 octets that a person is sent."""
    person.reads = False
    person.does("PING " + "x" * 64)
    chat.accepts(person, 0)


def test_one_for_whom_nothing_is_taken_is_dropped() -> None:
    """SLOW-4: the others receive LEFT slow, once."""
    chat = Chat(Limits(stall=60, idle=1e6))
    alice, bob = chat.members("alice", "bob")
    behind(chat, bob)
    chat.passes(59)
    assert alice.hears() == []
    chat.passes(1)
    assert alice.hears() == ["LEFT lobby bob slow"]
    assert chat.dropped == [bob]
    chat.passes(1000)
    assert alice.hears() == []


def test_the_smallest_progress_is_progress() -> None:
    """SLOW-3, SLOW-4: each octet starts the time again."""
    chat = Chat(Limits(stall=60, idle=1e6))
    alice, bob = chat.members("alice", "bob")
    behind(chat, bob)
    for _ in range(10):
        chat.passes(59)
        chat.accepts(bob, 1)
    assert alice.hears() == []
    chat.passes(60)
    assert alice.hears() == ["LEFT lobby bob slow"]


def test_news_are_no_progress() -> None:
    """SLOW-4: that more is sent to one who takes nothing does not start its time again."""
    chat = Chat(Limits(stall=60, idle=1e6))
    alice, bob = chat.members("alice", "bob")
    behind(chat, bob)
    for _ in range(5):
        chat.passes(10)
        alice.says("hello")
    chat.passes(10)
    assert alice.hears() == ["LEFT lobby bob slow"]


def test_one_who_has_caught_up_has_all_the_time() -> None:
    """SLOW-4: who is owed nothing need not make progress; the next time begins anew."""
    chat = Chat(Limits(stall=60, idle=1e6))
    alice, bob = chat.members("alice", "bob")
    behind(chat, bob)
    chat.passes(59)
    chat.accepts(bob, bob.member.unsent)
    assert chat.hub.next_deadline() == pytest.approx(chat.now + 1e6, rel=1)
    chat.passes(1000)
    behind(chat, bob)
    chat.passes(59)
    assert alice.hears() == []


def test_nobody_is_silent_from_whom_the_server_does_not_read() -> None:
    """SLOW-5, SILENCE-5: what it owes decides; when that is read, silence begins."""
    chat = Chat(Limits(idle=10, stall=1e6, low_mark=50))
    _, bob = chat.members("alice", "bob")
    behind(chat, bob)
    chat.passes(10)
    chat.passes(10)
    assert not bob.member.asked
    chat.accepts(bob, bob.member.unsent)
    bob.reads = True
    chat.passes(10)
    assert bob.hears()[-1] == "PING still-there"


def test_nobody_is_silent_whose_line_waits_for_its_token() -> None:
    """RATE-2, SILENCE-5: silence begins when the last line has been obeyed."""
    chat = Chat(Limits(idle=10, rate=1))
    [alice] = chat.members("alice")
    assert alice.member.pace.take(chat.now) == 0
    assert alice.member.pace.take(chat.now) > 0
    chat.passes(10)
    chat.passes(10)
    assert alice.hears() == []
    assert alice.member.pace.take(chat.now) == 0
    assert alice.does("PING x") == ["PONG x"]
    chat.passes(10)
    assert alice.hears() == ["PING still-there"]


def test_nobody_is_silent_whose_line_takes_long() -> None:
    """ACCT-10, SILENCE-5: lines behind a REGISTER wait, and a PONG among them."""
    chat = Chat(Limits(idle=10))
    [alice] = chat.members("alice")
    alice.member.waiting = True
    chat.passes(10)
    chat.passes(10)
    assert alice.hears() == []


# Pace


def test_as_many_lines_as_a_second_allows_may_come_at_once() -> None:
    """RATE-2: then they wait, until there is a token for the next."""
    pace = Pace(100)
    assert [pace.take(50.0) for _ in range(100)] == [0.0] * 100
    wait = pace.take(50.0)
    assert wait == pytest.approx(Pace.SHORTEST_PAUSE)
    assert [pace.take(50.0 + wait) for _ in range(2)] == [0.0, 0.0]  # 0.02 s: two lines
    assert pace.take(50.0 + wait) > 0


def test_who_waits_takes_no_token() -> None:
    """RATE-1: asking again and again does not put the answer off."""
    pace = Pace(4)
    for _ in range(4):
        pace.take(0.0)
    assert {pace.take(0.0) for _ in range(100)} == {0.25}
    assert pace.take(0.25) == 0.0


def test_in_any_second_no_more_than_that_and_one_second_more() -> None:
    """RATE-2: r lines at once, and r in each second, however long nobody sent."""
    pace = Pace(50)
    now, obeyed = 1000.0, 0
    while now < 1010.0:
        wait = pace.take(now)
        obeyed += not wait
        now += wait
    assert 50 + 10 * 50 - 2 <= obeyed <= 50 + 10 * 50 + 1


def test_rate_0_is_no_rate() -> None:
    """Section 12: `--rate 0` switches it off."""
    pace = Pace(0)
    assert {pace.take(0.0) for _ in range(100_000)} == {0.0}
