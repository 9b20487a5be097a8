"""Grades one submission for Classroom 50: its runner starts this in the student's checkout.

Beside this file it needs the suite: parley_kit-*.whl and suite.txt (README.md says how). Writes
./result.json, and ./report.html to be attached to the release. Exit status 0: graded, however it
went; 1: the suite itself failed.
"""

from __future__ import annotations

import datetime
import json
import os
import secrets
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

#: What is graded, for example ["--level", "4"]; and whose points count, ["--count", "rooms"].
OPTIONS = ["--seed", "1"]
COUNTED: list[str] = []

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Grades the current folder. Returns the exit status."""
    python = os.environ.get("PARLEY_PYTHON") or install()
    suite = [python, "-P", "-m", "parley_conformance"]
    with tempfile.TemporaryDirectory() as reports:
        # Whatever is printed meanwhile is no command to GitHub, even if it looks like one.
        token = secrets.token_hex(16)
        print(f"::stop-commands::{token}", flush=True)
        grade = [*suite, str(Path.cwd()), *OPTIONS, "--output", reports]
        done = subprocess.run(grade, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        print(done.stdout.decode(errors="replace"), flush=True)
        print(f"::{token}::", flush=True)
        results = next(Path(reports).glob("*/results.json"), None)
        if results is None:
            return nothing_to_grade()
        made = [
            subprocess.run([*suite, "report", *words, "--output", output]).returncode
            for words, output in (
                (["classroom50", str(results), *COUNTED], "result.json"),
                (["html", str(results)], "report.html"),
            )
        ]
    return 1 if any(made) else 0


def install() -> str:
    """Puts the suite into an environment outside the checkout; returns its Python."""
    home = Path(os.environ.get("RUNNER_TEMP") or tempfile.gettempdir(), "parley-suite")
    python = home / "bin" / "python"
    venv.create(home, with_pip=True, clear=True)
    pip = [str(python), "-m", "pip", "install", "--quiet"]
    subprocess.run([*pip, "--require-hashes", "-r", str(HERE / "suite.txt")], check=True)
    wheel = next(HERE.glob("parley_kit-*.whl"))
    subprocess.run([*pip, "--no-index", str(wheel)], check=True)
    return str(python)


def nothing_to_grade() -> int:
    """No parley.toml, or a mistake in it: no points. The log above says what."""
    names = {
        "classroom": "CLASSROOM",
        "assignment": "ASSIGNMENT",
        "owner": "OWNER",
        "assignment_type": "ASSIGNMENT_TYPE",
        "submission": "SUBMISSION_TAG",
        "commit": "COMMIT_URL",
        "release": "RELEASE_URL",
    }
    result: dict[str, object] = {"schema": "classroom50/result/v1"}
    result |= {field: os.environ[name] for field, name in names.items() if os.environ.get(name)}
    result["review"] = os.environ.get("REVIEW_URL") or os.environ["COMMIT_URL"]
    now = datetime.datetime.now(datetime.UTC)
    result["datetime"] = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    result |= {"score": 0, "max-score": 1}
    failed = {"test-name": "parley.toml", "passed": False, "score": 0, "max-score": 1}
    Path("result.json").write_text(json.dumps(result | {"tests": [failed]}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
