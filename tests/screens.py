"""People at terminals, with real servers: clients in pseudo-terminals and pipes. Loopback only.

Nothing here sleeps: each wait is for something to appear, with one patience that is never reached
unless the client is wrong. No threads, because pexpect forks.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pexpect

from tests.glass import Glass

ROOT = Path(__file__).resolve().parent.parent
SERVERS = ("impl_poll", "impl_threads", "impl_asyncio")
PATIENCE = 30.0  # seconds
KEYS = {
    "Ctrl-C": "\x03",
    "Ctrl-D": "\x04",
    "Ctrl-L": "\x0c",
    "Esc": "\x1b",
    "Up": "\x1b[A",
    "Tab": "\t",
}
KEYS |= {"Enter": "\r", "Backspace": "\x7f"}


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color"}


@contextlib.contextmanager
def server(name: str, *options: str, port: int = 0) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server of this project, and its port; it is killed in the end."""
    words = ("--port", str(port), "--log-level", "error", "--hash-cost", "4", *options)
    with program("-m", name, *words) as running:
        yield running


@contextlib.contextmanager
def program(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A Python program that tells its port as the last number of its first line."""
    process = subprocess.Popen(
        [sys.executable, "-u", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    try:
        yield process, int(re.findall(r"\d+", process.stdout.readline().split("(")[0])[-1])
    finally:
        process.kill()
        process.communicate()


class Screen:
    """Somebody at a terminal: a client, and the glass on which it writes."""

    def __init__(self, port: int, *options: str, rows: int = 24, columns: int = 80) -> None:
        self.child = pexpect.spawn(
            sys.executable,
            ["-m", "parley", "127.0.0.1", str(port), *options],
            cwd=str(ROOT),
            env=environment(),
            dimensions=(rows, columns),
            encoding="utf-8",
            timeout=PATIENCE,
            maxread=65536,
        )
        self.child.delaybeforesend = None  # pexpect's default is a hidden sleep
        self.glass = Glass(rows, columns)
        self.written = ""  # all that the client wrote, as it wrote it

    def sees(self, *texts: str) -> None:
        """Waits until each of these is on the screen, or has been and was scrolled away."""
        for text in texts:
            self._waits(partial(self.count, text), text)

    def sees_last(self, line: str) -> None:
        """Waits until this is the last line: the one that is typed."""
        self._waits(lambda: self.glass.lines()[-1:] == [line], line)

    def reads(self, text: str) -> None:
        """As `sees`, for so much that it is not worth to be put on the glass: just what comes."""
        until = time.monotonic() + PATIENCE
        tail = ""
        while text not in tail:
            assert time.monotonic() < until, f"no {text!r} in {tail[-1000:]!r}"
            with contextlib.suppress(pexpect.TIMEOUT):
                tail = tail[-len(text) :] + self.child.read_nonblocking(65536, timeout=1)

    def count(self, text: str) -> int:
        """On how many lines this stands."""
        return sum(text in line for line in self.glass.lines())

    def types(self, text: str) -> None:
        """Presses keys, and waits until they are on the screen."""
        self.child.send(text)
        self._waits(lambda: self.glass.lines()[-1].endswith(text.rstrip()), text)

    def enters(self, line: str) -> None:
        self.child.send(line + "\r")

    def presses(self, *keys: str) -> None:
        for key in keys:
            self.child.send(KEYS.get(key, key))

    def resizes(self, rows: int, columns: int) -> None:
        self.glass.resize(rows, columns)
        self.child.setwinsize(rows, columns)

    def ends(self) -> int:
        """The exit status of the client, once it has ended by itself."""
        with contextlib.suppress(pexpect.EOF):
            self._waits(lambda: False, "its end")
        self.child.close()
        assert self.child.exitstatus is not None, f"killed by {self.child.signalstatus}"
        return self.child.exitstatus

    def _waits(self, arrived: Callable[[], object], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not arrived():
            assert time.monotonic() < until, "\n".join([f"no {what!r} in", *self.glass.lines()])
            with contextlib.suppress(pexpect.TIMEOUT):
                written = self.child.read_nonblocking(65536, timeout=1)
                self.written += written
                self.glass.feed(written)


class Party:
    """Several screens on one server. A context manager: nobody is left running."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.screens: list[Screen] = []

    def __enter__(self) -> Party:
        return self

    def __exit__(self, *_: object) -> None:
        for screen in self.screens:
            screen.child.close(force=True)

    def joins(self, name: str, *options: str, **size: int) -> Screen:
        """One more, who is in the chat."""
        screen = self.starts("--nick", name, *options, **size)
        screen.sees(f"you are {name}")
        screen.sees_last(f"{name}>")
        return screen

    def starts(self, *options: str, **size: int) -> Screen:
        screen = Screen(self.port, *options, **size)
        self.screens.append(screen)
        return screen


def filtered(port: int, text: str, *options: str, host: str = "127.0.0.1") -> tuple[int, str, str]:
    """Status, output and errors of a client between two pipes."""
    done = subprocess.run(
        [sys.executable, "-m", "parley", host, str(port), *options],
        cwd=ROOT,
        env=environment(),
        input=text,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, done.stdout, done.stderr


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def is_killed(process: subprocess.Popen[str]) -> None:
    """The server dies without a word."""
    process.send_signal(signal.SIGKILL)
    process.wait(PATIENCE)
