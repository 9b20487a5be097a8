"""JUnit XML, for the test pages of Jenkins, GitLab and GitHub. Never count points from it.

A suite for each server and a case for each requirement, not for each test: what a case is called
stays the same from run to run. Keeps to what the two XSDs in use have in common: the one of
Jenkins (junit-10.xsd of the xUnit plugin) and the one of Ant (Windy Road).
"""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from ..card import text_of
from .read import Check, Graded

#: Tests run on the loopback interface; the name of a machine is nobody's business.
_HOST = "localhost"


def render(results: Sequence[Graded], counted: Sequence[str] = ()) -> str:
    """One document for all servers. Points, and therefore `counted`, do not occur in it."""
    suites = [_suite(number, graded) for number, graded in enumerate(results)]
    root = ET.Element("testsuites", name="parley-conformance", time=_seconds(results))
    for attribute in ("tests", "failures", "errors"):
        root.set(attribute, str(sum(int(suite.attrib[attribute]) for suite in suites)))
    root.extend(suites)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(number: int, graded: Graded) -> ET.Element:
    counts = graded.counts()
    suite = ET.Element(
        "testsuite",
        name=graded.name,
        package=graded.name,
        id=str(number),
        timestamp=graded.graded_at.removesuffix("Z"),
        hostname=_HOST,
        time=_seconds([graded]),
        tests=str(len(graded.checks) + bool(graded.broken)),
        failures=str(counts["fail"]),
        errors=str(counts["error"] + bool(graded.broken)),
        skipped=str(counts["skip"] + counts["untested"] + counts["untestable"]),
    )
    properties = ET.SubElement(suite, "properties")
    for name, value in (
        ("suite", graded.suite),
        ("spec", graded.spec),
        ("seed", graded.seed),
        ("sha256", graded.sha256 or ""),
        ("verdict", graded.verdict),
        ("level", "" if graded.level is None else graded.level),
    ):
        ET.SubElement(properties, "property", name=name, value=str(value))
    if graded.broken:
        case = ET.SubElement(suite, "testcase", name="grade", classname=graded.name, time="0.000")
        first = graded.broken.split("\n", 1)[0]
        error = ET.SubElement(case, "error", type=graded.broken_by or "suite", message=first)
        error.text = graded.broken
    for check in graded.checks:
        _case(suite, graded, check)
    ET.SubElement(suite, "system-out")
    ET.SubElement(suite, "system-err")
    return suite


def _case(suite: ET.Element, graded: Graded, check: Check) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        name=check.id,
        classname=f"{graded.name}.{check.where}",
        time=f"{graded.seconds(check):.3f}",
    )
    reason = graded.reason(check)
    if check.status in ("skip", "untested", "untestable"):
        ET.SubElement(case, "skipped", message=reason)
    elif check.status == "error":
        ET.SubElement(case, "error", type="suite", message=reason)
    elif check.status == "fail":
        failure = ET.SubElement(case, "failure", type=check.keyword, message=reason)
        failure.text = "\n\n".join(map(text_of, graded.cards(check.id)))


def _seconds(results: Sequence[Graded]) -> str:
    return f"{sum(graded.duration for graded in results):.3f}"
