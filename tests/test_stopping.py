"""The three servers stop while clients go. Real processes, on loopback."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("impl_poll", "impl_threads", "impl_asyncio")
PATIENCE = 20.0  # seconds
CROWD, STAY = 30, 5


def member(port: int, name: str) -> socket.socket:
    """A client that has been let in."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    sock.sendall(f"NICK {name}\n".encode())
    seen = b""
    while b"OK NICK" not in seen:
        seen += sock.recv(65536)
    return sock


def rest_of(sock: socket.socket) -> bytes:
    """All that comes until the end of the stream."""
    with sock, sock.makefile("rb") as stream:
        return stream.read()


@pytest.mark.skipif(sys.platform == "darwin", reason="os.waitid is not there")
@pytest.mark.parametrize("name", SERVERS)
def test_clients_that_go_with_the_server_are_no_trouble(name: str) -> None:
    """It hears of their ends and of the signal at the same moment: each is forgotten once."""
    command = [sys.executable, "-m", name, "--port", "0", "--log-level", "error"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True) as server:
        assert server.stdout
        port = int(server.stdout.readline().split()[-1])
        crowd = [member(port, f"m{number}") for number in range(CROWD)]
        server.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, server.pid, os.WSTOPPED | os.WNOWAIT)
        for sock in crowd[STAY:]:
            sock.close()
        server.send_signal(signal.SIGTERM)
        server.send_signal(signal.SIGCONT)
        last_words = [rest_of(sock).splitlines()[-1] for sock in crowd[:STAY]]
        _, errors = server.communicate(timeout=PATIENCE)
    assert [words.split()[0] for words in last_words] == [b"BYE"] * STAY
    assert (server.returncode, errors) == (0, "")
