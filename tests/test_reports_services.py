"""Reports of one server for a grading service, read as that service reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from conformance.reports import classroom50, gradescope, vpl
from conformance.reports.read import ReportError, read
from tests.graded import KINDS, failure, record, unstarted, write

every_grade = pytest.mark.parametrize("kind", [name for name in KINDS if name != "void"])


# Gradescope: gradescope-autograders.readthedocs.io/en/latest/specs


@every_grade
def test_gradescope_is_as_its_specification_wants_it(tmp_path: Path, kind: str) -> None:
    document = json.loads(gradescope.render([read(KINDS[kind](tmp_path))]))
    assert type(document["score"]) is int
    assert type(document["execution_time"]) is int
    formats = {"output_format", "test_output_format", "test_name_format"}
    assert {document[each] for each in formats} == {"text"}
    assert document["visibility"] == "visible"
    assert document["stdout_visibility"] == "hidden"
    for test in document["tests"]:
        assert test["status"] in ("passed", "failed")
        assert (test["output_format"], test["name_format"]) == ("text", "text")
        assert test["visibility"] == "visible"  # a hidden one would hide the total
        assert ("score" in test) == ("max_score" in test)
        assert test.get("score", 0) <= test.get("max_score", 0)
        assert all(isinstance(each, str) for each in (test["name"], test["number"], *test["tags"]))
    counted = [test for test in document["tests"] if "score" in test]
    assert sum(test["score"] for test in counted) == document["score"]
    assert sum(test["max_score"] for test in counted) == document["extra_data"]["max_score"]


def test_gradescope_shows_the_card_and_gives_the_points_of_the_suite(tmp_path: Path) -> None:
    document = json.loads(gradescope.render([read(KINDS["fails"](tmp_path))]))
    tests = {test["name"].split()[0]: test for test in document["tests"]}
    assert document["score"] == 3
    assert "expected   alice< OK NICK alice 1" in tests["NICK-1"]["output"]
    assert "it builds on NICK-1" in tests["SAY-1"]["output"]
    assert (tests["SAY-1"]["status"], tests["SAY-1"]["score"]) == ("failed", 0)


def test_gradescope_shows_an_extension_without_points_unless_it_counts(tmp_path: Path) -> None:
    graded = read(KINDS["fails"](tmp_path))
    shown = json.loads(gradescope.render([graded]))
    counted = json.loads(gradescope.render([graded], ["rooms"]))
    assert {"score" in test for test in shown["tests"] if "rooms" in test["tags"]} == {False}
    assert counted["score"] == shown["score"] + 2
    assert "extension rooms: pass (2 of 3 points, not counted above)" in shown["output"]


def test_gradescope_leaves_out_what_nobody_offers_or_asks_for(tmp_path: Path) -> None:
    untested = [record(name, status="untested") for name in ("ROOM-1", "ROOM-2")]
    graded = read(write(tmp_path, *untested, offers=set(), capabilities=[]))
    assert not [t for t in json.loads(gradescope.render([graded]))["tests"] if "rooms" in t["tags"]]
    counted = json.loads(gradescope.render([graded], ["rooms"]))
    assert (counted["score"], counted["extra_data"]["max_score"]) == (7, 10)


def test_gradescope_of_a_server_that_does_not_start_is_0_with_the_reason(tmp_path: Path) -> None:
    document = json.loads(gradescope.render([read(unstarted(tmp_path))]))
    assert document["score"] == 0
    assert document["output"].startswith("not graded: the server does not start: it ended")


# Classroom 50: wiki, Advanced Autograding, and what its runner checks


@pytest.fixture
def classroom(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    given = {
        "CLASSROOM": "networks",
        "ASSIGNMENT": "chat",
        "SUBMISSION_TAG": "submit/2026-11-20T10-00-00Z-a1b2c3d",
        "COMMIT_URL": "https://example.org/commit/a1b2c3d",
        "RELEASE_URL": "https://example.org/releases/1",
        "OWNER": "alice",
        "ASSIGNMENT_TYPE": "individual",
    }
    monkeypatch.delenv("REVIEW_URL", raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return given


@every_grade
def test_classroom50_is_as_its_runner_wants_it(
    tmp_path: Path, classroom: dict[str, str], kind: str
) -> None:
    document = json.loads(classroom50.render([read(KINDS[kind](tmp_path))], ["rooms"]))
    assert document["schema"] == "classroom50/result/v1"
    assert document["classroom"] == classroom["CLASSROOM"]
    assert document["assignment"] == classroom["ASSIGNMENT"]
    assert document["owner"] == classroom["OWNER"]
    assert document["assignment_type"] == "individual"
    assert document["submission"].startswith("submit/")
    assert document["review"] == document["commit"] == classroom["COMMIT_URL"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["datetime"])
    for entry in (document, *document["tests"]):
        assert type(entry["score"]) is type(entry["max-score"]) is int
        assert 0 <= entry["score"] <= entry["max-score"]
    for test in document["tests"]:
        assert re.fullmatch(r"[A-Z]+-\d+", test["test-name"])
        assert type(test["passed"]) is bool
    for points in ("score", "max-score"):
        assert document[points] == sum(test[points] for test in document["tests"])


def test_classroom50_of_a_server_that_does_not_start_is_0_of_all(
    tmp_path: Path, classroom: dict[str, str]
) -> None:
    document = json.loads(classroom50.render([read(unstarted(tmp_path))]))
    assert (document["score"], document["max-score"]) == (0, 7)
    assert not any(test["passed"] for test in document["tests"])


def test_classroom50_needs_its_environment(
    tmp_path: Path, classroom: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ASSIGNMENT")
    with pytest.raises(ReportError, match="ASSIGNMENT must be set"):
        classroom50.render([read(write(tmp_path))])


# Moodle VPL: mod_vpl, find_proposedgrade and find_proposedcomment


def vpl_reads(output: str) -> tuple[str, str]:
    """The grade and the comments, as VPL takes them from what an evaluation printed."""
    grades = re.findall(r"^Grade :=>>(.*)$", output, re.MULTILINE)
    comments, at = "", 0
    start = re.compile(r"^[ \t]*(Comment :=>>(.*)|<\|--)[ \t]*$", re.MULTILINE)
    end = re.compile(r"^[ \t]*--\|>[ \t]*$", re.MULTILINE)
    while match := start.search(output, at):
        if match[1] != "<|--":
            comments += f"{match[2]}\n"
            at = match.end()
            continue
        stop = end.search(output, match.end())
        comments += output[match.end() + 1 : stop.start() if stop else None]
        at = stop.end() if stop else len(output)
    return (grades[-1].strip() if grades else ""), comments


@every_grade
def test_vpl_has_one_grade_and_one_block_of_comments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("VPL_GRADEMIN", "0")
    monkeypatch.setenv("VPL_GRADEMAX", "100")
    graded = read(KINDS[kind](tmp_path))
    output = vpl.render([graded])
    grade, comments = vpl_reads(output)
    assert float(grade) == pytest.approx(100 * graded.score / graded.max_score, abs=0.01)
    assert len(re.findall("^Grade :=>>", output, re.MULTILINE)) == 1
    assert output.count("\n<|--\n") == output.count("\n--|>\n") == 1
    assert all(line[0] in "->" for line in comments.splitlines())
    assert comments.count("\n") == output.count("\n") - 5


def test_vpl_comments_have_the_card(tmp_path: Path) -> None:
    _, comments = vpl_reads(vpl.render([read(KINDS["fails"](tmp_path))]))
    assert "-NICK-1 fails · level 1 · MUST\n" in comments
    assert ">  got        alice< OK NICK alise 1\n" in comments


def test_vpl_scales_to_the_range_of_the_activity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graded = read(write(tmp_path, failure("HELLO-2")))  # 6 of 7 points
    for name in ("VPL_GRADEMIN", "VPL_GRADEMAX"):
        monkeypatch.delenv(name, raising=False)
    assert vpl_reads(vpl.render([graded]))[0] == "8.57"
    monkeypatch.setenv("VPL_GRADEMIN", "4")
    monkeypatch.setenv("VPL_GRADEMAX", "18")
    assert vpl_reads(vpl.render([graded]))[0] == "16.00"
    monkeypatch.setenv("VPL_GRADEMAX", "A+")
    with pytest.raises(ReportError, match="VPL_GRADEMAX is no number"):
        vpl.render([graded])
