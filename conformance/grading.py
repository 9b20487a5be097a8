"""Grades servers as their user would: by the program of the suite, in processes of their own.

What grades many servers (the kill matrix, stability, mutations) does it with one object `Grades`,
which several threads may use; it knows the processes that run, and ends them when it is to stop.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = (__package__ or "conformance").split(".")[0]
#: Seconds that a grade has to end its servers when it is told to stop.
STOP_TIME = 20.0


@dataclass(frozen=True)
class Done:
    """How a grade ended: what results.json says, or nothing if there is none; and what was said."""

    results: dict[str, Any]
    status: int
    last_line: str


class Grades:
    """Grades that run. None outlives it if it is told to `stop`, or is left with an error."""

    def __init__(self) -> None:
        self.running: set[subprocess.Popen[str]] = set()
        self.stopped = False

    @contextlib.contextmanager
    def ended_on_error(self) -> Iterator[None]:
        """Whatever interrupts the block, Ctrl-C too, ends all grades first."""
        try:
            yield
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Ends all grades, and with them their servers; no further one begins."""
        self.stopped = True
        for process in list(self.running):
            process.terminate()

    def run(self, words: Sequence[str], patience: float, cwd: Path | None = None) -> Done:
        """Runs a grade with these words on its command line, for so many seconds at most."""
        if self.stopped:
            return Done({}, 2, "interrupted")
        with tempfile.TemporaryDirectory() as folder:
            process = subprocess.Popen(
                [sys.executable, "-m", PACKAGE, *words, "--output", folder],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,  # Ctrl-C in a terminal is for us: we end them
            )
            self.running.add(process)
            if self.stopped:  # while it was being started
                process.terminate()
            try:
                said, _ = process.communicate(timeout=patience)
            except subprocess.TimeoutExpired:
                return Done({}, 2, f"no end within {patience:g} s")
            finally:
                _end(process)
                self.running.discard(process)
            found = next(Path(folder).glob("*/results.json"), None)
            results = json.loads(found.read_text()) if found else {}
        return Done(results, process.returncode, " ".join(said.strip().splitlines()[-1:]))


def interrupted_by_signals() -> None:
    """A terminal that is closed, or SIGTERM, interrupts as Ctrl-C does: grades are ended first."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a grade, gently first: it has servers to end."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_TIME)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout:
        process.stdout.close()
