"""python -m conformance load TARGET…: a sweep over rates, and all that a server can deliver.

The sweep doubles the rate until latency bends: until the p99 is past a bound, or the generator,
not the server, is the limit. Every delivery is compared with what the others received.
Exit status 0: measured; 1: something was lost, doubled or out of order; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from .. import terminal
from ..options import add_load, add_targets, read_targets
from ..process import ServerProcess, StartError
from ..reports.load import page
from ..target import Bound, Target, TargetError, build
from .clients import LoadError, raise_descriptor_limit
from .figures import Span
from .measure import Run
from .roomlog import Fault
from .rounds import CLIENTS, TALKS, alone

#: The first rate of a sweep, in messages a second; each next one is twice as high.
FIRST_RATE = 25.0
STEPS = 12
#: Where a sweep ends: latency has bent, in microseconds.
BENT = 500_000
#: Messages of each talker under way when a server gives all it can.
WINDOW = 4
PATIENCE = 30.0
#: Seconds of each stretch, unless --duration says otherwise.
SECONDS = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures what the command line names. Returns the exit status."""
    known = _parser().parse_args(arguments)
    console = terminal.console()
    measured: dict[str, dict[str, list[dict[str, Any]]]] = {}
    failed = False
    try:
        targets = read_targets(known)
        raise_descriptor_limit(known.clients or CLIENTS)
        for target in targets:
            build(target)
            console.print(target.name, style="bold")
            spans: dict[str, list[Span]] = {"saturated": [], "sweep": []}
            try:
                with alone():
                    _measure(target, known, spans, console)
            except (StartError, LoadError, Fault) as error:
                console.print(f"  {error}", style="bold red", soft_wrap=True)
                failed = True
            measured[target.name] = {
                key: [asdict(span) for span in each] for key, each in spans.items()
            }
        _keep(known.output, measured, console)
    except (TargetError, LoadError, OSError, ValueError) as error:
        print(f"conformance load: {error}", file=sys.stderr)
        return 2
    return 1 if failed else 0


def _measure(
    target: Target, known: argparse.Namespace, spans: dict[str, list[Span]], console: Console
) -> None:
    """All stretches of one server. Raises StartError, LoadError and Fault."""
    clients = known.clients or CLIENTS
    talkers, seconds = max(1, clients // TALKS), known.duration or SECONDS
    process = None
    address = target.address
    if address is None:
        options: dict[str, Bound] = {"rate": 0} if "rate" in target.options else {}
        process = ServerProcess(target, options=options).wait_ready(PATIENCE)
        address = (process.host, process.port)
    try:
        pid = process.popen.pid if process else None
        rates = [known.rate] if known.rate else _rates()
        with (
            Run(address, pid, None, PATIENCE) as run,
            terminal.progress(console, len(rates) + 2) as tell,
        ):
            tell(f"{clients} clients come")
            run.admit(clients)
            for rate in rates:
                tell(f"{rate:,.0f} messages/s")
                span = run.open_loop(talkers, rate, seconds)
                spans["sweep"].append(span)
                _tell(span, console)
                if span.limited or span.latency.get("99", 0) > BENT:
                    break
            tell("as fast as it goes")
            span = run.saturate(talkers, WINDOW, seconds)
            spans["saturated"].append(span)
            words = f"  as fast as it goes: {span.deliveries_a_second:,.0f} deliveries/s"
            if span.server_busy is not None:
                words += f", with {span.server_busy:.0%} of a processor"
            console.print(words + (f" ({span.limited})" if span.limited else ""))
    finally:
        if process:
            process.kill()


def _rates() -> list[float]:
    return [FIRST_RATE * 2**step for step in range(STEPS)]


def _tell(span: Span, console: Console) -> None:
    words = f"  {span.offered:8,.0f} messages/s, {span.deliveries_a_second:12,.0f} deliveries/s"
    latency = [f"p{name} {value / 1000:.1f}" for name, value in span.latency.items()]
    words += f"  {', '.join(latency).replace('p100', 'max')} ms"
    slowest = span.slowest
    if slowest and slowest["median"] > 2 * max(1, slowest["of_all"]):
        words += f"  ({slowest['client']} waits {slowest['median'] / 1000:.1f} ms, median)"
    console.print(words + (f"  unknown: {span.limited}" if span.limited else ""), soft_wrap=True)


def _keep(
    output: Path, measured: dict[str, dict[str, list[dict[str, Any]]]], console: Console
) -> None:
    output.mkdir(parents=True, exist_ok=True)
    written = output / "load.json"
    written.write_text(json.dumps(measured, indent=1) + "\n", encoding="utf-8")
    shown = output / "load.html"
    shown.write_text(page(measured), encoding="utf-8")
    console.print(f"{written}\n{shown}", soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance load",
        description="Latency of servers at higher and higher rates, and what they can deliver.",
        epilog="Exit status: 0 measured; 1 something was lost or out of order; 2 wrong usage.",
    )
    add_targets(parser.add_argument_group("what is measured"))
    add_load(parser.add_argument_group("how much load"))
    parser.add_argument("--output", type=Path, default=Path("reports"), metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
