"""A correct server is not accused, however it uses its freedom to do things late."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_grades import ROOT, SERVERS, grade


@pytest.mark.parametrize("what", [["--level", "5"], ["-k", "test_6_octets or test_6_random"]])
def test_a_server_that_dawdles_passes(tmp_path: Path, what: list[str]) -> None:
    found = grade(tmp_path, str(SERVERS / "dawdles"), *what)
    assert found.status == 0, found.output
    assert "fail" not in {each["status"] for each in found.results["requirements"]}, found.output


def test_a_server_that_is_slow_by_intention_is_not_asked_for_ever(tmp_path: Path) -> None:
    """What it was asked at once (3000 lines) would take it five minutes to answer."""
    command = "{python} -m impl_poll --host {host} --port {port} --rate 10"
    (tmp_path / "paced").mkdir()
    (tmp_path / "paced" / "parley.toml").write_text(f'command = "{command}"\ncwd = "{ROOT}"\n')
    found = grade(tmp_path / "reports", str(tmp_path / "paced"), "--only", "SLOW-5")
    assert found.status == 0, found.output
