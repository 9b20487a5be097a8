"""One run over a class: starts the graders, several at a time, watches them, and ends them.

One thread does it all. It takes what the graders find as it comes, looks four times a second at
what they use, ends those that use too much, and writes a results.json for every submission. What
was graded already, as it is now, is not graded again.
"""

from __future__ import annotations

import json
import os
import selectors
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from . import __version__
from .again import program
from .grade import Options
from .lines import escape
from .overview import Row
from .process_tree import descendants, end_orphans, processes
from .reports import page
from .results import SCHEMA, Rubric
from .run import not_built
from .sandbox import BESIDE, HERE, OWN, PACKAGE, SUBMISSION, Confined, Isolation, Limits
from .spec import Spec
from .submissions import StageError, Submission, remove, stage
from .target import Target

#: Seconds between two looks at what the graders use, and at whether to stop.
SAMPLE = 0.25


class Show(Protocol):
    """Where a run tells how far it is."""

    def running(self, names: Sequence[str]) -> None: ...

    def done(self, name: str, row: Row, how: str) -> None: ...


@dataclass(frozen=True)
class Plan:
    """What is the same for all submissions of a run."""

    options: dict[str, Any]  # of each grade (grade.Options): level, only, tests, time limits
    spec_files: Sequence[Path]  # clauses that are added to the spec
    again_with: Sequence[str]  # the options of a single grade that is like these
    given_seed: int | None  # None: any will do
    seed: int
    rubric: Rubric
    limits: Limits
    beside: Sequence[Path]  # folders that stand beside each submission
    jobs: int | None  # at the same time; None: what is safe
    again: bool


@dataclass(eq=False)
class Job:
    """One submission on its way: where it is copied to, and what a grade of it would be."""

    submission: Submission
    report: Path  # the folder of its results.json
    sha256: str | None = None
    key: dict[str, Any] = field(default_factory=dict)  # what has to be equal for a grade to hold
    scratch: Path | None = None  # where it is copied to and written


class Run:
    """One run over a class. `rows` has what came of each submission, by its name."""

    def __init__(
        self, plan: Plan, spec: Spec, isolation: Isolation, scratch: Path, show: Show
    ) -> None:
        self.plan = plan
        self.spec = spec
        self.isolation = replace(isolation, hidden=(*isolation.hidden, scratch))
        self.scratch = scratch
        self.show = show
        self.stopped = False  # set by a signal's handler: nothing is interrupted half-way
        # Without a sandbox servers could reach each other's ports: one after the other.
        self.at_once = plan.jobs or ((os.cpu_count() or 1) if isolation.bwrap else 1)
        self.rows: dict[str, Row] = {}
        self._suite = Target("suite", folder=HERE).digest()
        self._beside = {path.name: Target("", folder=path).digest() for path in plan.beside}
        self._running: dict[Job, Confined] = {}
        self._selector = selectors.DefaultSelector()
        self._others = {process.pid for process in descendants(os.getpid(), processes())}

    def grade(self, jobs: Sequence[Job]) -> None:
        """Grades all that have not been graded as they are now. Whatever happens, all ends."""
        waiting = list(jobs)
        try:
            while (waiting or self._running) and not self.stopped:
                if waiting and len(self._running) < self.at_once:
                    self._begin(waiting.pop(0))
                    continue
                self.show.running([job.submission.name for job in self._running])
                self._watch()
        finally:
            for job in list(self._running):
                self._end(job)

    def _watch(self) -> None:
        """Takes what there is of results; ends who has ended, and who is past a limit."""
        for key, _ in self._selector.select(SAMPLE):
            confined = self._running[key.data]
            if not confined.read():
                self._finish(key.data, *confined.results(), fault="suite")  # if it has none
        table = processes()
        for job, confined in list(self._running.items()):
            if why := confined.excess(table):
                self._finish(job, None, why)

    def _begin(self, job: Job) -> None:
        """Copies a submission and starts its grade, unless there is nothing to do."""
        submission = job.submission
        job.scratch = scratch = Path(tempfile.mkdtemp(dir=self.scratch))
        copies, place, own = (scratch / name for name in ("copy", "place", "own"))
        try:
            if submission.root is None:
                raise StageError(submission.why)
            copies.mkdir()
            copy = copies / submission.root.name
            submission.left_out = stage(submission.root, copy, self.plan.limits.disk)
            job.sha256 = Target("", folder=copy).digest()
        except (StageError, OSError) as error:
            self._finish(job, None, escape(str(error)))
            return
        job.key = self._key(job)
        if not self.plan.again and (results := _earlier(job)):
            self._end(job)
            self._note(job, results, "as graded before")
            return
        if self.isolation.bwrap:
            place, own = Path("/tmp"), Path(OWN)
        else:
            place.mkdir()
            own.mkdir()
        beside = [path.resolve() for path in self.plan.beside]
        grader = [sys.executable, "-P", "-m", f"{PACKAGE}.confined"]
        words = self.isolation.wrapped(grader, self.plan.limits, copy, beside)
        description = {
            **self._description(job, copy, beside),
            "place": str(place),
            "own": str(own),
        }
        watched = None if self.isolation.bwrap else place
        confined = Confined(words, description, self.plan.limits, watched)
        self._running[job] = confined
        self._selector.register(confined.stdout, selectors.EVENT_READ, job)

    def _description(self, job: Job, copy: Path, beside: Sequence[Path]) -> dict[str, Any]:
        """What the grader is told: confined.py reads it."""
        root, seed = job.submission.root, str(self.plan.seed)
        sandboxed = bool(self.isolation.bwrap)
        return {
            "name": escape(job.submission.name),
            "submission": SUBMISSION if sandboxed else str(copy),
            "folder": copy.name,
            "beside": [f"{BESIDE}/{path.name}" if sandboxed else str(path) for path in beside],
            "disk": self.plan.limits.disk,
            "rubric": asdict(self.plan.rubric),
            "spec": list(map(str, self.plan.spec_files)),
            "options": {
                **self.plan.options,
                "seed": self.plan.seed,
                "again": [*program(), str(root), *self.plan.again_with, "--seed", seed],
            },
        }

    def _finish(
        self, job: Job, results: dict[str, Any] | None, why: str, fault: str = "server"
    ) -> None:
        """Ends a grade, if it has begun, and writes what came of it. Raises OSError.

        `fault`: whose it is if there are no results. A grader that is gone may have been ended by
        the submission, or by a machine without memory: a person has to look.
        """
        self._end(job)
        submission = job.submission
        if results is not None and results["server"]["sha256"] != job.sha256:
            results, why = None, "its results are about something else"
        if results is None:
            target = Target(escape(submission.name))
            options = Options(**self.plan.options, seed=self.plan.seed)
            results = not_built(target, self.spec, self.plan.rubric, options, why).as_json()
            results["server"]["sha256"] = job.sha256
            results["broken_by"] = fault
        results["class"] = {
            "submission": submission.name,
            "found": submission.root and str(submission.root),
            "left_out": [escape(each) for each in submission.left_out],
            "isolation": self.isolation.kind,
            "key": job.key,
        }
        job.report.mkdir(parents=True, exist_ok=True)
        write(job.report / "results.json", json.dumps(results, indent=1) + "\n")
        page.write(job.report / "results.json")
        self._note(job, results, "")

    def _end(self, job: Job) -> None:
        """Whatever a submission has started, and whatever it has written, is gone after this."""
        if confined := self._running.pop(job, None):
            self._selector.unregister(confined.stdout)
            confined.end()
            graders = {confined.popen.pid for confined in self._running.values()}
            end_orphans(self._others | graders)
        if job.scratch:
            remove(job.scratch)

    def _note(self, job: Job, results: dict[str, Any], how: str) -> None:
        row = Row(job.submission.name, results, f"{job.report.name}/report.html")
        self.rows[row.submission] = row
        self.show.done(row.submission, row, how)

    def _key(self, job: Job) -> dict[str, Any]:
        """What has to be as it was for an earlier grade to hold."""
        return {
            "submission": job.submission.name,
            "sha256": job.sha256,
            "suite": __version__,
            "suite_sha256": self._suite,
            "spec": self.spec.version,
            "rubric": asdict(self.plan.rubric),
            "limits": asdict(self.plan.limits),
            "beside": self._beside,
            "seed": self.plan.given_seed,
            "options": self.plan.options,
        }


def write(path: Path, text: str) -> None:
    """Writes a file as a whole: nobody ever reads half of it."""
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    temporary.replace(path)


def _earlier(job: Job) -> dict[str, Any] | None:
    """The results of an earlier run if they still hold. What was not graded then, is now."""
    try:
        results = json.loads((job.report / "results.json").read_bytes())
        if results["schema"] == SCHEMA and results["class"]["key"] == job.key:
            return results if results["verdict"] != "error" else None
    except (OSError, ValueError, TypeError, KeyError):
        pass
    return None
