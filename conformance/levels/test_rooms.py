"""The extension `rooms`: several logs instead of one, and members that move between them.

Names, listings, locks and leaving are in test_rooms_lists.
"""

import time

from ..chat import Chat
from ..client import Client
from ..inbox import Answer
from ..violation import Violation, blamed_on


def test_join_is_answered_with_the_room_and_its_members(chat: Chat) -> None:
    """ROOM-1: OK JOIN room count, oneself included."""
    garden = chat.nick("garden")
    for number, client in enumerate(chat.members("alice", "bob", "carol"), 1):
        client.does(f"JOIN {garden}", f"OK JOIN {garden} {number}")
    chat.put_aside()


def test_both_rooms_are_told_of_a_move(chat: Chat) -> None:
    """ROOM-2: LEFT moved in the old room, JOINED in the new one, once each, before OK JOIN."""
    alice, bob, carol, dave = chat.members("alice", "bob", "Carol", "dave")
    garden = all_move(chat, "garden", alice, bob)
    carol.asks(f"JOIN {garden}")
    _expect_told(dave, "lobby", f"LEFT lobby {carol.nick} moved")
    for client in (alice, bob):
        _expect_told(client, garden, f"JOINED {garden} {carol.nick} {carol.number}")
    carol.asks("JOIN lobby")
    _expect_told(dave, "lobby", f"JOINED lobby {carol.nick} {carol.number}")
    for client in (alice, bob):
        _expect_told(client, garden, f"LEFT {garden} {carol.nick} moved")
    chat.put_aside()


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
        told.append([event.text for event in witness.events if event["room"] == "lobby"])
    if told[0] != told[1] or len(told[0]) != 120:
        raise Violation(
            "each of 40 members left the lobby, came back and left again",
            client=witnesses[1],
            expected="(120 events, the same for both witnesses)",
            got=f"({len(told[0])} and {len(told[1])} events)",
        )
    chat.put_aside()


def test_who_moves_hears_the_new_room_and_not_the_old(chat: Chat) -> None:
    """ROOM-3: neither its own LEFT nor its JOINED; from OK JOIN on the new room alone."""
    bob, carol = chat.members("bob", "carol")
    garden, kitchen = chat.nick("garden"), chat.nick("kitchen")
    _expect_no_events(bob, bob.asks(f"JOIN {garden}"))
    for room in (kitchen, "lobby", kitchen):
        carol.asks(f"JOIN {room}")
        _expect_no_events(bob, bob.does("PING still"))
    carol.asks(f"JOIN {garden}")
    bob.receives(f"JOINED {garden} {carol.nick} {carol.number}")
    carol.asks(f"JOIN {kitchen}")
    bob.receives(f"LEFT {garden} {carol.nick} moved")
    bob.fence()
    _expect_no_events(bob, bob.asks("JOIN lobby"))
    carol.asks(f"JOIN {garden}")
    _expect_no_events(bob, bob.does("PING still"))
    carol.asks("JOIN lobby")
    bob.receives(f"JOINED lobby {carol.nick} {carol.number}")
    chat.put_aside()


def test_who_moves_hears_what_is_said_in_the_new_room(chat: Chat) -> None:
    """ROOM-3, ROOM-4: from OK JOIN on, there and back again."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = all_move(chat, "garden", alice)
    for room, speaker in ((garden, alice), ("lobby", carol), (garden, alice)):
        bob.asks(f"JOIN {room}")
        bob.events.clear()
        _expect_heard(bob, speaker, room)
    chat.put_aside()


def test_what_is_said_stays_in_the_room(chat: Chat) -> None:
    """ROOM-4: SAY reaches the members of the speaker's room and nobody else."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    garden = all_move(chat, "garden", alice, bob)
    seq = alice.says("among us")
    bob.receives(f"MSG {garden} {seq} {alice.nick} among us")
    seq = carol.says("in the lobby")
    dave.hears(carol, "in the lobby", seq)
    for client in (alice, bob, carol, dave):
        client.receives_nothing()


def test_the_longest_text_fits_wherever_it_is_said(chat: Chat) -> None:
    """ROOM-4: all its 3800 octets, by a member and in a room with names as long as may be."""
    alice, bob = chat.connects("alice", "bob")
    for client in (alice, bob):
        client.takes_name(chat.nick(client.label).ljust(20, "x"))
    garden = all_move(chat, "garden".ljust(20 - len(chat.nick("")), "x"), alice, bob)
    text = "x" * 3799 + "y"
    seq = alice.says(text)
    bob.receives(f"MSG {garden} {seq} {alice.nick} {text}")


def test_ten_rooms_talk_at_once_and_hear_only_themselves(chat: Chat) -> None:
    """ROOM-4: fifty members in ten rooms, all talking."""
    crowd = chat.crowd(50)
    rooms = [chat.nick(f"r{number}") for number in range(10)]
    for number, client in enumerate(crowd):
        client.asks(f"JOIN {rooms[number % 10]}")
    chat.settle(crowd)
    chat.put_aside()
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
    garden = all_move(chat, "garden", alice)
    all_move(chat, "gallery", bob)
    for number in range(1, 6):
        alice.does(f"SAY {garden}", f"OK SAY {number}")
        bob.does("SAY in the gallery", f"OK SAY {number}")
    bob.asks("JOIN lobby")
    bob.does("SAY back", f"OK SAY {lobby + 1}")
    bob.asks(f"JOIN {garden}")
    alice.does("SAY hello", "OK SAY 6")
    bob.receives(f"MSG {garden} 6 {alice.nick} hello")
    chat.put_aside()


def test_a_room_that_was_empty_counts_on(chat: Chat) -> None:
    """ROOM-6: seq goes on where it was."""
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "garden", alice)
    for number in range(1, 4):
        alice.does("SAY hello", f"OK SAY {number}")
    alice.asks("JOIN lobby")
    bob.does(f"JOIN {garden}", f"OK JOIN {garden} 1")
    bob.does("SAY hello again", "OK SAY 4")
    chat.put_aside()


def all_move(chat: Chat, label: str, *clients: Client) -> str:
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
    chat.put_aside()
    return room


def awaits_empty(client: Client, room: str) -> None:
    """Asks who is in a room until nobody is; no event tells those who are elsewhere."""
    give_up_at = time.monotonic() + client.chat.patience
    answer = client.asks(f"WHO {room}")
    while answer.items and time.monotonic() < give_up_at:
        answer = client.asks(f"WHO {room}")
    if answer.items:
        raise Violation(
            "its last member has left the server",
            client=client,
            expected="ERR no-such-room WHO (and some words)",
            got=answer.items[0].text,
            requirement="LEFT-9",
        )
    with blamed_on("ROOM-10"):
        client.was_refused(answer, f"WHO {room}", "no-such-room")


def _expect_no_events(client: Client, answer: Answer) -> None:
    """Nothing came before this answer."""
    if answer.events:
        raise Violation(
            "an event that is not for the one who moved",
            client=client,
            expected="(nothing)",
            got=answer.events[0].text,
        )


def _expect_told(client: Client, room: str, expected: str) -> None:
    """What has come of this room since is one event; ROOM-3 is about that of other rooms."""
    client.fence()
    told = [event.text for event in client.events if event["room"] == room]
    if told != [expected]:
        raise Violation(
            "what the members of the room are told of a move",
            client=client,
            expected=expected,
            got=" / ".join(told) or "(nothing)",
        )
    client.events.clear()


def _expect_heard(client: Client, speaker: Client, room: str) -> None:
    """What a speaker says reaches who has just moved to its room: ROOM-3 and ROOM-4 alike."""
    seq = speaker.says("welcome")
    client.fence()
    heard = [event.text for event in client.events]
    if heard != [f"MSG {room} {seq} {speaker.nick} welcome"]:
        raise Violation(
            "what is said in the new room",
            client=client,
            expected=f"MSG {room} {seq} {speaker.nick} welcome",
            got=" / ".join(heard) or "(nothing)",
            also="ROOM-4",
        )
    client.events.clear()
