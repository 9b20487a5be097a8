"""Reports of many servers, read as those read them for whom they are: JUnit, CTRF, gradebook."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from conformance.reports import ctrf, gradebook, junit, vpl
from conformance.reports.read import ReportError, read
from conformance.target import Target
from tests.graded import COMMANDS, KINDS, failure, forge, unstarted, void, write

every_kind = pytest.mark.parametrize("kind", KINDS)


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
