"""python -m conformance.load.bench: how fast the reference servers are, beside a plain C server.

All servers are measured by turns, several rounds of each; what counts are ratios within one run,
as median and range, because the machine's own speed changes from minute to minute.
Exit status 0: measured, and nothing lost or out of order; 1: something was; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from rich.console import Console

from .. import terminal
from ..process import ServerProcess, StartError
from ..target import Bound, Target, TargetError, build, from_command, from_folder
from .clients import LoadError, raise_descriptor_limit
from .figures import Span, median
from .measure import Run
from .roomlog import Fault
from .rounds import alone

CHECKOUT = Path(__file__).resolve().parent.parent.parent
REFERENCE = ("impl_poll", "impl_threads", "impl_asyncio")
PLAIN = "plain C"
NAGLE = "plain C, Nagle"
#: Seconds that a server may take to start, and that a client waits for anything.
PATIENCE = 30.0


@dataclass(frozen=True)
class Case:
    """So many clients, of whom so many talk, with so many messages of each under way."""

    clients: int
    talking: int
    in_flight: int

    def __str__(self) -> str:
        return f"{self.clients} clients, {self.talking} talking, {self.in_flight} in flight"


#: What is compared with the plain server.
CASES = (Case(1000, 50, 4), Case(1000, 10, 1), Case(100, 10, 1))
#: What shows how cost grows: the same talk among more and more who listen.
GROWTH = (Case(10, 5, 4), Case(100, 5, 4), Case(1000, 5, 4), Case(5000, 5, 4))
#: Clients that do nothing, for memory and processor time at rest.
IDLE = 1000


@dataclass
class Row:
    """What one server did in one case, round by round."""

    server: str
    case: str
    spans: list[Span] = field(default_factory=list)

    @property
    def rates(self) -> list[float]:
        return sorted(span.deliveries_a_second for span in self.spans)

    @property
    def work(self) -> float | None:
        """Microseconds of the server's processor for one delivery."""
        found = [
            span.server_busy * 1e6 / span.deliveries_a_second
            for span in self.spans
            if span.server_busy is not None and span.deliveries
        ]
        return median(found) if found else None

    def ratios_to(self, other: Row) -> list[float]:
        """Round by round, how many times as fast as another."""
        pairs = zip(self.spans, other.spans, strict=True)
        return sorted(one.deliveries_a_second / each.deliveries_a_second for one, each in pairs)


@dataclass(frozen=True)
class Entrant:
    """A server as it is started for the bench."""

    name: str
    target: Target
    options: dict[str, Bound]

    @contextlib.contextmanager
    def running(self) -> Iterator[ServerProcess]:
        """The server, until the end of the block. Raises StartError."""
        process = ServerProcess(self.target, options=self.options)
        try:
            yield process.wait_ready(PATIENCE)
        finally:
            process.kill()

    def saturate(self, case: Case, seconds: float) -> Span:
        """Deliveries a second, as fast as it goes. Raises StartError, LoadError and Fault."""
        with self.running() as process:
            address = (process.host, process.port)
            with Run(address, process.popen.pid, patience=PATIENCE) as run:
                run.admit(case.clients)
                return run.saturate(case.talking, case.in_flight, seconds)

    def rest(self, clients: int, seconds: float) -> tuple[float, float] | None:
        """KiB of memory for each idle client, and the share of a processor that all cost."""
        with self.running() as process:
            address = (process.host, process.port)
            with Run(address, process.popen.pid, patience=PATIENCE) as run:
                run.admit(1)
                before = run.memory()
                run.admit(clients)
                after, busy = run.memory(), run.idle(seconds)
        if before is None or after is None or busy is None:
            return None
        return (after - before) / 1024 / clients, busy


def entrants(folder: Path, names: Sequence[str]) -> list[Entrant]:
    """The reference servers, and the plain one if there is a C compiler. Raises TargetError."""
    found = []
    for name in names:
        target = from_folder(CHECKOUT / name)
        options: dict[str, Bound] = {"rate": 0} if "rate" in target.options else {}
        found.append(Entrant(name, target, options))
        if name == "impl_asyncio" and importlib.util.find_spec("uvloop"):
            faster = replace(target, command=f"{target.command} --loop uvloop")
            found.append(Entrant("… with uvloop", faster, options))
    if shutil.which("cc") is None:
        return found
    source = Path(shutil.copytree(Path(__file__).with_name("baseline"), folder / "baseline"))
    plain = from_folder(source)
    build(plain)
    return [Entrant(PLAIN, plain, {}), Entrant(NAGLE, plain, {"nagle": "--nagle"}), *found]


def sketches() -> list[Entrant]:
    """Three ways for threads to send."""
    program = Path(__file__).with_name("sketches.py")
    words = f"{{python}} {shlex.quote(str(program))} {{way}} --host {{host}} --port {{port}}"
    ways = ("speaker", "writers", "sender")
    commands = [(way, words.replace("{way}", way)) for way in ways]
    return [Entrant(f"threads: {way}", from_command(words), {}) for way, words in commands]


def measure(
    servers: Sequence[Entrant], case: Case, rounds: int, seconds: float, tell: Callable[[str], None]
) -> list[Row]:
    """All servers by turns, so many rounds. Raises StartError, LoadError and Fault.

    `tell` is told what is measured next.
    """
    rows = [Row(server.name, str(case)) for server in servers]
    for number in range(rounds):
        for server, row in zip(servers, rows, strict=True):
            tell(f"{case}: round {number + 1} of {rounds}, {server.name}")
            row.spans.append(server.saturate(case, seconds))
    return rows


def show(rows: Sequence[Row], console: Console) -> None:
    """A case as a table: median and range, and the ratio to the plain server."""
    plain = next((row for row in rows if row.server == PLAIN), None)
    console.print(f"\n{rows[0].case}", style="bold")
    for row in rows:
        rates = [rate / 1e6 for rate in row.rates]
        words = f"  {row.server:<16} {median(rates):6.2f} M deliveries/s"
        words += f" ({rates[0]:.2f} to {rates[-1]:.2f})"
        if plain and row is not plain:
            ratios = row.ratios_to(plain)
            words += f"  {median(ratios):5.1f} times ({ratios[0]:.1f} to {ratios[-1]:.1f})"
        if row.work is not None:
            words += f"  {row.work:.2f} µs of processor each"
        if limited := [span.limited for span in row.spans if span.limited]:
            words += f"  unknown in {len(limited)} rounds: {limited[0]}"
        console.print(words, soft_wrap=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and keeps the figures."""
    known = _parser().parse_args(arguments)
    console = terminal.console()
    rows: list[Row] = []
    resting: dict[str, tuple[float, float] | None] = {}
    try:
        raise_descriptor_limit(max(case.clients for case in (*CASES, *GROWTH)))
        with tempfile.TemporaryDirectory() as folder, alone():
            servers = entrants(Path(folder), known.servers or REFERENCE)
            servers += sketches() if known.sketches else []
            compared = {PLAIN, *(known.servers or REFERENCE)}
            cases = CASES[:1] if known.quick else (*CASES, *GROWTH)
            at_rest = [each for each in servers if each.name in compared]
            plan = {case: servers if case in CASES else at_rest for case in cases}
            total = sum(map(len, plan.values())) * known.rounds + len(at_rest)
            with terminal.progress(console, total) as tell:
                for case, chosen in plan.items():
                    found = measure(chosen, case, known.rounds, known.seconds, tell)
                    show(found, console)
                    rows += found
                console.print(f"\n{IDLE} clients at rest", style="bold")
                for server in at_rest:
                    tell(f"{IDLE} clients at rest, {server.name}")
                    resting[server.name] = server.rest(IDLE, known.seconds)
                    _show_rest(server.name, resting[server.name], console)
    except (TargetError, StartError, LoadError, Fault) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    _keep(known.output, rows, resting, console)
    return 0


def _show_rest(name: str, found: tuple[float, float] | None, console: Console) -> None:
    if found is None:
        console.print(f"  {name:<16} this system does not tell")
        return
    memory, busy = found
    console.print(f"  {name:<16} {memory:6.1f} KiB each  {busy:.1%} of a processor")


def _keep(
    output: Path,
    rows: Sequence[Row],
    resting: dict[str, tuple[float, float] | None],
    console: Console,
) -> None:
    output.mkdir(parents=True, exist_ok=True)
    written = output / "bench.json"
    machine = {"system": platform.platform(), "python": platform.python_version()}
    found = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "machine": machine | {"cpus": os.cpu_count()},
        "rows": [asdict(row) for row in rows],
        "rest": resting,
    }
    written.write_text(json.dumps(found, indent=1) + "\n")
    console.print(f"\n{written}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("servers", nargs="*", metavar="FOLDER", help="(the reference servers)")
    parser.add_argument("--rounds", type=int, default=3, help="of each server (%(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each round (%(default)g)")
    parser.add_argument("--quick", action="store_true", help="the first case only")
    parser.add_argument(
        "--sketches", action="store_true", help="measure three ways for threads to send, too"
    )
    parser.add_argument("--output", type=Path, default=Path("reports"), metavar="DIR")
    return parser


if __name__ == "__main__":
    sys.exit(main())
