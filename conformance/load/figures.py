"""From samples to figures: percentiles, fairness, throughput. No estimate, no interpolation.

Percentiles are nearest-rank: the smallest sample such that at least that share of all samples is
not larger (Hyndman and Fan 1996, definition 1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

#: The percentiles that are reported; 100 is the maximum.
PERCENTILES = ("50", "90", "99", "99.9", "100")
#: Points of the curves in a report.
CURVE = ("0", "25", "50", "75", "90", "95", "99", "99.5", "99.9", "99.95", "99.99", "100")


class Samples:
    """Many latencies in microseconds, each kept exactly, equal ones counted together."""

    def __init__(self, values: Iterable[int] = ()) -> None:
        self.counts = Counter(values)

    def add(self, values: Iterable[int]) -> None:
        self.counts.update(values)

    def __len__(self) -> int:
        return self.counts.total()

    def percentiles(self, wanted: Sequence[str] = PERCENTILES) -> dict[str, int]:
        """By percentile, the nearest-rank sample in microseconds; empty without samples."""
        total = len(self)
        if not total:
            return {}
        ranks = {word: max(1, _ceil(Fraction(word) * total / 100)) for word in wanted}
        found: dict[str, int] = {}
        passed = 0
        values = iter(sorted(self.counts))
        value = 0
        for word, rank in sorted(ranks.items(), key=lambda pair: pair[1]):
            while passed < rank:
                value = next(values)
                passed += self.counts[value]
            found[word] = value
        return {word: found[word] for word in wanted}


def _ceil(fraction: Fraction) -> int:
    return -(-fraction.numerator // fraction.denominator)


def nearest_rank(values: Sequence[int], percentile: str) -> int:
    """One percentile of a few values. Raises ValueError if there are none."""
    if not values:
        raise ValueError("no values")
    rank = max(1, _ceil(Fraction(percentile) * len(values) / 100))
    return sorted(values)[rank - 1]


def median(values: Sequence[float]) -> float:
    """The middle value; the lower one of two. Raises ValueError if there are none."""
    if not values:
        raise ValueError("no values")
    return sorted(values)[(len(values) - 1) // 2]


@dataclass
class Span:
    """What one stretch of a run brought: figures in microseconds, seconds and per second."""

    clients: int
    talkers: int
    seconds: float
    offered: float  # messages a second that ought to have been sent; 0: as fast as it goes
    messages: int
    deliveries: int
    latency: dict[str, int] = field(default_factory=dict)  # by percentile, microseconds
    curve: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, Any] = field(default_factory=dict)  # the client with the highest median
    over_time: list[dict[str, float]] = field(default_factory=list)
    connecting: dict[str, int] = field(default_factory=dict)  # by percentile, microseconds
    lag: dict[str, int] = field(default_factory=dict)  # the generator's own lateness
    generator_busy: float = 0.0  # the share of a processor that the generator used
    server_busy: float | None = None  # the same of the server; None: not known
    server: list[dict[str, float]] = field(default_factory=list)  # see watch
    limited: str = ""  # why the generator, not the server, was the limit

    @property
    def deliveries_a_second(self) -> float:
        return self.deliveries / self.seconds if self.seconds else 0.0

    @property
    def messages_a_second(self) -> float:
        return self.messages / self.seconds if self.seconds else 0.0
