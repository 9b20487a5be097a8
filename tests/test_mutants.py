"""A dozen faulty servers: each is failed, and its first failure refutes what it breaks.

`nox -s mutants` grades all of them; that takes a while.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAULTS = {
    "speaks-another-version": "HELLO-1",
    "shortens-tokens": "PING-1",
    "case-matters-in-names": "NICK-5",
    "names-begin-with-hyphens": "NICK-3",
    "says-twice": "SAY-2",
    "squeezes-spaces": "SAY-3",
    "echoes-to-speaker": "SAY-4",
    "counts-characters": "SAY-12",
    "announces-twice": "JOINED-1",
    "who-miscounts": "WHO-1",
    "end-is-silent": "LEFT-1",
    "sorts-held": "LOCK-4",
}


def test_faulty_servers_are_failed_on_the_right_requirement(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "conformance.matrix", *FAULTS, "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=280)
    found = {each["name"]: each for each in json.loads((tmp_path / "matrix.json").read_text())}
    blamed = {name: each["blamed"][0] for name, each in found.items() if each["blamed"]}
    assert blamed == FAULTS
    assert {each["verdict"] for each in found.values()} == {"fail"}
    assert done.returncode == 0


def test_a_name_that_no_faulty_server_has_is_one_clear_line() -> None:
    command = [sys.executable, "-m", "conformance.matrix", "nonsense", *FAULTS]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (2, "matrix: no such faulty server: nonsense\n")
