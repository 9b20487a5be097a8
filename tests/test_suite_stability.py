"""The count of changed verdicts: what it calls a change, and one real round on small servers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from conformance.stability import Grade, accusations, bound, changes

ROOT = Path(__file__).resolve().parent.parent


def grade(server: str, seed: int, **statuses: str) -> Grade:
    return Grade(server, seed, False, {"verdict": "pass", **statuses}, 1.0)


def test_grades_that_agree_have_no_changes() -> None:
    grades = [grade("a", seed, HELLO="pass") for seed in range(3)]
    assert changes(grades) == {}
    assert accusations(grades) == []


def test_a_requirement_that_came_out_differently_once_is_a_change() -> None:
    grades = [*(grade("a", seed, HELLO="pass") for seed in range(3)), grade("a", 3, HELLO="fail")]
    assert changes(grades) == {"a": {"HELLO": {"pass": 3, "fail": 1}}}


def test_a_requirement_that_is_missing_once_is_a_change() -> None:
    grades = [grade("a", 0, HELLO="pass"), grade("a", 1)]
    assert changes(grades) == {"a": {"HELLO": {"pass": 1, "(absent)": 1}}}


def test_what_could_not_be_judged_is_no_change() -> None:
    statuses = ("pass", "unknown", "pass")
    assert changes([grade("a", seed, LOAD=each) for seed, each in enumerate(statuses)]) == {}


def test_servers_are_compared_with_themselves() -> None:
    assert changes([grade("a", 0, HELLO="pass"), grade("b", 0, HELLO="fail")]) == {}


def test_a_sound_server_that_fails_every_time_is_accused() -> None:
    grades = [grade("impl_poll", seed, verdict="fail") for seed in range(2)]
    assert changes(grades) == {}
    assert accusations(grades) == ["impl_poll 2 times"]


def test_the_bound_is_three_in_n() -> None:
    assert bound(150) == "none in 150, so with 95 % confidence fewer than 2.0 %"


def test_a_round_of_real_grades(tmp_path: Path) -> None:
    what = ["impl_poll", "case-matters-in-names", "--runs", "2", "--level", "1"]
    command = [sys.executable, "-m", "conformance.stability", *what, "--output", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    grades = json.loads((tmp_path / "stability.json").read_text())
    found = {(each["server"], each["loaded"], each["statuses"]["verdict"]) for each in grades}
    assert found == {
        ("impl_poll", False, "partial"),
        ("impl_poll", True, "partial"),
        ("case-matters-in-names", False, "fail"),
        ("case-matters-in-names", True, "fail"),
    }
    assert len({each["seed"] for each in grades}) == 4
    assert "changed verdicts: none in 4" in done.stdout


def test_an_unknown_server_is_wrong_usage() -> None:
    command = [sys.executable, "-m", "conformance.stability", "nobody"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert done.stderr == "stability: no such server: nobody\n"
