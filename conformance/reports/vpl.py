"""What Moodle's VPL reads from an evaluation: a block of comments, and `Grade :=>>` last.

In the block, a line that begins with `-` is a title and one that begins with `>` is shown as it is.
Every line that has a word of the submission in it begins with `>`: so none can end the block or
give a grade.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from ..card import text_of
from .gradescope import summary
from .read import Graded, ReportError

#: VPL's own, where an activity sets no others.
LOWEST, HIGHEST = "0", "10"


def render(results: Sequence[Graded], counted: Sequence[str] = ()) -> str:
    """The grade of one server, in the range that VPL_GRADEMIN and VPL_GRADEMAX give."""
    (graded,) = results
    lowest, highest = _bound("VPL_GRADEMIN", LOWEST), _bound("VPL_GRADEMAX", HIGHEST)
    score, most = graded.total(counted)
    grade = lowest + (highest - lowest) * score / most if most else lowest
    out = ["", "<|--", f"-{graded.level_words}, {score} of {most} points"]
    out += _shown(summary(graded, counted))
    for check in graded.checks:
        if check.status == "fail":
            out.append(f"-{check.id} fails · {check.where} · {check.keyword}")
            for card in graded.cards(check.id)[:1]:
                out += _shown(text_of(card))
    out += ["--|>", "", f"Grade :=>>{grade:.2f}"]
    return "\n".join(out) + "\n"


def _shown(text: str) -> list[str]:
    return [f">{line}" for line in text.split("\n")]


def _bound(name: str, otherwise: str) -> float:
    word = os.environ.get(name) or otherwise
    try:
        return float(word)
    except ValueError:
        raise ReportError(f"vpl: {name} is no number") from None
