"""What all reports share: the program, reading results.json back, what is printable."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.__main__ import main
from conformance.reports.hygiene import cell, printable
from conformance.reports.program import FORMATS
from conformance.reports.read import ReportError, read
from tests.graded import COMMANDS, failure, forge, hostile, record, unstarted, void, write

ROOT = Path(__file__).resolve().parent.parent
FORMATS_OF_GRADES = [name for name, form in FORMATS.items() if form.grades]


@pytest.fixture(autouse=True)
def _classroom50(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLASSROOM", "ASSIGNMENT", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL"):
        monkeypatch.setenv(name, f"submit/{name}")


@pytest.mark.parametrize("name", [*FORMATS, "gradebook"])
def test_every_format_is_written_into_a_file(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "mine", failure())
    output = tmp_path / "new" / "report"
    assert main(["report", name, str(path), "--output", str(output)]) == 0
    assert "NICK-1" in output.read_text()


def test_report_goes_to_standard_output(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["report", "ctrf", str(write(tmp_path, failure()))]) == 0
    assert json.loads(capsysbinary.readouterr().out)["reportFormat"] == "CTRF"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read"),
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[]", "schema"),
        (b'{"schema": "parley-conformance/2"}', "schema"),
        (b'{"schema": "parley-conformance/1"}', "no whole results.json"),
    ],
)
def test_file_that_is_no_results_is_one_line_and_status_2(
    tmp_path: Path, content: bytes | None, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.json"
    if content is not None:
        path.write_bytes(content)
    assert main(["report", "junit", str(path)]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.pop("score"),
        lambda table: table.update(score=True),
        lambda table: table.update(level="2"),
        lambda table: table.update(tests={}),
        lambda table: table.update(requirements=[None]),
        lambda table: table["requirements"][0].update(status="great"),
        lambda table: table["tests"][0]["card"].pop("again"),
        lambda table: table["tests"][0]["card"].update(session="alice> NICK"),
        lambda table: table["tests"][0]["card"].update(notes=[3]),
        lambda table: table["tests"][0]["card"].update(options=None),
        lambda table: table["tests"][0]["card"].update(differs="3"),
        lambda table: table["tests"][0]["card"].update(mark={"line": 1, "column": 2}),
        lambda table: table.update(extensions=[]),
        lambda table: table["extensions"].clear(),
        lambda table: table.update(duration_s=float("nan")),
        lambda table: table.update(load=3),
        lambda table: table.update(sessions=[{"cites": "A"}]),
    ],
)
def test_file_with_a_part_missing_or_wrong_is_refused(tmp_path: Path, change: Any) -> None:
    path = forge(tmp_path, change, failure())
    with pytest.raises(ReportError, match=r"no whole results\.json"):
        read(path)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["html"],
        ["nonsense", "FILE"],
        ["junit", "FILE", "--no-such-option"],
        ["junit", "FILE", "--roster", "FILE"],
        ["vpl", "FILE", "FILE"],
        ["vpl", "FILE", "--count", "no-such-extension"],
        ["junit", "FILE", "--output", "FILE/below-a-file"],
    ],
)
def test_wrong_usage_is_status_2(
    tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(write(tmp_path))
    try:
        status = main(["report", *(word.replace("FILE", path) for word in words)])
    except SystemExit as end:  # argparse's own
        status = int(str(end.code))
    assert status == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("name", FORMATS_OF_GRADES)
def test_nobody_gets_points_of_a_grade_in_which_the_suite_failed(
    tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out"
    assert main(["report", name, str(void(tmp_path)), "--output", str(output)]) == 2
    assert not output.exists()
    assert "the suite itself failed: AssertionError: oh" in capsys.readouterr().err


def test_extension_counts_if_it_is_asked_for(tmp_path: Path) -> None:
    graded = read(write(tmp_path, failure("ROOM-2")))
    assert graded.total() == (7, 7)
    assert graded.total(["rooms"]) == (9, 10)


def test_reason_of_each_status_is_told(tmp_path: Path) -> None:
    graded = read(
        write(
            tmp_path,
            failure("HELLO-1"),
            record("NICK-1", status="skip", reason="it builds on HELLO-1"),
            record("SAY-2", status="untested", reason="it cannot be told"),
            record("SAY-1", status="pass"),
        )
    )
    reasons = {check.id: graded.reason(check) for check in graded.checks}
    assert reasons["HELLO-1"] == "this is not the line that the spec asks for"
    assert reasons["NICK-1"] == "it builds on HELLO-1"
    assert reasons["SAY-2"] == "it cannot be told"
    assert reasons["SAY-1"] == ""


def test_server_that_does_not_start_is_judged_of_nothing(tmp_path: Path) -> None:
    graded = read(unstarted(tmp_path))
    assert (graded.is_void, graded.total()) == (False, (0, 7))
    assert {check.status for check in graded.checks} == {"skip"}
    assert graded.reason(graded.checks[0]) == "not judged: the server could not be graded"


def test_nothing_but_broken_has_more_than_one_line_however_it_was_forged(tmp_path: Path) -> None:
    graded = read(hostile(tmp_path))
    card = graded.cards("NICK-1")[0]
    strings = [graded.name, graded.suite, *graded.unclean, *card["session"], *card["stderr"]]
    strings += [card[part] for part in ("why", "client", "expected", "got", "server", "hint")]
    assert all(each.isprintable() for each in strings)
    assert all("\n" not in each for each in strings)


@given(st.text())
def test_printable_text_stays_and_everything_else_is_escaped(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()
    shown.encode()  # no lone surrogate is left


def test_no_cell_is_a_formula(tmp_path: Path) -> None:
    rows = csv.reader([",".join(f'"{cell(each)}"' for each in COMMANDS)])
    assert all(each[0] not in "=+-@" for each in next(rows))


def test_grade_writes_its_pages_and_names_them_last(tmp_path: Path) -> None:
    """One page for each server, and one for all of several."""
    servers = ["tests/servers/never_starts", "tests/servers/crashes"]
    for targets, page in ((servers[:1], "never_starts/report.html"), (servers, "index.html")):
        command = [sys.executable, "-m", "conformance", *targets, "--level", "0"]
        done = subprocess.run(
            [*command, "--output", str(tmp_path)], cwd=ROOT, capture_output=True, timeout=120
        )
        assert done.stdout.decode().splitlines()[-1] == f"report: {tmp_path / page}"
        assert (tmp_path / page).is_file()
    assert (tmp_path / "crashes" / "report.html").is_file()
    assert 'href="crashes/report.html"' in (tmp_path / "index.html").read_text()
