"""The extension `history`: what was said outlives the server."""

import itertools
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from ..bench import Bench
from ..client import Client
from ..lines import Line
from ..violation import Violation
from .test_history import expect_past, offers, say_at_once
from .test_rooms_lists import expect_rooms

#: Texts that a file of one's own making loses or divides.
AWKWARD = (" spaces ", "a;b,c|d\"e'f\\g\\n", "é 漢字 \U0001f600", "a\u2028b\u2029c", "null", "[]")
#: How often a server is killed right after it has acknowledged something.
LIVES = 4
#: Long messages of which a server remembers a hundred in any case, and mostly not all.
MANY = 120


def test_history_survives_a_stop(bench: Bench, tmp_path: Path) -> None:
    """HIST-9: the messages are there, once and in order, with their times, and seq goes on."""
    store = str(tmp_path / "store")
    remembered: list[str] = []
    for life in range(3):
        server = bench.start(store=store)
        chat = bench.chat(server)
        alice = chat.member("Alice")
        _expect_lines(alice, "HISTORY 100", remembered)
        for text in (*AWKWARD, *(f"message {number}" for number in range(10 - len(AWKWARD)))):
            seq = alice.says(text)
            if seq != len(remembered) + 1:
                raise Violation(
                    "seq goes on above the highest that was stored",
                    client=alice,
                    expected=f"OK SAY {len(remembered) + 1}",
                    got=f"OK SAY {seq}",
                )
            (item,) = alice.does("HISTORY 1", "OK HISTORY 1").items
            remembered.append(item.text)
        now = int(time.time())
        while life == 0 and int(time.time()) == now:  # the time of a message is not that of a start
            chat.idle(0.05)
        server.signal(signal.SIGTERM)
        alice.awaits_end()
        alice.events.clear()
        server.wait_end(bench.servers.answer_patience)


def test_a_hundred_long_messages_survive(bench: Bench, tmp_path: Path) -> None:
    """HIST-9: the last 100, as long as may be; seq goes on, though not all are remembered."""
    store = str(tmp_path / "store")
    server = bench.start(store=store)
    alice = bench.chat(server).member("alice")
    last = say_at_once(alice, [f"{number:04}".ljust(3800, "x") for number in range(MANY)])[-1]
    remembered = [item.text for item in alice.does("HISTORY 100", "OK HISTORY 100").items]
    server.signal(signal.SIGTERM)
    alice.awaits_end()
    alice.events.clear()
    server.wait_end(bench.servers.answer_patience)
    bob = bench.chat(bench.start(store=store)).member("bob")
    _expect_lines(bob, "HISTORY 100", remembered)
    bob.does("SAY goes on", f"OK SAY {last + 1}")


def test_the_history_of_every_room_survives(bench: Bench, tmp_path: Path) -> None:
    """HIST-9: of rooms that are empty too; the lobby's is not mixed with it."""
    store = str(tmp_path / "store")
    remembered: list[str] = []
    for life in range(2):
        server = bench.start(store=store)
        chat = bench.chat(server)
        alice = chat.member("alice")
        if offers(chat, alice, "rooms"):
            expect_rooms(alice, {"lobby": 1}, exactly=True, rule="HIST-9")  # though it is known
            alice.is_refused("WHO garden", "no-such-room")
            alice.asks("JOIN Garden")
            _expect_lines(alice, "HISTORY 100", remembered)
            alice.does("SAY roses", f"OK SAY {life + 1}")
            remembered += [item.text for item in alice.asks("HISTORY 1").items]
            alice.asks("JOIN lobby")
        alice.does("SAY in the lobby", f"OK SAY {life + 1}")
        server.signal(signal.SIGTERM)
        alice.awaits_end()
        alice.events.clear()
        server.wait_end(bench.servers.answer_patience)


def test_a_message_is_stored_when_it_is_acknowledged(bench: Bench, tmp_path: Path) -> None:
    """HIST-10: SIGKILL as soon as OK SAY is here, many messages or one: the last one is there."""
    store = str(tmp_path / "store")
    expected: list[tuple[str, str, str]] = []
    in_garden: list[tuple[str, str, str]] = []
    for life in range(LIVES):
        server = bench.start(store=store)
        chat = bench.chat(server)
        alice = chat.member("alice")
        expect_past(alice, "HISTORY 5", expected[-5:])
        for number in range(1 + 3 * (life % 2)):
            text = f"{life} {number}"
            expected.append((str(alice.says(text)), alice.nick, text))
        if offers(chat, alice, "rooms"):
            alice.asks("JOIN garden")
            expect_past(alice, "HISTORY 5", in_garden, "garden")
            in_garden.append((str(alice.says("roses")), alice.nick, "roses"))
        server.signal(signal.SIGKILL)
        server.wait_end(bench.servers.answer_patience)
        alice.awaits_end()


def test_history_survives_being_killed_while_many_talk(bench: Bench, tmp_path: Path) -> None:
    """HIST-10: SIGKILL at any moment: every message whose OK SAY was received is there, once."""
    chooser = random.Random(bench.seed)
    store = str(tmp_path / "store")
    acknowledged: dict[int, tuple[str, str]] = {}
    for life in range(4):
        server = bench.start(store=store)
        chat = bench.chat(server)
        talkers = chat.crowd(8, f"life{life}-")
        for client in talkers:
            client.expects_answers_to(*(f"SAY {life} {number}" for number in range(100)))
            client.sends_octets(b"".join(b"SAY %d %d\n" % (life, number) for number in range(100)))
        deadline_in = chooser.randint(1, 300)
        for _ in range(deadline_in):
            chat.pump(0.001)
        server.signal(signal.SIGKILL)
        server.wait_end(bench.servers.answer_patience)
        for client in talkers:
            client.awaits_end()
            number = 0
            while client.answers:
                seq = client.said(client.answer())
                acknowledged[seq] = (client.nick, f"{life} {number}")
                number += 1
            client.abandons()
    chat = bench.chat(bench.start(store=store))
    reader = chat.member("reader")
    answer = reader.asks("HISTORY 4000")
    _check_lives(reader, answer.items, acknowledged)


@pytest.mark.parametrize("content", ["garbage", "short", "another program's", "a newer version's"])
def test_a_file_that_is_no_history_is_left_alone(
    bench: Bench, tmp_path: Path, content: str
) -> None:
    """HIST-11: one line on standard error, exit status 1, and not an octet changed."""
    path = tmp_path / "store"
    if content == "garbage":
        path.write_bytes(b"This is my diary. " * 500)
    elif content == "short":
        path.write_bytes(b"my notes\n")
    else:
        with sqlite3.connect(path) as file:
            file.execute("CREATE TABLE thesis (chapter TEXT)")
            if content == "a newer version's":
                file.execute("PRAGMA user_version = 999")
    before = path.read_bytes()
    server = bench.launch_with(store=str(path))
    status = server.wait_end(bench.servers.start_patience)
    state = server.state()
    server.kill()
    if status != 1:
        raise Violation(
            f"a file with {content} content", expected="(exited with status 1)", got=f"({state})"
        )
    if len(server.stderr) != 1:
        raise Violation(
            f"a file with {content} content",
            expected="one line on standard error",
            got=f"({len(server.stderr)} lines: {' / '.join(server.stderr)})",
        )
    if path.read_bytes() != before:
        raise Violation(f"a file with {content} content", expected="(unchanged)", got="(changed)")


def _expect_lines(client: Client, command: str, expected: list[str]) -> None:
    """The listing reads exactly so, times included."""
    answer = client.does(command, f"OK HISTORY {len(expected)}")
    for item, line in zip(answer.items, expected, strict=False):
        client.check(item, line)


def _check_lives(
    reader: Client, items: list[Line], acknowledged: dict[int, tuple[str, str]]
) -> None:
    """What is remembered: seqs that rise, and every acknowledged message of the last thousand."""
    seqs = [item.number("seq") for item in items]
    if any(later != earlier + 1 for earlier, later in itertools.pairwise(seqs)):
        raise Violation(
            "the seqs of the history are consecutive",
            client=reader,
            expected=f"({seqs[0]} to {seqs[0] + len(seqs) - 1})",
            got=f"({len(set(seqs))} different ones up to {seqs[-1]})",
        )
    remembered = {item.number("seq"): (item["name"], item["text"]) for item in items}
    for seq, said in acknowledged.items():
        if items and seq >= seqs[0] and remembered.get(seq) != said:
            raise Violation(
                "a message that was acknowledged before the server was killed",
                client=reader,
                expected=f"PAST lobby {seq} (time) {' '.join(said)}",
                got=f"PAST lobby {seq} (time) {' '.join(remembered.get(seq, ('(missing)',)))}",
            )
    if acknowledged and (not items or seqs[-1] < max(acknowledged)):
        raise Violation(
            "the last message that was acknowledged",
            client=reader,
            expected=f"(up to seq {max(acknowledged)})",
            got=f"(up to seq {seqs[-1] if seqs else 0})",
        )
