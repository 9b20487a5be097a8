"""python -m conformance report FORMAT RESULTS.json…: makes a report from what a grade wrote.

Exit status 0: written; 1: written, but somebody is left out; 2: wrong usage, a file that is no
results.json, or a grade in which the suite itself failed, of which nobody gets points.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from . import classroom50, ctrf, gradebook, gradescope, junit, page, vpl
from .read import Graded, ReportError, read

Render = Callable[[Sequence[Graded], Sequence[str]], str]


@dataclass(frozen=True)
class Format:
    """A kind of report: of one server or of many, and whether it gives anybody points."""

    render: Render
    many: bool = True
    grades: bool = False


FORMATS = {
    "html": Format(page.render),
    "junit": Format(junit.render),
    "ctrf": Format(ctrf.render),
    "gradescope": Format(gradescope.render, many=False, grades=True),
    "classroom50": Format(classroom50.render, many=False, grades=True),
    "vpl": Format(vpl.render, many=False, grades=True),
}
#: The one that reports besides who is not in it.
GRADEBOOK = "gradebook"


def main(arguments: Sequence[str] | None = None) -> int:
    """Makes one report. Returns the exit status."""
    known = _parser().parse_args(arguments)
    left_out: list[str] = []
    try:
        results = [read(path) for path in known.results]
        _check(known, results)
        if known.format == GRADEBOOK:
            text, left_out = gradebook.render(results, known.count, known.roster)
        else:
            text = FORMATS[known.format].render(results, known.count)
        _write(text, known.output)
    except ReportError as error:
        print(f"report: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"report: cannot write {known.output or 'it'}: {error.strerror}", file=sys.stderr)
        return 2
    for line in left_out:
        print(f"report: {line}", file=sys.stderr)
    return 1 if left_out else 0


def _check(known: argparse.Namespace, results: Sequence[Graded]) -> None:
    """Raises ReportError for what this format cannot say."""
    if known.roster and known.format != GRADEBOOK:
        raise ReportError(f"--roster is for {GRADEBOOK}")
    for name in known.count:
        if any(name not in graded.extensions for graded in results if graded.checks):
            raise ReportError(f"--count {name}: this extension was not graded")
    if known.format == GRADEBOOK:
        return
    form = FORMATS[known.format]
    if not form.many and len(results) > 1:
        raise ReportError(f"{known.format} is a report of one server, not of {len(results)}")
    if form.grades and results[0].is_void:
        raise ReportError(f"no grade: the suite itself failed: {results[0].why_void()}")


def _write(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance report",
        description="Makes a report from the results.json of one or several grades.",
        allow_abbrev=False,
    )
    formats = [*FORMATS, GRADEBOOK]
    parser.add_argument("format", choices=formats, metavar="FORMAT", help="%(choices)s")
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULTS.json")
    parser.add_argument("--output", type=Path, metavar="FILE", help="(standard output)")
    parser.add_argument(
        "--count",
        action="append",
        default=[],
        metavar="EXTENSION",
        help="its points count as well; without this, the points of the levels are the score",
    )
    parser.add_argument(
        "--roster",
        type=Path,
        metavar="FILE",
        help="gradebook: a CSV from Moodle with the students",
    )
    return parser
