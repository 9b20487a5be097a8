"""The glass of a terminal: what a person would see of what a program wrote. For tests.

As much of a VT100 as prompt_toolkit makes use of: text, line ends, cursor movements, erasing. Every
character takes one column, and colours are skipped. An unknown sequence is an error: nothing is
shown that a real terminal would show otherwise.
"""

from __future__ import annotations

import re

_TOKENS = re.compile(
    r"\x1b\[(?P<arguments>[0-9;?]*)(?P<command>[A-Za-z])|\x1b(?P<simple>[=>78])"
    r"|(?P<control>[\x00-\x1f])|(?P<text>[^\x00-\x1f]+)"
)
#: Sequences that change nothing that is seen here: colours, modes, cursor shapes, reports.
_UNSEEN = "mhlnqt"


class Glass:
    """A screen, and the lines that have left it at the top."""

    def __init__(self, rows: int, columns: int) -> None:
        self.gone: list[str] = []
        self.bells = 0
        self._columns = columns
        self._rows = [[" "] * columns for _ in range(rows)]
        self._y = self._x = 0
        self._rest = ""  # the beginning of a sequence

    def lines(self) -> list[str]:
        """All lines, from the first to the last that is not empty."""
        lines = [*self.gone, *("".join(row).rstrip() for row in self._rows)]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def resize(self, rows: int, columns: int) -> None:
        """As xterm does it: lines are cut, not wrapped anew; what is above the cursor stays."""
        while self._y >= rows:
            self.gone.append("".join(self._rows.pop(0)).rstrip())
            self._y -= 1
        self._rows = [row[:columns] + [" "] * (columns - len(row)) for row in self._rows[:rows]]
        self._rows += [[" "] * columns for _ in range(rows - len(self._rows))]
        self._columns = columns
        self._x = min(self._x, columns)

    def feed(self, written: str) -> None:
        """Shows what was written."""
        written = self._rest + written
        at = 0
        while at < len(written):
            match = _TOKENS.match(written, at)
            if match is None:
                break
            at = match.end()
            if match["text"]:
                self._write(match["text"])
            elif match["control"]:
                self._control(match["control"])
            elif match["command"]:
                self._command(match["command"], match["arguments"])
        self._rest = written[at:]
        assert len(self._rest) < 32, f"what is {self._rest!r}?"

    def _write(self, text: str) -> None:
        for character in text:
            if self._x == self._columns:  # the last column was filled: only now the row is left
                self._x = 0
                self._down()
            self._rows[self._y][self._x] = character
            self._x += 1

    def _control(self, character: str) -> None:
        if character == "\r":
            self._x = 0
        elif character == "\n":
            self._down()
        elif character == "\b":
            self._x = max(min(self._x, self._columns - 1) - 1, 0)
        elif character == "\a":
            self.bells += 1
        else:
            raise AssertionError(f"what is {character!r}?")

    def _down(self) -> None:
        if self._y < len(self._rows) - 1:
            self._y += 1
        else:
            self.gone.append("".join(self._rows.pop(0)).rstrip())
            self._rows.append([" "] * self._columns)

    def _command(self, command: str, arguments: str) -> None:
        number = int(arguments) if arguments.isdecimal() else 0
        count = max(number, 1)
        if command == "A":
            self._y = max(self._y - count, 0)
        elif command == "B":
            self._y = min(self._y + count, len(self._rows) - 1)
        elif command == "C":
            self._x = min(self._x + count, self._columns - 1)
        elif command == "D":
            self._x = max(min(self._x, self._columns - 1) - count, 0)
        elif command == "H" and number == 0:
            self._y = self._x = 0
        elif command == "J" and number in (0, 2):
            self._erase(self._y, self._x if number == 0 else 0)
            for row in range(self._y + 1 if number == 0 else 0, len(self._rows)):
                self._erase(row, 0)
        elif command == "K" and number == 0:
            self._erase(self._y, self._x)
        elif command not in _UNSEEN:
            raise AssertionError(f"what is ESC [ {arguments} {command}?")

    def _erase(self, row: int, start: int) -> None:
        self._rows[row][start:] = [" "] * (self._columns - min(start, self._columns))
