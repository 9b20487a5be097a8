"""The extension `rooms`: names of rooms, listings, locks, leaving, and what is refused."""

import signal

import pytest

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..violation import Violation, blamed_on
from .test_rooms import all_move, awaits_empty


@pytest.mark.parametrize("name", ["1st", "_", "-x", "gar.den", "gärten", "x" * 21, "#chan"])
def test_a_malformed_room_is_refused(chat: Chat, name: str) -> None:
    """ROOM-7: bad-room, and one stays where one is."""
    alice, bob = chat.members("alice", "bob")
    alice.is_refused(f"JOIN {name}", "bad-room")
    bob.hears(alice, "still here", alice.says("still here"))


def test_every_well_formed_name_may_be_that_of_a_room(chat: Chat) -> None:
    """ROOM-1, ROOM-10: what a program knows is none until somebody joins it, nor is a member."""
    alice, bob = chat.members("alice", "bob")
    for name in ("constructor", "None", "x" * 20, "a-_0", alice.nick, bob.nick, bob.nick[:-1]):
        with blamed_on("ROOM-10"):
            alice.is_refused(f"WHO {name}", "no-such-room")
        alice.does(f"JOIN {name}", f"OK JOIN {name} 1")
    chat.put_aside()


def test_rooms_that_differ_in_case_are_the_same(chat: Chat) -> None:
    """ROOM-7: spelled as by who joined it first."""
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "Garden", alice)
    bob.does(f"JOIN {garden.lower()}", f"OK JOIN {garden} 2")
    alice.receives(f"JOINED {garden} {bob.nick} {bob.number}")
    seq = alice.says("hello")
    bob.receives(f"MSG {garden} {seq} {alice.nick} hello")
    alice.does("JOIN LOBBY", "OK JOIN lobby 1")
    bob.receives(f"LEFT {garden} {alice.nick} moved")


def test_a_room_that_was_empty_is_spelled_as_before(chat: Chat) -> None:
    """ROOM-7: as by who joined it first, though nobody was in it since."""
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "Garden", alice)
    alice.asks("JOIN lobby")
    bob.receives(f"JOINED lobby {alice.nick} {alice.number}")
    bob.does(f"JOIN {garden.lower()}", f"OK JOIN {garden} 1")
    alice.receives(f"LEFT lobby {bob.nick} moved")


@pytest.mark.parametrize("way", ["quit", "half-close", "reset"])
@needs("LEFT-1", "LEFT-2")
def test_a_room_outlives_those_who_leave_the_server(chat: Chat, way: str) -> None:
    """ROOM-13, ROOM-6, ROOM-7, ROOM-9, ROOM-10: empty it is not listed; spelling and seq stay."""
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "Garden", bob)
    bob.does("SAY hello", "OK SAY 1")
    leaves(bob, way)
    awaits_empty(alice, garden)
    expect_rooms(alice, {"lobby": 1}, exactly=True, rule="ROOM-9")
    answer = alice.asks(f"JOIN {garden.upper()}")
    with blamed_on("ROOM-7"):
        alice.check(answer.final, f"OK JOIN {garden} 1")
    answer = alice.asks("SAY nobody is here")
    with blamed_on("ROOM-6"):
        alice.check(answer.final, "OK SAY 2")


@pytest.mark.parametrize("ends", ["ab", "-_", "12", "-a"])
def test_names_that_differ_in_one_character_are_two_rooms(chat: Chat, ends: str) -> None:
    """ROOM-7: each of 20 characters counts; only their case does not."""
    alice, bob = chat.members("alice", "bob")
    beginning = chat.nick("r").rjust(19, "x")
    for client, end in zip((alice, bob), ends, strict=True):
        client.does(f"JOIN {beginning}{end}", f"OK JOIN {beginning}{end} 1")
    chat.put_aside()


@needs("LOCK-1", "LOCK-4")
def test_rooms_counts_those_who_are_locked(chat: Chat) -> None:
    """ROOM-8, ROOM-10: a lock takes nobody out of its room."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = all_move(chat, "garden", alice, bob)
    alice.does("LOCK", "OK LOCK")
    expect_rooms(carol, {garden: 2, "lobby": 1})
    with blamed_on("ROOM-10"):
        _expect_listing(carol, f"WHO {garden}", [alice, bob])
    alice.does("UNLOCK", "OK UNLOCK 0")


@needs("LOCK-1", "LOCK-4")
def test_who_asks_while_locked_stays_locked(chat: Chat) -> None:
    """ROOM-8, ROOM-10: for the rooms, for the members of another one, and for one that is none."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = all_move(chat, "garden", carol)
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("held")
    expect_rooms(alice, {garden: 1, "lobby": 2})
    _expect_listing(alice, f"WHO {garden}", [carol])
    alice.is_refused(f"WHO {chat.nick('nowhere')}", "no-such-room")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.hears(bob, "held", seq)


def test_rooms_lists_rooms_with_members_and_the_lobby(chat: Chat) -> None:
    """ROOM-8: ROOM room count for each, then OK ROOMS count."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = all_move(chat, "garden", alice, bob)
    expect_rooms(carol, {garden: 2, "lobby": 1})
    kitchen = all_move(chat, "kitchen", carol)
    expect_rooms(carol, {garden: 2, kitchen: 1, "lobby": 0})


def test_an_empty_room_is_not_listed(chat: Chat) -> None:
    """ROOM-9: the lobby excepted."""
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "garden", alice, bob)
    bob.does("QUIT", "OK QUIT")
    expect_rooms(alice, {garden: 1, "lobby": 0}, exactly=True)
    alice.asks("JOIN lobby")
    expect_rooms(alice, {"lobby": 1}, exactly=True)
    alice.events.clear()


def test_who_lists_a_room_or_ones_own(chat: Chat) -> None:
    """ROOM-10: WHO room, and WHO alone."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = all_move(chat, "garden", alice, bob)
    _expect_listing(carol, f"WHO {garden.upper()}", [alice, bob])
    _expect_listing(alice, "WHO lobby", [carol])
    _expect_listing(alice, "WHO", [alice, bob])
    kitchen = all_move(chat, "kitchen", carol)
    _expect_listing(carol, "WHO", [carol])
    for lobby in ("lobby", "LOBBY"):
        _expect_listing(alice, f"WHO {lobby}", [])
    carol.asks("JOIN lobby")
    for name in (kitchen, chat.nick("nowhere"), "1337"):
        alice.is_refused(f"WHO {name}", "no-such-room")


def test_joining_ones_own_room_changes_nothing(chat: Chat) -> None:
    """ROOM-11: OK JOIN, and no event."""
    alice, bob = chat.members("alice", "bob")
    for lobby in ("lobby", "Lobby"):
        alice.does(f"JOIN {lobby}", "OK JOIN lobby 2")
    garden = all_move(chat, "garden", alice, bob)
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


@needs("LOCK-1", "LOCK-4")
def test_joining_ones_own_room_ends_the_lock_too(chat: Chat) -> None:
    """ROOM-12: it is answered with OK."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("held")
    answer = alice.does("JOIN lobby", "OK JOIN lobby 2")
    if not answer.events:
        raise Violation(
            "the held events come before OK JOIN",
            client=alice,
            expected=f"MSG lobby {seq} {bob.nick} held",
            got=answer.final.text,
        )
    alice.hears(bob, "held", seq)
    alice.hears(bob, "not held", bob.says("not held"))


@needs("LOCK-1", "LOCK-4")
def test_a_lock_holds_coming_and_going(chat: Chat) -> None:
    """ROOM-5, ROOM-2: who came and moved on in the meantime did both; one who is locked is told."""
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "garden", alice)
    alice.does("LOCK", "OK LOCK")
    for room in (garden, "lobby", garden):
        bob.asks(f"JOIN {room}")
    with blamed_on("ROOM-2"):
        alice.does("UNLOCK", "OK UNLOCK 3")
        alice.receives(f"JOINED {garden} {bob.nick} {bob.number}")
        alice.receives(f"LEFT {garden} {bob.nick} moved")
        alice.receives(f"JOINED {garden} {bob.nick} {bob.number}")


@pytest.mark.parametrize("way", ["quit", "half-close", "reset"])
@needs("LEFT-1")
def test_who_leaves_leaves_the_room_in_which_it_was(chat: Chat, way: str) -> None:
    """ROOM-13: LEFT there, and nowhere else."""
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    garden = all_move(chat, "garden", alice, bob)
    all_move(chat, "kitchen", dave)
    leaves(bob, way)
    cause = "quit see  you" if way == "quit" else "closed"
    alice.is_told(f"LEFT {garden} {bob.nick} {cause}")
    for client in (alice, carol, dave):
        client.receives_nothing()


@needs("LOCK-1", "STOP-1")
def test_a_stop_delivers_what_is_held_in_a_room(bench: Bench) -> None:
    """ROOM-5, ROOM-3: every event of the new room arrives: those that are held, before BYE."""
    server = bench.start()
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    garden = all_move(chat, "garden", alice, bob)
    alice.does("LOCK", "OK LOCK")
    expected = [f"MSG {garden} {bob.says('last words')} {bob.nick} last words", "BYE"]
    server.signal(signal.SIGTERM)
    for client in (alice, bob):
        client.awaits_end()
    got = [event.text if event.kind != "BYE" else "BYE" for event in alice.events]
    if got != expected:
        raise Violation(
            "what a locked member receives when the server stops",
            client=alice,
            expected=" / ".join(expected),
            got=" / ".join(got) or "(nothing)",
            requirement="STOP-2" if any(text.startswith("LEFT") for text in got) else "ROOM-3",
        )
    for client in (alice, bob):
        client.events.clear()


@needs("LEFT-6")
def test_who_comes_back_is_in_the_lobby(chat: Chat) -> None:
    """ROOM-13: a name that was in a room when its member left is in the lobby when it is back."""
    alice, bob, carol = chat.members("alice", "bob", "carol")
    garden = all_move(chat, "garden", bob, carol)
    bob.does("QUIT", "OK QUIT")
    carol.receives(f"LEFT {garden} {bob.nick} quit")
    again = chat.connect("again")
    number = again.takes_name(bob.nick)
    alice.receives(f"JOINED lobby {bob.nick} {number}")
    carol.receives_nothing()
    _expect_listing(again, "WHO", [alice, again])
    _expect_listing(again, f"WHO {garden}", [carol])


def test_the_arguments_of_rooms_are_counted(chat: Chat) -> None:
    """ROOM-14: JOIN takes one, ROOMS none, WHO at most one; need-nick comes first."""
    alice = chat.member("alice")
    for command in ("JOIN", "JOIN ", "JOIN a b", "JOIN  a", "ROOMS x", "WHO a b"):
        alice.is_refused(command, "bad-args")
    nameless = chat.connect("nameless")
    for command in ("JOIN garden", "ROOMS"):
        nameless.is_refused(command, "need-nick")


def leaves(client: Client, way: str) -> None:
    if way == "quit":
        client.does("QUIT see  you", "OK QUIT")
    elif way == "half-close":
        client.half_closes()
    else:
        client.resets()


def expect_rooms(
    client: Client, expected: dict[str, int], exactly: bool = False, rule: str | None = None
) -> None:
    """What ROOMS lists: of empty rooms only those that are expected, unless `exactly` so."""
    answer = client.asks("ROOMS")
    client.check(answer.final, f"OK ROOMS {len(answer.items)}")
    listed = sorted((item["room"], item.number("count")) for item in answer.items)
    got = [(room, count) for room, count in listed if exactly or count or room in expected]
    if got != sorted(expected.items()):
        raise Violation(
            "the rooms and how many are in each",
            client=client,
            expected=f"({sorted(expected.items())})",
            got=f"({got})",
            requirement=rule,
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
