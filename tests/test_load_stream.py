"""Checking what members receive under load: each wrong delivery is told, however it is cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.load.roomlog import Fault, RoomLog
from conformance.load.stream import Stream

TEXTS = [f"text {number}" for number in range(6)]


class Room:
    """alice and bob talk by turns, carol and dave listen: what each must receive."""

    def __init__(self) -> None:
        self.log = RoomLog()
        people = {name: self.log.add_speaker(name) for name in ("alice", "bob", "carol", "dave")}
        self.streams = {name: Stream(self.log, speaker) for name, speaker in people.items()}
        for number, text in enumerate(TEXTS):
            people[("alice", "bob")[number % 2]].said.append((text, number))

    def due_to(self, name: str) -> bytes:
        lines = []
        for number, text in enumerate(TEXTS):
            speaker = ("alice", "bob")[number % 2]
            told = f"MSG lobby {number + 1} {speaker} {text}\n"
            lines.append(f"OK SAY {number + 1}\n" if speaker == name else told)
        return "".join(lines).encode()

    def receives(self, name: str, octets: bytes) -> None:
        self.streams[name].take(memoryview(octets), 1000)


@settings(deadline=None)
@given(st.data())
def test_any_cut_and_any_order_of_arrival_is_right(data: st.DataObject) -> None:
    room = Room()
    waiting = {name: room.due_to(name) for name in room.streams}
    while waiting:
        name = data.draw(st.sampled_from(sorted(waiting)))
        count = data.draw(st.integers(1, len(waiting[name])))
        room.receives(name, waiting[name][:count])
        waiting[name] = waiting[name][count:]
        if not waiting[name]:
            del waiting[name]
    for name, stream in room.streams.items():
        assert stream.lines == len(TEXTS)
        assert stream.answered == (3 if name in ("alice", "bob") else 0)
        assert list(stream.samples) == [1000 - number for number in range(len(TEXTS))]


BOB = Room().due_to("bob")


def receive_all(room: Room, pieces: list[tuple[str, bytes]]) -> None:
    for name, octets in pieces:
        room.receives(name, octets)


@settings(deadline=None)
@given(st.data(), st.sampled_from(["drop", "double", "swap", "alter"]))
def test_any_fault_in_any_cut_is_told(data: st.DataObject, fault: str) -> None:
    """Whoever receives it: the first one to hear of a line, or one who hears it again."""
    room = Room()
    victim = data.draw(st.sampled_from(["alice", "carol"]))
    if data.draw(st.booleans()):
        room.receives("dave", room.due_to("dave"))
    lines = room.due_to(victim).splitlines(keepends=True)
    at = data.draw(st.integers(0, len(lines) - 2))
    if fault == "drop":
        del lines[at]
    elif fault == "double":
        lines.insert(at, lines[at])
    elif fault == "swap":
        lines[at : at + 2] = [lines[at + 1], lines[at]]
    else:
        lines[at] = lines[at].replace(b"text", b"test").replace(b"SAY ", b"SAY 1")
    octets = b"".join(lines)
    cut = data.draw(st.integers(0, len(octets)))
    with pytest.raises(Fault):
        receive_all(room, [(victim, octets[:cut]), (victim, octets[cut:]), ("bob", BOB)])


@settings(deadline=None)
@given(st.data())
def test_a_ping_between_lines_is_kept_for_its_answer(data: st.DataObject) -> None:
    room = Room()
    if data.draw(st.booleans()):
        room.receives("dave", room.due_to("dave"))
    lines = room.due_to("carol").splitlines(keepends=True)
    lines.insert(data.draw(st.integers(0, len(lines))), b"PING still-there\n")
    octets = b"".join(lines)
    cut = data.draw(st.integers(1, len(octets)))
    room.receives("carol", octets[:cut])
    room.receives("carol", octets[cut:])
    assert room.streams["carol"].pings == [b"still-there"]
    assert room.streams["carol"].lines == len(TEXTS)


def test_the_fault_tells_what_was_expected() -> None:
    room = Room()
    room.receives("dave", room.due_to("dave"))
    with pytest.raises(Fault) as caught:
        room.receives("carol", b"MSG lobby 1 alice text 0\nMSG lobby 3 alice text 2\n")
    assert caught.value.expected == "MSG lobby 2 bob text 1"
    assert caught.value.got == "MSG lobby 3 alice text 2"


def test_a_message_that_nobody_has_said() -> None:
    room = Room()
    with pytest.raises(Fault, match="somebody who has said nothing"):
        room.receives("carol", b"MSG lobby 1 mallory text 0\n")


def test_an_own_message_that_comes_back() -> None:
    room = Room()
    with pytest.raises(Fault, match="somebody who has said nothing"):
        room.receives("alice", b"MSG lobby 1 alice text 0\n")


def test_one_who_may_leave_does_once() -> None:
    room = Room()
    room.log.may_leave.add("dave")
    room.receives("carol", b"LEFT lobby dave slow\n" + room.due_to("carol"))
    room.receives("bob", b"LEFT lobby dave slow\n" + room.due_to("bob"))
    assert room.streams["carol"].lines == room.streams["bob"].lines == len(TEXTS) + 1
    with pytest.raises(Fault, match="nothing has caused"):
        room.receives(
            "alice", b"LEFT lobby dave slow\n" + room.due_to("alice") + b"LEFT lobby x y\n"
        )
