"""Starts and ends the servers that are graded, and keeps what they print.

Each runs in a process group (and session) of its own, with nothing on its standard input and both
outputs read all the time, so that a server which prints without end blocks nobody. Whatever
happens, `kill` leaves no process of it behind.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import threading
import time
import uuid
from collections import deque
from pathlib import Path
from typing import IO

from .lines import escape
from .target import Bound, Target
from .usage import processes_of, wanted_processor

#: Lines of a server's output that are kept for cards, and octets of one such line.
TAIL_LINES = 32
TAIL_LINE = 500
#: Seconds in which what an ended server printed has been read, unless another holds its pipes open.
DRAIN_TIME = 1.0
#: Seconds in which a server that did not come up may end. No verdict depends on it: it is for the
#: card, which then tells what it ended with.
LAST_WORDS_TIME = 2.0

#: The part of a time in which a server wants a processor, from which on it is called busy.
BUSY_SHARE = 0.7

#: The variable by which the processes of a run are known.
MARK = "PARLEY_GRADE"
_MARK_OF_THIS_RUN = uuid.uuid4().hex

_READY = re.compile(r"listening on (\S+) ([0-9]+)")
_LAST_PORT = 65535


class StartError(Exception):
    """A server that did not come up. The message says what happened instead."""

    def __init__(self, why: str, process: ServerProcess) -> None:
        super().__init__(why)
        self.process = process


class ServerProcess:
    """One running server. Start it with `start`, which returns when it accepts connections."""

    def __init__(
        self,
        target: Target,
        host: str = "127.0.0.1",
        port: int | str = 0,
        options: dict[str, Bound] | None = None,
    ) -> None:
        self.options = options or {}
        self.words = target.words(host, port, self.options)
        self.is_plain = False  # whether it was started without anything special
        self.asked: list[str] = []  # of its words those that a test asked for
        self.started = time.monotonic()
        self.ended_at = 0.0  # on the same clock, as soon as it has ended
        self.host = host
        self.port = 0
        self.ready_line: str | None = None
        self.stdout: deque[str] = deque(maxlen=TAIL_LINES)
        self.stderr: deque[str] = deque(maxlen=TAIL_LINES)
        self._spoke = threading.Event()  # the first line of standard output is there, or its end
        try:
            self.popen = subprocess.Popen(
                self.words,
                cwd=target.cwd,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in a word
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise StartError(f"cannot run {escape(self.words[0])}: {why}", self) from None
        assert self.popen.stdout
        assert self.popen.stderr
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.popen.stdout, self.stdout), (self.popen.stderr, self.stderr))
        ]
        self._ended = threading.Event()
        self._readers.append(threading.Thread(target=self._await_end, daemon=True))
        for reader in self._readers:
            reader.start()

    def wait_ready(self, patience: float) -> ServerProcess:
        """Waits for the ready line, for so many seconds after the start. Raises StartError."""
        self._spoke.wait(max(0.0, self.started + patience - time.monotonic()))
        if self.ready_line is None:
            status = self.wait_end(LAST_WORDS_TIME if self._spoke.is_set() else 0.0)
            if status is not None:
                raise self._failure(f"it ended before it was ready ({describe(status)})")
            raise self._failure(f"it did not say that it is listening within {patience:g} s")
        match = _READY.fullmatch(self.ready_line)
        if not match or int(match[2]) > _LAST_PORT:
            self.wait_end(LAST_WORDS_TIME)  # what it died of may say more
            why = f"its first line is not `listening on HOST PORT` but: {escape(self.ready_line)}"
            raise self._failure(why)
        self.port = int(match[2])
        return self

    def check_port(self, patience: float, speaks_first: bool) -> None:
        """Connects once: is the ready line true? Raises StartError if nobody is there.

        A server that speaks first is listened to before the end: closing with its HELLO unread
        would reset the connection, and how it takes that is not judged before level 4.
        """
        if not self.port:
            return  # START-2 has a test of its own
        try:
            with socket.create_connection((self.host, self.port), timeout=patience) as sock:
                if speaks_first:
                    sock.recv(4096)
        except (TimeoutError, ConnectionResetError):
            pass  # a backlog that is full, a server that is silent or sends away: the tests tell
        except OSError as error:
            why = f"it says that it listens on port {self.port}, but there: {error.strerror}"
            raise StartError(why, self) from None

    def wait_end(self, patience: float) -> int | None:
        """The exit status, if the process ends within so many seconds; else None."""
        self._ended.wait(patience)
        return self.popen.returncode

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the server itself (not to its group), as a person or init would."""
        self.popen.send_signal(number)

    def kill(self) -> None:
        """Ends the server and all it started. What it printed stays readable."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.popen.pid, signal.SIGKILL)
        self._ended.wait()
        self._drain()

    def is_busy(self, seconds: float) -> bool:
        """Whether the server runs or waits for a processor most of such a time, while all wait.

        However many others compete for the processors: see schedstat in the kernel's proc.rst.
        """
        processes = processes_of(self.popen.pid)
        before = wanted_processor(processes)
        self.wait_end(seconds)
        return wanted_processor(processes) - before > BUSY_SHARE * seconds

    def state(self) -> str:
        """What the process does now, for people: running, or how it ended.

        If it has ended, all that it printed has been read.
        """
        status = self.wait_end(0)
        if status is None:
            return "running"
        self._drain()
        return describe(status)

    def _failure(self, why: str) -> StartError:
        """An error to raise. If the server has ended, all that it printed is there for the card."""
        if self._ended.is_set():
            self._drain()
        return StartError(why, self)

    def _drain(self) -> None:
        """Waits until all is read. Not for long: a grandchild that fled may hold a pipe open."""
        until = time.monotonic() + DRAIN_TIME
        for reader in self._readers:
            reader.join(max(0.0, until - time.monotonic()))

    def _await_end(self) -> None:
        self.popen.wait()  # without a time limit: with one, it would look again and again
        self.ended_at = time.monotonic()
        self._ended.set()

    def _read(self, stream: IO[bytes], tail: deque[str]) -> None:
        """Reads a stream to its end; a line that never ends is cut into pieces."""
        with stream:
            while line := stream.readline(TAIL_LINE):
                text = line.decode(errors="surrogateescape").rstrip("\r\n")
                if tail is self.stdout and self.ready_line is None:
                    self.ready_line = text
                    self._spoke.set()
                tail.append(escape(text))
        if tail is self.stdout:
            self._spoke.set()


def kill_strays() -> None:
    """Ends what servers started and let go of: processes of other groups that carry our mark.

    Only where /proc shows the environment of processes (Linux); elsewhere the group has to do.
    """
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"{MARK}={_MARK_OF_THIS_RUN}".encode() in path.read_bytes().split(b"\0"):
                os.kill(int(path.parent.name), signal.SIGKILL)


def describe(status: int) -> str:
    """An exit status for people."""
    if status >= 0:
        return f"exited with status {status}"
    with contextlib.suppress(ValueError):
        return f"killed by signal {-status} ({signal.Signals(-status).name})"
    return f"killed by signal {-status}"


def free_port(host: str) -> int:
    """A port on which nothing listened a moment ago."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def environment() -> dict[str, str]:
    """Ours without what would lead a Python server, or its imports, into this suite."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "PYTEST", "COVERAGE", "NOX"))
    }
    return kept | {MARK: _MARK_OF_THIS_RUN}
