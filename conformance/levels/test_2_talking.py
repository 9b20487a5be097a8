"""Level 2: what members say reaches everybody else, once, unchanged and in one order."""

import pytest

from ..chat import Chat
from ..client import Client
from ..texts import STRANGE
from ..violation import Violation

TEXTS = [
    "hello",
    "x",
    " leading and trailing ",
    "two  spaces   three",
    " ",
    "e\u0301 \u212b \ufb01",  # stays decomposed: nobody asked for a normal form
    "é ü ñ 漢字 \U0001f600 \u202eabc",
    "MSG lobby 1 somebody else",
    "%s %n \\n \\0 ' \" $(x) `x`",
    "a" * 1000,
]


def test_say_is_answered_with_a_number(chat: Chat) -> None:
    """SAY-1: OK SAY seq, also when nobody else is there."""
    chat.member("alice").says("hello")


def test_a_nameless_say_is_refused_by_name(chat: Chat) -> None:
    """NEED-2, SAY-1: in need-nick stands the verb that the server knows."""
    alice = chat.connect("alice")
    alice.is_refused("SAY hello", "need-nick", "SAY")
    alice.is_refused("say", "need-nick", "SAY")


def test_everybody_else_receives_the_message_once(chat: Chat) -> None:
    """SAY-2: MSG lobby seq name text, once each."""
    alice, bob, carol = chat.members("Alice", "bob", "cArol")
    for speaker, text in ((alice, "hello"), (bob, "hi"), (carol, "good evening")):
        speaker.says(text)
        for listener in (alice, bob, carol):
            if listener is not speaker:
                listener.hears(speaker, text)
                listener.receives_nothing()


@pytest.mark.parametrize("count", [12, 120])
def test_a_crowd_receives_the_message_once(chat: Chat, count: int) -> None:
    """SAY-2: however many members there are, none is left out."""
    alice, *crowd = chat.crowd(count)
    alice.says("hello, all of you")
    for listener in crowd:
        listener.hears(alice, "hello, all of you")


def test_nothing_is_lost_of_one_who_talks_fast(chat: Chat) -> None:
    """SAY-2: two hundred messages, each said as soon as the one before is answered."""
    alice, bob = chat.members("alice", "bob")
    for number in range(200):
        alice.says(f"message {number}")
    bob.fence()
    texts = [event["text"] for event in bob.events]
    bob.events.clear()
    expected = [f"message {number}" for number in range(200)]
    if len(texts) < len(expected) and texts == expected[: len(texts)]:
        bob.hears(alice, expected[len(texts)])  # raises unless it was only late
        raise Violation(
            "the event came too late: the PING sent afterwards was answered without it",
            client=bob,
            expected=f"MSG lobby (number) {alice.nick} {expected[len(texts)]}",
            got="(nothing)",
            requirement="SAY-10",
        )
    if texts != expected:
        complete = sorted(texts) == sorted(expected)
        raise Violation(
            "the order is another one" if complete else "200 messages were said",
            client=bob,
            expected="(message 0 to message 199, each once)",
            got=f"({len(texts)} messages: {', '.join(texts)})",
            requirement="SAY-6" if complete else "SAY-2",
        )


@pytest.mark.parametrize("text", TEXTS, ids=range(len(TEXTS)))
def test_the_text_arrives_as_it_was_sent(chat: Chat, text: str) -> None:
    """SAY-3: octet for octet, spaces and characters outside ASCII included."""
    alice, bob = chat.members("alice", "bob")
    seq = alice.says(text)
    bob.hears(alice, text, seq)


def test_no_text_means_anything(chat: Chat) -> None:
    """SAY-3: what others take for a number, a command, markup or blanks is a text."""
    alice, bob = chat.members("alice", "bob")
    for text in STRANGE:
        bob.hears(alice, text, alice.says(text))


def test_who_says_the_same_again_is_heard_again(chat: Chat) -> None:
    """SAY-2: equal texts are several messages."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    for speaker in (alice, alice, bob, alice, bob, bob):
        seq = speaker.says("the same")
        for listener in {alice, bob, carol} - {speaker}:
            listener.hears(speaker, "the same", seq)


def test_the_longest_text_of_the_longest_name_is_passed_on(chat: Chat) -> None:
    """SAY-12: a line has room for both."""
    alice, bob = chat.connects("alice", "bob")
    bob.takes_name()
    alice.takes_name(chat.nick("q").ljust(20, "q"))
    text = "x" * 3799 + "y"
    bob.hears(alice, text, alice.says(text))


def test_the_speaker_does_not_receive_its_own_message(chat: Chat) -> None:
    """SAY-4: no MSG of one's own."""
    alice, bob = chat.members("alice", "bob")
    seq = alice.says("hello")
    alice.receives_nothing()
    bob.hears(alice, "hello", seq)
    alice.receives_nothing()


def test_the_first_message_is_number_1(new_chat: Chat) -> None:
    """SAY-5: seq begins at 1."""
    alice, bob = new_chat.members("alice", "bob")
    seq = alice.says("the first")
    if seq != 1:
        raise Violation(
            "the first message of a server", client=alice, expected="OK SAY 1", got=f"OK SAY {seq}"
        )
    bob.hears(alice, "the first", 1)


def test_messages_are_numbered_consecutively(chat: Chat) -> None:
    """SAY-5: each message has the next number, in its OK and in its MSG, past 256 as well."""
    alice, bob = chat.members("alice", "bob")
    last = alice.says("zero")
    bob.hears(alice, "zero", last)
    for number in range(1, 31):
        speaker, listener = (alice, bob) if number % 3 else (bob, alice)
        speaker.does(f"SAY number {number}", f"OK SAY {last + number}")
        listener.hears(speaker, f"number {number}", last + number)
    for number in range(31, 271):
        alice.does("SAY once more", f"OK SAY {last + number}")
    bob.fence()
    bob.events.clear()


def test_everybody_hears_one_order_while_all_talk_at_once(chat: Chat) -> None:
    """SAY-6: thirty members talk at once; all receive all messages in the order of their seq."""
    crowd = chat.crowd(30)
    spoken = _all_talk(chat, crowd, rounds=5)
    for listener in crowd:
        listener.fence()
        _expect_log(listener, spoken)


def test_ok_say_stands_where_the_message_would(chat: Chat) -> None:
    """SAY-7: messages before OK SAY n have lower numbers, those after it higher ones."""
    crowd = chat.crowd(20)
    _all_talk(chat, crowd, rounds=5)
    for client in crowd:
        client.fence()
        last = 0
        for line in client.stream:
            if line.kind in ("MSG", "OK SAY"):
                if line.number("seq") <= last:
                    raise Violation(
                        "a number that is not higher than the one before",
                        client=client,
                        expected=f"a seq above {last}",
                        got=line.text,
                    )
                last = line.number("seq")
        client.events.clear()


def test_a_newcomer_receives_nothing_from_before(chat: Chat) -> None:
    """SAY-8: no message that came before its OK NICK, every one after it."""
    alice, bob = chat.members("alice", "bob")
    carol = chat.connect("carol")
    bob.hears(alice, "before", alice.says("before"))
    carol.takes_name()
    carol.receives_nothing()
    seq = alice.says("after")
    for listener in (bob, carol):
        listener.hears(alice, "after", seq)


def test_newcomers_in_the_middle_of_talk_hear_a_stretch_without_holes(chat: Chat) -> None:
    """SAY-8: who comes while others talk receives everything from its OK NICK on."""
    talkers = chat.crowd(30, "talker")
    newcomers = chat.connects(*(f"new{number}" for number in range(30)))
    for number, newcomer in enumerate(newcomers):
        talkers[number].sends(f"SAY message {number}")
        newcomer.sends(f"NICK {newcomer.nick}")
    assert chat.most_waiting > 5, "nobody came while others talked"
    last = max(talker.said(talker.answer()) for talker in talkers)
    for newcomer in newcomers:
        newcomer.answer()
        newcomer.fence()
        heard = [event.number("seq") for event in newcomer.events if event.kind == "MSG"]
        if heard and heard != list(range(heard[0], last + 1)):
            raise Violation(
                "a newcomer missed a message, or heard one twice",
                client=newcomer,
                expected=f"(the messages {heard[0]} to {last} without a hole)",
                got=f"(the messages {', '.join(map(str, heard))})",
            )
    for client in chat.clients:
        client.fence()
        client.events.clear()


def test_a_nameless_connection_receives_nothing(chat: Chat) -> None:
    """SAY-9: no events without a name."""
    alice, bob = chat.members("alice", "bob")
    carol = chat.connect("carol")
    bob.hears(alice, "psst", alice.says("psst"))
    carol.receives_nothing()


def test_the_message_is_there_before_its_reply(chat: Chat) -> None:
    """SAY-10: who has read OK SAY finds the message behind nobody's next PING."""
    speaker, *listeners = chat.crowd(40)
    for number in range(25):
        seq = speaker.says(f"message {number}")
        listener = listeners[number % len(listeners)]
        listener.fence()
        _expect_last(listener, f"MSG lobby {seq} {speaker.nick} message {number}")
    for listener in listeners:
        listener.fence()
        listener.events.clear()


@pytest.mark.parametrize("command", ["SAY", "SAY "])
def test_say_without_a_text_is_refused(chat: Chat, command: str) -> None:
    """SAY-11: bad-args."""
    alice, bob = chat.members("alice", "bob")
    alice.is_refused(command, "bad-args")
    bob.receives_nothing()


@pytest.mark.parametrize(
    "text", ["x" * 3800, "é" * 1900, "x" + "漢" * 1266 + "x", "\U0001f600" * 950]
)
def test_a_text_of_3800_octets_is_passed_on(chat: Chat, text: str) -> None:
    """SAY-12: up to 3800 octets."""
    alice, bob = chat.members("alice", "bob")
    seq = alice.says(text)
    bob.hears(alice, text, seq)


@pytest.mark.parametrize("text", ["x" * 3801, "é" * 1901, "\U0001f600" * 951, "x" * 4000])
def test_a_longer_text_is_refused(chat: Chat, text: str) -> None:
    """SAY-12: text-too-long beyond 3800 octets."""
    alice, bob = chat.members("alice", "bob")
    alice.is_refused(f"SAY {text}", "text-too-long")
    bob.receives_nothing()


def test_a_refused_say_uses_up_no_number(chat: Chat) -> None:
    """SAY-13: it reaches nobody, and the next message has the next number."""
    alice, bob = chat.members("alice", "bob")
    seq = alice.says("one")
    alice.is_refused("SAY", "bad-args")
    alice.is_refused("SAY " + "x" * 3801, "text-too-long")
    alice.does("SAY two", f"OK SAY {seq + 1}")
    bob.hears(alice, "one", seq)
    bob.hears(alice, "two", seq + 1)


def _all_talk(chat: Chat, crowd: list[Client], rounds: int) -> dict[int, tuple[str, str]]:
    """Everybody says something in each round, all at once. Returns (nick, text) by seq."""
    spoken: dict[int, tuple[str, str]] = {}
    for number in range(rounds):
        for client in crowd:
            client.sends(f"SAY {client.label} in round {number}")
        assert chat.most_waiting > len(crowd) // 2, "the members never talked at the same time"
        for client in crowd:
            seq = client.said(client.answer())
            if seq in spoken:
                raise Violation(
                    "two messages have one number",
                    client=client,
                    expected="a seq of its own",
                    got=f"OK SAY {seq}",
                    requirement="SAY-5",
                )
            spoken[seq] = (client.nick, f"{client.label} in round {number}")
    return spoken


def _expect_log(listener: Client, spoken: dict[int, tuple[str, str]]) -> None:
    """What a listener heard is the log of the room without its own messages."""
    expected = [
        f"MSG lobby {seq} {nick} {text}"
        for seq, (nick, text) in sorted(spoken.items())
        if nick != listener.nick
    ]
    got = [event.text for event in listener.events if event.kind == "MSG"]
    listener.events.clear()
    if sorted(expected) != sorted(got):
        missing = next((text for text in expected if text not in got), "(each once)")
        doubled = next((text for text in got if got.count(text) > expected.count(text)), None)
        raise Violation(
            f"{len(expected)} messages were to arrive once each; {len(got)} came",
            client=listener,
            expected=missing,
            got=doubled or "(nothing)",
            requirement="SAY-2",
        )
    for number, (one, other) in enumerate(zip(expected, got, strict=False)):
        if one != other:
            raise Violation(
                f"message {number + 1} of {len(expected)} is not the one of that place",
                client=listener,
                expected=one,
                got=other,
            )


def _expect_last(listener: Client, expected: str) -> None:
    got = listener.events[-1].text if listener.events else "(nothing)"
    if got != expected:
        raise Violation(
            "the PING was answered before the message came, though its OK SAY had been sent",
            client=listener,
            expected=expected,
            got=got,
        )
