"""The suite as its users run it: whole grades of good, half-done and misbehaving servers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
SERVERS = Path(__file__).resolve().parent / "servers"
#: Seconds that a whole grade may take on a machine that does other things as well.
PATIENCE = 240


@dataclass
class Grade:
    """What came of one run of the program."""

    status: int
    output: str
    results: dict[str, Any]

    def failed(self) -> list[str]:
        return [each["id"] for each in self.results["requirements"] if each["status"] == "fail"]


def grade(reports: Path, *arguments: str) -> Grade:
    """Runs the program on one target, and checks that it leaves no process behind."""
    mark = f"PARLEY_TEST_MARK={uuid.uuid4().hex}"
    name, _, value = mark.partition("=")
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *arguments, "--output", str(reports), "--seed", "1"],
        cwd=ROOT,
        env=os.environ | {name: value},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert _processes_with(mark) == [], "the suite left processes behind"
    files = list(reports.glob("*/results.json"))
    results = json.loads(files[0].read_text()) if files else {}
    return Grade(done.returncode, done.stdout + done.stderr, results)


def _processes_with(mark: str) -> list[str]:
    """The processes whose environment has this entry (Linux; elsewhere none can be found)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if mark.encode() in environment:
            found.append(path.parent.name)
    return found


@pytest.mark.skipif(not shutil.which("cc"), reason="there is no C compiler")
def test_a_c_server_of_level_2_is_told_why_it_is_not_on_level_3(tmp_path: Path) -> None:
    found = grade(tmp_path, str(SERVERS / "c_level2"))
    assert found.status == 1
    assert found.results["level"] == 2
    assert found.results["verdict"] == "fail"
    assert "level 3 (presence) is not reached: JOINED-1, WHO-1" in found.output
    assert "expected   alice< JOINED lobby carol_" in found.output
    assert "got        alice< (nothing)" in found.output


@pytest.mark.parametrize(
    ("name", "status", "shown"),
    [
        ("never_starts", 2, "it ended before it was ready (exited with status 3)"),
        ("no_ready_line", 2, "it did not say that it is listening within 10 s"),
        ("silent", 1, "no HELLO within 5 s"),
        ("flood", 1, "level 0"),
        ("crashes", 1, "exited with status"),
        ("hangs", 1, "no answer within 5 s"),
        ("forks", 1, "level 0"),
        ("binary_garbage", 1, "\\x1b[2J"),
        ("line_without_end", 1, "a line of more than 4096 octets"),
    ],
)
def test_a_misbehaving_program_is_reported_as_that_and_no_more(
    tmp_path: Path, name: str, status: int, shown: str
) -> None:
    """It costs patience twice at most: once a level is out of reach, its tests are not run."""
    found = grade(tmp_path, str(SERVERS / name))
    assert found.status == status
    assert shown in found.output
    failed = sum(test["status"] == "fail" for test in found.results.get("tests", []))
    assert failed in ((1, 2) if status == 1 else (0,))
    assert not any(character in found.output for character in "\x1b\x00\x07")


def test_a_copy_of_a_reference_server_is_graded_as_it_is(tmp_path: Path) -> None:
    copy = ROOT / f"copy_{uuid.uuid4().hex[:8]}"
    shutil.copytree(ROOT / "impl_threads", copy, ignore=shutil.ignore_patterns("__pycache__"))
    try:
        found = grade(tmp_path, str(copy), "--level", "1")
    finally:
        shutil.rmtree(copy)
    assert found.status == 0
    assert found.results["verdict"] == "partial"
    assert found.results["level"] == 1
    assert found.results["server"]["name"] == copy.name


def test_a_server_that_runs_elsewhere_is_graded_without_being_started(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "impl_poll", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            port = server.stdout.readline().split()[-1]
            elsewhere = ("--connect", f"127.0.0.1:{port}")
            only = ("--only", "RELY-1", "--only", "RELY-2", "--only", "RELY-3")
            random = grade(tmp_path / "random", *elsewhere, *only)
            found = grade(tmp_path, *elsewhere, "--level", "3")
        finally:
            server.terminate()
    statuses = {each["id"]: each["status"] for each in found.results["requirements"]}
    assert found.status == 0
    assert statuses["START-1"] == "untested"
    assert statuses["SAY-2"] == "pass"
    assert random.status == 0
    sessions = {each["id"]: each["status"] for each in random.results["requirements"]}
    # What others did in rooms may still be there, and nobody can know of it.
    assert sessions == {"RELY-1": "pass", "RELY-2": "pass", "RELY-3": "untested"}
    assert found.results["score"] < found.results["max_score"]


def test_a_folder_behind_an_option_is_graded_too(tmp_path: Path) -> None:
    grade(tmp_path, "impl_poll", "--level", "0", "impl_threads")
    assert {file.parent.name for file in tmp_path.glob("*/results.json")} == {
        "impl_poll",
        "impl_threads",
    }


def test_one_requirement_can_be_graded_alone(tmp_path: Path) -> None:
    found = grade(tmp_path, "impl_poll", "--only", "SAY-4")
    assert found.status == 0
    assert [each["id"] for each in found.results["requirements"]] == ["SAY-4"]
    assert found.results["verdict"] == "partial"


def test_command_is_told_where_a_server_does_not_take_its_options(tmp_path: Path) -> None:
    """It starts, but not with what parley.toml promises: the card has the whole command."""
    toml = (ROOT / "impl_poll" / "parley.toml").read_text()
    (tmp_path / "parley.toml").write_text(
        toml.replace("--hold-count", "--hold-counts")
        .replace("{folder}", "impl_poll")
        .replace('".."', f'"{ROOT}"')
    )
    found = grade(tmp_path / "reports", str(tmp_path), "--only", "LOCK-14")
    assert found.status == 1
    (card,) = [test["card"] for test in found.results["tests"] if test["status"] == "fail"]
    assert "-m impl_poll --host 127.0.0.1 --port 0" in card["command"]
    assert "--hold-counts 6" in card["command"]
    assert f"  command    {card['command']}\n" in found.output


def test_pytests_own_options_reach_it(tmp_path: Path) -> None:
    """Those that --help lists; pytest itself refuses what it does not know."""
    looks = ("-xv", "--maxfail", "3", "-l", "-s", "--tb=short", "--durations", "1")
    found = grade(tmp_path, "impl_poll", "-k", "test_a_free_name_is_given", *looks)
    assert found.status == 0
    assert "::test_a_free_name_is_given PASSED" in found.output
    assert "slowest 1 durations" in found.output
    assert "impl_poll: all that was selected passes" in found.output


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["no_such_folder"], "there is no folder no_such_folder"),
        (["docs"], "docs has no parley.toml"),
        (["impl_poll", "--only", "SAY-99"], "no such requirement"),
        (["impl_poll", "-k", "nothing_is_called_this"], "no test was selected"),
        (["--command", "./server"], "has no {port} in it"),
        (["--connect", "nowhere"], "HOST:PORT"),
        (["--command", "./no-such-program {port}"], "cannot run ./no-such-program"),
        (["impl_poll", "--no-such-option"], "--no-such-option"),
    ],
)
def test_what_cannot_be_graded_is_status_2(
    tmp_path: Path, arguments: list[str], shown: str
) -> None:
    found = grade(tmp_path, *arguments)
    assert found.status == 2
    assert shown in found.output
    assert "Traceback" not in found.output


def test_a_failure_can_be_repeated_with_its_own_command(tmp_path: Path) -> None:
    mutant = "{python} -m conformance.mutants echoes-to-speaker --host {host} --port {port}"
    found = grade(tmp_path, "--command", mutant, "--level", "2")
    assert found.failed()[0] == "SAY-4"
    again = next(line for line in found.output.splitlines() if line.startswith("  again "))
    assert "--only SAY-" in again  # of the test that met the failure
    assert "--seed 1" in again
