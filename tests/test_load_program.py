"""The program that measures: what it prints, what it keeps, and how wrong usage is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
REFLECTOR = "{python} -m conformance.load.reflector --host {host} --port {port}"


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "conformance", "load", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_rate_is_measured_and_kept(tmp_path: Path) -> None:
    few = ("--clients", "10", "--rate", "50", "--duration", "0.4")
    done = run("--command", REFLECTOR, *few, "--output", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "50 messages/s" in done.stdout
    assert "as fast as it goes" in done.stdout
    ((name, kept),) = json.loads((tmp_path / "load.json").read_text()).items()
    (span,) = kept["sweep"]
    assert name in done.stdout
    assert span["messages"] == 20
    assert span["deliveries"] == 200
    assert set(span["latency"]) == {"50", "90", "99", "99.9", "100"}
    assert kept["saturated"][0]["deliveries"] > 0
    page = (tmp_path / "load.html").read_text()
    assert "<svg" in page
    assert "p99" in page


def test_a_lost_message_is_told_and_is_status_1(tmp_path: Path) -> None:
    few = ("--clients", "10", "--rate", "200", "--duration", "1")
    faulty = f"{REFLECTOR} --fault drop --every 500"
    done = run("--command", faulty, *few, "--output", str(tmp_path))
    assert done.returncode == 1
    assert "expected" in done.stdout or "did not come" in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["nowhere"], "conformance load: there is no folder nowhere"),
        (["--clients", "1"], "argument --clients"),
        (["--rate", "-1"], "argument --rate"),
        (["--clients", "100000", "impl_poll"], "ulimit -Hn"),
    ],
)
def test_wrong_usage_is_one_clear_line(words: list[str], told: str) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert told in done.stderr.splitlines()[-1]
