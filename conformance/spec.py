"""Reads protocol.md, and additions to it: requirements, sessions, version.

Nothing else knows its format. A Spec is made once and then only read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .lines import escape

#: An id: of protocol.md, or (with X-) of clauses that somebody added to it.
ID = r"(?:X-[A-Z][A-Z0-9-]*|[A-Z]+)-\d+"
_REQUIREMENT = re.compile(
    rf"^\*\*(?P<id>{ID})\*\* · (?:level (?P<level>[0-7])|(?P<capability>(?!level )[a-z0-9-]+))"
    r" · (?P<keyword>MUST|SHOULD|MAY):\n"
    r"(?P<text>.+?)(?=\n\n|\s*\Z)(?:\n\nNot testable: (?P<untestable>because\s.+?)(?=\n\n|\s*\Z))?",
    re.MULTILINE | re.DOTALL,
)
#: What has to be a requirement: a bold id, or anything bold with a dot behind it.
_HEADING = re.compile(rf"^\*\*({ID}(?=\*\*)|[^*\n]+(?=\*\* ·))", re.MULTILINE)
_REASON = re.compile(r"^Not testable:.*$", re.MULTILINE)
_SESSION = re.compile(rf"^```session(?P<ids>(?: {ID})+)\n(?P<body>.*?)^```$", re.M | re.S)
_STEP = re.compile(r"^(?P<client>[a-z]+)(?P<direction>[<>]) ?(?P<line>.*)$")
_VERSION = re.compile(r"^Version (?P<version>[\d.]+) of this document", re.MULTILINE)
#: How verbs, events and capabilities begin that are nobody's but those of who made them up.
PRIVATE = "X-"
_PRIVATE_WORD = re.compile(r"(?<![A-Za-z0-9-])X-[A-Z0-9-]{1,14}(?![A-Za-z0-9-])")

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
    untestable: str = ""  # why no test can prove or refute it after all: "because …"

    @property
    def where(self) -> str:
        """Its place for people: `level 2`, or the name of the extension."""
        return self.capability or f"level {self.level}"

    @property
    def is_private(self) -> bool:
        """Whether somebody added it to protocol.md."""
        return self.id.startswith(PRIVATE)


@dataclass(frozen=True)
class Step:
    """One line of a session: `client` sends (">") or receives ("<") `line`."""

    client: str
    direction: str
    line: str

    def __str__(self) -> str:
        """The line of the session block that this was read from."""
        return f"{self.client}{self.direction} {self.line}"


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
    private: frozenset[str] = frozenset()  # the X- words that added clauses use: verbs and events

    @property
    def capabilities(self) -> list[str]:
        """The extensions that have requirements, in their order."""
        found = [each.capability for each in self.requirements.values() if each.capability]
        return list(dict.fromkeys(found))


def read_spec(path: Path | None = None, additions: Sequence[Path] = ()) -> Spec:
    """Reads the spec that the suite comes with, or the one at `path`, and clauses added to it.

    Raises SpecError, which names the file if it is an addition, and OSError.
    """
    spec = parse_spec((path or _own_copy()).read_text(encoding="utf-8"))
    for addition in additions:
        try:
            spec = extended(spec, addition.read_text(encoding="utf-8"))
        except (SpecError, UnicodeDecodeError) as error:
            raise SpecError(f"{addition}: {error}") from None
    return spec


def parse_spec(text: str) -> Spec:
    """Reads the text of a spec. Raises SpecError for ids that are double, unknown or malformed."""
    version = _VERSION.search(text)
    spec = Spec(version["version"] if version else "none")
    found = _requirements(text)
    if private := [each.id for each in found if each.is_private]:
        raise SpecError(f"{', '.join(private)}: ids with {PRIVATE} are for additions to the spec")
    _add(spec, found)
    _add_sessions(spec, text)
    return spec


def extended(spec: Spec, text: str) -> Spec:
    """A spec with the clauses and sessions of another text, whose ids begin with X-.

    They belong to a level, to an extension of the spec, or to one of their own, whose name begins
    with `x-`. Raises SpecError.
    """
    found = _requirements(text)
    if not found:
        raise SpecError("there is no requirement in it")
    if public := [each.id for each in found if not each.is_private]:
        raise SpecError(f"the id of an added clause begins with {PRIVATE}: {', '.join(public)}")
    for each in found:
        if each.capability and each.capability not in spec.capabilities:
            if not each.capability.startswith(PRIVATE.lower()):
                raise SpecError(f"{each.id}: a capability of one's own begins with x-")
    larger = Spec(spec.version, private=spec.private | set(_PRIVATE_WORD.findall(text)))
    _add(larger, [*spec.requirements.values(), *found])
    larger.sessions = list(spec.sessions)
    _add_sessions(larger, text)
    return larger


def _requirements(text: str) -> list[Requirement]:
    """The requirements of a text, as they stand in it. Raises SpecError for malformed ones."""
    matches = list(_REQUIREMENT.finditer(text))
    read = {match.start() for match in matches}
    if malformed := [each[1] for each in _HEADING.finditer(text) if each.start() not in read]:
        raise SpecError(f"malformed id, or no level or keyword for {', '.join(malformed)}")
    reasons = {match.start("untestable") for match in matches if match["untestable"]}
    for stray in _REASON.finditer(text):
        if stray.start() + len("Not testable: ") not in reasons:
            raise SpecError(
                "`Not testable: because …` stands in a paragraph of its own, right behind its"
                f" requirement: {escape(stray[0])}"
            )
    return [
        Requirement(
            match["id"],
            BEYOND if match["capability"] else int(match["level"]),
            match["keyword"],
            _one_line(match["text"]),
            match["capability"],
            _one_line(match["untestable"] or ""),
        )
        for match in matches
    ]


def _add(spec: Spec, found: Sequence[Requirement]) -> None:
    for requirement in sorted(found, key=lambda each: each.level):  # stable: keeps the text's order
        if requirement.id in spec.requirements:
            raise SpecError(f"{requirement.id} stands twice in the spec")
        spec.requirements[requirement.id] = requirement


def _add_sessions(spec: Spec, text: str) -> None:
    known = len(spec.sessions)
    for number, match in enumerate(_SESSION.finditer(text), 1):
        cites = tuple(match["ids"].split())
        if unknown := [name for name in cites if name not in spec.requirements]:
            raise SpecError(f"session {number} cites {', '.join(unknown)}, unknown to the spec")
        spec.sessions.append(
            Session(f"{known + number:02}-{cites[0].lower()}", cites, parse_session(match["body"]))
        )
    if text.count("```session") != len(spec.sessions) - known:
        raise SpecError("a session block does not say which requirements it shows")


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
