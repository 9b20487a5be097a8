"""A grade as a program: what it found comes back, and one that takes too long leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.grading import Grades

ROOT = Path(__file__).resolve().parent.parent
SILENT = ROOT / "tests" / "servers" / "silent"


def processes_of(name: str) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if name.encode() in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def test_results_and_status_come_back() -> None:
    done = Grades().run([str(ROOT / "impl_poll"), "--only", "HELLO-1"], 60)
    assert done.status == 0
    assert done.results["verdict"] == "partial"


def test_wrong_usage_has_no_results_but_a_last_line() -> None:
    done = Grades().run(["nowhere"], 60)
    assert (done.results, done.status) == ({}, 2)
    assert "nowhere" in done.last_line


def test_what_takes_too_long_is_ended_with_its_servers() -> None:
    before = set(processes_of("tests.servers.silent"))
    done = Grades().run([str(SILENT)], 3)
    assert done.results == {}
    assert done.last_line == "no end within 3 s"
    assert set(processes_of("tests.servers.silent")) <= before


def test_nothing_begins_once_it_is_stopped() -> None:
    grades = Grades()
    with pytest.raises(KeyboardInterrupt), grades.ended_on_error():
        raise KeyboardInterrupt
    assert grades.run([str(SILENT)], 60).last_line == "interrupted"
