"""Grades a server as its user would: by the program of the suite, in a process of its own."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PACKAGE = (__package__ or "conformance").split(".")[0]
#: Seconds that a grade has to end its servers when it is told to stop.
LAST_WORDS = 20


@dataclass(frozen=True)
class Done:
    """How a grade ended: what results.json says, or nothing if there is none; and what was said."""

    results: dict[str, Any]
    status: int
    last_line: str


def grade_by_program(words: Sequence[str], patience: float) -> Done:
    """Runs a grade with these words on its command line, for so many seconds at most."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", PACKAGE, *words, "--output", folder]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
        ) as process:
            try:
                said, _ = process.communicate(timeout=patience)
            except BaseException as error:
                end(process)
                if not isinstance(error, subprocess.TimeoutExpired):
                    raise
                return Done({}, 2, f"it did not end within {patience:g} s")
        found = next(Path(folder).glob("*/results.json"), None)
        results = json.loads(found.read_text()) if found else {}
    return Done(results, process.returncode, " ".join(said.strip().splitlines()[-1:]))


def end(process: subprocess.Popen[Any]) -> None:
    """Ends a grade in such a way that it ends its servers first, if it can."""
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(LAST_WORDS)
    process.kill()
    process.wait()
