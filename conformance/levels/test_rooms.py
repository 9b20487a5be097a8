"""The extension `rooms`: several logs instead of one, and members that move between them."""

import pytest

from ..chat import Chat
from ..client import Client
from ..grade import needs
from ..peer import Violation


def test_join_is_answered_with_the_room_and_its_members(chat: Chat) -> None:
    """ROOM-1: OK JOIN room count, oneself included."""
    garden = chat.nick("garden")
    for number, client in enumerate(chat.members("alice", "bob", "carol"), 1):
        client.does(f"JOIN {garden}", f"OK JOIN {garden} {number}")
    _forget_events(chat)


def test_both_rooms_are_told_of_a_move(chat: Chat) -> None:
    """ROOM-2: LEFT moved in the old room, JOINED in the new one, before OK JOIN."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    garden = _all_move(chat, "garden", alice, bob)
    carol.does(f"JOIN {garden}", f"OK JOIN {garden} 3")
    dave.receives(f"LEFT lobby {carol.nick} moved")
    for client in (alice, bob):
        client.receives(f"JOINED {garden} {carol.nick} {carol.number}")
    carol.does("JOIN lobby", "OK JOIN lobby 2")
    dave.receives(f"JOINED lobby {carol.nick} {carol.number}")
    for client in (alice, bob):
        client.receives(f"LEFT {garden} {carol.nick} moved")


def test_a_storm_of_moves_is_told_in_one_order(chat: Chat) -> None:
    """ROOM-2: forty members move at once, back and forth; the witnesses agree."""
    witnesses = chat.members("alice", "bob")
    crowd = chat.crowd(40)
    chat.settle(witnesses)
    garden = chat.nick("garden")
    for room in (garden, "lobby", garden):
        for client in crowd:
            client.sends(f"JOIN {room}")
        assert chat.most_waiting > 20, "the members never moved at the same time"
        for client in crowd:
            client.answer()
    told = []
    for witness in witnesses:
        witness.fence()
        told.append([event.text for event in witness.events])
    if told[0] != told[1] or len(told[0]) != 120:
        raise Violation(
            "each of 40 members left the lobby, came back and left again",
            client=witnesses[1],
            expected="(120 events, the same for both witnesses)",
            got=f"({len(told[0])} and {len(told[1])} events)",
        )
    _forget_events(chat)


def test_who_moves_hears_the_new_room_and_not_the_old(chat: Chat) -> None:
    """ROOM-3: neither its own LEFT nor its JOINED; from OK JOIN on the new room alone."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = _all_move(chat, "garden", alice)
    answer = bob.does(f"JOIN {garden}", f"OK JOIN {garden} 2")
    if answer.events:
        raise Violation(
            "an event for the one who moves",
            client=bob,
            expected="(nothing)",
            got=answer.events[0].text,
        )
    carol.says("in the lobby")
    bob.receives_nothing()
    seq = alice.says("in the garden")
    bob.receives(f"MSG {garden} {seq} {alice.nick} in the garden")
    _forget_events(chat)


def test_what_is_said_stays_in_the_room(chat: Chat) -> None:
    """ROOM-4: SAY reaches the members of the speaker's room and nobody else."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    garden = _all_move(chat, "garden", alice, bob)
    seq = alice.says("among us")
    bob.receives(f"MSG {garden} {seq} {alice.nick} among us")
    seq = carol.says("in the lobby")
    dave.hears(carol, "in the lobby", seq)
    for client in (alice, bob, carol, dave):
        client.receives_nothing()


def test_ten_rooms_talk_at_once_and_hear_only_themselves(chat: Chat) -> None:
    """ROOM-4: fifty members in ten rooms, all talking."""
    crowd = chat.crowd(50)
    rooms = [chat.nick(f"r{number}") for number in range(10)]
    for number, client in enumerate(crowd):
        client.asks(f"JOIN {rooms[number % 10]}")
    chat.settle(crowd)
    _forget_events(chat)
    for client in crowd:
        client.sends(f"SAY I am {client.label}")
    assert chat.most_waiting > 25, "the members never talked at the same time"
    for client in crowd:
        client.answer()
    for number, client in enumerate(crowd):
        client.fence()
        others = {each.nick for each in crowd[number % 10 :: 10] if each is not client}
        heard = [(event["room"], event["name"]) for event in client.events]
        if sorted(heard) != sorted((rooms[number % 10], name) for name in others):
            raise Violation(
                "the four others of one's room, once each, and nobody else",
                client=client,
                expected=f"({', '.join(sorted(others))})",
                got=f"({', '.join(sorted(name for _, name in heard))})",
            )
        client.events.clear()


def test_each_room_counts_for_itself(chat: Chat) -> None:
    """ROOM-5: from 1 on, consecutively."""
    alice, bob = chat.members("alice", "bob")
    lobby = bob.says("in the lobby")
    garden = _all_move(chat, "garden", alice)
    _all_move(chat, "kitchen", bob)
    for number in range(1, 6):
        alice.does(f"SAY {garden}", f"OK SAY {number}")
        bob.does("SAY in the kitchen", f"OK SAY {number}")
    bob.asks("JOIN lobby")
    bob.does("SAY back", f"OK SAY {lobby + 1}")


def test_a_room_that_was_empty_counts_on(chat: Chat) -> None:
    """ROOM-6: seq goes on where it was."""
    alice, bob = chat.members("alice", "bob")
    garden = _all_move(chat, "garden", alice)
    for number in range(1, 4):
        alice.does("SAY hello", f"OK SAY {number}")
    alice.asks("JOIN lobby")
    bob.does(f"JOIN {garden.upper()}", f"OK JOIN {garden} 1")
    bob.does("SAY hello again", "OK SAY 4")
    _forget_events(chat)


@pytest.mark.parametrize("name", ["1st", "_", "gar.den", "gärten", "x" * 21, "#chan"])
def test_a_malformed_room_is_refused(chat: Chat, name: str) -> None:
    """ROOM-7: bad-room, and one stays where one is."""
    alice, bob = chat.members("alice", "bob")
    alice.is_refused(f"JOIN {name}", "bad-room")
    bob.hears(alice, "still here", alice.says("still here"))


def test_rooms_that_differ_in_case_are_the_same(chat: Chat) -> None:
    """ROOM-7: spelled as by who joined it first."""
    alice, bob = chat.members("alice", "bob")
    garden = _all_move(chat, "Garden", alice)
    bob.does(f"JOIN {garden.lower()}", f"OK JOIN {garden} 2")
    alice.receives(f"JOINED {garden} {bob.nick} {bob.number}")
    alice.does("JOIN LOBBY", "OK JOIN lobby 1")
    bob.receives(f"LEFT {garden} {alice.nick} moved")


def test_rooms_lists_rooms_with_members_and_the_lobby(chat: Chat) -> None:
    """ROOM-8: ROOM room count for each, then OK ROOMS count."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = _all_move(chat, "garden", alice, bob)
    _expect_rooms(carol, {garden: 2, "lobby": 1})
    kitchen = _all_move(chat, "kitchen", carol)
    _expect_rooms(carol, {garden: 2, kitchen: 1, "lobby": 0})


def test_an_empty_room_is_not_listed(chat: Chat) -> None:
    """ROOM-9: the lobby excepted."""
    alice, bob = chat.members("alice", "bob")
    garden = _all_move(chat, "garden", alice, bob)
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT {garden} {bob.nick} quit")
    _expect_rooms(alice, {garden: 1, "lobby": 0})
    alice.asks("JOIN lobby")
    _expect_rooms(alice, {"lobby": 1})


def test_who_lists_a_room_or_ones_own(chat: Chat) -> None:
    """ROOM-10: WHO room, and WHO alone."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = _all_move(chat, "garden", alice, bob)
    _expect_listing(carol, f"WHO {garden.upper()}", [alice, bob])
    _expect_listing(alice, "WHO lobby", [carol])
    _expect_listing(alice, "WHO", [alice, bob])
    kitchen = _all_move(chat, "kitchen", carol)
    _expect_listing(carol, "WHO", [carol])
    _expect_listing(alice, "WHO lobby", [])
    carol.asks("JOIN lobby")
    for name in (kitchen, chat.nick("nowhere"), "1337"):
        alice.is_refused(f"WHO {name}", "no-such-room")


def test_joining_ones_own_room_changes_nothing(chat: Chat) -> None:
    """ROOM-11: OK JOIN, and no event."""
    alice, bob = chat.members("alice", "bob")
    alice.does("JOIN lobby", "OK JOIN lobby 2")
    garden = _all_move(chat, "garden", alice, bob)
    alice.does(f"JOIN {garden.upper()}", f"OK JOIN {garden} 2")
    for client in (alice, bob):
        client.receives_nothing()


@needs("LOCK-1", "LOCK-4")
def test_join_ends_the_lock_after_what_was_held(chat: Chat) -> None:
    """ROOM-12: first the held events of the old room, then OK JOIN; a refused JOIN does not."""
    alice, bob = chat.members("alice", "bob")
    garden = chat.nick("garden")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("before you go")
    alice.is_refused("JOIN 1337", "bad-room")
    alice.is_refused("JOIN", "bad-args")
    alice.receives_nothing()
    answer = alice.does(f"JOIN {garden}", f"OK JOIN {garden} 1")
    if [event.text for event in answer.events] != [f"MSG lobby {seq} {bob.nick} before you go"]:
        raise Violation(
            "the held events come before OK JOIN",
            client=alice,
            expected=f"MSG lobby {seq} {bob.nick} before you go",
            got=answer.events[0].text if answer.events else "(nothing)",
        )
    alice.events.clear()
    bob.receives(f"LEFT lobby {alice.nick} moved")
    bob.does(f"JOIN {garden}", f"OK JOIN {garden} 2")
    alice.receives(f"JOINED {garden} {bob.nick} {bob.number}")
    alice.does("UNLOCK", "OK UNLOCK 0")


@pytest.mark.parametrize("way", ["quit", "half-close", "reset"])
@needs("LEFT-1")
def test_who_leaves_leaves_the_room_in_which_it_was(chat: Chat, way: str) -> None:
    """ROOM-13: LEFT there, and nowhere else."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = _all_move(chat, "garden", alice, bob)
    if way == "quit":
        bob.does("QUIT", "OK QUIT")
    elif way == "half-close":
        bob.half_closes()
    else:
        bob.resets()
    alice.is_told(f"LEFT {garden} {bob.nick} {'quit' if way == 'quit' else 'closed'}")
    carol.receives_nothing()
    alice.receives_nothing()


def test_the_arguments_of_rooms_are_counted(chat: Chat) -> None:
    """ROOM-14: JOIN takes one, ROOMS none, WHO at most one; need-nick comes first."""
    alice = chat.member("alice")
    for command in ("JOIN", "JOIN ", "JOIN a b", "JOIN  a", "ROOMS x", "WHO a b"):
        alice.is_refused(command, "bad-args")
    nameless = chat.connect("nameless")
    for command in ("JOIN garden", "ROOMS"):
        nameless.is_refused(command, "need-nick")


def _all_move(chat: Chat, label: str, *clients: Client) -> str:
    """These clients join a room of this test; what everybody was told of it is put aside."""
    room = chat.nick(label)
    for client in clients:
        answer = client.asks(f"JOIN {room}")
        if answer.final.kind != "OK JOIN":
            raise Violation(
                "JOIN was not answered with OK",
                client=client,
                expected=f"OK JOIN {room} (count)",
                got=answer.final.text,
                requirement="ROOM-1",
            )
    _forget_events(chat)
    return room


def _forget_events(chat: Chat) -> None:
    for client in chat.clients:
        client.fence()
        client.events.clear()


def _expect_rooms(client: Client, expected: dict[str, int]) -> None:
    answer = client.does("ROOMS", f"OK ROOMS {len(expected)}")
    got = {item["room"]: item.number("count") for item in answer.items}
    if got != expected:
        raise Violation(
            "the rooms and how many are in each",
            client=client,
            expected=f"({sorted(expected.items())})",
            got=f"({sorted(got.items())})",
        )


def _expect_listing(client: Client, command: str, members: list[Client]) -> None:
    answer = client.does(command, f"OK WHO {len(members)}")
    expected = sorted(f"HERE {each.nick} {each.number}" for each in members)
    got = sorted(item.text for item in answer.items)
    if got != expected:
        raise Violation(
            f"what {command} lists",
            client=client,
            expected=f"({', '.join(expected)})",
            got=f"({', '.join(got)})",
        )
