"""CTRF, the Common Test Report Format: ctrf.io, its JSON schema. A test for each requirement."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from ..card import text_of
from .read import Check, Graded, ReportError

SPEC_VERSION = "0.0.0"
_STATUS = {
    "pass": "passed",
    "fail": "failed",
    "skip": "skipped",
    "untested": "skipped",
    "untestable": "skipped",
    "error": "other",
}


def render(results: Sequence[Graded], counted: Sequence[str] = ()) -> str:
    """One document for all servers, each a suite. Points stand under `extra`."""
    tests = [_test(graded, check) for graded in results for check in graded.checks]
    tests += [_broken(graded) for graded in results if graded.broken]
    found = [test["status"] for test in tests]
    ends = [_milliseconds(graded) for graded in results]
    starts = [
        end - round(graded.duration * 1000) for end, graded in zip(ends, results, strict=True)
    ]
    words = ("passed", "failed", "skipped", "pending", "other")
    document = {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "generatedBy": "parley-conformance",
        "results": {
            "tool": {"name": "parley-conformance", "version": results[0].suite},
            "summary": {
                "tests": len(tests),
                **{status: found.count(status) for status in words},
                "start": min(starts),
                "stop": max(ends),
            },
            "tests": tests,
            "extra": {"servers": [_server(graded, counted) for graded in results]},
        },
    }
    return json.dumps(document, indent=1) + "\n"


def _test(graded: Graded, check: Check) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": check.id,
        "status": _STATUS[check.status],
        "duration": round(graded.seconds(check) * 1000),
        "suite": [graded.name, check.where],
        "rawStatus": check.status,
        "tags": [check.keyword],
        "extra": {"text": check.text, "points": check.points, "max_points": check.max_points},
    }
    if reason := graded.reason(check):
        test["message"] = reason
    if cards := graded.cards(check.id):
        test["trace"] = "\n\n".join(map(text_of, cards))
    return test


def _broken(graded: Graded) -> dict[str, Any]:
    return {
        "name": "grade",
        "status": "failed" if graded.broken_by == "server" else "other",
        "duration": 0,
        "suite": [graded.name],
        "rawStatus": "error",
        "message": graded.broken,
    }


def _server(graded: Graded, counted: Sequence[str]) -> dict[str, Any]:
    score, most = graded.total(counted)
    return {
        "name": graded.name,
        "verdict": graded.verdict,
        "level": graded.level,
        "points": score,
        "max_points": most,
        "extensions": {
            name: {"points": each.score, "max_points": each.max_score}
            for name, each in graded.extensions.items()
            if each.offered
        },
        "spec": graded.spec,
        "seed": graded.seed,
        "sha256": graded.sha256,
    }


def _milliseconds(graded: Graded) -> int:
    try:
        at = datetime.strptime(graded.graded_at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ReportError(f"{graded.path}: graded_at is no time") from None
    return round(at.timestamp() * 1000)
