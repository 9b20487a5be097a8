"""Several clients at once, and what a fence proves: conformance/chat.py and client.py."""

from __future__ import annotations

import pytest

from conformance.client import ANY_NUMBER, ANY_VERB
from conformance.lines import parse
from conformance.violation import Violation
from tests.scripted import END, HELLO, RESET, Script, scripted

SHORT = 0.3  # seconds of patience where a time-out is what is tested
JOINED = {
    "alice> NICK alice_t": ["alice< OK NICK alice_t 1"],
    "bob> NICK bob_t": ["alice< JOINED lobby bob_t 2", "bob< OK NICK bob_t 2"],
}


# Connecting


def test_waiting_for_the_listen_queue_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that is full costs a second each time: who has waited for long enough is told why."""
    with scripted() as (chat, _):
        chat.connect("alice")
        assert chat.queued == 0.0
        monkeypatch.setattr("conformance.peer.QUEUE_FULL", -1.0)  # each takes as long as that
        chat.connect("bob")
        chat.queued = chat.patience
        with pytest.raises(Violation, match="listen queue is full") as caught:
            chat.connect("carol")
    assert caught.value.timed_out


# Fences


def test_fence_proves_that_nothing_came() -> None:
    """Section 14: a PING round trip; it leaves no trace in what is compared."""
    with scripted() as (chat, server):
        alice = chat.connect("alice")
        alice.receives_nothing()
        assert server.heard == ["alice> (connects)", "alice> PING fence-1"]
        assert not alice.stream


@pytest.mark.parametrize(("named", "rule"), [(False, "PING-1"), (True, "PING-2")])
def test_fence_that_is_refused_is_blamed_on_ping(named: bool, rule: str) -> None:
    """PING-1, PING-2: it stands behind every test, which is about something else."""
    script: Script = {**JOINED, "alice> PING fence-1": b"ERR need-nick PING what?\n"}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        if named:
            alice.takes_name()
        with pytest.raises(Violation, match="answered in every state") as caught:
            chat.expect_nothing_more()
    assert (caught.value.requirement, caught.value.expected) == (rule, "PONG fence-1")


def test_fence_proves_that_an_event_did_not_come() -> None:
    with scripted() as (chat, _):
        with pytest.raises(Violation, match="PING sent afterwards was answered without it") as got:
            chat.connect("alice").receives("MSG lobby 1 bob hello")
    assert (got.value.expected, got.value.got) == ("MSG lobby 1 bob hello", "(nothing)")


def test_event_that_should_not_have_come_is_found_by_the_fence() -> None:
    """Nobody has a name yet: SAY-9 forbids the event."""
    script = {"alice> PING fence-1": b"MSG lobby 1 bob hello\nPONG fence-1\n"}
    with scripted(script) as (chat, _):
        with pytest.raises(Violation, match="should not have come") as caught:
            chat.connect("alice").receives_nothing()
    assert (caught.value.requirement, caught.value.got) == ("SAY-9", "MSG lobby 1 bob hello")


@pytest.mark.parametrize(
    ("event", "rule"),
    [
        ("MSG lobby 1 alice_t me", "SAY-4"),
        ("JOINED lobby alice_t 1", "JOINED-2"),
        ("LEFT lobby alice_t quit", "LEFT-9"),
        ("MSG lobby 1 bob_t you", None),
        ("TOLD alice_t psst", None),
        ("UNLOCKED overflow", None),
    ],
)
def test_event_about_oneself_is_blamed_on_the_rule_against_it(event: str, rule: str | None) -> None:
    script = {"alice> NICK alice_t": f"OK NICK alice_t 1\n{event}\n".encode()}
    with scripted(script) as (chat, _):
        chat.connect("alice").takes_name()
        with pytest.raises(Violation) as caught:
            chat.expect_nothing_more()
    assert (caught.value.requirement, caught.value.got) == (rule, event)


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        *(("MSG lobby 1 bob hello", "SAY-9"), ("JOINED lobby bob 1", "SAY-9")),
        *(("LEFT lobby bob quit", "SAY-9"), ("BYE now", None), ("UNLOCKED timeout", None)),
        *(("OK LOCK", None), ("OK NICK bob_t", None), ("HERE alice_t 1", None), ("PONG x", None)),
        ("ERR unknown-verb - what?", None),
    ],
)
def test_only_an_event_of_a_room_breaks_the_rule_about_the_nameless(
    line: str, rule: str | None
) -> None:
    """SAY-9: a reply to a nameless connection is none, and BYE and UNLOCKED are of no room."""
    with scripted() as (chat, _):
        alice = chat.connect("alice")
        alice.stream.append(parse(line))
        assert alice.rule_against(alice.stream[-1]) == rule


def test_event_that_no_line_caused_is_awaited_with_patience() -> None:
    """It comes with what another client does, or not at all."""
    script = {**JOINED, "bob> (end of stream)": [f"bob< {END}", "alice< LEFT lobby bob_t closed"]}
    with scripted(script, patience=SHORT) as (chat, _):
        alice, bob = chat.members("alice", "bob")
        bob.half_closes()
        bob.awaits_end()
        alice.is_told("LEFT lobby bob_t closed")
        with pytest.raises(Violation, match=r"nothing came within 0\.3 s") as caught:
            alice.is_told("LEFT lobby bob_t closed")
    assert caught.value.timed_out


def test_expected_number_may_be_any() -> None:
    script = {"alice> SAY x": b"OK SAY 41\n"}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        assert alice.does("SAY x", f"OK SAY {ANY_NUMBER}").final.number("seq") == 41
        for wrong in ("OK SAY 4", f"OK SAY 5{ANY_NUMBER}", f"OK SAY {ANY_NUMBER}1 "):
            with pytest.raises(Violation, match="not the line that the spec asks for"):
                alice.does("SAY x", wrong)


def test_refusal_is_checked_for_code_and_verb() -> None:
    script = {"alice> say x": b"ERR need-nick SAY no\n", "alice> SAY y": b"OK SAY 1\n"}
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        alice.is_refused("say x", "need-nick")
        alice.is_refused("say x", "need-nick", ANY_VERB)
        for code, verb in (("bad-args", None), ("need-nick", "-")):
            with pytest.raises(Violation, match="not the refusal"):
                alice.is_refused("say x", code, verb)
        with pytest.raises(Violation, match="not the refusal") as caught:
            alice.is_refused("SAY y", "need-nick")
    assert (caught.value.expected, caught.value.got) == (
        "ERR need-nick SAY (and some words)",
        "OK SAY 1",
    )


@pytest.mark.parametrize("answer", ["OK NICK alice 1", "ERR nick-in-use NICK taken"])
def test_name_that_was_not_given_as_asked_is_found(answer: str) -> None:
    """NICK-1: spelled as the client spelled it."""
    script = {"alice> NICK alice_t": f"{answer}\n".encode()}
    with scripted(script) as (chat, _), pytest.raises(Violation, match="was not given") as caught:
        chat.member("alice")
    assert caught.value.expected == "OK NICK alice_t (number)"


# Levels


@pytest.mark.parametrize(("level", "seen"), [(1, []), (2, []), (3, ["JOINED"]), (4, ["JOINED"])])
def test_events_of_later_levels_are_ignored(level: int, seen: list[str]) -> None:
    """Section 1: JOINED from level 3 on, LEFT from level 4 on; MSG always."""
    with scripted(JOINED, level=level) as (chat, _):
        alice, bob = chat.connects("alice", "bob")
        alice.takes_name()
        bob.takes_name()
        alice.fence()
        assert [event.kind for event in alice.events] == seen
        assert "JOINED lobby bob_t 2" in [entry.text for entry in chat.log]


def test_joinings_are_put_aside_when_members_are_ready() -> None:
    with scripted(JOINED) as (chat, _):
        alice, bob = chat.members("alice", "bob")
        assert (alice.number, bob.number) == (1, 2)
        chat.expect_nothing_more()


# Everybody at once


def test_crowd_waits_for_its_answers_at_the_same_time() -> None:
    """NICK-8: proof that the clients of a race overlapped."""
    names = [f"c{number}" for number in range(1, 31)]
    script = {
        f"{name}> NICK {name}_t": f"OK NICK {name}_t {number}\n".encode()
        for number, name in enumerate(names, 1)
    }
    with scripted(script, names) as (chat, _):
        crowd = chat.crowd(30)
        assert [client.number for client in crowd] == [*range(1, 31)]
        assert chat.most_waiting == 30
        chat.expect_nothing_more()


def test_what_happens_to_one_is_noticed_while_another_waits() -> None:
    """alice waits for an event; what ends her wait is that bob was sent garbage."""
    script = {**JOINED, "alice> PONG now": ["bob< garbage"]}
    with scripted(script) as (chat, _):
        alice, bob = chat.members("alice", "bob")
        alice.sends("PONG now")
        with pytest.raises(Violation) as caught:
            alice.awaits_event("MSG lobby 1 bob_t hello")
    assert (caught.value.client, caught.value.also) == (bob, "LINE-2")


def test_garbage_is_found_at_the_end_of_a_test_at_the_latest() -> None:
    script = {**JOINED, "alice> SAY hello": ["bob< garbage", "alice< OK SAY 1"]}
    with scripted(script) as (chat, _):
        alice, bob = chat.members("alice", "bob")
        assert alice.says("hello") == 1
        with pytest.raises(Violation) as caught:
            chat.expect_nothing_more()
    assert caught.value.client is bob


def test_what_was_found_is_raised_before_anybody_is_asked() -> None:
    """The server does not answer any more, but what it said to bob is what was wrong first."""
    script = {"alice> SAY hello": ["bob< garbage", "alice< OK SAY 1"]}
    with scripted(script, patience=SHORT, answers_ping=False) as (chat, _):
        alice, bob = chat.connects("alice", "bob")
        assert alice.says("hello") == 1
        with pytest.raises(Violation) as caught:
            chat.expect_nothing_more()
    assert (caught.value.client, caught.value.also) == (bob, "LINE-2")


@pytest.mark.parametrize("leaves", ["half_closes", "reads_no_more"])
def test_what_was_found_is_raised_though_the_client_is_not_asked_any_more(leaves: str) -> None:
    script = {"alice> SAY hello": ["bob< garbage", "alice< OK SAY 1"]}
    with scripted(script) as (chat, _):
        alice, bob = chat.connects("alice", "bob")
        assert alice.says("hello") == 1
        getattr(bob, leaves)()
        with pytest.raises(Violation) as caught:
            chat.expect_nothing_more()
    assert (caught.value.client, caught.value.also) == (bob, "LINE-2")


@pytest.mark.parametrize("leaves", ["resets", "closes"])
def test_what_was_found_is_raised_though_the_client_has_gone(leaves: str) -> None:
    """As soon as it goes, or at the end of the test."""
    script = {"alice> SAY hello": ["bob< garbage", "alice< OK SAY 1"]}
    with scripted(script) as (chat, _):
        alice, bob = chat.connects("alice", "bob")
        assert alice.says("hello") == 1

        def ends() -> None:
            getattr(bob, leaves)()
            chat.expect_nothing_more()

        with pytest.raises(Violation) as caught:
            ends()
    assert caught.value.client is bob


def test_client_that_does_not_read_is_not_asked_at_the_end() -> None:
    script = {**JOINED, "alice> SAY hello": ["bob< garbage", "alice< OK SAY 1"]}
    with scripted(script) as (chat, _):
        alice, bob = chat.members("alice", "bob")
        bob.reads_no_more()
        assert alice.says("hello") == 1
        chat.expect_nothing_more()


@pytest.mark.parametrize(
    ("end", "clean"),
    [
        ([f"alice< {END}"], True),
        (["alice< BYE\u00a0now", f"alice< {END}"], False),
        ([f"alice< {RESET}"], False),
        ([], False),
    ],
    ids=["ends", "garbage, then ends", "resets", "holds on"],
)
def test_chat_that_closes_tells_whether_the_server_let_go(end: list[str], clean: bool) -> None:
    with scripted({"alice> (end of stream)": end}) as (chat, _):
        chat.connects("alice", "bob")
        assert chat.close(SHORT) is clean
        assert not chat.clients


def test_reset_reaches_the_server_and_ends_the_client() -> None:
    script = {**JOINED, "bob> (end of stream)": ["alice< LEFT lobby bob_t closed"]}
    with scripted(script) as (chat, _):
        alice, bob = chat.members("alice", "bob")
        bob.resets()
        alice.is_told("LEFT lobby bob_t closed")
        assert chat.clients == [alice]
        chat.expect_nothing_more()


def test_client_that_half_closes_still_receives() -> None:
    """LEFT-4: replies to its last commands, then the end of the stream."""
    script: Script = {
        "alice> PING x": b"",
        "alice> (end of stream)": ["alice< PONG x", f"alice< {END}"],
    }
    with scripted(script) as (chat, _):
        alice = chat.connect("alice")
        alice.sends("PING x")
        alice.half_closes()
        assert alice.answer().final.text == "PONG x"
        alice.awaits_end()
        assert alice.ended == "end of stream"


def test_server_that_does_not_end_the_stream_is_found() -> None:
    with scripted({"alice> (end of stream)": b""}, patience=SHORT) as (chat, _):
        alice = chat.connect("alice")
        alice.half_closes()
        with pytest.raises(Violation, match=r"did not end the connection within 0\.3 s") as caught:
            alice.awaits_end()
    assert caught.value.timed_out


def test_question_without_a_command_is_a_mistake_in_the_test() -> None:
    """No verdict over a server for what a test of the suite did wrong."""
    with scripted() as (chat, _):
        alice = chat.connect("alice")
        with pytest.raises(RuntimeError, match="asked nothing"):
            alice.answer()
        alice.sends("PING x")
        with pytest.raises(RuntimeError, match="unanswered questions"):
            alice.asks("PING y")


def test_session_is_kept_in_order_and_as_it_was() -> None:
    """What a card will show: who, which way, what."""
    with scripted({"alice> SAY é\\": b"OK SAY 1\n"}) as (chat, _):
        alice = chat.connect("alice")
        alice.says("é\\")
        alice.sends_octets(b"SAY \xff\n", "SAY (the octet FF)")
        told = [f"{entry.client}{entry.direction} {entry.text}" for entry in chat.log]
    assert told == [
        f"alice< {HELLO}",
        r"alice> SAY é\\",
        "alice< OK SAY 1",
        "alice> SAY (the octet FF)",
    ]
