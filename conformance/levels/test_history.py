"""The extension `history`: what was said can be asked for. What outlives it: test_history_kept."""

import itertools
import time
from collections.abc import Sequence

import pytest

from ..bench import needs
from ..chat import Chat
from ..client import Client
from ..lines import Line
from ..violation import Violation
from .test_rooms import awaits_empty

#: How far the clocks of server and suite may differ, in seconds: they are of one machine.
CLOCKS = 2
#: Long enough for another whole second.
A_SECOND = 1.05
#: By how many characters texts are told from each other; whether all is there is HIST-2.
BEGINNING = 20


def test_history_lists_the_last_messages_oldest_first(chat: Chat) -> None:
    """HIST-1: PAST for each, then OK HISTORY count; fewer if there are fewer."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    texts = [f"message_{number}" for number in range(10)]
    for number, text in enumerate(texts):
        (alice, bob)[number % 2].says(text)
    for count in (1, 3, 10):
        _expect_texts(carol, f"HISTORY {count}", texts[-count:])
    chat.put_aside()


def test_all_come_if_there_are_fewer(new_chat: Chat) -> None:
    """HIST-1: on a server where nothing was said before, whatever types it has for numbers."""
    alice, bob = new_chat.members("alice", "bob")
    for number in range(4):
        for count in (60, 2**31 - 1, 2**31, 2**32, 2**32 + 1, 2**53 - 1):
            said = [f"m{each}" for each in range(number)]
            _expect_texts(bob, f"HISTORY {count}", said, at_least=True)
        alice.says(f"m{number}")
    new_chat.put_aside()


@pytest.mark.parametrize("length", [4, 3800])
def test_a_hundred_are_remembered_in_any_case(chat: Chat, length: int) -> None:
    """HIST-1: the last 100, short or long."""
    alice, bob = chat.members("alice", "bob")
    texts = [f"{number:04}".ljust(length, "x") for number in range(102)]
    for text in texts:
        alice.says(text)
    chat.put_aside()
    _expect_texts(bob, "HISTORY 100", texts[-100:])


def test_rooms_do_not_forget_for_each_other(chat: Chat) -> None:
    """HIST-1: the last 100 of each room, however many there are and however much was said since."""
    alice, carol, *readers = chat.members("alice", "carol", "bob", "dave", "erin")
    rooms = {chat.nick(f"of_{each.label}"): each for each in readers}
    texts = [f"{number:04}" for number in range(100)]
    if offers(chat, alice, "rooms"):
        for room, reader in rooms.items():
            for client in (reader, alice):
                client.asks(f"JOIN {room}")
            say_at_once(alice, texts)
        say_at_once(carol, ["elsewhere"] * 400)
        for reader in readers:
            _expect_texts(reader, "HISTORY 100", texts)
    chat.put_aside()


@pytest.mark.parametrize("way", ["quit", "half-close"])
@needs("LEFT-1")
def test_a_room_is_not_forgotten_when_its_last_member_leaves(chat: Chat, way: str) -> None:
    """HIST-2: what was said in it from before one came, though it was empty in the meantime."""
    alice = chat.member("alice")
    garden = chat.nick("garden")
    if not offers(chat, alice, "rooms"):
        return
    alice.asks(f"JOIN {garden}")
    expected = [(str(alice.says(text)), alice.nick, text) for text in ("one", "two")]
    bob = chat.member("bob")
    if way == "quit":
        alice.does("QUIT", "OK QUIT")
    else:
        alice.half_closes()
    awaits_empty(bob, garden)
    bob.asks(f"JOIN {garden}")
    listed = bob.asks("HISTORY 10").items
    said = [item for item in listed if item["text"] in ("one", "two")]  # what else: HIST-6
    _compare(bob, said, expected, garden)


def test_a_newcomer_can_read_what_was_said_before(chat: Chat) -> None:
    """HIST-2: room, seq, name and text are those of the MSG; spaces and all; one's own too.

    They stay so when the name is somebody else's.
    """
    alice = chat.member("Alice")
    texts = [" two  spaces ", "é e\u0301 漢字 \U0001f600", "PAST lobby 1 2 x y", "x" * 3800]
    expected = [(str(alice.says(text)), alice.nick, text) for text in texts]
    bob, heir = chat.connects("bob", "heir")
    bob.takes_name()
    for client in (alice, bob, heir):
        if client is heir:
            alice.does("QUIT", "OK QUIT")
            heir.takes_name(alice.nick.swapcase())
        answer = client.asks("HISTORY 10")
        seqs = {seq for seq, _, _ in expected}
        items = [item for item in answer.items if item["name"].lower() == alice.nick.lower()]
        items = [item for item in items if item["seq"] in seqs]
        if len(items) > len(texts):  # what is no message should not be there: HIST-6
            items = [item for item in items if item["text"] in texts]
        _compare(client, items, expected)
    chat.put_aside()


def test_the_room_of_a_message_is_told(chat: Chat) -> None:
    """HIST-2: the room is that of the MSG, wherever there are several; the longest names fit."""
    alice = chat.connect("alice")
    alice.takes_name(chat.nick("Alice").ljust(20, "x"))
    if offers(chat, alice, "rooms"):
        garden = chat.nick("Garden").ljust(20, "x")
        alice.asks(f"JOIN {garden}")
        texts = ("roses", "x" * 3799 + "y")
        expected = [(str(alice.says(text)), alice.nick, text) for text in texts]
        _compare(alice, alice.asks("HISTORY 2").items, expected, garden)


def test_the_time_is_when_it_was_said(chat: Chat) -> None:
    """HIST-3: whole seconds since 1970-01-01 00:00 UTC."""
    alice = chat.member("alice")
    before = int(time.time())
    alice.says("what time is it?")
    after = int(time.time())
    (item,) = alice.does("HISTORY 1", "OK HISTORY 1").items
    if not before - CLOCKS <= item.number("time") <= after + CLOCKS:
        raise Violation(
            "the time of a message said just now",
            client=alice,
            expected=f"({before} to {after})",
            got=item.text,
        )


def test_the_time_is_not_that_of_the_line_before(chat: Chat) -> None:
    """HIST-3: after a while in which nobody did anything, too, it is when the message came."""
    alice = chat.member("alice")
    alice.says("one")
    chat.idle(A_SECOND)
    alice.says("two")
    one, two = alice.does("HISTORY 2", "OK HISTORY 2").items
    if two.number("time") <= one.number("time"):
        raise Violation(
            f"the second message was said {A_SECOND:g} s after the first",
            client=alice,
            expected=f"(a time above {one['time']})",
            got=two.text,
        )


def test_fifty_is_usual_and_none_is_possible(chat: Chat) -> None:
    """HIST-4: HISTORY alone is HISTORY 50; HISTORY 0 lists nothing."""
    alice = chat.member("alice")
    expected = [(str(alice.says(f"m{number}")), alice.nick, f"m{number}") for number in range(60)]
    expect_past(alice, "HISTORY", expected[-50:])
    expect_past(alice, "HISTORY ", expected[-50:])
    expect_past(alice, "HISTORY 0", [])


def test_history_is_exact_where_it_stands(chat: Chat) -> None:
    """HIST-5: while others talk: the messages that stand before it, and none after it."""
    alice = chat.member("alice")
    talkers = chat.crowd(10)
    chat.settle([alice])
    heard: list[str] = []
    for number in range(20):
        for talker in talkers:
            talker.sends(f"SAY {number}")
        alice.sends("HISTORY 5")
        assert chat.most_waiting > 5, "nobody talked while the history was read"
        for talker in talkers:
            talker.answer()
        answer = alice.answer()
        heard += [event["seq"] for event in answer.events if event.kind == "MSG"]
        listed = [item["seq"] for item in answer.items]
        if heard[-5:] != listed[-len(heard[-5:]) :] and heard:
            raise Violation(
                "the history is not what this client has heard so far",
                client=alice,
                expected=f"({', '.join(heard[-5:])})",
                got=f"({', '.join(listed)})",
            )
    chat.put_aside()


def test_what_is_said_behind_history_in_the_same_piece_is_not_in_it(chat: Chat) -> None:
    """HIST-5: HISTORY and SAY by turns, sent at once: each answer ends with the last OK SAY."""
    alice = chat.member("alice")
    last = alice.says("before")
    pairs = [("HISTORY 1", f"SAY {number}") for number in range(5)]
    octets = "".join(f"{ask}\n{say}\n" for ask, say in pairs).encode()
    alice.sends_octets(octets, shown="HISTORY 1, SAY 0, HISTORY 1, SAY 1 … (in one piece)")
    for ask, say in pairs:
        alice.expects_answers_to(ask, say)
    for number in range(len(pairs)):
        items = alice.answer().items
        if [item["seq"] for item in items] != [str(last)]:
            raise Violation(
                f"before this HISTORY {number} messages were said in one piece with it",
                client=alice,
                expected=f"PAST lobby {last} (time) {alice.nick} (the message before it)",
                got=items[-1].text if items else "(nothing)",
            )
        last = alice.said(alice.answer())


def test_only_messages_are_remembered(chat: Chat) -> None:
    """HIST-6: no joinings, no refused SAY, nothing told, nothing of other rooms."""
    alice, bob = chat.members("alice", "bob")
    expected = [(str(alice.says("one")), alice.nick, "one")]
    alice.is_refused("SAY", "bad-args")
    alice.is_refused(f"SAY {'x' * 3801}", "text-too-long")
    bob.does("QUIT", "OK QUIT")
    carol = chat.connect("carol")
    carol.takes_name()
    if offers(chat, carol, "direct"):
        carol.does(f"TELL {alice.nick} psst", f"OK TELL {alice.nick}")
    if offers(chat, carol, "rooms"):
        carol.asks(f"JOIN {chat.nick('garden')}")
        said = (str(carol.says("elsewhere")), carol.nick, "elsewhere")
        _compare(carol, carol.asks("HISTORY 10").items, [said], chat.nick("garden"))
        carol.asks("JOIN lobby")
    expected.append((str(alice.says("two")), alice.nick, "two"))
    expect_past(carol, "HISTORY 2", expected)
    chat.put_aside()


def test_where_nothing_was_said_nothing_is_remembered(new_chat: Chat) -> None:
    """HIST-6: OK HISTORY 0, whoever came and went."""
    alice, bob = new_chat.members("alice", "bob")
    alice.is_refused("SAY", "bad-args")
    bob.does("QUIT", "OK QUIT")
    expect_past(alice, "HISTORY 10", [])
    new_chat.put_aside()


@needs("LOCK-1", "LOCK-4")
def test_a_locked_member_reads_the_history_of_now(chat: Chat) -> None:
    """HIST-7: as of now; what is held stays held."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("held")
    expect_past(alice, "HISTORY 1", [(str(seq), bob.nick, "held")])
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.hears(bob, "held", seq)


@pytest.mark.parametrize(
    "arguments", ["x", "-1", "1 2", "01", "1.5", " 1", str(2**53), "9" * 17, "\u0663"]
)
def test_what_is_no_number_is_refused(chat: Chat, arguments: str) -> None:
    """HIST-8: bad-args."""
    chat.member("alice").is_refused(f"HISTORY {arguments}", "bad-args")


def offers(chat: Chat, client: Client, capability: str) -> bool:
    return capability in chat.greeted(client)["capabilities"].split()


def say_at_once(client: Client, texts: Sequence[str]) -> list[int]:
    """Says all of this in one piece. Returns the seqs."""
    commands = [f"SAY {text}" for text in texts]
    client.expects_answers_to(*commands)
    octets = "".join(f"{command}\n" for command in commands).encode()
    client.sends_octets(octets, f"({len(commands)} times SAY, in one piece)")
    return [client.said(client.answer()) for _ in commands]


def expect_past(
    client: Client, command: str, expected: list[tuple[str, str, str]], room: str = "lobby"
) -> None:
    """The listing consists of these messages: seq, name, text."""
    answer = client.does(command, f"OK HISTORY {len(expected)}")
    _compare(client, answer.items, expected, room)


def _compare(
    client: Client, items: list[Line], expected: list[tuple[str, str, str]], room: str = "lobby"
) -> None:
    """These items are these messages: seq, name, text."""
    got = [(item["seq"], item["name"], item["text"], item["room"]) for item in items]
    for one, other in itertools.zip_longest([(*each, room) for each in expected], got):
        if one != other:
            raise Violation(
                "another message than the one of that place",
                client=client,
                expected=f"PAST {one[3]} {one[0]} (time) {one[1]} {one[2]}" if one else "(no more)",
                got=(
                    f"PAST {other[3]} {other[0]} (time) {other[1]} {other[2]}"
                    if other
                    else "(nothing)"
                ),
            )


def _expect_texts(
    client: Client, command: str, expected: list[str], at_least: bool = False
) -> None:
    """The texts of the listing begin so, and there are no others unless `at_least`."""
    answer = client.asks(command)
    client.check(answer.final, f"OK HISTORY {len(answer.items)}")
    got = [item["text"][:BEGINNING] for item in answer.items]
    expected = [text[:BEGINNING] for text in expected]
    if at_least:
        got = [text for text in got if text in expected]
    if got != expected:
        raise Violation(
            f"what {command} lists, oldest first",
            client=client,
            expected=f"({len(expected)}: {', '.join(expected)})",
            got=f"({len(got)}: {', '.join(got)})",
        )
