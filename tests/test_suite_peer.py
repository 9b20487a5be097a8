"""What one client of the suite notices about its server: conformance/peer.py, played by a script.

Every wait is bounded by the chat's patience; it is small where running out of it is the subject.
"""

from __future__ import annotations

import time

import pytest

from conformance import peer
from conformance.card import make_card
from conformance.client import Client
from conformance.spec import read_spec
from conformance.violation import Violation
from tests.scripted import HELLO, PATIENCE, Script, scripted

SHORT = 0.3  # seconds of patience where a time-out is what is tested


def asks_once(client: Client, command: str) -> None:
    """One answer, and nothing behind it."""
    client.asks(command)
    client.chat.expect_nothing_more()


def failure_of(client: Client, command: str = "PING x") -> Violation:
    """How it ends when the client asks this and then looks whether there is more."""
    with pytest.raises(Violation) as caught:
        asks_once(client, command)
    assert caught.value.client is client
    return caught.value


@pytest.fixture
def _early_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe decides nothing but how soon something is known."""
    monkeypatch.setattr(peer, "PROBE_AFTER", 0.02)


# Answers that do not come


@pytest.mark.usefixtures("_early_probe")
def test_missing_answer_is_found_by_the_probe_long_before_patience_ends() -> None:
    """CMD-3: the PING sent behind the command was answered, the command was not."""
    with scripted({"alice> SAY hello": b""}, patience=600) as (chat, server):
        began = time.monotonic()
        failure = failure_of(chat.connect("alice"), "SAY hello")
        assert time.monotonic() - began < PATIENCE
        assert server.heard[-2:] == ["alice> SAY hello", "alice> PING fence-1"]
    assert (failure.also, failure.timed_out) == ("CMD-3", False)
    assert failure.why.startswith("SAY hello was never answered")


@pytest.mark.usefixtures("_early_probe")
def test_late_answer_is_an_answer_and_the_probe_is_not_seen() -> None:
    """The server takes its time: no fault, and nothing of the probe is left in the client."""
    script = {"alice> SAY hello": b"", "alice> PING fence-1": b"OK SAY 1\nPONG fence-1\n"}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        assert alice.says("hello") == 1
        chat.expect_nothing_more()
        assert [line.text for line in alice.stream] == ["OK SAY 1"]


@pytest.mark.usefixtures("_early_probe")
def test_probe_that_is_answered_after_the_next_command_was_sent_disturbs_nothing() -> None:
    script = {
        "alice> SAY one": b"",
        "alice> PING fence-1": b"OK SAY 1\n",
        "alice> SAY two": b"PONG fence-1\nOK SAY 2\n",
    }
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        assert alice.says("one") == 1
        assert list(alice.commands) == ["PING fence-1"]
        assert not alice.waits
        assert alice.says("two") == 2
        assert not alice.commands
        chat.expect_nothing_more()


def test_client_waits_from_its_command_to_the_answer() -> None:
    """A fence of the test is a command of the test; what has no answer is none."""
    with scripted() as (chat, _):
        alice = chat.connect("alice")
        assert not alice.waits
        alice.sends("PONG x")
        assert not alice.waits
        alice.sends(f"PING {chat.token()}")
        assert alice.waits
        alice.answer()
        assert not alice.waits


@pytest.mark.usefixtures("_early_probe")
@pytest.mark.parametrize("answer", [b"ERR unknown-verb - what is PING\n", b"PONG other\n"])
def test_probe_that_is_not_answered_with_its_pong_is_a_violation(answer: bytes) -> None:
    """PING-1, where the server takes its time for the command in front of the probe."""
    script = {"alice> SAY one": b"", "alice> PING fence-1": b"OK SAY 1\n" + answer}
    with scripted(script) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY one")
    assert (failure.also, failure.got) == ("PING-1", answer.decode().strip())
    assert failure.why == "this does not answer PING fence-1"


@pytest.mark.parametrize("probe_after", [0.02, 60.0], ids=["probed", "not probed"])
def test_silence_is_a_time_out(probe_after: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "PROBE_AFTER", probe_after)
    with scripted({"alice> SAY hello": b""}, patience=SHORT, answers_ping=False) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY hello")
    assert failure.timed_out
    assert failure.why == "no answer within 0.3 s"
    assert (failure.expected, failure.got) == ("an answer to SAY hello", "(nothing)")


def test_answer_without_lf_is_shown_when_patience_ends() -> None:
    """LINE-1: who forgets the LF must not read that nothing came."""
    with scripted({"alice> SAY x": b"OK SAY 1"}, patience=SHORT, answers_ping=False) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY x")
    assert failure.timed_out
    assert failure.why.startswith("no line end (LF) came within")
    assert (failure.got, failure.requirement) == ("OK SAY 1", "LINE-1")


def test_event_without_lf_is_shown_when_patience_ends() -> None:
    with scripted({"alice> PONG now": b"MSG lobby 1 bob hell"}, patience=SHORT) as (chat, _):
        alice = chat.connect("alice")
        alice.sends("PONG now")
        with pytest.raises(Violation, match=r"no line end .* came within") as caught:
            alice.awaits_event("MSG lobby 1 bob hello")
    assert caught.value.got == "MSG lobby 1 bob hell"


@pytest.mark.parametrize("octets", [b"OK SAY\0", b"C:\\chat"])
def test_unfinished_line_reads_in_a_card_as_in_a_session(octets: bytes) -> None:
    r"""The octet 00 is \x00 there, and a backslash is doubled once."""
    with scripted({"alice> SAY x": octets}, patience=SHORT, answers_ping=False) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY x")
        card = make_card(read_spec().requirements["SAY-1"], failure, chat, None, [])
    shown = {b"OK SAY\0": r"OK SAY\x00", b"C:\\chat": r"C:\\chat"}[octets]
    assert card["got"] == shown
    assert card["session"][-1] == f"alice< {shown}"


@pytest.mark.parametrize(
    ("said", "patience", "part"),
    [
        (b"", SHORT, "expected"),
        (["alice< (end of stream)"], PATIENCE, "expected"),
        (b"OK LOCK\n", PATIENCE, "why"),
        (b"PONG fence-1\n", PATIENCE, "why"),
    ],
    ids=["silence", "an end", "another answer", "the answer to the probe"],
)
@pytest.mark.usefixtures("_early_probe")
def test_command_reads_in_a_card_as_in_the_session(
    said: bytes | list[str], patience: float, part: str
) -> None:
    """What was asked is named in `expected` or in `why`."""
    script: Script = {r"alice> SAY \o/": b"", "alice> PING fence-1": said}
    if said == b"OK LOCK\n":
        script = {r"alice> SAY \o/": said}
    with scripted(script, patience=patience) as (chat, _):
        failure = failure_of(chat.connect("alice"), r"SAY \o/")
        card = make_card(read_spec().requirements["SAY-1"], failure, chat, None, [])
    assert r"alice> SAY \\o/" in card["session"]
    assert r"SAY \\o/" in card[part]
    assert r"SAY \\\\o/" not in card[part]


@pytest.mark.parametrize(
    ("said", "how"),
    [
        (["alice< (end of stream)"], "end of stream"),
        (["alice< (reset)"], "reset: Connection reset by peer"),
        (["alice< X-LAST words", "alice< (end of stream)"], "end of stream"),
    ],
)
def test_server_that_closes_instead_of_answering_is_found_at_once(
    said: list[str], how: str
) -> None:
    with scripted({"alice> SAY hello": said}) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY hello")
    assert failure.why == f"the server ended the connection ({how}) instead of answering"
    assert (failure.got, failure.timed_out) == (f"({how})", False)
    assert chat.log[-1].text == f"({how})"


def test_stream_that_ends_within_a_line_is_told_as_that() -> None:
    """LINE-1: every line ends with LF."""
    script: Script = {"alice> QUIT": b"OK QUI", "alice> PING x": ["alice< (end of stream)"]}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        alice.sends("QUIT")
        assert failure_of_waiting(alice).got == "(end of stream within a line)"
        assert alice.unfinished == b"OK QUI"


def failure_of_waiting(client: Client) -> Violation:
    client.sends("PING x")
    with pytest.raises(Violation) as caught:
        client.answer()
    return caught.value


# Answers that nobody asked for


def test_second_answer_to_one_command_is_found() -> None:
    """CMD-3: exactly one final reply."""
    with scripted({"alice> SAY hello": b"OK SAY 1\nOK SAY 1\n"}) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY hello")
    assert (failure.also, failure.got) == ("CMD-3", "OK SAY 1")


@pytest.mark.parametrize(
    "reply", [b"OK NICK alice 1", b"PONG hello", b"ERR bad-args NICK no", b"OK X-SAY 1", b"OK LOCK"]
)
def test_answer_to_another_command_is_found(reply: bytes) -> None:
    """CMD-3: in the order of the commands."""
    with scripted({"alice> SAY hello": reply + b"\n"}) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY hello")
    assert failure.also == "CMD-3"
    assert failure.why == "this does not answer SAY hello"


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        ("say hello", b"OK SAY 1"),
        ("SAY hello", b"ERR need-nick - no"),
        ("SAY hello", b"ERR bad-args SAY no"),
        ("X-Dance", b"OK X-DANCE all night"),
        ("ping x", b"PONG x"),
        ("", b""),
        ("PONG x", b""),
    ],
)
def test_answer_to_this_command_is_accepted(command: str, reply: bytes) -> None:
    """Whatever its case; the empty line and PONG have none (OCTET-4, PONG-1)."""
    with scripted({f"alice> {command}": reply + b"\n" if reply else b""}) as (chat, _):
        alice = chat.connect("alice")
        alice.sends(command)
        if reply:
            assert alice.answer().final.text == reply.decode()
        chat.expect_nothing_more()


def test_item_that_nobody_asked_for_is_found() -> None:
    with scripted({"alice> SAY hello": b"HERE bob 2\nOK SAY 1\n"}) as (chat, _):
        failure = failure_of(chat.connect("alice"), "SAY hello")
    assert (failure.also, failure.got) == ("CMD-3", "HERE bob 2")


def test_event_within_a_listing_is_found() -> None:
    """WHO-4: no other line stands between the first item of a listing and its OK."""
    listing = b"HERE alice 1\nMSG lobby 1 bob hello\nHERE bob 2\nOK WHO 2\n"
    with scripted({"alice> WHO": listing}) as (chat, _):
        failure = failure_of(chat.connect("alice"), "WHO")
    assert (failure.also, failure.why) == ("WHO-4", "another line within a listing")
    assert failure.got == "MSG lobby 1 bob hello"


@pytest.mark.parametrize("line", ["PING x", "X-WEATHER fine", "BYE now", HELLO])
def test_any_other_line_within_a_listing_is_found(line: str) -> None:
    """WHO-4: neither may a PING or a private line stand there."""
    with scripted({"alice> WHO": f"HERE alice 1\n{line}\nOK WHO 1\n".encode()}) as (chat, server):
        failure = failure_of(chat.connect("alice"), "WHO")
        assert (failure.also, failure.got) == ("WHO-4", line)
        assert "alice> PONG x" not in server.heard


def test_ping_and_private_lines_around_a_listing_are_no_fault() -> None:
    listing = b"PING x\nX-A\nHERE alice 1\nOK WHO 1\nX-B\nPING y\n"
    with scripted({"alice> WHO": listing}) as (chat, _):
        alice = chat.connect("alice")
        assert len(alice.asks("WHO").items) == 1
        chat.expect_nothing_more()


@pytest.mark.parametrize("reply", ["OK SAY", "OK SAY one", f"OK SAY {2**53}", "OK SAY 1 2"])
def test_answer_with_other_fields_is_an_answer_to_be_compared(reply: str) -> None:
    """It breaks no rule of level 0: the test that asked says which rule it does break."""
    with scripted({"alice> SAY hello": f"{reply}\n".encode()}) as (chat, _):
        alice = chat.connect("alice")
        assert alice.asks("SAY hello").final.text == reply
        with pytest.raises(Violation, match="not answered with OK SAY") as caught:
            alice.says("hello")
    failure = caught.value
    assert (failure.requirement, failure.also, failure.got) == (None, None, reply)


def test_answer_to_another_command_with_other_fields_is_found() -> None:
    with scripted({"alice> SAY hello": b"OK NICK you\n"}) as (chat, _):
        assert failure_of(chat.connect("alice"), "SAY hello").also == "CMD-3"


def test_event_in_front_of_a_listing_is_no_fault_and_listing_is_kept_whole() -> None:
    listing = b"MSG lobby 1 bob hello\nHERE alice 1\nHERE bob 2\nOK WHO 2\n"
    with scripted({"alice> WHO": listing}) as (chat, _):
        answer = chat.connect("alice").asks("WHO")
    assert [line["name"] for line in answer.items] == ["alice", "bob"]
    assert [line["text"] for line in answer.events] == ["hello"]
    assert answer.final.number("count") == 2


# The last line


@pytest.mark.parametrize("last", [b"BYE now\n", b"PONG x\nBYE now\n"])
def test_line_after_bye_is_found(last: bytes) -> None:
    """Section 12: BYE is the last line before a server closes a connection."""
    with scripted({"alice> PING x": last + b"X-MORE to say\n"}) as (chat, _):
        failure = failure_of(chat.connect("alice"))
    assert (failure.also, failure.got) == ("STOP-1", "X-MORE to say")


def test_line_after_ok_quit_is_found_while_the_end_is_awaited() -> None:
    """QUIT-1: OK QUIT is the last line of the connection."""
    with scripted({"alice> QUIT": b"OK QUIT\nBYE now\n"}) as (chat, _):
        alice = chat.connect("alice")
        alice.does("QUIT", "OK QUIT")
        with pytest.raises(Violation, match="after OK QUIT") as caught:
            alice.awaits_end()
    assert caught.value.also == "QUIT-1"


def test_line_after_ok_quit_is_found_at_the_end_of_a_test() -> None:
    """QUIT-1: it was read with OK QUIT, and noticed."""
    with scripted({"alice> QUIT": b"OK QUIT\nBYE now\n"}) as (chat, _):
        assert failure_of(chat.connect("alice"), "QUIT").also == "QUIT-1"
