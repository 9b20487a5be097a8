"""The client in a terminal, against each of the three servers: what a person does and sees."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pexpect
import pytest

from tests.odd_server import FLOOD
from tests.screens import (
    KEYS,
    PATIENCE,
    ROOT,
    SERVERS,
    Party,
    environment,
    is_killed,
    program,
    server,
)

RIGHT = "correct-horse"
#: Seconds within which a key is on the screen while lines pour in. A machine that does other things
#: at the same time takes its share; without batches it would be many seconds.
KEY_TIME = 2.0


@pytest.mark.parametrize("name", SERVERS)
def test_people_talk_and_write_undisturbed(name: str) -> None:
    """Join, talk, be refused a nickname; what arrives tramples nothing; the lock while typing."""
    with server(name) as (_, port), Party(port) as party:
        alice, bob = party.starts("--hold"), party.starts()
        alice.sees_last("nickname:")
        alice.enters("alice")
        alice.sees_last("alice>")
        alice.sees("you are alice#1")
        bob.sees_last("nickname:")
        bob.enters("Alice")
        bob.sees("Alice: somebody has this nickname")
        bob.enters("bob")
        bob.sees_last("bob>")
        carol = party.joins("carol")
        alice.sees("→ bob#2 is here", "→ carol#3 is here")
        # carol does not hold: what she types stays whole below what arrives
        carol.types("half a sen")
        bob.enters("hello, Carol")
        for each in (alice, bob, carol):
            each.sees("bob#2: hello, Carol")
        carol.sees_last("carol> half a sen")
        assert carol.count("half a sen") == 1
        # alice holds from the first key on
        alice.types("I was wri")
        alice.sees("held while you write")
        bob.enters("one")
        bob.enters("two")
        for each in (bob, carol):
            each.sees("bob#2: two")
        assert alice.count("bob#2: one") == 0
        alice.enters("ting")
        alice.sees("alice#1: I was writing")
        seen = [line[6:] for line in alice.glass.lines()]
        held = seen.index("── 2 lines waited while you wrote ──"[6:])
        assert seen[held + 1 :][:3] == ["bob#2: one", "bob#2: two", "alice#1: I was writing"]
        alice.types("x")
        alice.sees("held while you write")
        bob.enters("three")
        carol.sees("bob#2: three")
        alice.presses("Esc")
        alice.sees("1 line waited while you wrote", "bob#2: three")
        alice.sees_last("alice> x")
        # and they leave, each in another way
        carol.presses("Ctrl-C")
        assert carol.ends() == 0
        bob.sees("← carol#3 has left")
        bob.enters("quit")
        assert bob.ends() == 0
        alice.presses("Backspace", "Ctrl-D")
        assert alice.ends() == 0


@pytest.mark.parametrize("name", SERVERS)
def test_a_file_goes_from_one_to_the_other(name: str, tmp_path: Path) -> None:
    """Offer and accept with size and name shown; saved whole, and nothing is overwritten."""
    data = os.urandom(400_000)
    (tmp_path / "my notes.bin").write_bytes(data)
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    (downloads / "my notes.bin").write_bytes(b"older")
    with server(name) as (_, port), Party(port) as party:
        alice = party.joins("alice", columns=200)
        bob = party.joins("bob", "--downloads", str(downloads), columns=200)
        alice.sees("bob#2 is here")
        alice.enters(f"/send bob {tmp_path / 'my notes.bin'}")
        bob.sees("alice offers you my notes.bin (400 kB): /accept 1 or /decline 1")
        bob.enters("/accept")
        bob.sees("my notes.bin (400 kB) is complete, its digest is right: ")
        alice.sees("bob has all of my notes.bin")
        bob.enters("thank you")
        alice.sees("bob#2: thank you")
    assert (downloads / "my notes (1).bin").read_bytes() == data
    assert (downloads / "my notes.bin").read_bytes() == b"older"
    assert len(os.listdir(downloads)) == 2


@pytest.mark.parametrize("name", SERVERS)
def test_passwords_are_unseen_and_forgotten(name: str) -> None:
    """Never echoed, never in the history of input."""
    with server(name) as (_, port), Party(port) as party:
        alice = party.joins("alice")
        alice.enters("/register")
        alice.sees_last("alice's new password:")
        alice.enters(RIGHT)
        alice.sees_last("alice's the same again:")
        alice.enters(RIGHT)
        alice.sees("alice is registered")
        alice.presses("Up")
        alice.sees_last("alice> /register")
        assert RIGHT not in alice.written
        assert "****" not in alice.written
        alice.presses("Ctrl-C")
        assert alice.ends() == 0
        again = party.starts("--nick", "alice")
        again.sees("alice has a password")
        again.enters("wrong-wrong")
        again.sees("alice: wrong nickname or password")
        again.enters(RIGHT)
        again.sees("you are alice#2")
        assert RIGHT not in again.written


@pytest.mark.parametrize("name", SERVERS)
def test_a_server_is_killed_and_comes_back(name: str, tmp_path: Path) -> None:
    """Noticed at once; what was typed stays; back in the room, to what was missed."""
    history = ("--history", str(tmp_path / "history"))
    with server(name, *history) as (process, port), Party(port) as party:
        alice, bob = party.joins("alice"), party.joins("bob")
        alice.sees("bob#2 is here")
        alice.enters("/join garden")
        alice.sees("── garden, 1 member ──")
        alice.types("half a sen")
        is_killed(process)
        for each in (alice, bob):
            each.sees("connection lost: 127.0.0.1 port")
        alice.presses("Enter")
        alice.sees("not connected: your line is kept")
        alice.sees_last("> half a sen")
        with server(name, *history, port=port):
            for each in (alice, bob):
                each.sees(" again")
            alice.sees_last("alice> half a sen")
            alice.sees("── garden · 1 member · ")
            bob.enters("/join garden")
            bob.sees("── garden, 2 members ──")
            alice.enters("tence")
            bob.sees(": half a sentence")


def test_the_window_is_resized() -> None:
    """What is typed and what arrives goes on, at the new width."""
    with server("impl_poll") as (_, port), Party(port) as party:
        alice, bob = party.joins("alice"), party.joins("bob", columns=200)
        alice.sees("bob#2 is here")
        alice.types("wri")
        alice.resizes(10, 40)
        bob.enters("word " * 20)
        alice.sees("bob#2: " + " ".join(["word"] * 5), "      " + " ".join(["word"] * 6))
        bob.sees("bob#2: " + " ".join(["word"] * 20))
        alice.sees_last("alice> wri")
        alice.enters("ting")
        bob.sees("alice#1: writing")


def test_completion_and_history_of_input() -> None:
    with server("impl_poll") as (_, port), Party(port) as party:
        alice, bob = party.joins("alice"), party.joins("bob")
        alice.sees("bob#2 is here")
        alice.presses("/te")
        alice.sees("say something to one person")
        alice.presses("Tab", "b")
        alice.sees("bob    #2")
        alice.presses("Tab")
        alice.sees("alice> /tell bob")
        alice.enters("psst")
        alice.sees("you tell bob: psst")
        alice.presses("Up", "Enter")
        bob.enters("again?")
        alice.sees("bob#2: again?")
        bob.sees("bob#2: again?")
        assert bob.count("alice tells you: psst") == 2


def test_hostile_text_is_shown_escaped_and_a_name_rings() -> None:
    """Field notes, section 6: nothing that others say moves the cursor or turns a line around."""
    with server("impl_poll") as (_, port), Party(port) as party:
        alice, bob = party.joins("alice"), party.joins("bob", "--bell")
        alice.sees("bob#2 is here")
        bob.glass.bells = 0
        alice.enters("hi bob \u202egpj.exe \u2028")
        bob.sees(r"alice#1: hi bob \u202egpj.exe \u2028")
        assert bob.glass.bells == 1


@pytest.mark.parametrize("ending", ["Ctrl-C", "Ctrl-D", "SIGTERM", "plain"])
def test_the_terminal_is_as_it_was(ending: str) -> None:
    """However the client ends: the settings before and after are the same."""
    script = (
        "trap : INT; stty -g; $1 -m parley 127.0.0.1 $2 --nick alice $3; echo status=$?; stty -g"
    )
    plain = "--plain" if ending == "plain" else ""
    with server("impl_poll") as (_, port):
        child = pexpect.spawn(
            "sh", ["-c", script, "sh", sys.executable, str(port), plain],
            cwd=str(ROOT), env=environment(), encoding="utf-8", timeout=PATIENCE,
        )  # fmt: skip
        child.delaybeforesend = None
        settings = r"([0-9a-f]+:[0-9a-f:]+)\r\n"
        child.expect(settings)
        before = str(child.after)
        child.expect("you are")
        if ending == "SIGTERM":
            _children_of(child.pid, signal.SIGTERM)
        else:
            child.send(KEYS.get(ending, KEYS["Ctrl-C"]))
        child.expect("status=0")
        child.expect(settings)
        assert str(child.after) == before
        child.expect(pexpect.EOF)
        child.close()


def _children_of(pid: int | None, number: signal.Signals) -> None:
    """Sends a signal to the programs that a shell runs."""
    listing = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        child, parent = map(int, line.split())
        if parent == pid:
            os.kill(child, number)


def test_a_flood_leaves_it_responsive() -> None:
    """50,000 lines arrive; each key pressed meanwhile is on the screen soon, and none is lost."""
    with program("-m", "tests.odd_server", "flood") as (_, port), Party(port) as party:
        alice = party.joins("alice")
        alice.enters("go")
        alice.reads("message 100,")
        keys = [chr(code) for code in range(0x430, 0x450)]  # not in the messages
        times = []
        for key in keys:
            # Else the terminal itself would put keys into the middle of what is printed.
            assert not termios.tcgetattr(alice.child.child_fd)[3] & termios.ECHO
            pressed = time.monotonic()
            alice.presses(key)
            alice.reads(key)
            times.append(time.monotonic() - pressed)
            alice.reads("message ")  # they still pour in
        alice.reads(f"message {FLOOD + 1},")
        alice.presses("Ctrl-L")
        alice.sees_last("alice> " + "".join(keys))
        print(f"keys: median {sorted(times)[16] * 1e3:.1f} ms, slowest {max(times) * 1e3:.1f} ms")
        assert max(times) < KEY_TIME
        alice.presses("Ctrl-C")
        assert alice.ends() == 0


def test_a_server_with_half_the_core(tmp_path: Path) -> None:
    """tests/servers/c_level2 has no WHO, no LOCK and no QUIT: one line says so, and all goes on."""
    if not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    source = ROOT / "tests" / "servers" / "c_level2" / "server.c"
    subprocess.run(
        ["cc", "-D_DEFAULT_SOURCE", "-std=c11", "-o", "server", str(source)],
        cwd=tmp_path,
        check=True,
    )
    process = subprocess.Popen(
        ["./server", "--host", "127.0.0.1", "--port", "0"],
        cwd=tmp_path, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout
        port = int(process.stdout.readline().split()[-1])
        with Party(port) as party:
            alice, bob = party.joins("alice", "--hold"), party.joins("bob")
            alice.types("hel")
            alice.sees("this server does not know LOCK")
            alice.enters("lo")
            bob.sees("alice: hello")
            bob.enters("/who")
            bob.sees("this server does not offer /who")
            for each in (alice, bob):
                each.enters("quit")
                assert each.ends() == 0
    finally:
        process.kill()
        process.communicate()
