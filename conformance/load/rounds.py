"""The measurements of level 7: a server and the bare reflector by turns, in one run.

Only one of them runs on a machine at a time, whoever else grades there.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import ssl
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..process import ServerProcess
from ..target import from_command
from .figures import Span, median
from .measure import Run

#: How a load is made, unless the command line says otherwise.
CLIENTS = 200
RATE = 50.0  # messages a second, of all talkers together
SECONDS = 0.5  # of each round
ROUNDS = 5
#: One member in so many talks.
TALKS = 5


@dataclass(frozen=True)
class Load:
    """How much load there is to be."""

    clients: int = CLIENTS
    rate: float = RATE
    seconds: float = SECONDS
    rounds: int = ROUNDS

    @property
    def talkers(self) -> int:
        return max(1, self.clients // TALKS)


@dataclass
class Comparison:
    """A server beside the reflector: one Span of each in every round."""

    server: list[Span] = field(default_factory=list)
    reflector: list[Span] = field(default_factory=list)

    def ratio_and_surplus(self) -> tuple[float, float]:
        """By how much the server's p99 exceeds the reflector's: as a ratio, and in milliseconds.

        Each is the median of all rounds.
        """
        pairs = [
            (one.latency["99"], max(1, other.latency["99"]))
            for one, other in zip(self.server, self.reflector, strict=True)
        ]
        return (
            median([one / other for one, other in pairs]),
            median([(one - other) / 1000 for one, other in pairs]),
        )

    @property
    def unknown(self) -> str:
        """Why these figures say nothing about the server; empty if they do."""
        limited = [span.limited for span in (*self.server, *self.reflector) if span.limited]
        if len(limited) > len(self.server) // 2:
            return limited[0]
        baseline = sorted(span.latency["99"] for span in self.reflector)
        if baseline and baseline[-1] > 2 * baseline[0] and baseline[-1] - baseline[0] > NOISE:
            return (
                "this machine is too busy: the bare server's own p99 varied from"
                f" {baseline[0] / 1000:.1f} to {baseline[-1] / 1000:.1f} ms"
            )
        return ""


#: By how much the baseline may vary in any case, in microseconds: as much as is granted below.
NOISE = 20_000


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Waits until nobody else on this machine measures, and then keeps others waiting."""
    path = Path(tempfile.gettempdir(), f"parley-load-{os.getuid()}.lock")
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def reflector() -> Iterator[ServerProcess]:
    """The bare server, running."""
    program = Path(__file__).with_name("reflector.py")
    target = from_command(f"{{python}} {program} --host {{host}} --port {{port}}")
    process = ServerProcess(target)
    try:
        yield process.wait_ready(10.0)
    finally:
        process.kill()


def compare(
    address: tuple[str, int],
    pid: int | None,
    load: Load,
    tls: ssl.SSLContext | None = None,
    patience: float = 10.0,
) -> Comparison:
    """Rounds of the same load on both, by turns. Raises LoadError, and Fault."""
    comparison = Comparison()
    with (
        reflector() as bare,
        Run((bare.host, bare.port), bare.popen.pid, None, patience) as other,
        Run(address, pid, tls, patience) as one,
    ):
        other.admit(load.clients)
        one.admit(load.clients)
        for _ in range(load.rounds):
            comparison.reflector.append(other.open_loop(load.talkers, load.rate, load.seconds, 0.1))
            comparison.server.append(one.open_loop(load.talkers, load.rate, load.seconds, 0.1))
    return comparison
