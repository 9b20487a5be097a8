"""The suite's own model of protocol.md: conformance/model. No server, no socket."""

from __future__ import annotations

import re

import pytest

from conformance.lines import parse
from conformance.model import World, as_text, is_answered, is_last
from conformance.spec import Session, read_spec

EVERYTHING = ("direct", "rooms", "history", "accounts", "files")
SPEC = read_spec()
SESSIONS = {session.name: session for session in SPEC.sessions}


class Talk:
    """A world to which lines are said, and what each client is owed for it."""

    def __init__(self, *capabilities: str, hold_count: int | None = None) -> None:
        self.world = World(capabilities, hold_count)

    def says(self, label: str, *lines: str) -> list[str]:
        """What this client is owed in the end; connects it if it is new."""
        if label not in self.world.people:
            self.world.connects(label)
        for line in lines:
            self.world.obeys(label, line.encode())
        return self.hears(label)

    def hears(self, label: str) -> list[str]:
        owed, self.world.owed[label] = self.world.owed[label], []
        return [each.text.replace("#", str(each.transfer), 1) for each in owed]

    def comes(self, *names: str) -> None:
        """Members, who have heard of each other."""
        for name in names:
            self.says(name, f"NICK {name}")
        for name in names:
            self.hears(name)


@pytest.mark.parametrize("name", SESSIONS)
def test_model_holds_every_session_of_the_spec(name: str) -> None:
    """The examples of protocol.md: what stands there is what the model says, line by line."""
    session = SESSIONS[name]
    talk = Talk(*EVERYTHING)
    shown: dict[str, list[str]] = {}
    for step in session.steps:
        if step.client not in talk.world.people:
            talk.world.connects(step.client)
        if step.direction == "<":
            shown.setdefault(step.client, []).append(step.line)
        elif step.line in ("(end of stream)", "(reset)"):
            talk.world.ends(step.client)
        else:
            known = {str(number): number for number in talk.world.transfers}
            talk.world.ids.update(known)
            talk.world.obeys(step.client, step.line.encode())
    for client in talk.world.people:
        owed = [comparable(line, session) for line in talk.hears(client)]
        expected = [comparable(line, session) for line in shown.get(client, [])]
        assert [line for line in owed if line] == [line for line in expected if line]


def comparable(line: str, session: Session) -> str:
    """A line without what is an example, or what a session of its level leaves out."""
    if line.startswith(("HELLO ", "(")):
        return ""
    read = parse(line)
    low = all(SPEC.requirements[name].level < 3 for name in session.cites)
    if low and read.kind in ("JOINED", "LEFT"):
        return ""
    if read.kind == "ERR":
        return f"ERR {read['code']} {read['verb']}"
    return re.sub(r" 17900000\d\d ", " (time) ", line) if read.kind == "PAST" else line


def test_event_too_many_for_a_hold_delivers_all_and_ends_the_lock() -> None:
    """LOCK-14: with a bound of 2, two are held; the third comes behind them, then UNLOCKED."""
    talk = Talk(hold_count=2)
    talk.comes("alice", "bob")
    talk.says("alice", "LOCK")
    talk.says("bob", "SAY one", "SAY two")
    assert talk.hears("alice") == []
    talk.says("bob", "SAY three")
    assert talk.hears("alice") == [
        "MSG lobby 1 bob one",
        "MSG lobby 2 bob two",
        "MSG lobby 3 bob three",
        "UNLOCKED overflow",
    ]
    talk.says("bob", "SAY four")
    assert talk.hears("alice") == ["MSG lobby 4 bob four"]


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("DANCE", "ERR need-nick - (words)"),
        ("SAY", "ERR need-nick SAY (words)"),
        ("TELL alice x", "ERR need-nick - (words)"),
        ("NICK a b", "ERR bad-args NICK (words)"),
        ("NICK alicé", "ERR bad-nick NICK (words)"),
        ("PING two tokens", "ERR bad-args PING (words)"),
        ("SAY \t", "ERR bad-line - (words)"),
        ("x" * 4096, "ERR line-too-long - (words)"),
    ],
)
def test_refusals_of_the_nameless(line: str, refusal: str) -> None:
    """ERR-5, NEED-2: the first reason of the list; TELL is no verb of a server without it."""
    assert Talk().says("alice", line) == [refusal]


def test_line_of_4096_octets_is_obeyed_and_one_more_is_not() -> None:
    """OCTET-5, OCTET-6: LF and CR count."""
    talk = Talk()
    talk.comes("alice")
    assert talk.says("alice", "SAY ".ljust(4095, "x")) == ["ERR text-too-long SAY (words)"]
    assert talk.says("alice", "SAY ".ljust(4095, "x") + "\r") == ["ERR line-too-long - (words)"]


def test_nothing_behind_a_quit_is_obeyed() -> None:
    talk = Talk()
    talk.comes("alice", "bob")
    assert talk.says("bob", "QUIT bye", "SAY x", "PING x") == ["OK QUIT"]
    assert talk.hears("alice") == ["LEFT lobby bob quit bye"]


def test_refused_line_changes_nothing() -> None:
    """ERR-4, SAY-13, LOCK-9: no seq is used up, nobody hears, the lock stays."""
    talk = Talk()
    talk.comes("alice", "bob")
    talk.says("alice", "LOCK")
    assert talk.says("alice", "SAY", "SAY " + "é" * 1901)[-1] == "ERR text-too-long SAY (words)"
    assert talk.says("bob", "SAY x") == ["OK SAY 1"]
    assert talk.hears("alice") == []
    assert talk.says("alice", "UNLOCK") == ["MSG lobby 1 bob x", "OK UNLOCK 1"]


def test_third_wrong_password_ends_the_connection() -> None:
    """ACCT-9: with the third bad-login comes BYE, and nothing behind it is answered."""
    talk = Talk("accounts")
    assert talk.says("alice", *["LOGIN bob wrong-one"] * 3, "PING x") == [
        *["ERR bad-login LOGIN (words)"] * 3,
        "BYE (words)",
    ]


def test_server_that_opens_no_further_room_may_say_so() -> None:
    """Section 17: the model is told what the server chose; a room that is there can be joined."""
    talk = Talk("rooms")
    talk.comes("alice")
    talk.world.obeys("alice", b"JOIN garden", "too-many-rooms")
    assert talk.hears("alice") == ["ERR too-many-rooms JOIN (words)"]
    talk.world.obeys("alice", b"JOIN lobby", "too-many-rooms")
    assert talk.hears("alice") == ["OK JOIN lobby 1"]


def test_transfers_of_who_leaves_end_before_it_has_left() -> None:
    """FILE-21, FILE-22: ABORTED is not held."""
    talk = Talk("files")
    talk.comes("alice", "bob")
    talk.says("bob", f"OFFER alice 1 {'0' * 64} file")
    talk.hears("alice")
    talk.says("alice", "LOCK")
    talk.world.ends("bob")
    assert talk.hears("alice") == ["ABORTED 1 closed"]
    assert talk.says("alice", "UNLOCK") == ["LEFT lobby bob closed", "OK UNLOCK 1"]


@pytest.mark.parametrize(
    ("line", "answered"),
    [(b"", False), (b"\r", False), (b"PONG x", False), (b"PONG \x01", True), (b" SAY", True)],
)
def test_which_lines_are_answered(line: bytes, answered: bool) -> None:
    assert is_answered(line) == answered


def test_quit_is_the_last_line_unless_it_is_refused() -> None:
    assert is_last(b"quit")
    assert is_last(b"QUIT  bye\r")
    assert not is_last(b"QUIT " + b"x" * 3801)
    assert not is_last(b"QUIT \x07")
    assert as_text(b"QUIT \x07") == "(bad-line)"
