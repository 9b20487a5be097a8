"""What no server may send at any time: conformance/peer.py on greetings, octets and floods."""

from __future__ import annotations

import socket

import pytest

from conformance import peer
from conformance.card import make_card, text_of
from conformance.chat import Chat
from conformance.compare import excerpt
from conformance.spec import read_spec
from conformance.violation import Violation
from tests.scripted import CONNECTS, HELLO, scripted

SHORT = 0.3  # seconds of patience where a time-out is what is tested


def greeted_alone(chat: Chat) -> None:
    """Somebody is greeted, and hears nothing else."""
    chat.connect("alice")
    chat.expect_nothing_more()


def greeting_fails(octets: bytes, patience: float = 10.0) -> Violation:
    """How the test ends when a server says this as soon as somebody connects."""
    with scripted({f"alice> {CONNECTS}": octets}, patience=patience) as (chat, _):
        with pytest.raises(Violation) as caught:
            greeted_alone(chat)
    assert caught.value.client is not None
    assert caught.value.client.label == "alice"
    return caught.value


@pytest.mark.parametrize(
    "octets",
    [b"PONG x\n", b"X-HELLO there\n", b"OK QUIT\n", b"PING x\n", b"MSG lobby 1 bob hello\n"],
)
def test_first_line_that_is_no_hello_is_found(octets: bytes) -> None:
    """HELLO-1: the first line that a server sends on a connection is HELLO."""
    failure = greeting_fails(octets + f"{HELLO}\n".encode())
    assert (failure.also, failure.got) == ("HELLO-1", octets.decode().strip())


def test_second_hello_is_found() -> None:
    failure = greeting_fails(f"{HELLO}\n{HELLO}\n".encode())
    assert (failure.also, failure.why) == ("HELLO-1", "a second HELLO")


@pytest.mark.parametrize("octets", [b"HELLO parley/2 me\n", b"HELLO me\n"])
def test_hello_of_another_form_is_found(octets: bytes) -> None:
    failure = greeting_fails(octets)
    assert (failure.also, failure.got) == ("HELLO-1", octets.decode().strip())


def test_reply_to_nothing_is_found() -> None:
    """CMD-3: it stands behind the greeting, and nobody asked."""
    failure = greeting_fails(f"{HELLO}\nPONG y\n".encode())
    assert failure.why.startswith("a reply to nothing")
    assert (failure.also, failure.got) == ("CMD-3", "PONG y")


def test_bye_in_place_of_hello_is_told_as_that() -> None:
    """HELLO-1: a server that does not let the connection in sends BYE."""
    failure = greeting_fails(b"BYE full\n")
    assert (failure.requirement, failure.got) == ("HELLO-1", "BYE full")
    assert failure.why == "the server did not greet"


def test_silence_in_place_of_hello_is_a_time_out() -> None:
    failure = greeting_fails(b"", SHORT)
    assert failure.timed_out
    assert (failure.requirement, failure.why) == ("HELLO-1", "no HELLO within 0.3 s")
    assert failure.got == "(nothing)"


def test_hello_without_lf_is_shown_when_patience_ends() -> None:
    """LINE-1: the first line that a beginner sends is the first to lack its LF."""
    failure = greeting_fails(HELLO.encode(), SHORT)
    assert (failure.got, failure.requirement) == (HELLO, "LINE-1")


def test_end_in_place_of_hello_is_told_as_that() -> None:
    with scripted({"alice> (connects)": ["alice< (end of stream)"]}) as (chat, _):
        with pytest.raises(Violation) as caught:
            chat.connect("alice")
    assert (caught.value.requirement, caught.value.got) == ("HELLO-1", "(end of stream)")


def test_nobody_listening_is_a_violation_and_no_trouble_of_the_suite() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    chat = Chat(address, 5.0, "t", 6)
    with pytest.raises(Violation, match="cannot connect: Connection refused"):
        chat.connect("alice")
    chat.abandon()


GARBAGE = {
    "no UTF-8": (b"\xff\xfe", "LINE-1"),
    "a NUL": (b"PONG x\0", "LINE-1"),
    "an escape sequence": (b"\x1b[2J", "LINE-1"),
    "C1": ("\x9b2J".encode(), "LINE-1"),
    "4097 octets": (b"X-" + b"x" * 4094, "LINE-1"),
    "an empty line": (b"", "LINE-2"),
    "small letters": (b"pong x", "LINE-2"),
    "bidi": ("\u202eevil".encode(), "LINE-2"),
    "another protocol": (b"HTTP/1.1 400 Bad Request", "LINE-2"),
    "a half line": (b"MSG lobby", "LINE-2"),
    "a verb in small letters": (b"OK ping x", "CMD-1"),
    "a half refusal": (b"ERR bad-args", "ERR-1"),
}


@pytest.mark.parametrize(("octets", "requirement"), GARBAGE.values(), ids=GARBAGE)
def test_line_that_no_server_may_send_is_found_and_shown_safely(
    octets: bytes, requirement: str
) -> None:
    """LINE-1, LINE-2: in place of an answer, of which nothing may reach a terminal."""
    with scripted({"alice> PING x": octets + b"\n"}) as (chat, _):
        alice = chat.connect("alice")
        with pytest.raises(Violation) as caught:
            alice.does("PING x")
        assert (caught.value.requirement, caught.value.also) == (None, requirement)
        assert (caught.value.got or "").encode(errors="surrogateescape") == octets
        assert all(entry.text.isprintable() for entry in chat.log)
        card = make_card(read_spec().requirements[requirement], caught.value, chat, None, [])
        assert card["got"] == excerpt(chat.log[-1].text)[0]
        assert all(line.isprintable() and len(line) < 500 for line in text_of(card).splitlines())
        for raises in (alice.answer, alice.raise_failure):  # it is not forgotten
            with pytest.raises(Violation) as again:
                raises()
            assert again.value is caught.value


def test_line_without_end_is_found_at_its_limit() -> None:
    """LINE-1: not only when the LF comes, which may be never."""
    with scripted({"alice> PING x": b"x" * 4095}, patience=SHORT) as (chat, _):
        with pytest.raises(Violation) as caught:
            chat.connect("alice").does("PING x")
    assert caught.value.timed_out
    with scripted({"alice> PING x": b"x" * 4096}) as (chat, _):
        with pytest.raises(Violation, match="more than 4096 octets") as caught:
            chat.connect("alice").does("PING x")
    assert caught.value.also == "LINE-1"


def test_flood_is_found_within_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    """PING-3: events that are ignored, without end and without an answer."""
    monkeypatch.setattr(peer, "FLOOD", 1024 * 1024)
    flood = (b"X-NOISE " + b"n" * 2000 + b"\n") * 1000
    with scripted({"alice> PING x": flood}) as (chat, _):
        with pytest.raises(Violation, match="sends without end") as caught:
            chat.connect("alice").does("PING x")
    assert caught.value.also == "PING-3"


def test_much_that_was_asked_for_is_no_flood(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer begins the count anew."""
    monkeypatch.setattr(peer, "FLOOD", 200_000)
    much = (b"X-NOISE " + b"n" * 2000 + b"\n") * 40 + b"PONG x\n"
    with scripted({"alice> PING x": much}) as (chat, _):
        alice = chat.connect("alice")
        for _ in range(5):
            alice.does("PING x")


def test_ping_of_the_server_is_answered_by_itself() -> None:
    """Section 5: a client answers it with PONG and the same token as soon as it reads it."""
    script = {"alice> SAY one": b"PING a!b\nOK SAY 1\n", "bob> (connects)": b""}
    with scripted(script) as (chat, server):
        alice = chat.connect("alice")
        assert alice.says("one") == 1
        chat.expect_nothing_more()
        assert server.heard.count("alice> PONG a!b") == 1
        assert server.heard.index("alice> PONG a!b") < server.heard.index("alice> PING fence-1")
    told = [f"{entry.direction} {entry.text}" for entry in chat.log]
    assert told[told.index("< PING a!b") + 1] == "> PONG a!b"


def test_private_lines_are_ignored() -> None:
    """Section 3: a client ignores events it does not know."""
    script = {
        "alice> (connects)": f"{HELLO} X-cap\nX-WEATHER  fine \n".encode(),
        "alice> SAY one": b"X-A\nOK SAY 1\nX-B MSG lobby 2 bob hello\n",
    }
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        assert alice.says("one") == 1
        alice.receives_nothing()
        assert [line.text for line in alice.stream] == ["OK SAY 1"]
    assert "X-B MSG lobby 2 bob hello" in [entry.text for entry in chat.log]


def test_lines_that_come_in_pieces_are_lines() -> None:
    """The suite itself must not read a recv() as a line."""
    pieces = "MSG lobby 1 bob é\nPONG x\n".encode()
    script = {"alice> PONG 1": pieces[:17], "alice> PONG 2": pieces[17:20]}
    with scripted({**script, "alice> PING x": pieces[20:]}) as (chat, _):
        alice = chat.connect("alice")
        for command in ("PONG 1", "PONG 2", "PING x"):
            alice.sends(command)
        assert alice.answer().final.text == "PONG x"
        assert alice.events.popleft()["text"] == "é"
