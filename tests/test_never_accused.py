"""A correct server is not accused, however it uses its freedom to do things late."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_grades import SERVERS, grade


@pytest.mark.parametrize("what", [["--level", "5"], ["-k", "test_6_octets or test_6_random"]])
def test_a_server_that_dawdles_passes(tmp_path: Path, what: list[str]) -> None:
    found = grade(tmp_path, str(SERVERS / "dawdles"), *what)
    assert found.status == 0, found.output
    assert "fail" not in {each["status"] for each in found.results["requirements"]}, found.output
