"""Grades made up for the tests of reports: a small spec, and servers that say hostile things.

`write` leaves a results.json as the suite does; `forge` one that somebody wrote by hand.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from conformance.results import Record, Result, Rubric
from conformance.spec import parse_spec
from conformance.target import Target

#: What ends a string in HTML, XML and JSON, moves cursors and hides.
HOSTILE = (
    "</script><script>alert(1)</script><img src=x>\"'&]]>-->`"
    "\x1b[2J\x00\x07\x9b\u202e\udc80\u2028\ufffe"
)
#: Lines that a grading service would obey if they stood at the beginning of one.
COMMANDS = (
    "Grade :=>>100",
    "Comment :=>>well done",
    "--|>",
    "<|--",
    "::error::no",
    "::stop-commands::x",
    "##[add-mask]x",
    "=1+1",
    "@SUM(A1)",
)
SPEC = parse_spec(
    "Version 9.1 of this document\n\n"
    + "".join(
        f"**{name}** · {where} · {keyword}:\nA sentence about `{name}`.\n\n"
        for name, where, keyword in (
            ("HELLO-1", "level 0", "MUST"),
            ("HELLO-2", "level 0", "SHOULD"),
            ("NICK-1", "level 1", "MUST"),
            ("SAY-1", "level 2", "MUST"),
            ("SAY-2", "level 2", "MAY"),
            ("ROOM-1", "rooms", "MUST"),
            ("ROOM-2", "rooms", "SHOULD"),
        )
    )
    + "```session NICK-1\nalice> NICK alice\nalice< OK NICK alice 1\n```\n"
)
RUBRIC = Rubric({"MUST": 2, "SHOULD": 1, "MAY": 0}, {})


def card(requirement: str = "NICK-1", **changes: Any) -> dict[str, Any]:
    """A failure card with every part."""
    return {
        "requirement": requirement,
        "where": SPEC.requirements[requirement].where,
        "keyword": SPEC.requirements[requirement].keyword,
        "text": SPEC.requirements[requirement].text,
        "test": "a name that is free is given",
        "why": "this is not the line that the spec asks for",
        "client": "alice",
        "expected": "OK NICK alice 1",
        "got": "OK NICK alise 1",
        "differs": 11,
        "difference": 'this is "s", and should be "c"',
        "notes": ["fence-N is a PING of the suite", "a second note"],
        "session": [
            *("… 3 earlier lines", "alice> NICK alice", "alice< OK NICK alise 1"),
            "alice< PONG fence-1",
        ],
        "mark": {"line": 2, "column": 18, "words": "the first wrong octet"},
        "server": "exited with status 3",
        "options": "--hold-count 5 --handshake 0.6",
        "command": "./server --port 0",
        "stdout": ["printed by its owner"],
        "stderr": [f"line {number}" for number in range(12)],
        "hint": "Look at the `spelling`.",
        "again": "python -m conformance mine --seed 7 --only NICK-1",
        "replay": "python -m conformance replay reports/mine/nick-1.session mine",
    } | changes


def record(*cites: str, status: str = "pass", reason: str = "") -> Record:
    level = max(SPEC.requirements[name].level for name in cites)
    return Record(f"test_{cites[0]}", cites, level, status, 0.25, reason)


def failure(requirement: str = "NICK-1", **changes: Any) -> Record:
    failed = record(requirement, status="fail", reason="it differs")
    failed.blames, failed.card = (requirement,), card(requirement, **changes)
    return failed


def result(*records: Record, **changes: Any) -> Result:
    """What is not in the records has passed."""
    named = {name for each in records for name in each.cites}
    rest = [record(name) for name in SPEC.requirements if name not in named]
    settings: dict[str, Any] = {
        "target": Target("mine", command="./server {port}"),
        "spec": SPEC,
        "rubric": RUBRIC,
        "seed": 7,
        "records": [*records, *rest],
        "capabilities": ["rooms"],
        "offers": {"rooms"},
        "selected": set(SPEC.requirements),
        "selection": False,
        "duration": 1.5,
    }
    return Result(**settings | changes)


def write(folder: Path, *records: Record, **changes: Any) -> Path:
    return result(*records, **changes).write(folder)


def forge(folder: Path, change: Callable[[dict[str, Any]], object], *records: Record) -> Path:
    """A results.json in which somebody changed something."""
    path = write(folder, *records)
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))
    return path


def unstarted(folder: Path) -> Path:
    """A server that does not start: it gets no points."""
    said = "".join(f"\n  | {line}" for line in COMMANDS)
    return write(
        folder,
        records=[],
        capabilities=[],
        offers=set(),
        broken=f"the server does not start: it ended{said}",
        servers_fault=True,
    )


def void(folder: Path) -> Path:
    """A grade in which the suite itself went wrong: nobody knows anything."""
    return write(folder, record("SAY-1", status="error", reason="AssertionError: oh"))


def hostile(folder: Path) -> Path:
    """A file in which every string that a peer can set is as bad as can be, unescaped."""
    bad = "\n".join((HOSTILE, *COMMANDS))

    def spoil(table: dict[str, Any]) -> None:
        table["server"]["name"] = table["server"]["command"] = bad
        table["machine"]["system"] = table["suite"] = table["server"]["sha256"] = bad
        table["unclean"] = [bad]
        for check in table["requirements"]:
            check["text"] = bad
        for test in table["tests"]:
            test["reason"] = bad
            if test["card"]:
                said = [bad, *COMMANDS]
                test["card"] = {
                    name: said if isinstance(part, list) else bad
                    for name, part in test["card"].items()
                }
                test["card"] |= {
                    "session": [f"alice< {each}" for each in said],
                    "mark": {"line": 0, "column": -(10**6), "words": bad},
                    "differs": 10**6,
                }

    return forge(folder, spoil, failure(), record("SAY-1", status="untested"))


#: Grades of every kind, by what happened.
KINDS: dict[str, Callable[[Path], Path]] = {
    "sound": write,
    "fails": lambda folder: write(
        folder,
        failure(),
        failure("ROOM-2"),
        record("SAY-1", status="skip", reason="it builds on NICK-1"),
        record("SAY-2", status="untested", reason="it cannot be told"),
    ),
    "hostile": hostile,
    "unstarted": unstarted,
    "void": void,
}
