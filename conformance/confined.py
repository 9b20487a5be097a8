"""python -m conformance.confined: one grade of a class, in a process of its own.

What to grade comes as JSON on standard input, what was found goes as JSON to standard output. The
submission shares this process's user, and in a sandbox its namespaces: it may end this process,
but neither read nor change it, and nothing that it starts outlives it.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

from .grade import Options
from .process_tree import (
    adopt_orphans,
    end_descendants,
    end_with_parent,
    keep_out_others,
    processes,
)
from .results import Result, Rubric
from .run import grade, not_built
from .spec import read_spec
from .target import Target, TargetError, build, from_folder

#: Processes of this user that a submission may add to those there are, threads included: more
#: than the largest sound server has. The count is the machine's, so it has to be generous.
MORE_PROCESSES = 8192


def main() -> int:
    """Grades what standard input says. Returns the exit status, 0 whatever was found."""
    with contextlib.suppress(OSError):  # no /proc here
        Path("/proc/self/oom_score_adj").write_text("800")  # rather we than others
    keep_out_others()
    adopt_orphans()
    _heed_only_the_parent()
    job = json.load(sys.stdin)
    tempfile.tempdir = job["own"]  # and the submission's is TMPDIR
    with os.fdopen(os.dup(sys.stdout.fileno()), "w") as said:  # no server inherits it
        with open(os.devnull, "r+") as nothing:
            for stream in (sys.stdin, sys.stdout):
                os.dup2(nothing.fileno(), stream.fileno())
        _limit(job["disk"])
        try:
            found = _grade(job).as_json()
        finally:
            end_descendants(os.getpid())
        json.dump(found, said)
    return 0


def _heed_only_the_parent() -> None:
    """Ends when the parent ends. Signals of others, the submission for one, say nothing."""
    parent = os.getppid()

    def on_signal(*_: object) -> None:
        if os.getppid() != parent:
            raise KeyboardInterrupt

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    end_with_parent()


def _grade(job: dict[str, Any]) -> Result:
    spec = read_spec(additions=list(map(Path, job["spec"])))
    rubric = Rubric(**job["rubric"])
    folder = _settle(job)
    job["options"]["own_tests"] = list(map(Path, job["options"]["own_tests"]))
    options = Options(**job["options"])
    target = Target(job["name"], folder=folder)
    try:
        target = from_folder(folder)
        build(target)
    except TargetError as error:
        why = str(error).replace(f"{folder.parent}/", "")
        return not_built(target, spec, rubric, options, why)
    return grade(target, spec, rubric, options)


def _settle(job: dict[str, Any]) -> Path:
    """A copy of the submission, with what has to stand beside it. Here it may write."""
    home = Path(job["place"], "class")
    home.mkdir()
    for path in map(Path, job["beside"]):
        (home / path.name).symlink_to(path)
    return Path(shutil.copytree(job["submission"], home / job["folder"], symlinks=True))


def _limit(disk: int) -> None:
    """Limits for this process and all that it starts, where they are not lower already.

    Not on the address space (RLIMIT_AS): a JVM reserves far more than it uses.
    """
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_FSIZE: disk}
    if sys.platform == "linux":
        limits[resource.RLIMIT_NPROC] = _threads_of_this_user() + MORE_PROCESSES
    for what, most in limits.items():
        hard = resource.getrlimit(what)[1]
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(what, (most, most))


def _threads_of_this_user() -> int:
    count = 0
    for pid in processes():
        with contextlib.suppress(OSError):
            if os.stat(f"/proc/{pid}").st_uid == os.getuid():
                count += len(os.listdir(f"/proc/{pid}/task"))
    return count


if __name__ == "__main__":
    sys.exit(main())
