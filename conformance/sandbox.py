"""Where a submission is graded: in a sandbox of its own, or, where there is none, under limits.

The whole grade is confined, not each server. The suite has to reach the server's ports, signal it
and see how it ends, and inside one set of namespaces all of that is as it always was; each
submission has a loopback of its own, on which there is no other. What it can still do is to end
its own grader, and then it has no grade (docs/decisions/0006-a-class-in-sandboxes.md).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .lines import escape
from .process_tree import Process, descendants, end_descendants, proportional_memory
from .submissions import size_of

HERE = Path(__file__).resolve().parent
PACKAGE = (__package__ or "conformance").split(".")[0]
#: What a sandbox shows of the machine, read-only: programs, compilers, their settings.
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc", "/opt", "/nix")
#: What a grade inherits of the environment: where programs and languages are found.
ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "JAVA_HOME", "GOROOT", "DOTNET_ROOT")
#: Where a sandbox has the submission, read-only, and what is to stand beside it.
SUBMISSION = "/submission"
BESIDE = "/beside"
#: Where the grader itself writes in a sandbox: a submission that fills /tmp does not stop it.
OWN = "/grader"
#: Octets of shared memory in a sandbox, and of what the grader writes.
SHARED_MEMORY = 64 * 2**20
OWN_SIZE = 256 * 2**20
#: Seconds for the trial of the sandbox.
TRIAL = 30
#: Seconds from a grader's last word to its end.
ENDING = 10.0
#: Seconds between two looks at what a grade without a sandbox has written.
WEIGHING = 1.0
#: Octets beyond which what a grader says is no results.json.
MOST_RESULTS = 64 * 2**20
#: Characters of a grader's last words.
LAST_WORDS = 1000
#: What a grade needs of a sandbox: a loopback, a terminal, a place to write.
_TRIAL = (
    "import pty, socket, tempfile; listener = socket.create_server(('127.0.0.1', 0)); "
    "socket.create_connection(listener.getsockname()); pty.openpty(); tempfile.TemporaryFile()"
)


@dataclass(frozen=True)
class Limits:
    """What one grade may take, the suite itself and the build included."""

    seconds: float
    memory: int  # octets, of all its processes together
    disk: int  # octets, of all that it writes
    processes: int  # at the same time


@dataclass(frozen=True)
class Isolation:
    """How submissions are kept apart."""

    bwrap: str = ""  # the program; empty: limits only
    why: str = ""  # why limits only
    readable: tuple[Path, ...] = ()  # what a sandbox shows besides SYSTEM
    hidden: tuple[Path, ...] = ()  # what it does not show, even where it stands in what is shown

    @property
    def kind(self) -> str:
        return "bubblewrap" if self.bwrap else "limits"

    def __str__(self) -> str:
        if self.bwrap:
            return "bubblewrap: each submission alone, without a network, on a read-only system"
        return f"limits only ({self.why}): submissions are not hidden from each other"

    def wrapped(
        self, words: Sequence[str], limits: Limits, submission: Path, beside: Sequence[Path]
    ) -> list[str]:
        """The command line that runs another one, confined as far as it is possible here."""
        if not self.bwrap:
            return list(words)
        shown = [*map(Path, SYSTEM), *self.readable]
        hidden = [path for path in self.hidden if any(path.is_relative_to(top) for top in shown)]
        return [
            *(self.bwrap, "--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc"),
            *("--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"),
            *("--die-with-parent", "--new-session"),
            *(word for path in SYSTEM for word in ("--ro-bind-try", path, path)),
            *_hide_what_only_root_reads(),
            *("--proc", "/proc", "--dev", "/dev"),
            *("--size", str(SHARED_MEMORY), "--tmpfs", "/dev/shm"),
            *("--size", str(OWN_SIZE), "--tmpfs", OWN),
            *("--size", str(limits.disk), "--tmpfs", "/tmp"),
            *(word for path in self.readable for word in ("--ro-bind", str(path), str(path))),
            *(
                word
                for path in hidden
                for word in ("--tmpfs", str(path), "--remount-ro", str(path))
            ),
            *("--ro-bind", str(submission), SUBMISSION),
            *(
                word
                for path in beside
                for word in ("--ro-bind", str(path), f"{BESIDE}/{path.name}")
            ),
            *("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--", *words),
        ]


def choose_isolation(
    readable: Sequence[Path], hidden: Sequence[Path], sandbox: bool, limits: Limits
) -> Isolation:
    """A sandbox if bubblewrap is here and works, as a trial tells. Raises ValueError."""
    suite = _what_the_suite_needs()
    if inside := [path for path in suite for folder in hidden if path.is_relative_to(folder)]:
        raise ValueError(f"the suite itself is among the submissions or reports: {inside[0]}")
    if not sandbox:
        return Isolation(why="as asked for")
    bwrap = shutil.which("bwrap")
    if not bwrap:
        return Isolation(why="bubblewrap is not installed")
    for folder in hidden:
        folder.mkdir(parents=True, exist_ok=True)  # what is not there cannot be hidden
    isolation = Isolation(bwrap, "", (*suite, *readable), tuple(hidden))
    with tempfile.TemporaryDirectory() as nothing:
        words = isolation.wrapped([sys.executable, "-c", _TRIAL], limits, Path(nothing), ())
        try:
            done = subprocess.run(
                words, capture_output=True, stdin=subprocess.DEVNULL, timeout=TRIAL
            )
        except subprocess.TimeoutExpired:
            return Isolation(why=f"bubblewrap does not end within {TRIAL} s")
    if done.returncode:
        said = done.stderr.decode(errors="surrogateescape").strip().splitlines() or ["no word"]
        return Isolation(why=f"bubblewrap does not work here: {escape(said[-1])}")
    return isolation


class Confined:
    """One grade that runs in a process of its own. `place` is where it writes, if it can be seen.

    `read` and `excess` are for the one thread that watches all grades.
    """

    def __init__(
        self, words: Sequence[str], job: dict[str, Any], limits: Limits, place: Path | None
    ) -> None:
        self.limits = limits
        self.place = place
        self.started = time.monotonic()
        self._weighed = self.started
        self._said = bytearray()
        self._errors = tempfile.TemporaryFile()
        self.popen = subprocess.Popen(
            words,
            env=_environment(job["place"]),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )
        assert self.popen.stdin
        assert self.popen.stdout
        self.stdout = self.popen.stdout
        with contextlib.suppress(OSError), self.popen.stdin as stdin:  # OSError: it has ended
            stdin.write(json.dumps(job).encode())

    def read(self) -> bool:
        """Takes what there is of its results; False at the end."""
        data = os.read(self.stdout.fileno(), 2**20)
        self._said += data
        return bool(data)

    def excess(self, table: dict[int, Process]) -> str:
        """Which limit it has passed, in words; empty if none."""
        if time.monotonic() - self.started > self.limits.seconds:
            return f"it took more than {self.limits.seconds:g} s"
        family = descendants(self.popen.pid, table)
        if len(family) > self.limits.processes:
            return f"it had more than {self.limits.processes} processes at the same time"
        if sum(process.resident for process in family) > self.limits.memory and (
            proportional_memory(family) > self.limits.memory
        ):
            return f"it used more than {self.limits.memory >> 20} MiB of memory"
        if self.place and time.monotonic() > self._weighed + WEIGHING:
            size = size_of(self.place, self.limits.disk)
            self._weighed = time.monotonic()
            if size > self.limits.disk:
                return f"it wrote more than {self.limits.disk >> 20} MiB"
        if len(self._said) > MOST_RESULTS:
            return f"its results have more than {MOST_RESULTS >> 20} MiB"
        return ""

    def results(self) -> tuple[dict[str, Any] | None, str]:
        """After its end: what it found, or None and why there is nothing."""
        try:
            status = self.popen.wait(ENDING)
        except subprocess.TimeoutExpired:
            return None, "its grader does not end"
        with contextlib.suppress(ValueError):
            found = json.loads(self._said)
            if isinstance(found, dict):
                return found, ""
        self._errors.seek(max(0, self._errors.tell() - 4 * LAST_WORDS))
        said = self._errors.read().decode(errors="surrogateescape").splitlines()
        words = "".join(f"\n  | {escape(line)}" for line in said)[-LAST_WORDS:]
        ended = f"signal {-status}" if status < 0 else f"status {status}"
        return None, f"its grader was ended before it had a result ({ended}){words}"

    def end(self) -> None:
        """Ends it and all that it started. Those that fled from it, `end_orphans` finds."""
        if self.place:  # without a sandbox: first nothing new may begin
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.popen.pid, signal.SIGSTOP)
            end_descendants(self.popen.pid)
        self.popen.kill()
        self.popen.wait()
        self.stdout.close()
        self._errors.close()


def _what_the_suite_needs() -> list[Path]:
    """The interpreter, its packages and the suite, where they stand outside SYSTEM."""
    needed = [
        Path(sys.prefix),
        Path(sys.base_prefix),
        Path(sys.executable).resolve().parent.parent,
        *(Path(entry) for entry in sys.path if Path(entry).name.endswith("-packages")),
        HERE,
        HERE.parent / "protocol.md",
    ]
    return [
        path
        for path in dict.fromkeys(needed)
        if path.exists() and not any(path.is_relative_to(top) for top in SYSTEM)
    ]


def _hide_what_only_root_reads() -> Iterator[str]:
    """In a sandbox that root starts, what no other user may read in /etc is not there."""
    if os.geteuid() != 0:
        return
    for folder, folders, files in os.walk("/etc"):
        for name in [*folders, *files]:
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                if not path.is_symlink() and not path.stat().st_mode & 0o004:
                    yield from (
                        ("--tmpfs", str(path))
                        if path.is_dir()
                        else ("--ro-bind", "/dev/null", str(path))
                    )
                    if name in folders:
                        folders.remove(name)


def _environment(place: str) -> dict[str, str]:
    """Little of ours: neither secrets nor what leads Python elsewhere."""
    kept = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return kept | {
        "HOME": place,
        "TMPDIR": place,
        "PYTHONPATH": str(HERE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
