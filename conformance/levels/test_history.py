"""The extension `history`: what was said can be asked for, and outlives the server."""

import itertools
import random
import signal
import sqlite3
import time
from pathlib import Path

import pytest

from ..chat import Chat
from ..client import Client
from ..grade import Bench, needs
from ..lines import Line
from ..peer import Violation

#: How far the clocks of server and suite may differ, in seconds: they are of one machine.
CLOCKS = 2


def test_history_lists_the_last_messages_oldest_first(chat: Chat) -> None:
    """HIST-1: PAST for each, then OK HISTORY count; fewer if there are fewer."""
    alice, bob = chat.members("alice", "bob")
    said = [(speaker, number) for number in range(5) for speaker in (alice, bob)]
    expected = []
    for speaker, number in said:
        text = f"message {number}"
        expected.append((str(speaker.says(text)), speaker.nick, text))
    for count in (1, 3, 10):
        _expect_past(bob, f"HISTORY {count}", expected[-count:])
    _forget_events(chat)


def test_all_come_if_there_are_fewer(new_chat: Chat) -> None:
    """HIST-1: on a server where nothing was said before."""
    alice = new_chat.member("alice")
    _expect_past(alice, "HISTORY", [])
    seq = alice.says("the only one")
    _expect_past(alice, "HISTORY 100", [(str(seq), alice.nick, "the only one")])


def test_a_newcomer_can_read_what_was_said_before(chat: Chat) -> None:
    """HIST-2: room, seq, name and text are those of the MSG; spaces and all."""
    alice = chat.member("alice")
    texts = [" two  spaces ", "é 漢字 \U0001f600", "x" * 3800]
    expected = [(str(alice.says(text)), alice.nick, text) for text in texts]
    bob = chat.connect("bob")
    bob.takes_name()
    _expect_past(bob, "HISTORY 3", expected)
    bob.receives_nothing()
    _forget_events(chat)


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


def test_fifty_is_usual_and_none_is_possible(chat: Chat) -> None:
    """HIST-4: HISTORY alone is HISTORY 50; HISTORY 0 lists nothing."""
    alice = chat.member("alice")
    expected = [(str(alice.says(f"m{number}")), alice.nick, f"m{number}") for number in range(100)]
    _expect_past(alice, "HISTORY", expected[-50:])
    _expect_past(alice, "HISTORY ", expected[-50:])
    _expect_past(alice, "HISTORY 100", expected)
    _expect_past(alice, "HISTORY 0", [])


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
    _forget_events(chat)


def test_only_messages_are_remembered(chat: Chat) -> None:
    """HIST-6: no joinings, no refused SAY, nothing told, nothing of other rooms."""
    alice, bob = chat.members("alice", "bob")
    expected = [(str(alice.says("one")), alice.nick, "one")]
    alice.is_refused("SAY", "bad-args")
    bob.does("QUIT", "OK QUIT")
    carol = chat.connect("carol")
    carol.takes_name()
    if "direct" in chat.greeted(carol)["capabilities"].split():
        carol.does(f"TELL {alice.nick} psst", f"OK TELL {alice.nick}")
    if "rooms" in chat.greeted(carol)["capabilities"].split():
        carol.asks(f"JOIN {chat.nick('garden')}")
        carol.says("elsewhere")
        carol.asks("JOIN lobby")
    expected.append((str(alice.says("two")), alice.nick, "two"))
    _expect_past(carol, "HISTORY 2", expected)
    _forget_events(chat)


@needs("LOCK-1", "LOCK-4")
def test_a_locked_member_reads_the_history_of_now(chat: Chat) -> None:
    """HIST-7: as of now; what is held stays held."""
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seq = bob.says("held")
    _expect_past(alice, "HISTORY 1", [(str(seq), bob.nick, "held")])
    alice.receives_nothing()
    alice.does("UNLOCK", "OK UNLOCK 1")
    alice.hears(bob, "held", seq)


@pytest.mark.parametrize("arguments", ["x", "-1", "1 2", "01", "1.5", " 1", "9" * 17])
def test_what_is_no_number_is_refused(chat: Chat, arguments: str) -> None:
    """HIST-8: bad-args."""
    chat.member("alice").is_refused(f"HISTORY {arguments}", "bad-args")


def test_history_survives_a_stop(bench: Bench, tmp_path: Path) -> None:
    """HIST-9: the messages are there, once and in order, and seq goes on."""
    store = str(tmp_path / "store")
    expected: list[tuple[str, str, str]] = []
    for _ in range(3):
        server = bench.start(store=store)
        chat = bench.chat(server)
        alice = chat.member("alice")
        _expect_past(alice, "HISTORY 100", expected)
        for number in range(10):
            text = f"message {number}"
            seq = alice.says(text)
            if seq != len(expected) + 1:
                raise Violation(
                    "seq goes on above the highest that was stored",
                    client=alice,
                    expected=f"OK SAY {len(expected) + 1}",
                    got=f"OK SAY {seq}",
                )
            expected.append((str(seq), alice.nick, text))
        server.signal(signal.SIGTERM)
        alice.awaits_end()
        alice.events.clear()
        server.wait_end(bench.servers.answer_patience)


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


@pytest.mark.parametrize("content", ["garbage", "another program's", "a newer version's"])
def test_a_file_that_is_no_history_is_left_alone(
    bench: Bench, tmp_path: Path, content: str
) -> None:
    """HIST-11: one line on standard error, exit status 1, and not an octet changed."""
    path = tmp_path / "store"
    if content == "garbage":
        path.write_bytes(b"This is my diary. " * 500)
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


def _expect_past(client: Client, command: str, expected: list[tuple[str, str, str]]) -> None:
    """The listing consists of these messages: seq, name, text."""
    answer = client.does(command, f"OK HISTORY {len(expected)}")
    got = [(item["seq"], item["name"], item["text"]) for item in answer.items]
    for one, other in zip(expected, got, strict=False):
        if one != other:
            raise Violation(
                "another message than the one of that place",
                client=client,
                expected=f"PAST lobby {one[0]} (time) {one[1]} {one[2]}",
                got=f"PAST lobby {other[0]} (time) {other[1]} {other[2]}",
            )


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


def _forget_events(chat: Chat) -> None:
    for client in chat.clients:
        if client.ended is None and not client.has_quit:
            client.fence()
        client.events.clear()
