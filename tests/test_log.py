"""Logs: one line an event, key=value, and no client can forge one; IPv4 and IPv6 on one port."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("impl_poll", "impl_threads", "impl_asyncio")
LINE = re.compile(r"time=\S+ level=(DEBUG|INFO|WARNING|ERROR) event=[a-z-]+( [a-z]+=\S+)*")
HOSTILE = "SAY x\u2028time=0 level=INFO event=forged \u202e \u00a0\n"


@contextmanager
def running(name: str, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server; at the end it is stopped, and what it logged is in its standard error."""
    command = [sys.executable, "-m", name, "--port", "0", *options]
    server = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert server.stdout
    try:
        yield server, int(server.stdout.readline().split()[-1])
    finally:
        server.send_signal(signal.SIGTERM)


def talk(port: int, host: str = "127.0.0.1") -> None:
    """One who comes, says something hostile, quits, and waits for the end."""
    with socket.create_connection((host, port), timeout=10) as sock:
        sock.sendall(f"NICK alice\n{HOSTILE}\x1b[2J\nQUIT\n".encode())
        while sock.recv(4096):
            pass


@pytest.mark.parametrize("name", SERVERS)
def test_every_event_is_one_line_of_keys_and_values(name: str) -> None:
    with running(name) as (server, port):
        talk(port)
    _, logged = server.communicate(timeout=10)
    lines = logged.splitlines()
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    events = [re.findall(r"event=(\S+)", line)[0] for line in lines]
    assert events == ["listening", "connected", "gone", "stopped"]
    assert "forged" not in logged


@pytest.mark.parametrize("name", SERVERS)
def test_a_level_and_a_file_can_be_chosen(name: str, tmp_path: Path) -> None:
    file = tmp_path / "log"
    with running(name, "--log-file", str(file)) as (server, port):
        talk(port)
    assert server.communicate(timeout=10)[1] == ""
    assert "event=connected" in file.read_text()
    with running(name, "--log-level", "warning") as (server, port):
        talk(port)
    assert server.communicate(timeout=10)[1] == ""


@pytest.mark.parametrize("name", SERVERS)
def test_one_socket_serves_ipv4_and_ipv6(name: str) -> None:
    """`--host ::` is dual stack."""
    if not socket.has_dualstack_ipv6():
        pytest.skip("this system has no dual stack")
    with running(name, "--host", "::") as (server, port):
        talk(port, "127.0.0.1")
        talk(port, "::1")
    server.communicate(timeout=10)
    assert server.returncode == 0
