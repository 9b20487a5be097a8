"""What is known about changes: verdicts of earlier runs, explanations, and the report of both.

Verdicts are appended to a file one by one, so that a run which was interrupted goes on where it
stopped. A kill holds as long as the function is the same: tests are added, hardly ever taken away.
So the kills of earlier runs are kept beside the explanations, and are not judged on every machine
anew. A change that survived is judged again when the suite is another.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .changes import Change
from .judge import Verdict

EXPLANATIONS = Path(__file__).with_name("explained.toml")
KILLS = Path(__file__).with_name("killed.txt")
#: equivalent: no client can notice it. allowed: one can, and no requirement forbids it. costly: a
#: test could show it, but for more than a grade may take.
EXPLAINED = ("equivalent", "allowed", "costly")
OUTCOMES = ("killed", "survived", "unclear", *EXPLAINED)


#: How an explanation names a change: its file, its function, its line, and what becomes of it.
Place = tuple[str, str, str, str]


class LedgerError(Exception):
    """A file of ours that cannot be used. The message is one line for people."""


class Ledger:
    """The verdicts so far, in `path`; `suite` is the digest of what gives them.

    `kills`: those of earlier runs, by `fingerprint`.
    """

    def __init__(self, path: Path, suite: str, kills: Mapping[str, str] | None = None) -> None:
        self._path = path
        self._suite = suite
        self._kills = kills or {}
        self._known: dict[str, dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                    self._known[entry["key"]] = entry
                except (ValueError, KeyError, TypeError):
                    continue  # the last line of a run that was killed while it wrote

    def verdict(self, change: Change) -> Verdict | None:
        """What is known of a change, if it still holds."""
        entry = self._known.get(change.key)
        if entry is None or entry["digest"] != change.digest:
            by = self._kills.get(fingerprint(change))
            return Verdict("killed", by, 0.0) if by else None
        if entry["outcome"] == "survived" and entry["suite"] != self._suite:
            return None
        return Verdict(entry["outcome"], entry["by"], entry["seconds"])

    def note(self, change: Change, verdict: Verdict) -> None:
        """Keeps a verdict, at once."""
        entry = {"key": change.key, "digest": change.digest, "suite": self._suite}
        self._known[change.key] = entry | asdict(verdict)
        with self._path.open("a") as file:
            file.write(json.dumps(self._known[change.key]) + "\n")


def suite_digest(folder: Path) -> str:
    """SHA-256 of what judges: the suite without its faulty servers, and the spec."""
    digest = hashlib.sha256()
    for path in sorted([*folder.glob("*.py"), *folder.glob("levels/*"), *folder.glob("*.md")]):
        if path.is_file():
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    spec = folder.parent / "protocol.md"
    digest.update(spec.read_bytes() if spec.is_file() else b"")
    return digest.hexdigest()[:16]


def read_explained(path: Path) -> dict[Place, Verdict]:
    """Changes that no test can kill, with the reason of each. Raises LedgerError."""
    try:
        table = tomllib.loads(path.read_text())
        return {
            (entry["file"], entry["function"], entry["line"], what): Verdict(
                kind, entry["why"], 0.0
            )
            for kind in EXPLAINED
            for entry in table.get(kind, [])
            for what in entry["what"]
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{path}: {type(error).__name__}: {error}") from None


def fingerprint(change: Change) -> str:
    """What a kill is kept under: another one if the change or its function is another."""
    return hashlib.sha256(f"{change.key}\0{change.digest}".encode()).hexdigest()[:12]


def read_kills(path: Path) -> dict[str, str]:
    """By fingerprint: what has killed a change. Raises LedgerError."""
    try:
        lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        return dict(line.split(" ", 1) for line in lines)  # ValueError: a line of one word
    except (OSError, ValueError) as error:
        raise LedgerError(f"{path}: {type(error).__name__}: {error}") from None


def write_kills(
    path: Path, judged: Iterable[tuple[Change, Verdict]], others: Mapping[str, str]
) -> None:
    """Keeps the kills among these, and others that are known."""
    head = "# What kills a change, by its fingerprint: written by `--record`, see ledger.py.\n"
    found = {
        fingerprint(change): verdict.by for change, verdict in judged if verdict.outcome == "killed"
    }
    path.write_text(head + "".join(f"{each} {by}\n" for each, by in ({**others} | found).items()))


def place(change: Change) -> Place:
    """How an entry among the explained names a change."""
    again = f" #{change.ordinal}" if change.ordinal > 1 else ""
    return change.file, change.function, change.line, change.what + again


def report(
    judged: Sequence[tuple[Change, Verdict]], everything: Sequence[Change]
) -> dict[str, Any]:
    """All that is known, for machines."""
    files: dict[str, dict[str, Any]] = {}
    for file, number in Counter(change.file for change in everything).items():
        outcomes = Counter(verdict.outcome for change, verdict in judged if change.file == file)
        row = {outcome: outcomes[outcome] for outcome in OUTCOMES}
        open_to_tests = sum(outcomes.values()) - sum(outcomes[each] for each in EXPLAINED)
        share = round(outcomes["killed"] / open_to_tests, 3) if open_to_tests else None
        files[file] = {"changes": number, "judged": sum(outcomes.values()), **row, "share": share}
    return {
        "files": files,
        "changes": [
            {"row": change.row, "key": change.key} | asdict(verdict) for change, verdict in judged
        ],
    }


def summary(known: dict[str, Any]) -> str:
    """The same for people: a table of the files, then what survived."""
    head = ("file", "changes", "judged", *OUTCOMES, "killed of the others")
    rows = [head]
    for file, row in known["files"].items():
        share = "-" if row["share"] is None else f"{row['share']:.1%}"
        numbers = [str(row[name]) for name in ("changes", "judged", *OUTCOMES)]
        rows.append((file, *numbers, share))
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
             for row in rows]  # fmt: skip
    for outcome in ("survived", "unclear"):
        chosen = [each for each in known["changes"] if each["outcome"] == outcome]
        if chosen:
            lines += ["", f"{outcome}:"]
        for each in chosen:
            why = f" ({each['by']})" if each["by"] else ""
            lines.append(f"  {each['row']}: {each['key']}{why}")
    return "\n".join(lines)
