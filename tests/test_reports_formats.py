"""Each format for a grading service, read as that service reads it."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.reports import classroom50, ctrf, gradebook, gradescope, junit, vpl
from conformance.reports.read import ReportError, read
from conformance.target import Target
from tests.graded import COMMANDS, failure, forge, hostile, record, unstarted, void, write

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
every_kind = pytest.mark.parametrize("kind", KINDS)
every_grade = pytest.mark.parametrize("kind", [name for name in KINDS if name != "void"])


# JUnit: what junit-10.xsd of Jenkins' xUnit plugin and JUnit.xsd of Ant (Windy Road) both allow

_TIME = re.compile(r"\d+\.\d{3}")
_ATTRIBUTES: dict[str, tuple[set[str], set[str]]] = {  # required, allowed besides
    "testsuites": (set(), {"name", "time", "tests", "failures", "errors"}),
    "testsuite": (
        {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "package", "id"},
        {"skipped"},
    ),
    "properties": (set(), set()),
    "property": ({"name", "value"}, set()),
    "testcase": ({"name", "classname", "time"}, set()),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": (set(), {"message", "type"}),
    "system-out": (set(), set()),
    "system-err": (set(), set()),
}
_CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"((failure|error|skipped) )?",
}


def check_junit(element: ET.Element) -> None:
    """Raises AssertionError where an element is not as both schemas want it."""
    required, more = _ATTRIBUTES[element.tag]
    assert required <= set(element.attrib) <= required | more, element.tag
    children = "".join(f"{child.tag} " for child in element)
    assert re.fullmatch(_CHILDREN.get(element.tag, ""), children), (element.tag, children)
    if "time" in element.attrib:
        assert _TIME.fullmatch(element.attrib["time"])
    if "timestamp" in element.attrib:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", element.attrib["timestamp"])
    for counted, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error")):
        if counted in element.attrib:
            assert int(element.attrib[counted]) == sum(1 for _ in element.iter(tag))
    for child in element:
        check_junit(child)


@every_kind
def test_junit_is_as_both_schemas_want_it(tmp_path: Path, kind: str) -> None:
    text = junit.render([read(KINDS[kind](tmp_path / "a")), read(write(tmp_path / "b"))])
    root = ET.fromstring(text)
    check_junit(root)
    assert len(root) == 2
    assert len({suite.attrib["id"] for suite in root}) == 2
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff\ufffe\uffff]", text)


@pytest.mark.parametrize(
    "broken",
    [
        "<testsuites><testcase name='a' classname='a' time='0.000'/></testsuites>",
        "<testsuites><testsuite name='a'/></testsuites>",
        "<testsuites tests='1'/>",
        "<testcase name='a' classname='a' time='0.000'><failure/></testcase>",
        "<testcase name='a' classname='a' time='1 s'/>",
    ],
)
def test_check_of_junit_can_fail(broken: str) -> None:
    with pytest.raises(AssertionError):
        check_junit(ET.fromstring(broken))


def test_junit_has_one_case_for_each_requirement(tmp_path: Path) -> None:
    root = ET.fromstring(junit.render([read(KINDS["fails"](tmp_path))]))
    cases = {case.attrib["name"]: [child.tag for child in case] for case in root.iter("testcase")}
    assert cases == {
        "HELLO-1": [],
        "HELLO-2": [],
        "NICK-1": ["failure"],
        "SAY-1": ["skipped"],
        "SAY-2": ["skipped"],
        "ROOM-1": [],
        "ROOM-2": ["failure"],
    }
    failed = next(root.iter("failure"))
    assert "again      python -m conformance mine --seed 7 --only NICK-1" in str(failed.text)


def test_junit_of_a_server_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    root = ET.fromstring(junit.render([read(unstarted(tmp_path))]))
    assert root.attrib["errors"] == "1"
    error = next(root.iter("error"))
    assert error.attrib["message"] == "the server does not start: it ended"


# CTRF: ctrf.io, schema/ctrf.schema.json

_TEST_KEYS = {"name", "status", "duration", "suite", "rawStatus", "tags", "message", "trace"}


@every_kind
def test_ctrf_is_as_its_schema_wants_it(tmp_path: Path, kind: str) -> None:
    text = ctrf.render([read(KINDS[kind](tmp_path / "a")), read(write(tmp_path / "b"))])
    document = json.loads(text)
    assert document.keys() == {"reportFormat", "specVersion", "generatedBy", "results"}
    assert document["reportFormat"] == "CTRF"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document["specVersion"])
    results = document["results"]
    assert results.keys() == {"tool", "summary", "tests", "extra"}
    assert results["tool"].keys() == {"name", "version"}
    words = ("passed", "failed", "skipped", "pending", "other")
    assert results["summary"].keys() == {"tests", *words, "start", "stop"}
    assert all(type(value) is int for value in results["summary"].values())
    assert results["summary"]["start"] <= results["summary"]["stop"]
    assert results["summary"]["tests"] == len(results["tests"])
    assert sum(results["summary"][word] for word in words) == len(results["tests"])
    for test in results["tests"]:
        assert {"name", "status", "duration"} <= test.keys() <= _TEST_KEYS | {"extra"}
        assert test["status"] in words
        assert type(test["duration"]) is int
        assert test["suite"]
        assert all(isinstance(each, str) for each in test["suite"])


def test_ctrf_has_the_points_under_extra(tmp_path: Path) -> None:
    results = json.loads(ctrf.render([read(KINDS["fails"](tmp_path))], ["rooms"]))["results"]
    points = {test["name"]: test["extra"]["points"] for test in results["tests"]}
    assert (points["HELLO-1"], points["NICK-1"], points["SAY-2"]) == (2, 0, 0)
    assert results["extra"]["servers"][0]["points"] == 3 + 2
    assert results["extra"]["servers"][0]["max_points"] == 7 + 3


def test_ctrf_of_a_file_without_a_time_is_refused(tmp_path: Path) -> None:
    path = forge(tmp_path, lambda table: table.update(graded_at="yesterday"))
    with pytest.raises(ReportError, match="no time"):
        ctrf.render([read(path)])


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


# Moodle's gradebook


def submitted(tmp_path: Path, folder: str, *records: Any) -> Path:
    """The grade of a submission in a folder of this name."""
    mine = tmp_path / "submissions" / folder
    mine.mkdir(parents=True)
    target = Target("called-otherwise", command="./server {port}", folder=mine)
    return write(tmp_path / "reports" / folder, *records, target=target)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_gradebook_knows_students_by_their_folder(tmp_path: Path) -> None:
    """Not by the name in parley.toml, which they write themselves."""
    paths = [submitted(tmp_path, "a@uni.example", failure()), submitted(tmp_path, "b@uni.example")]
    text, left_out = gradebook.render([read(path) for path in paths])
    assert left_out == []
    assert [(row["Email address"], row["Parley points"]) for row in rows_of(text)] == [
        ("a@uni.example", "5"),
        ("b@uni.example", "7"),
    ]
    assert rows_of(text)[0]["Parley feedback"] == "fails NICK-1"
    assert rows_of(text)[0]["Parley percent"] == "71.43"


def test_gradebook_takes_id_numbers(tmp_path: Path) -> None:
    text, _ = gradebook.render([read(submitted(tmp_path, "4711"))])
    assert rows_of(text)[0]["ID number"] == "4711"


def test_gradebook_leaves_out_whom_moodle_does_not_know(tmp_path: Path) -> None:
    """One unknown user would make Moodle give up the whole import."""
    roster = tmp_path / "roster.csv"
    roster.write_text(
        "\ufeffIdentifier,Full name,Email address\n"
        "Participant 815,Ann Author,ann@uni.example\n"
        "Participant 816,Ben Brown,ben@uni.example\n"
        "Participant 817,Ben Brown,other@uni.example\n"
    )
    folders = ["Ann Author_815_assignsubmission_file_", "Ben Brown", "nobody"]
    results = [read(submitted(tmp_path, folder)) for folder in folders]
    text, left_out = gradebook.render(results, roster=roster)
    assert [row["Email address"] for row in rows_of(text)] == ["ann@uni.example"]
    assert [line.split(" is left out")[0] for line in left_out] == ["Ben Brown", "nobody"]


def test_gradebook_leaves_out_a_void_grade_and_gives_0_for_a_server_that_does_not_start(
    tmp_path: Path,
) -> None:
    results = [read(void(tmp_path / "1")), read(unstarted(tmp_path / "2"))]
    text, left_out = gradebook.render(results)
    assert left_out == ["1 is left out: the suite failed (AssertionError: oh)"]
    assert [(row["ID number"], row["Parley points"]) for row in rows_of(text)] == [("2", "0")]
    assert rows_of(text)[0]["Parley level"] == ""


def test_gradebook_has_no_formula_in_it(tmp_path: Path) -> None:
    def forged(table: dict[str, Any]) -> None:
        table["server"]["folder"] = "=cmd|calc"
        table["broken"] = "+1+1\nand more"

    text, _ = gradebook.render([read(forge(tmp_path, forged))])
    for each in next(csv.reader(text.splitlines()[1:])):
        assert not each.startswith(("=", "+", "-", "@"))
    assert len(text.splitlines()) == 2


@pytest.mark.parametrize("folders", [("a@uni.example", "4711"), ("4711", "4711")])
def test_gradebook_refuses_what_moodle_would(tmp_path: Path, folders: tuple[str, str]) -> None:
    results = [read(write(tmp_path / str(n) / name)) for n, name in enumerate(folders)]
    with pytest.raises(ReportError):
        gradebook.render(results)


@pytest.mark.parametrize("roster", ["", "Name\nAnn\n", None])
def test_gradebook_refuses_a_roster_that_is_none(tmp_path: Path, roster: str | None) -> None:
    path = tmp_path / "roster.csv"
    if roster is not None:
        path.write_text(roster)
    with pytest.raises(ReportError, match=r"roster\.csv"):
        gradebook.render([read(write(tmp_path))], roster=path)


# All of them


@every_kind
def test_no_line_of_a_text_begins_with_a_command(tmp_path: Path, kind: str) -> None:
    """What is printed on GitHub or in VPL; blanks in front do not help there."""
    graded = read(KINDS[kind](tmp_path))
    for text in (junit.render([graded]), ctrf.render([graded])):
        assert not any(line.lstrip().startswith(COMMANDS) for line in text.splitlines())
    *lines, _, _ = vpl.render([graded]).splitlines()  # without its own grade
    ours = ("<|--", "--|>")
    assert not any(line.lstrip().startswith(COMMANDS) for line in lines if line not in ours)
