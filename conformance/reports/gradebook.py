"""A CSV for Moodle's gradebook (Grades, Import, CSV file): a row for each student.

Who a submission is from is told by the name of its folder, never by anything in it: an e-mail
address, an id number, or the name that Moodle gives the folders of an assignment. Moodle gives up
the whole import at the first user that it does not know; with a roster, those are left out.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from .hygiene import cell, printable
from .read import Graded, ReportError

#: Moodle's own names of the columns by which it knows a user; it takes these as they stand.
EMAIL, NUMBER = "Email address", "ID number"
#: Ann Author_4711_assignsubmission_file_ is participant 4711.
_MOODLE_FOLDER = re.compile(r"(?P<name>.+)_(?P<participant>\d+)_assignsubmission_.*")


def render(
    results: Sequence[Graded], counted: Sequence[str] = (), roster: Path | None = None
) -> tuple[str, list[str]]:
    """The CSV, and a line for each server that is not in it. Raises ReportError."""
    students = _read_roster(roster) if roster else None
    left_out, rows = [], []
    for graded in results:
        folder = graded.folder or graded.path.resolve().parent.name
        student = _find(students, folder) if students is not None else folder
        if graded.is_void:
            left_out.append(f"{folder} is left out: the suite failed ({graded.why_void()})")
        elif student is None:
            left_out.append(f"{folder} is left out: nobody, or more than one, in {roster}")
        else:
            rows.append((student, graded))
    names = [student for student, _ in rows]
    if double := {name for name in names if names.count(name) > 1}:
        raise ReportError(f"gradebook: more than one grade for {', '.join(sorted(double))}")
    by = {EMAIL if "@" in name else NUMBER for name in names}
    if len(by) > 1:
        raise ReportError("gradebook: some are e-mail addresses, some are not; give a --roster")
    return _csv(by.pop() if by else EMAIL, rows, counted), left_out


def _csv(by: str, rows: Sequence[tuple[str, Graded]], counted: Sequence[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([by, "Parley points", "Parley percent", "Parley level", "Parley feedback"])
    for student, graded in rows:
        score, most = graded.total(counted)
        percent = f"{100 * score / most:.2f}" if most else "0.00"
        level = "" if graded.level is None else str(graded.level)
        writer.writerow([cell(student), str(score), percent, level, cell(_feedback(graded))])
    return out.getvalue()


def _feedback(graded: Graded) -> str:
    """One line: why not the next level."""
    if graded.broken:
        return printable(graded.broken.split("\n", 1)[0])
    failed = [check.id for check in graded.checks if check.status == "fail"]
    return f"fails {', '.join(failed)}" if failed else "nothing failed"


def _read_roster(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV that was exported from Moodle: gradebook, participants or worksheet."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [row for row in csv.DictReader(file) if None not in row.values()]
    except (OSError, ValueError, csv.Error) as error:
        raise ReportError(f"cannot read {path}: {printable(str(error))}") from None
    if not rows or not {EMAIL, NUMBER} & rows[0].keys():
        raise ReportError(f'{path} has no students, or no column "{EMAIL}" or "{NUMBER}"')
    return rows


def _find(students: Sequence[dict[str, str]], folder: str) -> str | None:
    """The one student to whom a folder belongs, as the gradebook knows him or her."""
    known = {folder.casefold()}
    if match := _MOODLE_FOLDER.fullmatch(folder):
        known = {f"participant {match['participant']}"}
    found = [row for row in students if known & {each.casefold() for each in _cells(row)}]
    if len(found) != 1:
        return None
    return found[0].get(EMAIL) or found[0].get(NUMBER) or None


def _cells(row: dict[str, str]) -> list[str]:
    return [each for each in row.values() if isinstance(each, str) and each]
