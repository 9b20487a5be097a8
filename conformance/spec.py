"""Reads protocol.md: requirements, sessions and version. Nothing else knows its format."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

_REQUIREMENT = re.compile(
    r"^\*\*(?P<id>[A-Z]+-\d+)\*\* · (?:level (?P<level>[0-7])|(?P<capability>(?!level )[a-z]+))"
    r" · (?P<keyword>MUST|SHOULD|MAY):\n"
    r"(?P<text>.+?)(?=\n\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
#: What has to be a requirement: a bold id, or anything bold with a dot behind it.
_HEADING = re.compile(r"^\*\*([A-Z]+-\d+(?=\*\*)|[^*\n]+(?=\*\* ·))", re.MULTILINE)
_SESSION = re.compile(r"^```session(?P<ids>(?: [A-Z]+-\d+)+)\n(?P<body>.*?)^```$", re.M | re.S)
_STEP = re.compile(r"^(?P<client>[a-z]+)(?P<direction>[<>]) ?(?P<line>.*)$")
_VERSION = re.compile(r"^Version (?P<version>[\d.]+) of this document", re.MULTILINE)

#: What each level is about, for tables and cards.
LEVELS = {
    0: "starts, greets, PING",
    1: "nickname",
    2: "broadcast",
    3: "presence",
    4: "leaving",
    5: "lock",
    6: "robust",
    7: "load",
}
#: The place of the extensions in the order of building: after all levels.
BEYOND = 8


class SpecError(Exception):
    """protocol.md (or an addition to it) cannot be read as a spec."""


@dataclass(frozen=True)
class Requirement:
    """One numbered sentence of the spec that a test can prove or refute."""

    id: str
    level: int  # BEYOND for one of an extension
    keyword: str  # MUST, SHOULD or MAY
    text: str
    capability: str | None = None  # the extension that it belongs to; None: the core

    @property
    def where(self) -> str:
        """Its place for people: `level 2`, or the name of the extension."""
        return self.capability or f"level {self.level}"


@dataclass(frozen=True)
class Step:
    """One line of a session: `client` sends (">") or receives ("<") `line`."""

    client: str
    direction: str
    line: str


@dataclass(frozen=True)
class Session:
    """An example of the spec that a server has to replay."""

    name: str
    cites: tuple[str, ...]
    steps: tuple[Step, ...]


@dataclass
class Spec:
    """The requirements in the order of building (by level, then as they stand); the sessions."""

    version: str
    requirements: dict[str, Requirement] = field(default_factory=dict)
    sessions: list[Session] = field(default_factory=list)

    @property
    def capabilities(self) -> list[str]:
        """The extensions that have requirements, in their order."""
        found = [each.capability for each in self.requirements.values() if each.capability]
        return list(dict.fromkeys(found))


def read_spec(path: Path | None = None) -> Spec:
    """Reads the spec that the suite comes with, or the one at `path`. Raises SpecError."""
    return parse_spec((path or _own_copy()).read_text(encoding="utf-8"))


def parse_spec(text: str) -> Spec:
    """Reads the text of a spec. Raises SpecError for ids that are double, unknown or malformed."""
    version = _VERSION.search(text)
    spec = Spec(version["version"] if version else "none")
    matches = list(_REQUIREMENT.finditer(text))
    found = [
        Requirement(
            match["id"],
            BEYOND if match["capability"] else int(match["level"]),
            match["keyword"],
            _one_line(match["text"]),
            match["capability"],
        )
        for match in matches
    ]
    for requirement in sorted(found, key=lambda each: each.level):  # stable: keeps the text's order
        if requirement.id in spec.requirements:
            raise SpecError(f"{requirement.id} stands twice in the spec")
        spec.requirements[requirement.id] = requirement
    read = {match.start() for match in matches}
    if malformed := [each[1] for each in _HEADING.finditer(text) if each.start() not in read]:
        raise SpecError(f"malformed id, or no level or keyword for {', '.join(malformed)}")
    for number, match in enumerate(_SESSION.finditer(text), 1):
        cites = tuple(match["ids"].split())
        if unknown := [name for name in cites if name not in spec.requirements]:
            raise SpecError(f"session {number} cites {', '.join(unknown)}, unknown to the spec")
        spec.sessions.append(
            Session(f"{number:02}-{cites[0].lower()}", cites, parse_session(match["body"]))
        )
    if text.count("```session") != len(spec.sessions):
        raise SpecError("a session block does not say which requirements it shows")
    return spec


def parse_session(body: str) -> tuple[Step, ...]:
    """Reads the lines of a session block. Raises SpecError for a line of another form."""
    steps = []
    for line in body.split("\n"):
        if not line:
            continue
        match = _STEP.match(line)
        if not match:
            raise SpecError(f"not a line of a session: {line!r}")
        steps.append(Step(match["client"], match["direction"], match["line"]))
    return tuple(steps)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _own_copy() -> Path:
    """protocol.md beside this module (in a wheel) or beside its folder (in a checkout)."""
    here = Path(__file__).parent
    for path in (here / "protocol.md", here.parent / "protocol.md"):
        if path.is_file():
            return path
    raise SpecError(f"there is no protocol.md beside {here}")
