"""Leaving, stopping, being turned away: protocol.md, sections 5, 9 and 12."""

from __future__ import annotations

import pytest

from parley.hub import CLOSE, Limits
from tests.chat import HELLO, Chat


def test_quit_is_answered_last_and_told_to_the_others() -> None:
    """QUIT-1, QUIT-2: without words the line ends after `quit`."""
    chat = Chat()
    alice, bob, carol = chat.members("alice", "bob", "carol")
    assert bob.does("QUIT") == ["OK QUIT"]
    assert bob.outcome is CLOSE
    assert alice.hears() == carol.hears() == ["LEFT lobby bob quit"]
    assert chat.dropped == []  # it goes of its own accord: there is nobody to send away


@pytest.mark.parametrize("words", ["good night", " two  spaces ", " ", "é" * 1900, "x" * 3800])
def test_words_of_quit_arrive_octet_for_octet(words: str) -> None:
    """QUIT-2: the others receive the words octet for octet."""
    alice, bob = Chat().members("alice", "bob")
    assert bob.does(f"QUIT {words}") == ["OK QUIT"]
    assert alice.hears() == [f"LEFT lobby bob quit {words}"]


def test_too_many_words_are_refused_and_the_member_stays() -> None:
    """QUIT-5: text-too-long, and the member stays."""
    alice, bob = Chat().members("alice", "bob")
    [refused] = bob.does("QUIT " + "x" * 3801)
    assert refused.startswith("ERR text-too-long QUIT ")
    assert bob.outcome is None
    assert alice.does("WHO")[-1] == "OK WHO 2"


def test_nameless_quits_and_nobody_learns_of_it() -> None:
    """QUIT-3: a nameless connection may QUIT; nobody else learns of it."""
    chat = Chat()
    [alice] = chat.members("alice")
    bob = chat.nameless()
    assert bob.does("QUIT bye") == ["OK QUIT"]
    assert bob.outcome is CLOSE
    assert alice.hears() == []


def test_commands_after_quit_are_neither_obeyed_nor_answered() -> None:
    """QUIT-4: and each of them tells the server once more that it is over."""
    alice, bob = Chat().members("alice", "bob")
    assert bob.does("QUIT", "SAY x", "PING a", "QUIT", "NICK robert", b"\xff") == ["OK QUIT"]
    assert bob.outcome is CLOSE
    assert alice.does("WHO") == ["LEFT lobby bob quit", "HERE alice 1", "OK WHO 1"]


def test_end_of_stream_is_told_once() -> None:
    """LEFT-1, LEFT-5, LEFT-9: LEFT is the last event of a member, and it receives nothing more."""
    alice, bob = Chat().members("alice", "bob")
    bob.sends("SAY last")
    bob.vanishes()
    bob.vanishes()
    bob.sends("SAY a ghost speaks")
    alice.sends("SAY anybody?")
    assert alice.hears() == ["MSG lobby 1 bob last", "LEFT lobby bob closed", "OK SAY 2"]
    assert bob.hears() == ["OK SAY 1"]


def test_end_of_stream_after_quit_is_not_told() -> None:
    """LEFT-5, LEFT-8: one LEFT for each, whichever way."""
    alice, bob = Chat().members("alice", "bob")
    bob.sends("QUIT")
    bob.vanishes()
    assert alice.hears() == ["LEFT lobby bob quit"]


def test_nameless_that_ends_causes_no_event() -> None:
    """LEFT-7: a nameless connection that ends causes no event."""
    chat = Chat()
    [alice] = chat.members("alice")
    chat.nameless().vanishes()
    assert alice.hears() == []


def test_name_is_free_with_the_left_and_its_number_is_not() -> None:
    """LEFT-6: who has received the LEFT may take the name; the number is a new one."""
    chat = Chat()
    alice, bob = chat.members("alice", "Bob")
    bob.vanishes()
    assert alice.hears() == ["LEFT lobby Bob closed"]
    heir = chat.nameless()
    assert heir.does("NICK bob") == ["OK NICK bob 3"]
    assert alice.does("WHO")[1:] == ["HERE alice 1", "HERE bob 3", "OK WHO 2"]


def test_all_who_leave_at_once_are_told_to_those_who_stay() -> None:
    """LEFT-8: those who stay receive one LEFT for each, and every message."""
    alice, *others = Chat().members("alice", *(f"guest-{n}" for n in range(20)))
    for number, guest in enumerate(others):
        guest.sends(f"SAY I am {number}")
        if number % 2:
            guest.sends("QUIT")
        guest.vanishes()
    heard = alice.hears()
    assert len(heard) == 40
    assert heard[::2] == [f"MSG lobby {n + 1} guest-{n} I am {n}" for n in range(20)]
    assert heard[1::2] == [f"LEFT lobby guest-{n} {('closed', 'quit')[n % 2]}" for n in range(20)]


# Stopping


def test_stop_says_bye_to_everybody_and_left_to_nobody() -> None:
    """STOP-1, STOP-2, LOCK-15: nameless ones included; held events come before BYE."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    nameless = chat.nameless()
    alice.does("LOCK")
    bob.sends("SAY wait", "PING a")
    chat.hub.shutdown("server shutting down", chat.now)
    assert alice.hears() == ["MSG lobby 1 bob wait", "BYE server shutting down"]
    assert bob.hears() == ["OK SAY 1", "PONG a", "BYE server shutting down"]
    assert nameless.hears() == ["BYE server shutting down"]
    assert set(chat.dropped) == {alice, bob, nameless}


def test_nothing_happens_after_a_stop() -> None:
    """STOP-2: what those do whom the stop sent away is neither obeyed nor told; nothing is due."""
    chat = Chat()
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK")
    chat.nameless()
    chat.hub.shutdown("bye", chat.now)
    chat.turn()
    alice.vanishes()
    bob.sends("SAY x")
    assert bob.outcome is CLOSE
    assert chat.hub.next_deadline() is None
    chat.passes(1e6)
    assert chat.turn() == []
    assert bob.hears() == ["BYE bye"]
    assert len(chat.dropped) == 3


def test_stop_leaves_nobody_behind() -> None:
    """STOP-1, LEFT-9: a second stop says nothing twice, and nobody of before is listed."""
    chat = Chat()
    [alice] = chat.members("alice")
    chat.hub.shutdown("bye", chat.now)
    chat.hub.shutdown("bye", chat.now)
    assert alice.hears() == ["BYE bye"]
    assert chat.dropped == [alice]
    late = chat.nameless()
    assert late.does("NICK alice", "WHO") == ["OK NICK alice 2", "HERE alice 2", "OK WHO 1"]
    assert alice.hears() == []


def test_who_left_before_a_stop_is_not_sent_away_again() -> None:
    """QUIT-1: OK QUIT is the last line of a connection, whatever happens then."""
    chat = Chat()
    [alice] = chat.members("alice")
    alice.sends("QUIT")
    chat.hub.shutdown("bye", chat.now)
    assert alice.hears() == ["OK QUIT"]
    assert chat.dropped == []


# Turned away


def test_one_too_many_gets_bye_in_place_of_hello() -> None:
    """Section 12: connections beyond a number are turned away, nameless ones counted."""
    chat = Chat(Limits(max_clients=2))
    [alice] = chat.members("alice")
    bob = chat.nameless()
    carol = chat.connect()
    assert carol.hears() == ["BYE too many connections, try again later"]
    assert chat.dropped == [carol]
    assert carol.does("NICK carol") == []
    assert carol.outcome is CLOSE
    carol.vanishes()
    assert bob.does("NICK carol") == ["OK NICK carol 2"]
    assert alice.hears() == ["JOINED lobby carol 2"]


def test_one_too_many_leaves_no_deadline_behind() -> None:
    """Section 12: who was turned away is not sent away for having no name."""
    chat = Chat(Limits(max_clients=1))
    chat.members("alice")
    due = chat.hub.next_deadline()
    chat.now += 1
    carol = chat.connect()
    carol.hears()
    assert chat.hub.next_deadline() == due
    chat.passes(61)
    assert carol.hears() == []
    assert chat.dropped == [carol]


@pytest.mark.parametrize("way", ["QUIT", "closed", "timeout", "slow"])
def test_place_is_free_when_somebody_has_left(way: str) -> None:
    """Section 12: whoever left, in whichever way, makes room for another."""
    chat = Chat(Limits(max_clients=1, idle=10, outbox_bytes=100))
    [alice] = chat.members("alice")
    match way:
        case "QUIT":
            alice.sends("QUIT")
        case "closed":
            alice.vanishes()
        case "timeout":
            chat.passes(10)
            chat.passes(10)
        case _:
            alice.reads = False
            alice.does("PING a")
            alice.does("PING " + "x" * 64, "PING " + "x" * 64)
    chat.turn()
    assert chat.connect().hears() == [HELLO]
