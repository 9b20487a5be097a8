"""The history on disk: what is stored, what is refused, and what a server does when it cannot."""

from __future__ import annotations

import random
import resource
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from parley.hub import Limits, Message
from parley.store import PRUNE_EVERY, VERSION, Store, StoreError

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("impl_poll", "impl_threads", "impl_asyncio")
NOW = int(time.time())


def messages(count: int, first: int = 1, room: str = "lobby") -> list[Message]:
    return [Message(room, seq, NOW, "alice", f"m{seq}") for seq in range(first, first + count)]


def test_what_was_committed_is_loaded_in_order(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "h"), Limits())
    store.commit(messages(3) + messages(2, room="Garden"))
    store.commit(messages(2, first=4))
    store.close()
    rooms, loaded = Store(str(tmp_path / "h"), Limits()).load()
    assert dict(rooms) == {"lobby": 5, "Garden": 2}
    assert [each.seq for each in loaded if each.room == "lobby"] == [1, 2, 3, 4, 5]
    assert loaded[0] == Message("Garden", 1, NOW, "alice", "m1")


def test_without_a_path_nothing_is_kept() -> None:
    store = Store("", Limits())
    store.commit(messages(3))
    assert store.load()[1] == []


def test_the_oldest_beyond_the_bound_are_deleted(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "h"), Limits(history_count=100))
    store.commit(messages(5 * PRUNE_EVERY))
    _, loaded = store.load()
    assert [each.seq for each in loaded] == list(range(4 * PRUNE_EVERY + 1, 5 * PRUNE_EVERY + 1))


def test_seq_survives_messages_that_were_too_old(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "h"), Limits(history_days=1))
    store.commit([Message("lobby", 7, NOW - 90_000, "alice", "yesterday")])
    rooms, loaded = store.load()
    assert loaded == []
    assert rooms == [("lobby", 7)]


@pytest.mark.parametrize("content", [b"", b"SQLite format 3\x00" + b"\xff" * 200, b"diary" * 999])
def test_garbage_is_refused_and_an_empty_file_is_a_new_history(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "h"
    path.write_bytes(content)
    if not content:
        Store(str(path), Limits()).commit(messages(1))
        return
    with pytest.raises(StoreError, match="cannot use the history"):
        Store(str(path), Limits())
    assert path.read_bytes() == content


def test_the_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "h"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE thesis (chapter TEXT)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="another program"):
        Store(str(path), Limits())
    assert path.read_bytes() == before


def test_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "h"
    Store(str(path), Limits()).close()
    with sqlite3.connect(path) as newer:
        newer.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(StoreError, match="newer version"):
        Store(str(path), Limits())


def test_a_folder_that_is_none_is_an_error_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        Store(str(tmp_path / "no" / "such" / "folder"), Limits())
    assert "\n" not in str(caught.value)


class Talker:
    """A client that sends many messages at once and remembers which were acknowledged."""

    def __init__(self, port: int, name: str) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.name = name
        self.rest = b""
        self.said: list[str] = []
        self.acknowledged: list[tuple[int, str, str]] = []
        self.last_words = ""
        self.sock.sendall(f"NICK {name}\n".encode())

    def says(self, *texts: str) -> None:
        self.said += texts
        self.sock.sendall("".join(f"SAY {text}\n" for text in texts).encode())

    def reads(self) -> bool:
        """Reads what is there. False at the end of the stream."""
        try:
            data = self.sock.recv(65536)
        except OSError:
            return False
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"OK SAY "):
                text = self.said[len(self.acknowledged)]
                self.acknowledged.append((int(line.split()[2]), self.name, text))
            elif line.startswith(b"BYE"):
                self.last_words = line.decode()
        return bool(data)


def start(name: str, store: Path, **options: object) -> tuple[subprocess.Popen[str], int]:
    command = [sys.executable, "-m", name, "--port", "0", "--log-level", "error"]
    server = subprocess.Popen(
        [*command, "--history", str(store), "--history-count", "1000000"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    assert server.stdout
    return server, int(server.stdout.readline().split()[-1])


def stored(store: Path) -> dict[int, tuple[str, str]]:
    with sqlite3.connect(store) as file:
        rows = file.execute("SELECT seq, name, text FROM message ORDER BY seq").fetchall()
    assert [seq for seq, _, _ in rows] == list(range(1, len(rows) + 1)), "a hole, or a double"
    return {seq: (name, text) for seq, name, text in rows}


@pytest.mark.parametrize("name", SERVERS)
def test_twenty_kills_lose_nothing_of_ten_thousand_messages(tmp_path: Path, name: str) -> None:
    """HIST-10: SIGKILL at any moment under load; every acknowledged message is there, once."""
    chooser = random.Random(20)
    acknowledged: list[tuple[int, str, str]] = []
    kills = 0
    while kills < 20 or len(acknowledged) < 10_000:
        server, port = start(name, tmp_path / "h")
        talkers = [Talker(port, f"t{kills}-{number}") for number in range(8)]
        for talker in talkers:
            talker.says(*(f"{kills} {number}" for number in range(500)))
        wanted = chooser.randint(200, 3000)
        while sum(len(talker.acknowledged) for talker in talkers) < wanted:
            readable, _, _ = select.select([talker.sock for talker in talkers], [], [], 10)
            assert readable, "the server does not answer"
            for talker in talkers:
                if talker.sock in readable:
                    talker.reads()
        server.kill()
        server.communicate(timeout=10)
        for talker in talkers:
            while talker.reads():
                pass
            acknowledged += talker.acknowledged
            talker.sock.close()
        kills += 1
    kept = stored(tmp_path / "h")
    lost = [seq for seq, who, text in acknowledged if kept.get(seq) != (who, text)]
    assert lost == []
    print(f"{name}: {kills} kills, {len(acknowledged)} acknowledged, {len(kept)} stored, 0 lost")


@pytest.mark.parametrize("name", SERVERS)
def test_a_full_disk_is_told_to_everybody_and_loses_nothing(tmp_path: Path, name: str) -> None:
    """A server that cannot store what is said says BYE and ends with status 1."""

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    server, port = start(name, tmp_path / "h", preexec_fn=fill)
    alice = Talker(port, "alice")
    for number in range(20):  # these fit
        alice.says(f"{number} " + "x" * 3000)
        while len(alice.acknowledged) <= number:
            assert alice.reads(), "the server is gone too early"
    for number in range(20, 200):
        alice.says(f"{number} " + "x" * 3000)
    while alice.reads():
        pass
    alice.sock.close()
    _, errors = server.communicate(timeout=10)
    assert server.returncode == 1
    assert alice.last_words == "BYE the server cannot store messages"
    assert len(errors.splitlines()) == 1
    assert "event=store-failed" in errors
    kept = stored(tmp_path / "h")
    assert 20 <= len(alice.acknowledged) < 200
    assert all(kept[seq] == (who, text) for seq, who, text in alice.acknowledged)
