"""The extension `rooms`: as many rooms as a server has to open, and what it lists of them."""

from ..bench import Bench, needs, untested
from ..client import Client
from .test_rooms_lists import expect_rooms

#: Rooms that a server opens at least, the lobby included, how many a test asks for at most, and in
#: how many of them somebody stays.
ROOMS = 500
MOST = 1100
OCCUPIED = 60


@needs("ROOM-2", "ROOM-7")
def test_five_hundred_rooms_may_be_opened(bench: Bench) -> None:
    """ROOM-1, ROOM-8, ROOM-9: those are listed in which somebody is, and the lobby."""
    chat = bench.chat(bench.start())
    alice, *crowd = chat.crowd(1 + OCCUPIED)
    rooms = [f"r{number}" for number in range(ROOMS - 1)]
    for client, room in zip(crowd, rooms, strict=False):
        client.does(f"JOIN {room}", f"OK JOIN {room} 1")
    for room in rooms[OCCUPIED:]:
        alice.does(f"JOIN {room}", f"OK JOIN {room} 1")
    occupied = dict.fromkeys([*rooms[:OCCUPIED], rooms[-1]], 1)
    expect_rooms(alice, {"lobby": 0, **occupied}, exactly=True, rule="ROOM-8")
    chat.put_aside()


@needs("ROOM-6")
def test_a_room_that_was_open_is_no_further_one(bench: Bench) -> None:
    """ROOM-1: it can be joined when the server opens no further room, although it is empty."""
    chat = bench.chat(bench.start())
    alice = chat.member("alice")
    open_rooms_until_refused(alice)
    for number in (0, ROOMS - 2):
        alice.does(f"JOIN r{number}", f"OK JOIN r{number} 1")
    chat.put_aside()


@needs("LOCK-1", "LOCK-4", "ROOM-1")
def test_a_room_that_is_not_opened_leaves_the_lock(bench: Bench) -> None:
    """ROOM-12: a JOIN that is refused because there are too many rooms does not end it."""
    chat = bench.chat(bench.start())
    alice, bob = chat.members("alice", "bob")
    if not open_rooms_until_refused(alice):
        untested(f"unknown: it opens {MOST} rooms")
    alice.asks("JOIN lobby")
    chat.put_aside()
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("held")
    alice.is_refused("JOIN one-more", "too-many-rooms")
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.hears(bob, "held", seq)


def open_rooms_until_refused(alice: Client) -> bool:
    """Whether the server refuses to open a further one, of as many as a test asks for."""
    for number in range(MOST):
        answer = alice.asks(f"JOIN r{number}")
        if answer.final.kind == "ERR":
            alice.was_refused(answer, "JOIN", "too-many-rooms")
            return True
    return False
