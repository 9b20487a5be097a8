"""Gradescope's results.json: gradescope-autograders.readthedocs.io/en/latest/specs.

Everything is text (no HTML, Markdown or ANSI of a submission is rendered) and visible: one hidden
test would hide the total from the student.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..card import text_of
from .read import Check, Graded


def render(results: Sequence[Graded], counted: Sequence[str] = ()) -> str:
    """The grade of one server. An extension that is not counted is shown without points."""
    (graded,) = results
    score, most = graded.total(counted)
    document = {
        "score": score,
        "execution_time": round(graded.duration),
        "output": summary(graded, counted),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {
            "suite": graded.suite,
            "spec": graded.spec,
            "seed": graded.seed,
            "sha256": graded.sha256,
            "verdict": graded.verdict,
            "level": graded.level,
            "max_score": most,
        },
        "tests": [
            _test(graded, check, number, counted)
            for number, check in enumerate(graded.checks, 1)
            if _is_shown(graded, check, counted)
        ],
    }
    return json.dumps(document, indent=1) + "\n"


def summary(graded: Graded, counted: Sequence[str]) -> str:
    """The whole grade in a few lines of plain text."""
    score, most = graded.total(counted)
    lines = [f"{graded.level_words}, {score} of {most} points"]
    if graded.broken:
        lines = [f"not graded: {graded.broken}"]
    for name, each in graded.extensions.items():
        if each.offered or name in counted:
            words = "" if name in counted else ", not counted above"
            points = f"{each.score} of {each.max_score} points"
            lines.append(f"extension {name}: {each.verdict} ({points}{words})")
    lines.append(f"suite {graded.suite}, spec {graded.spec}, seed {graded.seed}")
    return "\n".join(lines)


def _is_shown(graded: Graded, check: Check, counted: Sequence[str]) -> bool:
    """An extension that a server neither offers nor is asked for is no row of failures."""
    if check.capability is None or check.capability in counted:
        return True
    return graded.extensions[check.capability].offered


def _test(graded: Graded, check: Check, number: int, counted: Sequence[str]) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": f"{check.id} ({check.where}, {check.keyword})",
        "number": str(number),
        "status": "passed" if check.status == "pass" else "failed",
        "output": _output(graded, check),
        "output_format": "text",
        "name_format": "text",
        "visibility": "visible",
        "tags": [check.where, check.keyword, check.status],
    }
    if check.capability is None or check.capability in counted:
        test |= {"score": check.points, "max_score": check.max_points}
    return test


def _output(graded: Graded, check: Check) -> str:
    if check.status == "fail":
        return "\n\n".join(map(text_of, graded.cards(check.id))) or check.text
    return "\n".join(filter(None, (check.text, graded.reason(check))))
