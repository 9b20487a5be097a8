"""The client's reading of protocol.md: against the hub where possible, else line by line."""

from __future__ import annotations

import pytest

from parley.client import events as ev
from parley.client.dialogue import ANSWER_TIME, GREETING_TIME, PROBE_AFTER, QUIET_TIME, Phase
from parley.client.session import Session
from parley.hub import Hub
from tests.desks import Office, Shelf

HELLO = b"HELLO parley/1 demo\n"


def session_of(*lines: str) -> Session:
    """A session that has heard these lines after HELLO, as the member alice."""
    session = Session(0.0, Shelf())
    session.receive(HELLO, 0.0)
    session.ask("NICK", "alice")
    session.receive(b"OK NICK alice 1\nHERE alice 1\nOK WHO 1\n", 0.0)
    session.events.clear()
    session.take()
    hear(session, *lines)
    return session


def hear(session: Session, *lines: str) -> list[ev.Event]:
    """What becomes of these lines."""
    session.receive("".join(f"{line}\n" for line in lines).encode(), 0.0)
    events = list(session.events)
    session.events.clear()
    return events


def test_what_is_said_is_seen_by_all_in_one_order() -> None:
    """SAY-7: one's own message is shown where it stands in the log."""
    alice, bob = Office().members("alice", "bob")
    alice.conversation.typed("hello")
    bob.conversation.typed("hi")
    alice.office.settle()
    assert alice.sees() == bob.sees() == ["alice#1: hello", "bob#2: hi"]


def test_comings_and_goings_are_seen() -> None:
    """JOINED-1, QUIT-2, LEFT-1: with member numbers, and with the words of a goodbye."""
    office = Office()
    (alice,) = office.members("alice")
    bob, carol = office.members("bob", "carol")
    bob.types("/quit good night")
    carol.is_cut_off()
    assert alice.sees() == [
        *("→ bob#2 is here", "→ carol#3 is here"),
        "← bob#2 has left: good night",
        "← carol#3 is gone: the connection ended",
    ]
    assert list(alice.session.members) == ["alice"]


def test_members_are_known_from_the_beginning() -> None:
    """WHO-1: the client asks by itself, and tells nobody."""
    alice, bob = Office().members("alice", "bob")
    assert bob.session.members == {"alice": ("alice", 1), "bob": ("bob", 2)}
    assert alice.types("/who") == ["2 members in lobby: alice#1 (you), bob#2"]


def test_held_lines_come_with_their_number() -> None:
    """LOCK-4: how many had been waiting is told before they are shown."""
    alice, bob = Office().members("alice", "bob")
    assert alice.types("/lock") == [
        "locked: what others say waits until you have spoken, or /unlock"
    ]
    bob.types("one", "two")
    assert alice.sees() == []
    assert alice.types("/unlock") == [
        "── 2 lines waited while you wrote ──",
        "bob#2: one",
        "bob#2: two",
    ]


def test_a_message_ends_the_lock() -> None:
    """LOCK-8: first come the held events, then one's own."""
    alice, bob = Office().members("alice", "bob")
    alice.types("/lock")
    alice.sees()
    bob.types("one")
    assert alice.types("mine") == [
        "── 1 line waited while you wrote ──", "bob#2: one", "alice#1: mine",
    ]  # fmt: skip
    bob.types("later")
    assert alice.sees() == ["bob#2: later"]


@pytest.mark.parametrize("cause", ["overflow", "timeout"])
def test_the_server_ends_the_lock(cause: str) -> None:
    """LOCK-14: all that was held is shown, and why the lock is off."""
    session = session_of()
    session.ask("LOCK")
    events = hear(session, "OK LOCK", "MSG lobby 1 bob hello", f"UNLOCKED {cause}")
    assert [type(event) for event in events] == [ev.Locked, ev.Released, ev.Said]
    assert events[1] == ev.Released(1, cause)
    assert not session.locked


def test_what_was_held_is_not_lost_with_the_connection() -> None:
    """LOCK-15: the held events come before BYE."""
    session = session_of()
    session.ask("LOCK")
    events = hear(session, "OK LOCK", "MSG lobby 1 bob hello", "BYE server shutting down")
    assert isinstance(events[-1], ev.Said)
    assert session.ended() == "says goodbye: server shutting down"


def test_lock_is_foreseen() -> None:
    """Whether the lock will be on when all is answered: no LOCK too many, none too few."""
    session = session_of()
    foreseen = []
    for verb in ("LOCK", "SAY", "LOCK", "WHO", "UNLOCK"):
        session.ask(verb)
        foreseen.append(session.will_be_locked())
    assert foreseen == [True, False, True, True, False]


def test_rooms() -> None:
    """ROOM-1, ROOM-3: another room, other members."""
    alice, bob = Office().members("alice", "bob")
    assert alice.types("/join garden") == ["── garden, 1 member ──"]
    assert bob.sees() == ["← alice#1 has gone to another room"]
    bob.types("not for alice")
    assert alice.types("/rooms", "/who lobby") == [
        "rooms: lobby (1), garden (1)", "1 member in lobby: bob#2",
    ]  # fmt: skip
    assert list(alice.session.members) == ["alice"]


def test_direct_messages() -> None:
    """TELL-1, TELL-2: both see it, and who else is meant."""
    alice, bob = Office().members("alice", "bob")
    assert alice.types("/tell BOB psst") == ["you tell bob: psst"]
    assert bob.sees() == ["alice tells you: psst"]
    assert alice.types("/tell carol psst") == ["refused: nobody has this nickname"]


def test_history() -> None:
    """HIST-1: what was said before one came."""
    office = Office()
    office.members("alice")[0].types("first", "second")
    (bob,) = office.members("bob")
    first, *_, last = bob.types("/history")
    assert (first, last) == ("── the last 2 messages ──", "── until here ──")
    _, second, _ = bob.types("/history 1")
    assert second.endswith("alice: second")


def test_ping_is_answered_at_once() -> None:
    """Section 5: a client answers PING with PONG and the same token as soon as it reads it."""
    session = session_of("PING are-you-there")
    assert session.take() == b"PONG are-you-there\n"


def test_a_server_that_has_the_core_alone() -> None:
    """HELLO-2: what is not in HELLO is not offered, and not sent."""
    office = Office(hub=Hub)
    alice, _ = office.members("alice", "bob")
    for command in ("/rooms", "/join x", "/tell bob x", "/history", "/send bob x", "/register"):
        assert alice.types(command) == [f"this server does not offer {command.split()[0]}"]
    assert alice.sent == []
    shown = " ".join(alice.types("/help"))
    assert "/lock" in shown
    assert "/join" not in shown


def test_a_server_that_has_less_than_the_core() -> None:
    """Section 1: below level 3 there is no WHO; the client finds out, and offers it no more."""
    session = Session(0.0, Shelf())
    session.receive(HELLO, 0.0)
    session.ask("NICK", "alice")
    assert hear(session, "OK NICK alice 1")[-1] == ev.Named("alice", 1)
    assert session.take() == b"NICK alice\nWHO\n"
    assert hear(session, "ERR unknown-verb - no such verb") == []
    assert not session.offers("WHO")
    assert hear(session, "MSG lobby 1 bob hello") == [ev.Said("lobby", 1, "bob", None, "hello")]
    session.ask("LOCK")
    [refused] = hear(session, "ERR unknown-verb - no such verb")
    assert isinstance(refused, ev.Refused)
    session.ask("QUIT", quiet=True)
    hear(session, "ERR unknown-verb - no such verb")
    assert session.phase is Phase.OVER


@pytest.mark.parametrize(
    "line",
    [
        *("MSG lobby 1 bob", "MSG lobby x bob hi", "MSG lobby 1 b\x1b[2J hi", "MSG"),
        *("MSG  1 bob hi", "JOINED lobby bob", "JOINED lobby bob 01", "LEFT lobby", "HERE bob"),
        "LEFT lobby bob \x1b[2J",
        "ROOM lobby -1",
        *("PAST lobby 1 2 bob", "TOLD bob", "OK WHO 3", "OK SAY 1", "OK", "ERR", "ERR x SAY"),
        *("PONG x", "HELLO parley/1 demo", "OFFERED 1 bob 2 3 x", "DATA 1 ====", "MORE 1", "PING"),
        *("DONE x", "ABORTED 1", "ACCEPTED", "DECLINED -1", "MSG lobby 99999999999999999 bob hi"),
        "MSG lobby 1 bob " + "x" * 5000,
    ],
)  # fmt: skip
def test_a_malformed_line_is_shown_and_does_no_harm(line: str) -> None:
    """LINE-2: a server under construction sends such; the client goes on."""
    session = session_of()
    [event] = hear(session, line)
    assert isinstance(event, ev.Strange)
    assert hear(session, "MSG lobby 1 bob still here")[0] == ev.Said(
        "lobby", 1, "bob", None, "still here"
    )


@pytest.mark.parametrize("line", ["X-WEATHER rain", "NEWS of tomorrow", "", "msg lobby 1 bob x"])
def test_an_unknown_event_is_ignored(line: str) -> None:
    """Section 3: a client ignores events it does not know."""
    assert hear(session_of(), line) == []


def test_octets_that_are_no_text_are_shown_escaped() -> None:
    session = session_of()
    session.receive(b"MSG lobby 1 bob \xff\n", 0.0)
    assert session.events == type(session.events)([ev.Strange("MSG lobby 1 bob \ufffd")])


def test_a_lost_reply_does_not_confuse_later_ones() -> None:
    """CMD-3, Why: replies name their verb, so that a client which lost count finds its place."""
    session = session_of()
    session.ask("LOCK")
    session.ask("SAY", "hello")
    events = hear(session, "OK SAY 7")
    assert events == [ev.Said("lobby", 7, "alice", 1, "hello", own=True)]
    assert not session.pending


def test_lines_may_arrive_in_any_pieces() -> None:
    """OCTET-1: the network cuts where it likes."""
    session = Session(0.0, Shelf())
    for octet in HELLO:
        session.receive(bytes([octet]), 0.0)
    assert session.phase is Phase.NAMELESS


@pytest.mark.parametrize(
    ("opening", "who"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n", "a web server (HTTP)"),
        (b"<!DOCTYPE HTML>\n", "a web server (HTTP)"),
        (b":irc.example NOTICE * :*** Looking up your hostname\r\n", "an IRC server"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH server"),
        (b"\x15\x03\x03\x00\x02\x02\x32", "one that speaks TLS: try --tls"),
        (b"220 mail\x1b[2J\r\n", r"something that begins with b'220 mail\x1b[2J\r\n'"),
    ],
)
def test_another_protocol_is_named(opening: bytes, who: str) -> None:
    session = Session(0.0, Shelf())
    session.receive(opening, 0.0)
    assert session.phase is Phase.OVER
    assert session.ended() == f"is no Parley server, but {who}"


@pytest.mark.parametrize(
    ("hello", "why"),
    [
        ("HELLO parley/2 demo", "speaks parley/2, and this client parley/1"),
        ("HELLO parley/1", "greets with a line that is not in the protocol"),
        ("HELLO parley/1 a  b", "greets with a line that is not in the protocol"),
        ("BYE no room", "says goodbye: no room"),
    ],
)
def test_greetings_that_are_none(hello: str, why: str) -> None:
    session = Session(0.0, Shelf())
    hear(session, hello)
    assert session.ended() == why


def test_a_server_that_says_nothing_is_spoken_to_and_then_given_up() -> None:
    """A web server, or TLS, waits to be spoken to: a PING makes it show what it is."""
    session = Session(100.0, Shelf())
    session.tick(100.0)
    assert session.take() == b""
    assert session.next_deadline() == 100.0 + PROBE_AFTER
    session.tick(100.0 + PROBE_AFTER)
    assert session.take() == b"PING are-you-there\n"
    session.tick(100.0 + GREETING_TIME)
    assert session.ended() == "says nothing"


def test_a_late_greeting_is_still_one() -> None:
    session = Session(0.0, Shelf())
    session.tick(PROBE_AFTER)
    session.receive(HELLO + b"PONG are-you-there\n", 3.0)
    assert session.phase is Phase.NAMELESS
    assert not session.pending


def test_a_server_that_fell_silent_is_asked_and_then_given_up() -> None:
    """Section 12: what died without a word (a cable, a laptop's sleep) is noticed."""
    session = session_of()
    session.tick(QUIET_TIME)
    assert session.take() == b"PING are-you-there\n"
    session.receive(b"PONG are-you-there\n", QUIET_TIME + 1)
    session.tick(2 * QUIET_TIME + 1)
    assert session.take() == b"PING are-you-there\n"
    session.tick(2 * QUIET_TIME + 1 + ANSWER_TIME)
    assert session.ended() == "has not answered for 30 seconds"
