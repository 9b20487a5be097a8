"""Proof that the generator measures right: known delays, stalls and faults are found as such.

Each server is the reflector with something wrong in a known amount.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.load.clients import LoadError
from conformance.load.measure import Run
from conformance.load.roomlog import Fault

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def reflector(*options: str) -> Iterator[Run]:
    command = [sys.executable, "-m", "conformance.load.reflector", *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            port = int(process.stdout.readline().split()[-1])
            with Run(("127.0.0.1", port), process.pid) as run:
                yield run
        finally:
            process.kill()


def test_a_constant_delay_is_measured_within_a_tenth() -> None:
    with reflector("--delay", "0.4") as run:
        run.admit(20)
        span = run.open_loop(talkers=5, rate=40, seconds=2, seconds_before=0.5)
    assert span.deliveries == 80 * 20
    for percentile in ("50", "90"):
        assert 400_000 <= span.latency[percentile] <= 440_000


def test_a_stall_is_not_hidden_by_waiting_with_it() -> None:
    """One second in ten would be 10 % of all messages late by up to a second; here, a tenth of it.

    What was due in a stall waits on average half of it; one in a hundred, nine tenths or more.
    """
    with reflector("--stall", "0.5", "--stall-every", "5") as run:
        run.admit(10)
        span = run.open_loop(talkers=5, rate=200, seconds=5, seconds_before=0.2)
    assert 420_000 <= span.latency["99"] <= 600_000
    assert span.latency["50"] < 100_000


@pytest.mark.parametrize("fault", ["drop", "double", "swap"])
def test_one_wrong_delivery_in_a_hundred_thousand_is_caught(fault: str) -> None:
    with reflector("--fault", fault, "--every", "100000") as run:
        run.admit(100)
        with pytest.raises((Fault, LoadError)):
            run.saturate(talkers=20, window=8, seconds=30, seconds_before=0.0)


def test_a_hundred_thousand_right_deliveries_are_not_accused() -> None:
    with reflector() as run:
        run.admit(100)
        span = run.saturate(talkers=20, window=8, seconds=2, seconds_before=0.1)
    assert span.deliveries > 100_000
    assert span.deliveries == pytest.approx(span.messages * 99, rel=0.1)


def test_one_slow_client_among_a_thousand_is_named() -> None:
    with reflector("--slow", "0.5") as run:
        first = run.admit(1)[0]
        run.admit(999)
        span = run.open_loop(talkers=10, rate=20, seconds=1, seconds_before=0.1)
    assert span.slowest["client"] == first.name
    assert span.slowest["median"] >= 500_000
    assert span.slowest["of_all"] < 250_000


def test_what_a_member_never_receives_is_told() -> None:
    """The last delivery of all is dropped: nothing comes after it that would show the gap."""
    with reflector("--fault", "drop", "--every", "60") as run:
        run.generator.patience = 1_000_000
        run.admit(5)
        with pytest.raises((LoadError, Fault)):
            run.open_loop(talkers=1, rate=1000, seconds=0.02, seconds_before=0.0)


def test_too_many_clients_are_refused_with_what_to_do() -> None:
    with reflector() as run, pytest.raises(LoadError, match=r"ulimit -Hn"):
        run.admit(10_000_000)
