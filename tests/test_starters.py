"""starters/: each is on level 0 and no further, and is told what comes next; real grades."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.process import ServerProcess, StartError
from conformance.target import Target, build, from_folder

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that a grade, or a start, may take on a machine that does other things as well.
PATIENCE = 60.0
WARNINGS = ("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror")

needs_cc = pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")


@pytest.fixture(params=["python", pytest.param("c", marks=needs_cc)])
def starter(request: pytest.FixtureRequest, tmp_path: Path) -> Target:
    """A copy of a starter, built: the checkout stays as it is."""
    copy = tmp_path / str(request.param)
    shutil.copytree(
        ROOT / "starters" / copy.name, copy, ignore=shutil.ignore_patterns("server", "__pycache__")
    )
    target = from_folder(copy)
    build(target)
    return target


def test_starter_is_on_level_0_and_is_told_what_level_1_asks_for(
    starter: Target, tmp_path: Path
) -> None:
    """The first card shows NICK, what should have come, and what this server says instead."""
    grade = [sys.executable, "-m", "conformance", str(starter.folder), "--level", "1"]
    done = subprocess.run(
        [*grade, "--output", str(tmp_path / "reports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 1
    (written,) = tmp_path.glob("reports/*/results.json")
    results = json.loads(written.read_text())
    assert results["level"] == 0
    assert "level 1 (nickname) is not reached: NICK-1" in done.stdout
    assert "expected   alice< OK NICK alice_" in done.stdout
    assert "got        alice< ERR need-nick - this server knows only PING so far" in done.stdout
    assert "no answer within" not in done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_starter_ends_cleanly_on_a_signal(starter: Target, number: signal.Signals) -> None:
    """Somebody is connected, has been greeted, and has sent half a line."""
    server = ServerProcess(starter).wait_ready(PATIENCE)
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
            assert client.makefile().readline() == "HELLO parley/1 starter\n"
            client.sendall(b"PIN")
            server.signal(number)
            assert server.wait_end(PATIENCE) == 0
    finally:
        server.kill()
    assert list(server.stderr) == []


@pytest.mark.parametrize("port", ["65536", "-1", "chat", ""])
def test_starter_refuses_wrong_options(starter: Target, port: str) -> None:
    """START-4: it says so on standard error and exits with status 2."""
    words = starter.words("127.0.0.1", 4000, {})
    done = subprocess.run(
        [*words[:-1], port], cwd=starter.cwd, capture_output=True, timeout=PATIENCE
    )
    assert done.returncode == 2
    assert done.stderr
    assert not done.stdout


def test_starter_refuses_a_host_that_is_not_here(starter: Target) -> None:
    """Appendix A: a host that cannot be listened on is treated like a port in use."""
    server = ServerProcess(starter, host="192.0.2.1")  # RFC 5737: nobody has this address
    with pytest.raises(StartError, match="status 1"):
        server.wait_ready(PATIENCE)
    assert len(server.stderr) == 1


@needs_cc
def test_c_starter_compiles_without_a_warning(tmp_path: Path) -> None:
    source = ROOT / "starters" / "c" / "server.c"
    command = ["cc", *WARNINGS, "-o", str(tmp_path / "server"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")


@needs_cc
def test_c_starter_uses_places_again(tmp_path: Path) -> None:
    """1100 clients one after the other: more than it has places for, and its memory is sound."""
    folder = tmp_path / "c"
    shutil.copytree(ROOT / "starters" / "c", folder, ignore=shutil.ignore_patterns("server"))
    starter = from_folder(folder)
    build(starter)
    server = ServerProcess(starter).wait_ready(PATIENCE)
    try:
        for number in range(1100):
            with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
                lines = client.makefile()
                assert lines.readline() == "HELLO parley/1 starter\n"
                client.sendall(b"PING %d\n" % number)
                assert lines.readline() == f"PONG {number}\n"
                client.sendall(b"x" * number)
        assert server.state() == "running"
    finally:
        server.kill()
