"""python -m conformance.matrix: grades our faulty servers, to prove that each one fails.

Each is started as a command line, like any other server, and graded in the order of building
until the first test fails. A fault is rightly blamed if that test refutes the requirement that the
faulty server was made to break. What was found goes into reports/matrix.json and .html.
Exit status 0: all are failed, and for the right reason; 1: some are not; 2: wrong usage.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.progress import track

from . import terminal
from .grading import Grades, interrupted_by_signals
from .reports import kills
from .spec import Spec, read_spec

PACKAGE = (__package__ or "conformance").split(".")[0]
#: Seconds for one faulty server; some of them hang on purpose.
PATIENCE = 300
#: The options that our servers call as parley.toml does.
SAME_NAMES = (
    "checks", "handshake", "hash-cost", "hold-bytes", "hold-count", "hold-time", "idle",
    "login-delay", "max-clients", "outbox-bytes", "rate", "stall",
)  # fmt: skip
#: What only random sessions show, and how many times as many of them as usual are played then.
BY_CHANCE, DEEP = "RELY-", "10"
#: What stands in place of a requirement for a fault that breaks none.
NONE = "-"


@dataclass(frozen=True)
class Fault:
    """A faulty server: its name, the requirement that it breaks, what is wrong with it."""

    name: str
    breaks: str
    what: str


@dataclass(frozen=True)
class Finding:
    """What the suite says of a faulty server. `blamed`: what its first failing test refutes."""

    name: str
    breaks: str
    what: str
    verdict: str
    blamed: tuple[str, ...]
    right: bool


def known_faults() -> list[Fault]:
    """All faulty servers, as their own program lists them."""
    command = [sys.executable, "-m", f"{PACKAGE}.mutants", "--list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [Fault(*line.split(maxsplit=2)) for line in listed.splitlines() if line.strip()]


def grade(fault: Fault, spec: Spec, grades: Grades) -> Finding:
    """Grades one faulty server until its first failure."""
    server = f"{{python}} -m {PACKAGE}.mutants {fault.name} --host {{host}} --port {{port}}"
    requirement = spec.requirements.get(fault.breaks)
    reach = ["--only", requirement.capability] if requirement and requirement.capability else []
    if fault.breaks.startswith(BY_CHANCE):
        reach += ["--random", DEEP]
    with tempfile.TemporaryDirectory() as folder:
        toml = Path(folder, "target", "parley.toml")
        toml.parent.mkdir()
        options = "".join(
            f'{name} = "--{option} {{value}}"\n'
            for name, option in (
                ("store", "history"),
                ("tls", "tls-cert"),
                ("max-nameless", "count-loopback --max-nameless"),
                *((name, name) for name in SAME_NAMES),
            )
        )
        toml.write_text(
            f"name = {json.dumps(fault.name)}\ncommand = {json.dumps(server)}\n"
            f"cwd = {json.dumps(os.getcwd())}\n[options]\n{options}"
        )
        done = grades.run([str(toml.parent), "-x", *reach], PATIENCE)
    results = done.results or {"verdict": "error", "tests": [], "broken": done.last_line}
    failed = [test for test in results["tests"] if test["status"] == "fail"]
    blamed: tuple[str, ...] = tuple(failed[0]["blames"]) if failed else ()
    if results["verdict"] == "error" and done.status == 2:
        blamed = ("START-1",) if "does not start" in str(results.get("broken")) else ()
    verdict = str(results["verdict"])
    right = fault.breaks in blamed if requirement else bool(blamed)
    return Finding(fault.name, fault.breaks, fault.what, verdict, blamed, right)


def main(arguments: Sequence[str] | None = None) -> int:
    """Grades all faulty servers, or those that are named. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="matrix", description="Grades faulty servers.")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="(%(default)s)")
    parser.add_argument("--output", type=Path, default=Path("reports"), metavar="DIR")
    known = parser.parse_args(arguments)
    spec = read_spec()
    everything = {fault.name: fault for fault in known_faults()}
    if unknown := [name for name in known.names if name not in everything]:
        print(f"matrix: no such faulty server: {', '.join(unknown)}", file=sys.stderr)
        return 2
    faults = [everything[name] for name in known.names or everything]
    console = terminal.console()
    interrupted_by_signals()
    grades = Grades()
    with ThreadPoolExecutor(max(1, known.jobs)) as pool, grades.ended_on_error():
        graded = pool.map(lambda fault: grade(fault, spec, grades), faults)
        findings = list(track(graded, "grading", len(faults), console=console))
    wrong = [finding for finding in findings if not finding.right]
    for finding in wrong:
        blamed = ", ".join(finding.blamed) or "nothing"
        console.print(f"{finding.name}: breaks {finding.breaks}, blamed: {blamed}. {finding.what}")
    unproven = set(spec.requirements) - {each.breaks for each in findings if each.right}
    musts = [
        name
        for name, each in spec.requirements.items()
        if name in unproven and each.keyword == "MUST" and not known.names
    ]
    if musts:
        console.print(f"no fault was rightly blamed on: {', '.join(musts)}")
    console.print(f"{len(findings) - len(wrong)} of {len(findings)} faulty servers rightly blamed")
    known.output.mkdir(parents=True, exist_ok=True)
    written = known.output / "matrix.json"
    written.write_text(json.dumps([asdict(finding) for finding in findings], indent=1) + "\n")
    page = known.output / "matrix.html"
    page.write_text(kills.render([asdict(each) for each in findings], spec.requirements), "utf-8")
    console.print(f"{written}\n{page}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
