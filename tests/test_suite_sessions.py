"""How a session of the spec is played against a server: conformance/sessions.py, with scripts."""

from __future__ import annotations

import pytest

from conformance import peer
from conformance.lines import parse
from conformance.sessions import Player
from conformance.spec import Session, parse_session, read_spec
from conformance.violation import Violation
from tests.scripted import END, Script, scripted

TALK = """
alice> NICK alice
alice< OK NICK alice 1
bob> NICK bob
alice< JOINED lobby bob 2
bob< OK NICK bob 2
bob> WHO
bob< HERE alice 1
bob< HERE bob 2
bob< OK WHO 2
alice> SAY hello  bob
bob< MSG lobby 1 alice hello  bob
alice< OK SAY 1
bob> SAY hello alice
alice< MSG lobby 2 bob hello alice
bob< OK SAY 2
"""


def server_of_talk(**numbers: int) -> dict[str, list[str]]:
    """A server that holds TALK, with these numbers: a, b of members, s, t of messages."""
    a, b, s, t = ({"a": 1, "b": 2, "s": 1, "t": 2} | numbers).values()
    return {
        "alice> NICK alice_t": [f"alice< OK NICK alice_t {a}"],
        "bob> NICK bob_t": [f"alice< JOINED lobby bob_t {b}", f"bob< OK NICK bob_t {b}"],
        "bob> WHO": [f"bob< HERE alice_t {a}", f"bob< HERE bob_t {b}", "bob< OK WHO 2"],
        "alice> SAY hello  bob_t": [
            f"bob< MSG lobby {s} alice_t hello  bob_t",
            f"alice< OK SAY {s}",
        ],
        "bob> SAY hello alice_t": [
            f"alice< MSG lobby {t} bob_t hello alice_t",
            f"bob< OK SAY {t}",
        ],
    }


def play(body: str, script: Script, *, patience: float = 10.0, level: int = 6) -> list[str]:
    """Plays a session; returns what the server heard. Raises Violation where they part."""
    session = Session("test", ("SAY-1",), parse_session(body))
    names = list(dict.fromkeys(step.client for step in session.steps))
    with scripted(script, names, patience=patience, level=level) as (chat, server):
        Player(chat, session).play()
        return server.heard


def parts(body: str, script: Script, *, patience: float = 10.0) -> Violation:
    """How the server leaves the session."""
    with pytest.raises(Violation) as caught:
        play(body, script, patience=patience)
    return caught.value


def test_server_that_holds_the_session_passes() -> None:
    """Nicknames are those of the test, wherever they stand."""
    assert "bob> SAY hello alice_t" in play(TALK, server_of_talk())


def test_numbers_stand_for_themselves_and_bind() -> None:
    """Section 1: a session that shows 1 holds with 17, if it is 17 throughout."""
    play(TALK, server_of_talk(a=17, b=99, s=2, t=1))
    play(TALK, server_of_talk(a=2, b=1, s=17, t=99))


def test_number_of_a_member_and_seq_of_a_message_do_not_bind_each_other() -> None:
    play(TALK, server_of_talk(a=5, b=6, s=6, t=5))


@pytest.mark.parametrize(
    ("line", "wrong", "expected"),
    [
        ("bob> WHO", "bob< HERE bob_t 3", "HERE bob_t 2"),
        ("bob> NICK bob_t", "bob< OK NICK bob_t 3", "OK NICK bob_t 2"),
        ("alice> SAY hello  bob_t", "alice< OK SAY 7", "OK SAY 1"),
        ("bob> WHO", "bob< OK WHO 3", "OK WHO 2"),
        ("alice> SAY hello  bob_t", "bob< MSG lobby 1 alice_t hello bob_t", "MSG lobby 1 alice_t"),
        ("bob> SAY hello alice_t", "alice< MSG room 2 bob_t hello alice_t", "MSG lobby 2 bob_t"),
    ],
)
def test_line_that_differs_is_found(line: str, wrong: str, expected: str) -> None:
    """The second occurrence of a number, a count, a text, a room."""
    script = server_of_talk()
    alike = " ".join(wrong.split(" ")[:2])
    script[line] = [wrong if each.startswith(alike) else each for each in script[line]]
    if wrong.startswith("bob< HERE"):
        script[line][0] = "bob< HERE alice_t 1"
    failure = parts(TALK, script)
    assert (failure.got, failure.client and failure.client.label) == (
        wrong.partition("< ")[2],
        wrong.partition("<")[0],
    )
    assert (failure.expected or "").startswith(expected)


@pytest.mark.parametrize("same", [{"a": 7, "b": 7}, {"s": 7, "t": 7}])
def test_two_numbers_that_differ_in_the_spec_must_differ(same: dict[str, int]) -> None:
    """Two members with one number, two messages with one seq."""
    assert " 7" in (parts(TALK, server_of_talk(**same)).got or "")


def test_card_of_a_number_given_twice_does_not_expect_what_it_got() -> None:
    """A number is compared with the others before it is bound."""
    failure = parts(TALK, server_of_talk(a=7, b=7))
    assert (failure.expected, failure.got) == ("JOINED lobby bob_t 2", "JOINED lobby bob_t 7")
    failure = parts(TALK, server_of_talk(s=7, t=7))
    assert (failure.expected, failure.got) == (
        "MSG lobby 2 bob_t hello alice_t",
        "MSG lobby 7 bob_t hello alice_t",
    )


def test_bound_numbers_stand_in_what_was_expected() -> None:
    """The session says 1; this server calls it 40."""
    script = server_of_talk(a=40, b=41)
    script["bob> WHO"][0] = "bob< HERE alice_t 42"
    failure = parts(TALK, script)
    assert (failure.expected, failure.got) == ("HERE alice_t 40", "HERE alice_t 42")


def test_number_that_may_be_any_is_not_what_differs() -> None:
    """It is not bound yet, and the text is wrong: the card must not point at the number."""
    script = server_of_talk(s=40, t=41)
    script["alice> SAY hello  bob_t"][0] = "bob< MSG lobby 40 alice_t hello bob_t"
    failure = parts(TALK, script)
    assert failure.expected == "MSG lobby 40 alice_t hello  bob_t"
    assert failure.got == "MSG lobby 40 alice_t hello bob_t"


def test_missing_event_is_found_by_a_fence() -> None:
    script = server_of_talk()
    del script["alice> SAY hello  bob_t"][0]
    failure = parts(TALK, script)
    assert failure.why.startswith("a line is missing")
    assert not failure.timed_out
    assert failure.client is not None
    assert failure.client.label == "bob"
    assert failure.expected == "MSG lobby 1 alice_t hello  bob_t"


@pytest.mark.parametrize("extra", ["alice< MSG lobby 3 bob_t again", "alice< OK SAY 9"])
def test_additional_line_at_the_end_is_found(extra: str) -> None:
    script = server_of_talk()
    script["bob> SAY hello alice_t"] += [extra]
    failure = parts(TALK, script)
    assert failure.got == extra.partition("< ")[2]


def test_additional_line_in_the_middle_is_found() -> None:
    """A JOINED told twice stands where the answer ought to."""
    script = server_of_talk()
    script["bob> NICK bob_t"].insert(0, "alice< JOINED lobby bob_t 2")
    failure = parts(TALK, script)
    assert (failure.expected, failure.got) == ("OK SAY 1", "JOINED lobby bob_t 2")


def test_wrong_order_of_one_clients_lines_is_found() -> None:
    """Section 1: the order of one client's lines is binding."""
    body = "alice> SAY two\nalice< MSG lobby 1 bob one\nalice< OK SAY 2\n"
    said = ["alice< MSG lobby 1 bob one", "alice< OK SAY 2"]
    play(body, {"alice> SAY two": said})
    failure = parts(body, {"alice> SAY two": said[::-1]})
    assert (failure.expected, failure.got) == ("MSG lobby 1 bob one", "OK SAY 2")


def test_order_of_lines_of_different_clients_is_free() -> None:
    """The reply of the speaker before the event of the other."""
    script = server_of_talk()
    for said in script.values():
        said.sort()
    play(TALK, script)


def test_words_of_a_refusal_and_tail_of_hello_are_examples() -> None:
    """Code and verb of an ERR count, its words do not."""
    body = "alice< HELLO parley/1 demo\nalice> SAY\nalice< ERR need-nick SAY a name first\n"
    script = {
        "alice> (connects)": b"HELLO parley/1 other X-a b\n",
        "alice> SAY": b"ERR need-nick SAY you have no name\n",
    }
    play(body, script)
    for wrong in (b"ERR bad-args SAY a name first\n", b"ERR need-nick - a name first\n"):
        assert parts(body, {**script, "alice> SAY": wrong}).got == wrong.decode().strip()


def test_wrong_reply_to_a_nameless_client_is_not_blamed_on_the_rule_about_events() -> None:
    """NEED-1 is what fails here; SAY-9 holds."""
    script = {"alice> DANCE": b"ERR unknown-verb - what?\n"}
    failure = parts("alice> DANCE\nalice< ERR need-nick - a name first\n", script)
    assert (failure.requirement, failure.also) == (None, None)


@pytest.mark.parametrize(
    ("reply", "expected"), [("OK NICK alice_t", "OK NICK alice_t 1"), ("OK QUIT now", "OK QUIT")]
)
def test_reply_with_other_fields_is_compared_like_any_other(reply: str, expected: str) -> None:
    command = "NICK alice" if "NICK" in reply else "QUIT"
    script = {f"alice> {command.replace('alice', 'alice_t')}": f"{reply}\n".encode()}
    failure = parts(f"alice> {command}\nalice< {expected.replace('alice_t', 'alice')}\n", script)
    assert (failure.expected, failure.got, failure.also) == (expected, reply, None)


def test_event_that_no_rule_forbids_by_itself_is_blamed_on_the_session() -> None:
    """UNLOCKED is no event of a room: SAY-9 holds."""
    failure = parts("alice> PING x\nalice< PONG x\n", {"alice> PING x": b"UNLOCKED slow\nPONG x\n"})
    assert (failure.requirement, failure.got) == (None, "UNLOCKED slow")


def test_what_an_end_of_stream_causes_is_awaited() -> None:
    """No line causes it, so no fence can prove it; patience bounds the wait."""
    body = "alice> PONG x\nbob> (end of stream)\nbob< (end of stream)\n"
    body += "alice< LEFT lobby bob closed\n"
    left = "LEFT lobby bob_t closed"
    play(body, {"bob> (end of stream)": [f"bob< {END}", f"alice< {left}"]})
    failure = parts(body, {"bob> (end of stream)": [f"bob< {END}"]}, patience=0.3)
    assert (failure.timed_out, failure.expected) == (True, left)


def test_slow_answer_in_a_session_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Appendix A: bounds on patience, not on speed."""
    monkeypatch.setattr(peer, "PROBE_AFTER", 0.02)
    script = {
        "alice> NICK alice_t": b"",
        "alice> PING fence-1": b"OK NICK alice_t 1\n",
        "alice> PING fence-2": b"PONG fence-1\nPONG fence-2\n",
    }
    play("alice> NICK alice\nalice< OK NICK alice 1\n", script)


ROOMS = """
alice> JOIN Den
alice< OK JOIN den 1
alice> SAY one
alice< OK SAY 1
bob> SAY elsewhere
bob< OK SAY 1
"""


def test_each_room_numbers_its_messages_for_itself() -> None:
    """ROOM-5: the same number in two rooms is no clash, and different ones are no fault."""
    script = {"alice> JOIN Den_t": b"OK JOIN den_t 1\n"}
    for one, other in ((1, 1), (5, 9)):
        numbers = {"alice> SAY one": f"OK SAY {one}\n", "bob> SAY elsewhere": f"OK SAY {other}\n"}
        play(ROOMS, script | {line: said.encode() for line, said in numbers.items()})


HEARD = """
alice> JOIN Den
alice< OK JOIN den 1
bob> JOIN Den
bob< OK JOIN den 2
carol> SAY elsewhere
carol< OK SAY 1
alice> SAY one
bob< MSG den 1 alice one
alice< OK SAY 1
"""


@pytest.mark.parametrize(("heard", "holds"), [(5, True), (6, False), (9, False)])
def test_number_of_a_message_binds_within_its_room(heard: int, holds: bool) -> None:
    """SAY-5: what bob heard in the den is what alice said there, whatever it is in the lobby."""
    script = {
        "alice> JOIN Den_t": ["alice< OK JOIN den_t 1"],
        "bob> JOIN Den_t": ["bob< OK JOIN den_t 2"],
        "carol> SAY elsewhere": ["carol< OK SAY 9"],
        "alice> SAY one": [f"bob< MSG den_t {heard} alice_t one", "alice< OK SAY 5"],
    }
    if holds:
        play(HEARD, script)
    else:
        failure = parts(HEARD, script)
        assert (failure.expected, failure.got) == (f"OK SAY {heard}", "OK SAY 5")


PAST = """
alice> SAY one
alice< OK SAY 1
alice> SAY two
alice< OK SAY 2
alice> HISTORY 2
alice< PAST lobby 1 1790000000 bob one
alice< PAST lobby 2 1790000001 bob two
alice< OK HISTORY 2
"""


def server_of_past(*items: str) -> dict[str, list[str]]:
    return {
        "alice> SAY one": ["alice< OK SAY 41"],
        "alice> SAY two": ["alice< OK SAY 42"],
        "alice> HISTORY 2": [*(f"alice< {item}" for item in items), "alice< OK HISTORY 2"],
    }


def test_time_of_a_past_message_is_an_example() -> None:
    """Section 18; its number, its speaker and its text are not."""
    one, two = "PAST lobby 41 5 bob one", "PAST lobby 42 5 bob two"
    play(PAST, server_of_past(one, two))
    play(PAST, server_of_past(one.replace(" 5 ", " 1900000000 "), two))
    for wrong in (one.replace("41", "40"), one.replace("bob", "eve"), one.replace("lobby", "den")):
        assert parts(PAST, server_of_past(wrong, two)).got == wrong


def test_past_messages_come_in_their_order() -> None:
    """HIST-1: oldest first."""
    one, two = "PAST lobby 41 5 bob one", "PAST lobby 42 5 bob two"
    assert parts(PAST, server_of_past(two, one)).got == two


ALICE, BOB, COUNT = "bob< HERE alice_t 1", "bob< HERE bob_t 2", "bob< OK WHO 2"


def test_items_of_a_listing_may_come_in_any_order() -> None:
    """Section 15: the session of ROOM-8 would accuse a server that lists the kitchen first."""
    script = server_of_talk()
    script["bob> WHO"] = [BOB, ALICE, COUNT]
    play(TALK, script)


@pytest.mark.parametrize(
    ("listing", "expected", "got"),
    [
        ([BOB, BOB, COUNT], "HERE alice_t 1", "HERE bob_t 2"),
        ([ALICE, ALICE, COUNT], "HERE bob_t 2", "HERE alice_t 1"),
        ([BOB, COUNT], "HERE alice_t 1", "OK WHO 2"),
        ([BOB, ALICE, BOB, COUNT], "OK WHO 2", "HERE bob_t 2"),
        ([BOB, "bob< HERE alice_t 3", COUNT], "HERE alice_t 1", "HERE alice_t 3"),
        (["bob< HERE alice_t 2", "bob< HERE bob_t 1", COUNT], "HERE alice_t 1", "HERE alice_t 2"),
    ],
    ids=["twice", "the other twice", "missing", "too many", "another number", "exchanged numbers"],
)
def test_each_item_of_a_listing_comes_once(listing: list[str], expected: str, got: str) -> None:
    """Any order is no excuse for anything else."""
    failure = parts(TALK, {**server_of_talk(), "bob> WHO": listing})
    assert (failure.expected, failure.got) == (expected, got)


def test_two_listings_are_compared_one_by_one() -> None:
    """In the order of the one or of the other, and also where numbers are bound by the first."""
    body = "bob> WHO\n" + "bob< HERE alice 1\nbob< HERE bob 2\nbob< OK WHO 2\n"
    for items in ([ALICE, BOB], [BOB, ALICE]):
        play(body + "alice> PONG x\n" + body, {"bob> WHO": [*items, COUNT]})


def test_every_session_of_the_spec_reads_as_lines_of_the_protocol() -> None:
    """What a session shows as received must be something that a server may send."""
    for session in read_spec().sessions:
        for step in session.steps:
            if step.direction == "<" and step.line != END:
                assert parse(step.line).text == step.line
