"""Level 7: some hundred members at once. What is measured is a ratio to a bare server."""

import contextlib
from collections.abc import Iterator

from ..bench import Bench, needs, untested
from ..load.clients import LoadError
from ..load.measure import Run
from ..load.roomlog import Fault
from ..load.rounds import Comparison, alone, compare
from ..violation import Violation

#: Messages of each talker under way when a server is to give all it can.
WINDOW = 4
#: How long it is to give that, in seconds.
SATURATED = 1.0
#: Octets said to members of whom one does not read, in portions: in all, beyond what the sockets
#: of both sides keep (on Linux up to 4 MiB and 6 MiB).
PORTION = 1024 * 1024
PORTIONS = 12
LONG_TEXT = 3700
#: Members beside the one who does not read, and messages a second that they hear.
FEW = 20
FEW_RATE = 100.0
#: What a MUST grants: so many times the reflector's p99, or so many milliseconds more, whichever
#: is larger. Both are far from what a sound server takes, and near to nothing that is wrong.
MUST_RATIO, MUST_MORE = 10.0, 250.0
#: What a SHOULD grants; a server that sends without TCP_NODELAY stalls 40 ms at a time.
SHOULD_RATIO, SHOULD_MORE = 3.0, 20.0


@contextlib.contextmanager
def judged() -> Iterator[None]:
    """What the generator finds, as a Violation."""
    try:
        with alone():
            yield
    except Fault as fault:
        raise Violation(fault.why, expected=fault.expected, got=fault.got) from None
    except LoadError as error:
        raise Violation(str(error)) from None


def run_on(bench: Bench) -> Run:
    """Clients for a server of this test's own."""
    address, pid = bench.start_for_load()
    return Run(address, pid, bench.servers.tls, bench.servers.answer_patience)


def test_everybody_receives_everything_once_and_in_order(bench: Bench) -> None:
    """LOAD-1: while many talk as fast as they are answered."""
    load = bench.load
    with judged(), run_on(bench) as run:
        run.admit(load.clients)
        span = run.saturate(load.talkers, WINDOW, SATURATED, 0.2)
    bench.note_load("saturated", span)


@needs("LOAD-1")
def test_nobody_waits_long_for_what_others_say(bench: Bench) -> None:
    """LOAD-2: the p99 of the latency, beside that of the bare server, is within the bound."""
    ratio, more = measured(bench).ratio_and_surplus()
    if ratio > MUST_RATIO and more > MUST_MORE:
        raise too_late(ratio, more, MUST_RATIO, MUST_MORE)


@needs("LOAD-2")
def test_latency_is_that_of_the_machine(bench: Bench) -> None:
    """LOAD-3: three times the bare server's, or 20 ms more."""
    ratio, more = measured(bench).ratio_and_surplus()
    if ratio > SHOULD_RATIO and more > SHOULD_MORE:
        raise too_late(ratio, more, SHOULD_RATIO, SHOULD_MORE)


@needs("LOAD-1")
def test_nobody_is_starved(bench: Bench) -> None:
    """LOAD-4: whoever waits longest does not wait much longer than most."""
    spans = measured(bench).server
    waits = sorted(spans, key=lambda span: span.slowest["median"] - span.slowest["of_all"])
    typical = waits[len(waits) // 2].slowest
    ratio = typical["median"] / max(1, typical["of_all"])
    more = (typical["median"] - typical["of_all"]) / 1000
    if ratio > MUST_RATIO and more > MUST_MORE:
        raise Violation(
            f"the median latency of {typical['client']}, beside that of most members",
            expected=f"(at most {MUST_RATIO:g} times as long, or {MUST_MORE:g} ms longer)",
            got=f"({ratio:.0f} times as long, {more:.0f} ms longer)",
        )


@needs("LOAD-1", "SLOW-1")
def test_one_who_does_not_read_costs_the_others_nothing(bench: Bench) -> None:
    """LOAD-5: latency before a member stopped reading, and while its buffers fill and are full.

    Nobody knows what the sockets hold, so there is a look after each of a dozen portions; the
    second-worst counts, because a machine may be busy once.
    """
    with judged(), run_on(bench) as run:
        run.admit(FEW)
        talkers = run.generator.clients[:FEW]
        before = run.open_loop(FEW, FEW_RATE, 0.5, 0.1)
        (stuck,) = run.admit(1, receive_buffer=4096)
        run.generator.leave_unread(stuck)
        while_stuck = []
        for _ in range(PORTIONS):
            run.generator.say_so_often(talkers, PORTION // LONG_TEXT // FEW, WINDOW, LONG_TEXT)
            while_stuck.append(run.open_loop(FEW, FEW_RATE, 0.2, 0.0))
    bench.note_load("stuck", before, *while_stuck)
    limited = [span for span in (before, *while_stuck) if span.limited]
    if len(limited) > 1:
        untested(f"unknown: {limited[0].limited}")
    after = sorted(span.latency["99"] for span in while_stuck)[-2]
    ratio, more = after / max(1, before.latency["99"]), (after - before.latency["99"]) / 1000
    if ratio > MUST_RATIO and more > MUST_MORE:
        raise too_late(ratio, more, MUST_RATIO, MUST_MORE)


def measured(bench: Bench) -> Comparison:
    """The server beside the bare one: measured once for all tests of a grade."""
    kept = bench.servers.kept
    if "comparison" not in kept:
        address, pid = bench.start_for_load()
        patience = bench.servers.answer_patience
        with judged():
            kept["comparison"] = compare(address, pid, bench.load, bench.servers.tls, patience)
        bench.note_load("server", *kept["comparison"].server)
        bench.note_load("reflector", *kept["comparison"].reflector)
    comparison: Comparison = kept["comparison"]
    bench.compared += len(comparison.server)
    if comparison.unknown:
        untested(f"unknown: {comparison.unknown}")
    return comparison


def too_late(ratio: float, more: float, times: float, milliseconds: float) -> Violation:
    return Violation(
        "the 99th percentile of the latency",
        expected=f"(at most {times:g} times the other's, or {milliseconds:g} ms more)",
        got=f"({ratio:.1f} times the other's, {more:.0f} ms more)",
    )
