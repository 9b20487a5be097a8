"""One measurement: a running server, so many clients, so much to say; figures come back.

What is not the server's doing is told apart: where the generator itself was late or had no
processor time left, `limited` says so, and the figures are no grade of the server.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from dataclasses import asdict
from itertools import compress

from ..usage import processes_of, processor_time, usage_of
from .clients import MICRO, Client, now
from .figures import CURVE, Samples, Span, nearest_rank
from .generator import Generator

#: Beyond this share of a processor the generator may be what is slow.
BUSY = 0.9
#: How late the generator may be with one message in a hundred, in microseconds.
LATE = 20_000
#: Points of the curve over time.
BUCKETS = 40


class Run:
    """Clients on one server, and what is measured with them. A context manager."""

    def __init__(
        self,
        address: tuple[str, int],
        pid: int | None = None,
        tls: ssl.SSLContext | None = None,
        patience: float = 10.0,
    ) -> None:
        self.generator = Generator(address, tls, patience)
        self.pid = pid
        self.processes: tuple[int, ...] = ()  # of the server, once clients were let in
        self.looks: list[dict[str, float]] = []
        self.generator.look = self._look if pid is not None else None

    def __enter__(self) -> Run:
        return self

    def __exit__(self, *_: object) -> None:
        self.generator.close()

    def admit(self, clients: int, receive_buffer: int = 0) -> list[Client]:
        """Lets so many in, and checks that everybody has heard of everybody. Raises LoadError."""
        new = self.generator.admit(clients, receive_buffer)
        self.generator.check_presence()
        if self.pid is not None:
            self.processes = processes_of(self.pid)
        return new

    def open_loop(
        self, talkers: int, rate: float, seconds: float, seconds_before: float = 0.5
    ) -> Span:
        """Messages at a fixed rate; the latency of each counts from when it was due."""
        speakers = self._speakers(talkers)
        generator = self.generator
        for client in generator.clients:
            client.stream.forget_samples()
        generator.lag.clear()
        started, worked = time.monotonic(), time.process_time()
        begin, end = generator.say_on_time(speakers, rate, seconds, seconds_before)
        busy = (time.process_time() - worked) / (time.monotonic() - started)
        span = self._span(talkers, seconds, rate, begin, end)
        span.lag = Samples(generator.lag).percentiles()
        span.generator_busy = busy
        if busy > BUSY:
            span.limited = f"the generator used {busy:.0%} of a processor"
        elif span.lag and span.lag["99"] > LATE:
            span.limited = f"the generator was up to {span.lag['99'] / 1000:.0f} ms late (p99)"
        return span

    def saturate(
        self, talkers: int, window: int, seconds: float, seconds_before: float = 0.5
    ) -> Span:
        """As fast as it goes, with so many messages of each talker under way."""
        speakers = self._speakers(talkers)
        before = processor_time(self.processes)
        started, worked = time.monotonic(), time.process_time()
        span = Span(len(self.generator.clients), talkers, 0.0, 0.0, 0, 0)
        span.seconds, span.messages, span.deliveries = self.generator.say_without_end(
            speakers, window, seconds, seconds_before
        )
        wall = time.monotonic() - started
        span.generator_busy = (time.process_time() - worked) / wall
        after = processor_time(self.processes)
        if before is not None and after is not None:
            span.server_busy = (after - before) / wall
        span.server = self.looks
        if span.generator_busy > BUSY:
            span.limited = f"the generator used {span.generator_busy:.0%} of a processor"
        return span

    def memory(self) -> int | None:
        """Octets of memory that the server uses now; None if the system does not tell."""
        usage = usage_of(self.processes)
        return usage.resident if usage else None

    def idle(self, seconds: float) -> float | None:
        """The share of a processor that the server uses while nobody says anything."""
        before = processor_time(self.processes)
        self.generator.wait(seconds)
        after = processor_time(self.processes)
        return None if before is None or after is None else (after - before) / seconds

    def _speakers(self, talkers: int) -> Sequence[Client]:
        """Those who talk: evenly spread over all who read, in the order in which they came."""
        readers = [client for client in self.generator.clients if client.reading]
        return readers[:: max(1, len(readers) // talkers)][:talkers]

    def _span(self, talkers: int, seconds: float, rate: float, begin: int, end: int) -> Span:
        """The figures of what was due in a stretch of time."""
        log, clients = self.generator.log, [one for one in self.generator.clients if one.reading]
        counts = [begin <= due < end for due in log.due]
        span = Span(len(clients), talkers, seconds, rate, sum(counts), 0)
        everything = Samples()
        medians: dict[str, int] = {}
        for client in clients:
            values = list(compress(client.stream.samples, counts[client.stream.first :]))
            everything.add(values)
            if values:
                medians[client.name] = nearest_rank(values, "50")
        span.deliveries = len(everything)
        span.latency = everything.percentiles()
        span.curve = everything.percentiles(CURVE)
        if medians:
            name = max(medians, key=lambda each: medians[each])
            middle = nearest_rank(list(medians.values()), "50")
            span.slowest = {"client": name, "median": medians[name], "of_all": middle}
        span.over_time = self._over_time(clients, begin, end)
        span.connecting = Samples(
            client.named_at - client.asked_at for client in clients
        ).percentiles()
        span.server = self.looks
        return span

    def _over_time(self, clients: Sequence[Client], begin: int, end: int) -> list[dict[str, float]]:
        """Median and maximum of the latencies of what was due in each small stretch of time."""
        log = self.generator.log
        points = []
        width = max(1, (end - begin) // BUCKETS)
        for start in range(begin, end - width + 1, width):
            mask = [start <= due < start + width for due in log.due]
            values = Samples()
            for client in clients:
                values.add(compress(client.stream.samples, mask[client.stream.first :]))
            if len(values):
                found = values.percentiles(("50", "100"))
                at = (start - begin) / MICRO
                points.append({"at": at, "p50": found["50"], "max": found["100"]})
        return points

    def _look(self) -> None:
        usage, processor = usage_of(self.processes), processor_time(self.processes)
        if usage and processor is not None:
            self.looks.append({"at": now() / MICRO, "processor": processor} | asdict(usage))
