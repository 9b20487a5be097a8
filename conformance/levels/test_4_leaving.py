"""Level 4: people leave in every way there is, and those who stay are told so, once."""

import pytest

from ..bench import needs
from ..chat import Chat
from ..client import Client
from ..texts import STRANGE
from ..violation import Violation


def test_quit_is_answered_and_ends_the_stream(chat: Chat) -> None:
    """QUIT-1: OK QUIT, then nothing more."""
    alice = chat.member("alice")
    alice.does("QUIT", "OK QUIT")
    alice.awaits_end()
    _expect_clean_end(alice)


@pytest.mark.parametrize("words", ["", " good night", " two  spaces ", " é 漢字", " " + "x" * 3800])
def test_the_others_are_told_who_quits_and_why(chat: Chat, words: str) -> None:
    """QUIT-2: LEFT lobby name quit words, octet for octet."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    bob.does(f"QUIT{words}", "OK QUIT")
    for client in (alice, carol):
        client.receives(f"LEFT lobby {bob.nick} quit{words}")
        client.receives_nothing()


def test_no_words_mean_anything(chat: Chat) -> None:
    """QUIT-2: what others take for a number, a command, markup or blanks are words."""
    witness = chat.member("witness")
    crowd = chat.crowd(len(STRANGE))
    chat.settle([witness])
    for client, words in zip(crowd, STRANGE, strict=True):
        client.does(f"QUIT {words}", "OK QUIT")
        client.awaits_end()
        witness.receives(f"LEFT lobby {client.nick} quit {words}")


def test_the_longest_words_of_the_longest_name_are_passed_on(chat: Chat) -> None:
    """QUIT-2: a line has room for both."""
    alice, bob = chat.connects("alice", "bob")
    bob.takes_name()
    alice.takes_name(chat.nick("q").ljust(20, "q"))
    bob.receives(f"JOINED lobby {alice.nick} {alice.number}")
    words = "x" * 3799 + "y"
    alice.does(f"QUIT {words}", "OK QUIT")
    bob.receives(f"LEFT lobby {alice.nick} quit {words}")


def test_quit_with_a_space_only_has_no_words(chat: Chat) -> None:
    """QUIT-2, CMD-2: without words the line ends after `quit`."""
    alice, bob = chat.members("alice", "bob")
    bob.does("QUIT ", "OK QUIT")
    alice.receives(f"LEFT lobby {bob.nick} quit")


def test_a_nameless_client_may_quit(chat: Chat) -> None:
    """QUIT-3: OK QUIT, and nobody learns of it."""
    alice = chat.member("alice")
    bob = chat.connect("bob")
    bob.does("QUIT and away", "OK QUIT")
    bob.awaits_end()
    alice.receives_nothing()


@pytest.mark.parametrize("words", ["x" * 3801, "é" * 1901])
def test_quit_with_too_many_words_is_refused(chat: Chat, words: str) -> None:
    """QUIT-5: text-too-long, and the member stays."""
    alice, bob = chat.members("alice", "bob")
    chat.connect("nobody").is_refused(f"QUIT {words}", "text-too-long")
    bob.is_refused(f"QUIT {words}", "text-too-long")
    alice.receives_nothing()
    alice.hears(bob, "still here", bob.says("still here"))


@pytest.mark.parametrize("way", ["half-close", "close"])
def test_the_end_of_a_stream_is_told_to_everybody(chat: Chat, way: str) -> None:
    """LEFT-1: LEFT lobby name closed, once."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    goes(bob, way)
    for client in (alice, carol):
        client.is_told(f"LEFT lobby {bob.nick} closed")
        client.receives_nothing()


def test_a_reset_is_told_to_everybody(chat: Chat) -> None:
    """LEFT-2: LEFT lobby name closed, once, and the server goes on."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    bob.resets()
    for client in (alice, carol):
        client.is_told(f"LEFT lobby {bob.nick} closed")
        client.receives_nothing()


@needs("LEFT-1")
def test_a_storm_of_resets_does_no_harm(chat: Chat) -> None:
    """LEFT-2: forty connections are reset, named and nameless."""
    alice, bob = chat.members("alice", "bob")
    crowd = chat.crowd(30)
    nameless = chat.connects(*(f"n{number}" for number in range(10)))
    chat.settle([alice, bob])
    for client in (*crowd, *nameless):
        client.resets()
    expected = {f"LEFT lobby {client.nick} closed" for client in crowd}
    for client in (alice, bob):
        _is_told_all(client, expected)
        client.receives_nothing()
    bob.hears(alice, "that was that", alice.says("that was that"))


@needs("LEFT-1")
def test_lines_before_the_end_are_obeyed(chat: Chat) -> None:
    """LEFT-3: complete lines, the last one sent together with the end of the stream."""
    alice, bob = chat.members("alice", "bob")
    bob.says("one")
    bob.says("two")
    bob.sends("SAY three")
    bob.half_closes()
    texts = []
    while (event := alice.awaits_event(f"MSG of {bob.nick}, then its LEFT")).kind == "MSG":
        texts.append(event["text"])
    alice.check(event, f"LEFT lobby {bob.nick} closed")
    if texts != ["one", "two", "three"]:
        raise Violation(
            "three lines were sent before the end",
            client=alice,
            expected="(the messages one, two, three)",
            got=f"(the messages {', '.join(texts) or 'none'})",
        )


@needs("LEFT-1", "LEFT-3")
def test_a_half_closed_client_receives_what_it_is_owed(chat: Chat) -> None:
    """LEFT-4: the replies to its last commands, then the end of the stream."""
    alice, bob = chat.members("alice", "bob")
    bob.sends("PING last")
    bob.half_closes()
    bob.check(bob.answer().final, "PONG last")
    bob.awaits_end()
    _expect_clean_end(bob)
    alice.is_told(f"LEFT lobby {bob.nick} closed")


@pytest.mark.parametrize("way", ["quit", "half-close", "close", "reset"])
@needs("LEFT-1")
def test_left_is_the_last_event_of_a_member(chat: Chat, way: str) -> None:
    """LEFT-5: nothing of it comes after its LEFT."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    seq = 0
    for number in range(10):
        seq = bob.says(f"message {number}")
    goes(bob, way)
    for client in (alice, carol):
        kinds: list[str] = []
        while not kinds or kinds[-1] != "LEFT":
            kinds.append(client.awaits_event(f"MSG or LEFT of {bob.nick}").kind)
        if kinds != ["MSG"] * 10 + ["LEFT"]:
            raise Violation(
                "ten messages, then LEFT",
                client=client,
                expected="(10 MSG, 1 LEFT)",
                got=f"({' '.join(kinds)})",
            )
        client.receives_nothing()
    alice.does("SAY and on", f"OK SAY {seq + 1}")
    carol.hears(alice, "and on", seq + 1)


@pytest.mark.parametrize("way", ["quit", "half-close", "close", "reset"])
def test_a_nameless_connection_goes_unnoticed(chat: Chat, way: str) -> None:
    """LEFT-7: no event."""
    alice = chat.member("alice")
    for number in range(5):
        ghost = chat.connect(f"ghost{number}")
        goes(ghost, way)
        if way in ("quit", "half-close"):
            ghost.awaits_end()
    alice.receives_nothing()


@needs("LEFT-1", "LEFT-2")
def test_many_leave_at_once_in_the_middle_of_talk(chat: Chat) -> None:
    """LEFT-8: those who stay receive one LEFT for each, and every message."""
    stay = chat.crowd(60, "stay")
    leave = chat.crowd(60, "leave")
    chat.settle(stay)
    ways = ("quit", "half-close", "close", "reset")
    expected = set()
    for number, client in enumerate(leave):
        stay[number].sends(f"SAY message {number}")
        way = ways[number % 4]
        if way == "quit":
            client.sends("QUIT")
        else:
            goes(client, way)
        expected.add(f"LEFT lobby {client.nick} {'quit' if way == 'quit' else 'closed'}")
    assert chat.most_waiting > 10, "nobody talked while others left"
    spoken = {}
    for number, client in enumerate(stay):
        spoken[client.said(client.answer())] = (client, f"message {number}")
    for client in stay:
        messages: list[str] = []
        told: set[str] = set()
        while len(told) < len(expected):
            event = client.awaits_event(f"{len(expected)} LEFT, of which {len(told)} came")
            if event.kind == "MSG":
                messages.append(event.text)
            elif event.text in told or event.text not in expected:
                raise Violation(
                    "a LEFT that came twice, or of somebody who stays",
                    client=client,
                    expected="one LEFT for each",
                    got=event.text,
                )
            else:
                told.add(event.text)
        client.fence()
        messages += [event.text for event in client.events]
        client.events.clear()
        wanted = [
            f"MSG lobby {seq} {speaker.nick} {text}"
            for seq, (speaker, text) in sorted(spoken.items())
            if speaker is not client
        ]
        complete = sorted(messages) == sorted(wanted)
        why = "the order is another one" if complete else "those who stay hear each once"
        client.check_all(why, wanted, messages, "SAY-6" if complete else None)


@pytest.mark.parametrize("way", ["quit", "half-close", "close", "reset"])
@needs("LEFT-1", "WHO-1")
def test_who_has_left_is_gone(chat: Chat, way: str) -> None:
    """LEFT-9: no longer listed, and receives nothing more."""
    alice, bob = chat.members("alice", "bob")
    goes(bob, way)
    alice.is_told(f"LEFT lobby {bob.nick} {'quit' if way == 'quit' else 'closed'}")
    answer = alice.asks("WHO")
    listed = [item["name"] for item in answer.items]
    if listed != [alice.nick]:
        raise Violation(
            "a listing after somebody left",
            client=alice,
            expected=f"HERE {alice.nick} {alice.number}, and nobody else",
            got=f"({', '.join(listed)})",
        )
    alice.says("are you still there?")
    if way in ("quit", "half-close"):
        bob.awaits_end()
        if bob.events:
            raise Violation(
                "an event for one who has left",
                client=bob,
                expected="(nothing)",
                got=bob.events[0].text,
            )


def goes(client: Client, way: str) -> None:
    """Leaves in one of the four ways."""
    if way == "quit":
        client.does("QUIT", "OK QUIT")
    elif way == "half-close":
        client.half_closes()
    elif way == "close":
        client.chat.write_all(client)
        client.closes()
    else:
        client.resets()


def _expect_clean_end(client: Client) -> None:
    if client.ended != "end of stream":
        raise Violation(
            "the server has to end the stream, not to reset the connection",
            client=client,
            expected="(end of stream)",
            got=f"({client.ended})",
        )


def _is_told_all(client: Client, expected: set[str]) -> None:
    """Waits for all of these events, in any order, each once."""
    missing = set(expected)
    while missing:
        event = client.awaits_event(f"{len(expected)} times LEFT; {len(missing)} are missing")
        if event.text not in missing:
            raise Violation(
                "a LEFT that came twice, or of somebody else",
                client=client,
                expected=min(missing),
                got=event.text,
            )
        missing.discard(event.text)
