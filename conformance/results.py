"""From what the tests did to a verdict: a status for each requirement, a level, points, a file.

results.json (schema parley-conformance/1) is the only thing that reports are made from.
"""

from __future__ import annotations

import json
import os
import platform
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from . import __version__
from .spec import LEVELS, Requirement, Spec
from .target import Target

SCHEMA = "parley-conformance/1"
STATUSES = ("pass", "fail", "skip", "untested", "error", "untestable")


@dataclass
class Record:
    """What one test did. `status`: pass, fail, skip (a prerequisite failed), untested or error."""

    name: str
    cites: tuple[str, ...]
    level: int
    status: str
    duration: float
    reason: str = ""  # one line
    blames: tuple[str, ...] = ()  # the requirements that a failure refutes
    card: dict[str, Any] = field(default_factory=dict)
    at_once: int = 0  # clients that waited for answers at the same time, at most


@dataclass
class Rubric:
    """Points of a requirement: by id, or else by keyword."""

    keyword: dict[str, int]
    requirement: dict[str, int]

    def points(self, requirement: Requirement) -> int:
        return self.requirement.get(requirement.id, self.keyword.get(requirement.keyword, 0))


def read_rubric(path: Path | None = None, spec: Spec | None = None) -> Rubric:
    """The rubric of the suite, or a teacher's.

    Raises ValueError for anything but whole numbers, and for ids that this spec does not have.
    """
    path = path or Path(__file__).with_name("rubric.toml")
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is not TOML: {error}") from None
    if unknown := table.keys() - {"keyword", "requirement"}:
        raise ValueError(f"{path}: unknown table {', '.join(sorted(unknown))}")
    for name, points in table.items():
        if not isinstance(points, dict):
            raise ValueError(f"{path}: {name} must be a table")
    rubric = Rubric(table.get("keyword", {}), table.get("requirement", {}))
    if unknown := rubric.keyword.keys() - {"MUST", "SHOULD", "MAY"}:
        raise ValueError(f"{path}: unknown keyword {', '.join(sorted(unknown))}")
    for points in (*rubric.keyword.values(), *rubric.requirement.values()):
        if type(points) is not int or points < 0:  # not isinstance: true is no number of points
            raise ValueError(f"{path}: points are whole numbers, not {points!r}")
    if spec and (strange := rubric.requirement.keys() - spec.requirements.keys()):
        raise ValueError(f"{path}: there is no requirement {', '.join(sorted(strange))}")
    return rubric


@dataclass
class Result:
    """The grade of one server."""

    target: Target
    spec: Spec
    rubric: Rubric
    seed: int
    records: list[Record]
    capabilities: list[str]
    selected: set[str]  # requirements that this run was to test
    selection: bool  # whether only a part of the suite was selected
    duration: float
    offers: set[str] = field(default_factory=set)  # the extensions that it claims to have
    broken: str = ""  # why it could not be graded at all
    servers_fault: bool = False  # broken because the server cannot be built or started
    unclean: list[str] = field(default_factory=list)
    additions: dict[str, str] = field(default_factory=dict)  # files added to the suite: SHA-256
    ended: datetime = field(default_factory=lambda: datetime.now(UTC))
    load: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    by_name: bool = False  # whether the part is no whole levels: then none can be told

    def status(self, requirement: str) -> str:
        """pass, fail, skip, untested or error: the worst that its tests say of it.

        Where there can be no test: untestable.
        """
        return self._status(requirement, self._records_by_requirement()[requirement])

    def _records_by_requirement(self) -> defaultdict[str, list[Record]]:
        """The records that cite each requirement, or blame it."""
        records = defaultdict(list)
        for record in self.records:
            for name in {*record.cites, *record.blames}:
                records[name].append(record)
        return records

    def _status(self, requirement: str, records: Sequence[Record]) -> str:
        if self.spec.requirements[requirement].untestable:
            return "untestable"
        if any(requirement in record.blames for record in records):
            return "fail"
        level = self.spec.requirements[requirement].level
        found = {
            record.status
            for record in records
            if requirement in record.cites and record.level == level  # a later one may be skipped
        }
        for status in ("error", "fail", "skip"):
            if status in found:
                return "skip" if status == "fail" else status  # it was another's fault
        if "pass" in found or "untested" in found:
            return "pass" if "pass" in found else "untested"
        if any(requirement in record.cites for record in records):
            return "untested"  # only a test of a later level was chosen
        return "skip"  # the run ended before it

    def statuses(self) -> dict[str, str]:
        records = self._records_by_requirement()
        return {
            name: self._status(name, records[name])
            for name in self.spec.requirements
            if name in self.selected
        }

    def concerned(self) -> dict[str, str]:
        """The statuses without those of extensions that it does not claim to have."""
        known = (None, *self.offers)
        return {
            name: status
            for name, status in self.statuses().items()
            if self.spec.requirements[name].capability in known
        }

    @property
    def level(self) -> int | None:
        """The highest level up to which every tested MUST passes; None if level 0 does not."""
        reached = None
        statuses = self.statuses()
        for level in LEVELS:
            musts = [
                statuses[name]
                for name, requirement in self.spec.requirements.items()
                if requirement.level == level
                and requirement.keyword == "MUST"
                and statuses.get(name, "untestable") != "untestable"
            ]
            if not musts or any(status not in ("pass", "untested") for status in musts):
                break
            reached = level
        return reached

    @property
    def verdict(self) -> str:
        """error: not graded; fail: some MUST failed; partial: of a selection none failed; pass."""
        if self.broken or any(record.status == "error" for record in self.records):
            return "error"
        musts = {name for name, each in self.spec.requirements.items() if each.keyword == "MUST"}
        if any(self.status(name) in ("fail", "skip") for name in musts & self.selected):
            return "fail"
        return "partial" if self.selection else "pass"

    @property
    def score(self) -> int:
        return self._points(None, ("pass",))

    @property
    def max_score(self) -> int:
        return self._points(None, STATUSES)

    @property
    def extensions(self) -> dict[str, dict[str, Any]]:
        """Each extension by itself: whether it is offered, its verdict and its points."""
        graded = {}
        statuses = self.statuses()
        for capability in self.spec.capabilities:
            mine = [
                each
                for name, each in self.spec.requirements.items()
                if each.capability == capability and name in statuses
            ]
            if not mine:
                continue
            offered = capability in self.offers
            held = all(
                statuses[each.id] in ("pass", "untested", "untestable")
                for each in mine
                if each.keyword == "MUST"
            )
            graded[capability] = {
                "offered": offered,
                "verdict": ("pass" if held else "fail") if offered else "not offered",
                "score": self._points(capability, ("pass",)),
                "max_score": self._points(capability, STATUSES),
            }
        return graded

    def _points(self, capability: str | None, counted: Sequence[str]) -> int:
        return sum(
            self._worth(name)
            for name, status in self.statuses().items()
            if status in counted and self.spec.requirements[name].capability == capability
        )

    def _worth(self, name: str) -> int:
        """The points of a requirement: none where nobody can earn them."""
        requirement = self.spec.requirements[name]
        return 0 if requirement.untestable else self.rubric.points(requirement)

    def _broken_by(self) -> str | None:
        """Whose fault an error is. Nobody is given no points for a fault of the suite."""
        if self.verdict != "error":
            return None
        return "server" if self.servers_fault else "suite"

    def as_json(self) -> dict[str, Any]:
        statuses = self.statuses()
        return {
            "schema": SCHEMA,
            "suite": __version__,
            "spec": self.spec.version,
            "seed": self.seed,
            "graded_at": self.ended.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "machine": {
                "system": platform.platform(),
                "python": platform.python_version(),
                "cpus": os.cpu_count(),
            },
            "server": {
                "name": self.target.name,
                "folder": self.target.folder.resolve().name if self.target.folder else None,
                "command": self.target.command,
                "capabilities": self.capabilities,
                "sha256": self.target.digest(),
            },
            "verdict": self.verdict,
            "broken": self.broken or None,
            "broken_by": self._broken_by(),
            "level": self.level,
            "score": self.score,
            "max_score": self.max_score,
            "extensions": self.extensions,
            "requirements": [
                {
                    "id": name,
                    "level": requirement.level if requirement.capability is None else None,
                    "capability": requirement.capability,
                    "keyword": requirement.keyword,
                    "text": requirement.text,
                    "status": statuses[name],
                    "untestable": requirement.untestable or None,
                    "points": self._worth(name) if statuses[name] == "pass" else 0,
                    "max_points": self._worth(name),
                    "tests": [record.name for record in self.records if name in record.cites],
                }
                for name, requirement in self.spec.requirements.items()
                if name in statuses
            ],
            "tests": [asdict(record) for record in self.records],
            "additions": self.additions,
            "sessions": [
                {"cites": session.cites, "lines": [str(step) for step in session.steps]}
                for session in self.spec.sessions
                if statuses.keys() & set(session.cites)
            ],
            "unclean": self.unclean,
            "load": self.load or None,
            "duration_s": round(self.duration, 3),
        }

    def write(self, folder: Path) -> Path:
        """Writes results.json into the folder, and returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "results.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(self.as_json(), indent=1, ensure_ascii=True) + "\n")
        temporary.replace(path)
        for record in self.records:
            if played := record.card.get("played"):
                text = "".join(f"{line}\n" for line in played)
                (folder / session_file(record.cites)).write_text(text, encoding="utf-8")
        return path


def session_file(cites: Sequence[str]) -> str:
    """The name of the file beside results.json with the session that refuted what a test cites."""
    return f"{cites[0].lower()}.session"
