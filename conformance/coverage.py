"""What tests and requirements owe each other; whatever is amiss here is an error, and never green.

A test cites, at the beginning of its docstring, requirements that exist; a requirement has a test,
an example that is played, or a written reason why there is none; and what was selected is there.
Nothing is kept here, and no server runs yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from .spec import ID, Requirement, Spec

_CITES = re.compile(rf"({ID}(?:, {ID})*): \S")


class CoverageError(Exception):
    """The tests and the spec do not fit together, or nothing is left to test."""


@dataclass
class Case:
    """A collected test and what it is about."""

    item: pytest.Item
    cites: tuple[str, ...]
    level: int
    is_private: bool = False  # whether it is about a clause that somebody added

    @property
    def in_words(self) -> str:
        """What its name says, and with which parameter."""
        name, bracket, parameter = self.item.name.partition("[")
        return name.removeprefix("test_").replace("_", " ") + (f" [{parameter}" if bracket else "")

    @property
    def is_session(self) -> bool:
        """Whether it plays an example of the spec."""
        return "session" in getattr(self.item, "fixturenames", ())


def read_case(item: pytest.Item, spec: Spec) -> Case:
    """What a test says that it is about, and builds on. Raises CoverageError."""
    callspec = getattr(item, "callspec", None)
    if callspec and "session" in callspec.params:
        cites = callspec.params["session"].cites
    else:
        match = _CITES.match(getattr(item, "function", item).__doc__ or "")
        if not match:
            raise CoverageError(f"{item.nodeid}: the docstring does not begin with `ID: clause`")
        cites = tuple(match[1].split(", "))
    needed = [name for mark in item.iter_markers("needs") for name in mark.args]
    for verb, names in (("cites", cites), ("needs", needed)):
        if unknown := [name for name in names if name not in spec.requirements]:
            raise CoverageError(f"{item.nodeid} {verb} {', '.join(unknown)}, unknown to the spec")
    cited = [spec.requirements[name] for name in cites]
    if excused := [each.id for each in cited if each.untestable]:
        raise CoverageError(
            f"{item.nodeid} cites {', '.join(excused)}, of which the spec says: not testable"
        )
    return Case(
        item, cites, max(each.level for each in cited), any(each.is_private for each in cited)
    )


def expect_complete(cases: Iterable[Case], spec: Spec) -> None:
    """Every requirement has a test, an example or a written reason. Raises CoverageError."""
    cited = {name for case in cases for name in case.cites}
    untouched = [
        each.id for each in spec.requirements.values() if each.id not in cited | _excused(spec)
    ]
    if untouched:
        raise CoverageError(f"no test cites {', '.join(untouched)}")


def expect_tests_in(folders: Iterable[Path], cases: Sequence[Case]) -> None:
    """Each folder that was named has a test. Raises CoverageError."""
    for folder in folders:
        if not any(folder.resolve() in case.item.path.resolve().parents for case in cases):
            raise CoverageError(f"--tests {folder}: there is no test in it")


def selected(
    spec: Spec, chosen: Iterable[Case], only: Sequence[str], level: int | None
) -> set[str]:
    """The requirements that a run is about. Raises CoverageError for a selection without a test."""
    cited = {name for case in chosen for name in case.cites}
    for name in only:
        found = [each for each in spec.requirements.values() if _is_called(each, (name,))]
        if cited.isdisjoint(each.id for each in found):
            reason = next((f": {each.untestable}" for each in found if each.untestable), "")
            raise CoverageError(f"--only {name} selects no test{reason}")
    excused = {
        name for name in _excused(spec) if level is None or spec.requirements[name].level <= level
    }
    return {name for name in cited | excused if counts(spec.requirements[name], only)}


def counts(requirement: Requirement, only: Sequence[str]) -> bool:
    """Whether a requirement is asked for: by its id, or by the name of its extension."""
    return not only or _is_called(requirement, only)


def _is_called(requirement: Requirement, names: Sequence[str]) -> bool:
    return requirement.id in names or requirement.capability in names


def _excused(spec: Spec) -> set[str]:
    return {each.id for each in spec.requirements.values() if each.untestable}
