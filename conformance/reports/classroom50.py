"""Classroom 50's result.json (github.com/foundation50/classroom50, wiki: Advanced Autograding).

Who submitted what comes from the environment of its runner, everything else from the grade.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from .read import Graded, ReportError

#: Field of the result -> where the runner says it.
_IDENTITY = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
}
#: The same for what the runner adds itself if it is missing.
_MORE = {"owner": "OWNER", "assignment_type": "ASSIGNMENT_TYPE"}


def render(results: Sequence[Graded], counted: Sequence[str] = ()) -> str:
    """The grade of one server. Raises ReportError outside Classroom 50's runner."""
    (graded,) = results
    if missing := [name for name in _IDENTITY.values() if not os.environ.get(name)]:
        raise ReportError(f"classroom50: {', '.join(missing)} must be set in the environment")
    score, most = graded.total(counted)
    document: dict[str, Any] = {"schema": "classroom50/result/v1"}
    document |= {field: os.environ[name] for field, name in _IDENTITY.items()}
    document["review"] = os.environ.get("REVIEW_URL") or os.environ["COMMIT_URL"]
    document |= {field: os.environ[name] for field, name in _MORE.items() if os.environ.get(name)}
    document |= {
        "datetime": graded.graded_at,
        "graded_at": graded.graded_at,
        "score": score,
        "max-score": most,
        "tests": [
            {
                "test-name": check.id,
                "passed": check.status == "pass",
                "score": check.points,
                "max-score": check.max_points,
                "status": check.status,
                "text": check.text,
                "reason": graded.reason(check),
            }
            for check in graded.checks
            if check.capability is None or check.capability in counted
        ],
    }
    return json.dumps(document, indent=1) + "\n"
