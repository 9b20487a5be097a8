"""The extension `rooms`: as many rooms as a server has to open, and what it lists of them."""

from ..bench import Bench, needs
from .test_rooms_lists import expect_rooms

#: Rooms that a server opens at least, the lobby included, and in how many of them somebody stays.
ROOMS = 500
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
