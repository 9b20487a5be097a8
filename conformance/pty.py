"""A server in a terminal, as a person starts it: its ready line on the screen, Ctrl-C to end it."""

from __future__ import annotations

import re
import signal

import pexpect

from .lines import escape
from .process import environment
from .target import Bound, Target

#: Characters of the screen that a card quotes.
SCREEN = 300


class Terminal:
    """A pseudo-terminal with a server in it. A context manager: on leaving, the server is ended."""

    def __init__(
        self, target: Target, port: int, start_patience: float, options: dict[str, Bound]
    ) -> None:
        words = target.words("127.0.0.1", port, options)
        self._spawn = pexpect.spawn(
            "/bin/sh",  # finds ./server in cwd; pexpect itself would look in the current folder
            ["-c", 'exec "$0" "$@"', *words],
            cwd=str(target.cwd),
            env=environment(),
            timeout=start_patience,
            encoding="utf-8",
            codec_errors="backslashreplace",
        )
        self._spawn.delaybeforesend = None  # pexpect's default is a hidden sleep

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self._spawn.isalive():
            self._spawn.kill(signal.SIGKILL)
            self._spawn.wait()
        self._spawn.ptyproc.delayafterclose = 0.0  # type: ignore[attr-defined] # another one: it has ended already
        self._spawn.close()

    def ready_port(self) -> int | None:
        """The port of the ready line, once it is on the screen; None if it does not appear."""
        try:
            self._spawn.expect(r"listening on \S+ (\d+)\r\n")
        except (pexpect.EOF, pexpect.TIMEOUT):
            return None
        match = self._spawn.match
        assert isinstance(match, re.Match)
        return int(match[1])

    def presses_ctrl_c(self) -> None:
        self._spawn.sendintr()

    def ends(self, patience: float) -> bool:
        """Whether the server ends within so many seconds."""
        try:
            self._spawn.expect(pexpect.EOF, timeout=patience)
        except pexpect.TIMEOUT:
            return False
        return True

    def screen(self) -> str:
        """The last that the server wrote, safe to show."""
        return escape(str(self._spawn.before or "")[-SCREEN:])
