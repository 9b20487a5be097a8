"""Outboxes: who is ready, who is too slow, and what is queued before what: sections 12 and 14."""

from __future__ import annotations

import pytest

from parley.hub import Hub, Limits, Member
from tests.chat import Chat, Person

PING = "PING " + "x" * 64
PONG = "PONG " + "x" * 64 + "\n"


class Logbook(list[tuple[Member, bytes]]):
    """The order in which lines were queued to all members: of each outbox, what was appended."""

    def watch(self, person: Person) -> None:
        self_ = self

        class Outbox(list[bytes]):
            def append(self, line: bytes) -> None:
                self_.append((person.member, line))
                super().append(line)

        person.member.outbox = Outbox()


def queued(chat: Chat, actor: Person, line: str) -> list[bytes]:
    """Everything that a line of `actor` queued to anybody, in order."""
    book = Logbook()
    for person in chat.people.values():
        book.watch(person)
    actor.sends(line)
    return [line for _, line in book]


@pytest.mark.parametrize("line", ["SAY x", "QUIT"])
def test_effects_are_queued_before_the_reply(line: str) -> None:
    """SAY-10, section 14: what a command causes is queued to everybody before its own reply is."""
    chat = Chat()
    alice, _bob, _carol = chat.members("alice", "bob", "carol")
    *effects, reply = queued(chat, alice, line)
    assert len(effects) == 2
    assert reply.startswith(b"OK ")


def test_joined_is_queued_before_ok_nick() -> None:
    """JOINED-3: JOINED is queued to every member before OK NICK is queued to the newcomer."""
    chat = Chat()
    chat.members("alice", "bob")
    assert queued(chat, chat.nameless(), "NICK carol") == [
        *(b"JOINED lobby carol 3\n", b"JOINED lobby carol 3\n", b"OK NICK carol 3\n")
    ]


def test_held_events_are_queued_after_the_effect_reached_the_others() -> None:
    """LOCK-8, SAY-10: held events, then the reply; and the reply is the last of all."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    bob.says("hello")
    bob.hears()
    lines = queued(chat, alice, "SAY x")
    assert sorted(lines[:2]) == [b"MSG lobby 1 bob hello\n", b"MSG lobby 2 alice x\n"]
    assert lines[2:] == [b"OK SAY 2\n"]


# Ready


def test_each_who_has_something_is_ready_once() -> None:
    """take_ready: the members whose outbox is not empty, each once, and then none."""
    chat = Chat()
    alice, bob, carol = chat.members("alice", "bob", "carol")
    dave = chat.nameless()
    assert chat.turn() == []
    alice.sends("SAY 1", "SAY 2", "PING a", "WHO")
    bob.sends("SAY 3")
    ready = chat.turn()
    assert len(ready) == 3
    assert set(ready) == {alice, bob, carol}
    assert chat.turn() == []
    dave.sends("PING a")
    assert chat.turn() == [dave]


def test_one_who_only_holds_events_is_not_ready() -> None:
    """LOCK-1: what is held waits outside the outbox."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    bob.sends("SAY x")
    assert chat.turn() == [bob]
    alice.sends("UNLOCK")
    assert chat.turn() == [alice]


def test_one_who_has_left_is_ready_for_the_last_time() -> None:
    """QUIT-1, LEFT-4: what is owed is sent after a member has left."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    bob.sends("QUIT")
    assert set(chat.turn()) == {alice, bob}
    assert bob.lines == ["OK QUIT"]


def test_what_is_owed_goes_down_as_the_network_accepts() -> None:
    """Section 12: a server stops reading from a connection to which it owes much."""
    alice, bob = Chat().members("alice", "bob")
    assert alice.member.owed == 0
    alice.sends(PING)
    assert alice.member.owed >= len(PONG)
    bob.sends("SAY x")
    assert alice.member.owed > len(PONG)
    bob.member.take()
    data = alice.member.take()
    assert data == PONG.encode() + b"MSG lobby 1 bob x\n"
    assert alice.member.owed == alice.member.unsent == len(data)
    alice.member.unsent = 0
    assert alice.member.owed == 0


def test_listing_counts_as_owed() -> None:
    """Section 12: a client that asks without end and reads nothing does not fill the server."""
    alice, *_ = Chat().members("alice", *(f"guest-{n}" for n in range(50)))
    alice.sends("WHO")
    assert alice.member.owed >= 50 * len("HERE guest-1 1\n")


# Slow


def stuck(chat: Chat, person: Person, octets: int) -> None:
    """The network takes nothing of `octets` that `person` was sent."""
    chat.turn()
    person.reads = False
    person.member.unsent = octets


def test_slow_member_is_dropped_and_told_in_the_same_turn() -> None:
    """SLOW-2: past the bound every other member receives LEFT slow; those without news as well."""
    chat = Chat(Limits(outbox_bytes=1000))
    alice, bob, carol = chat.members("alice", "bob", "carol")
    stuck(chat, bob, 990)
    bob.sends("PING a")
    assert chat.turn() == [bob]
    assert chat.dropped == []
    assert bob.member.unsent == 990 + len("PONG a\n")
    bob.sends("PING b")
    ready = chat.turn()
    assert sorted(map(id, ready)) == sorted(map(id, (alice, bob, carol)))
    assert chat.dropped == [bob]
    assert alice.lines == carol.lines == ["LEFT lobby bob slow"]
    assert bob.does("PING c")[-1] == "PONG b"  # not obeyed any more
    assert len(chat.dropped) == 1


def test_bound_itself_is_not_past_the_bound() -> None:
    """SLOW-2: past the bound, not at it."""
    chat = Chat(Limits(outbox_bytes=1000))
    [bob] = chat.members("bob")
    stuck(chat, bob, 1000 - len(PONG))
    bob.sends(PING)
    chat.turn()
    assert chat.dropped == []


def test_much_at_once_is_not_slow() -> None:
    """SLOW-2: one who read everything so far is sent what there is, however much."""
    chat = Chat(Limits(outbox_bytes=100))
    alice, bob = chat.members("alice", "bob")
    bob.sends(*["SAY x"] * 100)
    assert len(alice.hears()) == 100
    assert chat.dropped == []


def test_slow_members_drop_each_other_in_one_turn() -> None:
    """SLOW-2, LEFT-8: the LEFT of one may be too much for the next; those who stay hear of both."""
    chat = Chat(Limits(outbox_bytes=1000))
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    stuck(chat, bob, 1000)
    stuck(chat, carol, 1000)
    bob.sends("PING a")
    ready = chat.turn()
    assert len(ready) == len(set(ready)) == 4
    assert chat.dropped == [bob, carol]
    assert alice.lines == dave.lines == ["LEFT lobby bob slow", "LEFT lobby carol slow"]


def test_slow_member_delays_nobody() -> None:
    """SLOW-1: others' commands are answered and their events arrive."""
    chat = Chat(Limits(outbox_bytes=100))
    alice, bob, carol = chat.members("alice", "bob", "carol")
    stuck(chat, bob, 99)
    assert alice.says("x" * 100) == ["OK SAY 1", "LEFT lobby bob slow"]
    assert carol.hears() == ["MSG lobby 1 alice " + "x" * 100, "LEFT lobby bob slow"]
    assert chat.nameless().does("NICK bob") == ["OK NICK bob 4"]


def test_slow_nameless_is_dropped_and_not_told() -> None:
    """SLOW-2, LEFT-7: a nameless connection that ends causes no event."""
    chat = Chat(Limits(outbox_bytes=50))
    [alice] = chat.members("alice")
    bob = chat.nameless()
    stuck(chat, bob, 1)
    bob.sends(PING)
    chat.turn()
    assert chat.dropped == [bob]
    assert alice.hears() == []


def test_one_who_leaves_is_not_slow() -> None:
    """LEFT-5: LEFT is the last event that a member causes."""
    chat = Chat(Limits(outbox_bytes=50))
    alice, bob = chat.members("alice", "bob")
    stuck(chat, bob, 50)
    bob.sends("QUIT")
    chat.turn()
    assert chat.dropped == []
    assert alice.lines == ["LEFT lobby bob quit"]


# Reaching one member


def test_event_for_one_member_is_held_like_any_other() -> None:
    """Section 14: only held events wait outside the one queue; deliver knows of the lock."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    hub: Hub = chat.hub
    hub.deliver(alice.member, "X-NUDGED", "bob")
    assert alice.hears() == ["X-NUDGED bob"]
    alice.does("LOCK")
    hub.deliver(alice.member, "X-NUDGED", "bob")
    assert alice.hears() == []
    assert alice.does("UNLOCK") == ["X-NUDGED bob", "OK UNLOCK 1"]
    assert bob.hears() == []
