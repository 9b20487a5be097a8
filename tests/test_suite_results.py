"""From records to a grade: conformance/results.py, on a small spec of our own and no server."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from conformance import __version__
from conformance.results import SCHEMA, Record, Result, Rubric, read_rubric
from conformance.spec import parse_spec
from conformance.target import Target

SPEC = parse_spec(
    "Version 9.1 of this document\n\n"
    + "".join(
        f"**{name}** · {where} · {keyword}:\nA sentence about {name}.\n\n"
        for name, where, keyword in (
            ("HELLO-1", "level 0", "MUST"),
            ("HELLO-2", "level 0", "SHOULD"),
            ("NICK-1", "level 1", "MUST"),
            ("NICK-2", "level 1", "MUST"),
            ("SAY-1", "level 2", "MUST"),
            ("SAY-2", "level 2", "MAY"),
            ("ROOM-1", "rooms", "MUST"),
            ("ROOM-2", "rooms", "SHOULD"),
        )
    )
)
RUBRIC = Rubric({"MUST": 2, "SHOULD": 1, "MAY": 0}, {"NICK-2": 5})


def record(*cites: str, status: str = "pass", blames: tuple[str, ...] = ()) -> Record:
    """What one test did, at the level that its citations give it."""
    level = max(SPEC.requirements[name].level for name in cites)
    return Record(f"test_{'_'.join(cites)}_{status}", cites, level, status, 0.01, blames=blames)


def failure(*cites: str, blames: tuple[str, ...] = ()) -> Record:
    """A failure as grade.py records it: it blames the first citation, and perhaps another."""
    return record(*cites, status="fail", blames=(cites[0], *blames))


def graded(*records: Record, **changes: Any) -> Result:
    """The result of these records; requirements without one are given a test that passes."""
    selected = changes.setdefault("selected", set(SPEC.requirements))
    named = {name for each in records for name in each.cites}
    rest = [record(name) for name in SPEC.requirements if name in selected - named]
    settings: dict[str, Any] = {
        "target": Target("mine", command="./server {port}"),
        "spec": SPEC,
        "rubric": RUBRIC,
        "seed": 7,
        "records": [*records, *rest],
        "capabilities": ["rooms"],
        "offers": {"rooms"},
        "selection": False,
        "duration": 1.23456,
    }
    return Result(**settings | changes)


def test_server_that_passes_all_has_the_last_level_and_every_point() -> None:
    result = graded()
    assert (result.verdict, result.level) == ("pass", 2)
    assert result.score == result.max_score == 2 + 1 + 2 + 5 + 2 + 0
    assert set(result.statuses().values()) == {"pass"}
    assert list(result.statuses()) == list(SPEC.requirements)


@pytest.mark.parametrize(
    ("name", "level"), [("HELLO-1", None), ("NICK-1", 0), ("NICK-2", 0), ("SAY-1", 1)]
)
def test_failed_must_stops_the_levels_below_its_own(name: str, level: int | None) -> None:
    """No level at all if level 0 fails; what lies above does not help."""
    result = graded(failure(name))
    assert (result.verdict, result.level) == ("fail", level)
    assert result.status(name) == "fail"
    assert result.score == result.max_score - RUBRIC.points(SPEC.requirements[name])


@pytest.mark.parametrize("name", ["HELLO-2", "SAY-2"])
def test_failed_should_or_may_blocks_nothing_and_costs_its_points(name: str) -> None:
    result = graded(failure(name))
    assert (result.verdict, result.level) == ("pass", 2)
    assert result.status(name) == "fail"
    assert result.max_score - result.score == RUBRIC.points(SPEC.requirements[name])


@pytest.mark.parametrize("name", ["HELLO-1", "NICK-2", "SAY-1"])
def test_untested_must_blocks_no_level_and_costs_its_points(name: str) -> None:
    """A bound that a server cannot be told is not its failure."""
    result = graded(record(name, status="untested"))
    assert (result.verdict, result.level) == ("pass", 2)
    assert result.status(name) == "untested"
    assert result.score == result.max_score - RUBRIC.points(SPEC.requirements[name])


@pytest.mark.parametrize(("name", "level"), [("NICK-2", 0), ("SAY-1", 1)])
def test_skipped_must_blocks_its_level(name: str, level: int) -> None:
    """It builds on something that failed: nobody knows, so nobody vouches for it."""
    result = graded(record(name, status="skip"))
    assert (result.verdict, result.level, result.status(name)) == ("fail", level, "skip")


def test_skipped_should_blocks_nothing() -> None:
    assert graded(record("HELLO-2", status="skip")).verdict == "pass"


def test_requirement_is_as_good_as_the_worst_of_its_tests() -> None:
    """One test that fails, is skipped or goes wrong outweighs any number that pass."""
    for worst in ("skip", "error"):
        result = graded(record("NICK-1"), record("NICK-1", status=worst), record("NICK-1"))
        assert result.status("NICK-1") == worst
    result = graded(record("NICK-1"), failure("NICK-1"), record("NICK-1", status="error"))
    assert result.status("NICK-1") == "fail"
    result = graded(record("NICK-1"), record("NICK-1", status="untested"))
    assert result.status("NICK-1") == "pass"


def test_failure_blamed_on_an_earlier_requirement_refutes_both() -> None:
    """A line that is no line of the protocol, met by a test of SAY-1: HELLO-1 does not hold."""
    result = graded(failure("SAY-1", blames=("HELLO-1",)))
    assert (result.status("SAY-1"), result.status("HELLO-1")) == ("fail", "fail")
    assert (result.verdict, result.level) == ("fail", None)


def test_second_citation_of_a_failed_test_is_not_judged() -> None:
    """The failure refutes the first; about the second it proves nothing."""
    result = graded(failure("NICK-1", "NICK-2"))
    assert (result.status("NICK-1"), result.status("NICK-2")) == ("fail", "skip")


def test_test_of_a_later_level_does_not_judge_an_earlier_requirement() -> None:
    """SAY-1's test fails; NICK-1, which it also cites, has passed its own test."""
    result = graded(record("NICK-1"), failure("SAY-1", "NICK-1"))
    assert (result.status("NICK-1"), result.level) == ("pass", 1)
    result = graded(record("NICK-1"), record("SAY-1", "NICK-1", status="skip"))
    assert (result.status("NICK-1"), result.level) == ("pass", 1)


def test_level_of_which_nothing_ran_is_not_reached() -> None:
    """-x ends a grade at the first failure; of what would have come nothing is known."""
    result = graded(records=[record("HELLO-1"), failure("HELLO-2")])
    assert (result.level, result.score) == (0, 2)
    assert result.verdict != "pass"
    assert list(result.statuses().values()) == ["pass", "fail", *["skip"] * 6]
    assert result.extensions["rooms"]["verdict"] == "fail"
    assert graded(records=[]).level is None


def test_requirement_that_was_blamed_but_never_tested_has_failed() -> None:
    """-x after a line that also breaks a rule of a later level."""
    result = graded(records=[failure("HELLO-1", blames=("NICK-1",))])
    assert [result.status(name) for name in ("HELLO-1", "NICK-1", "NICK-2")] == [
        *("fail", "fail", "skip")
    ]


def test_requirement_of_which_only_a_later_test_was_chosen_is_no_failure() -> None:
    """-k WORDS chooses one test, and it passes: nothing is wrong with what else it cites."""
    result = graded(
        records=[record("SAY-1", "NICK-1")], selected={"SAY-1", "NICK-1"}, selection=True
    )
    assert result.verdict == "partial"


def test_part_of_the_suite_is_partial_and_counts_its_own_points() -> None:
    """--only and --level: what was not selected is neither won nor lost."""
    result = graded(selected={"HELLO-1", "HELLO-2", "NICK-2"}, selection=True)
    assert (result.verdict, result.level) == ("partial", 1)
    assert result.score == result.max_score == 2 + 1 + 5
    assert list(result.statuses()) == ["HELLO-1", "HELLO-2", "NICK-2"]


def test_part_without_level_0_reaches_no_level() -> None:
    result = graded(selected={"NICK-2"}, selection=True)
    assert (result.verdict, result.level) == ("partial", None)


def test_part_that_fails_is_a_failure() -> None:
    result = graded(failure("NICK-2"), selected={"NICK-2"}, selection=True)
    assert (result.verdict, result.level, result.score) == ("fail", None, 0)


def test_error_of_the_suite_is_an_error_whatever_else_failed() -> None:
    """No verdict over a server from a suite that went wrong."""
    for name in ("SAY-1", "HELLO-2"):
        result = graded(failure("NICK-1"), record(name, status="error"))
        assert (result.verdict, result.status(name)) == ("error", "error")
    assert graded(record("SAY-1", status="error")).level == 1


def test_server_that_could_not_be_graded_is_an_error() -> None:
    result = graded(broken="it does not start", selected=set(), records=[])
    assert (result.verdict, result.level, result.score, result.max_score) == ("error", None, 0, 0)
    assert result.as_json()["broken"] == "it does not start"
    assert result.as_json()["broken_by"] == "suite"
    assert graded(broken="…", servers_fault=True).as_json()["broken_by"] == "server"
    assert graded().as_json()["broken_by"] is None


def test_examples_of_the_spec_come_with_the_requirements_that_they_show() -> None:
    text = "**{}** · level 0 · MUST:\nA sentence.\n\n"
    block = "```session HELLO-1\nalice< HELLO parley/1 x\nalice> PING a\n```\n"
    spec = parse_spec(text.format("HELLO-1") + text.format("PING-1") + block)
    shown = graded(records=[], spec=spec, selected={"HELLO-1"}).as_json()["sessions"]
    assert shown == [{"cites": ("HELLO-1",), "lines": ["alice< HELLO parley/1 x", "alice> PING a"]}]
    assert graded(records=[], spec=spec, selected={"PING-1"}).as_json()["sessions"] == []


def test_extension_is_graded_by_itself() -> None:
    """Its points are its own, and its failure stops no level."""
    result = graded(failure("ROOM-1"))
    assert (result.level, result.score) == (2, result.max_score)
    assert result.extensions == {
        "rooms": {"offered": True, "verdict": "fail", "score": 1, "max_score": 3}
    }
    assert graded(failure("ROOM-2")).extensions["rooms"]["verdict"] == "pass"


def test_extension_that_is_not_offered_is_neither_won_nor_lost() -> None:
    untested = [record(name, status="untested") for name in ("ROOM-1", "ROOM-2")]
    result = graded(*untested, capabilities=[], offers=set())
    assert (result.verdict, result.level, result.score) == ("pass", 2, result.max_score)
    assert result.extensions["rooms"] == {
        "offered": False,
        "verdict": "not offered",
        "score": 0,
        "max_score": 3,
    }


def test_file_has_the_keys_of_the_schema(tmp_path: Path) -> None:
    """What reports are made from: design.md, section 4."""
    result = graded(failure("NICK-2"), record("SAY-1", status="untested"))
    path = result.write(tmp_path / "reports" / "mine")
    assert path == tmp_path / "reports" / "mine" / "results.json"
    assert [each.name for each in path.parent.iterdir()] == ["results.json"]
    table = json.loads(path.read_text(encoding="ascii"))
    assert table["schema"] == SCHEMA == "parley-conformance/1"
    assert (table["suite"], table["spec"], table["seed"]) == (__version__, "9.1", 7)
    assert table["server"] == {
        "name": "mine",
        "folder": None,
        "command": "./server {port}",
        "capabilities": ["rooms"],
        "sha256": None,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", table["graded_at"])
    assert set(table["machine"]) >= {"system", "python", "cpus"}
    assert (table["verdict"], table["level"]) == ("fail", 0)
    assert (table["score"], table["max_score"]) == (5, 12)
    assert (table["load"], table["duration_s"], table["broken"]) == (None, 1.235, None)
    assert [each["id"] for each in table["requirements"]] == list(SPEC.requirements)
    nick = next(each for each in table["requirements"] if each["id"] == "NICK-2")
    assert nick.keys() >= {"id", "level", "keyword", "status", "points", "tests"}
    assert (nick["level"], nick["keyword"], nick["status"]) == (1, "MUST", "fail")
    assert (nick["points"], nick["max_points"], nick["tests"]) == (0, 5, ["test_NICK-2_fail"])
    core = [each for each in table["requirements"] if each["level"] is not None]
    assert sum(each["points"] for each in core) == table["score"]
    assert sum(each["max_points"] for each in core) == table["max_score"]
    assert {each["status"] for each in table["tests"]} == {"pass", "fail", "untested"}


def test_file_is_replaced_and_plain_ascii_whatever_a_server_said(tmp_path: Path) -> None:
    """A lone surrogate or an escape character in a reason must not break the file."""
    odd = record("NICK-1")
    odd.reason = "\udc80\x1b\u202e"
    graded().write(tmp_path)
    path = graded(odd).write(tmp_path)
    octets = path.read_bytes()
    assert octets.isascii()
    assert b"\x1b" not in octets
    assert json.loads(octets)["tests"][0]["reason"] == odd.reason


def test_own_rubric_gives_points_by_keyword() -> None:
    rubric = read_rubric()
    points = [rubric.points(SPEC.requirements[name]) for name in ("HELLO-1", "HELLO-2", "SAY-2")]
    assert points == [2, 1, 0]


def test_rubric_of_a_teacher_goes_by_id_before_keyword(tmp_path: Path) -> None:
    """A keyword that it does not name is worth nothing."""
    (tmp_path / "r.toml").write_text("[keyword]\nMUST = 3\n[requirement]\nNICK-1 = 0\n")
    rubric = read_rubric(tmp_path / "r.toml")
    points = [rubric.points(SPEC.requirements[name]) for name in ("HELLO-1", "NICK-1", "HELLO-2")]
    assert points == [3, 0, 0]


@pytest.mark.parametrize(
    "toml",
    [
        "[keyword]\nMUST = 1.5\n",
        '[keyword]\nMUST = "2"\n',
        "[requirement]\nNICK-1 = -1\n",
        "[requirement]\nNICK-1 = [1]\n",
        "[keyword\n",
        "[keyword]\nMUST = true\n",
        "keyword = 3\n",
        "[keyword]\nmust = 2\n",
        "[requirements]\nNICK-1 = 2\n",
    ],
)
def test_mistake_in_a_rubric_is_an_error(tmp_path: Path, toml: str) -> None:
    """Points that are no whole numbers, and words that would silently count for nothing."""
    (tmp_path / "r.toml").write_text(toml)
    with pytest.raises(ValueError, match=r"r\.toml"):
        read_rubric(tmp_path / "r.toml")
