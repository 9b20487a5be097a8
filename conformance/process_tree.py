"""Processes as a tree: who descends from whom, what they take, and an end to all of them.

Reads /proc where there is one, and asks ps(1) elsewhere. On Linux a process that has called
`adopt_orphans` loses no descendant: whatever has lost its parent becomes its child, in whatever
session or group it hides. Elsewhere such a process escapes. No state of its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: prctl(2), linux/prctl.h
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36
#: Looks at the table of processes before an end is given up. Two are the rule.
_PASSES = 500
_LINUX = sys.platform == "linux"


@dataclass(frozen=True)
class Process:
    """One process. `resident`: octets in memory, shared ones included."""

    pid: int
    parent: int
    resident: int
    is_zombie: bool  # it has ended, and waits for its parent to ask how


def processes() -> dict[int, Process]:
    """All processes that can be seen now, by pid."""
    found = _from_proc() if _LINUX else _from_ps()
    return {process.pid: process for process in found}


def descendants(root: int, table: dict[int, Process]) -> list[Process]:
    """Children of a process, their children and so on; without itself and what has ended."""
    children: dict[int, list[Process]] = {}
    for process in table.values():
        if not process.is_zombie:
            children.setdefault(process.parent, []).append(process)
    found = list(children.get(root, ()))
    for process in found:  # grows while it is walked through
        found += children.get(process.pid, ())
    return found


def proportional_memory(family: list[Process]) -> int:
    """Octets of several processes, where what n of them share counts once; proc(5), Pss.

    Where that cannot be known, what they share is counted for each.
    """
    total = 0
    for process in family:
        size = process.resident
        with contextlib.suppress(OSError, StopIteration):
            rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
            size = 1024 * next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
        total += size
    return total


def end_descendants(root: int) -> None:
    """Ends all that a process has started, and reaps those that become our own children.

    First they are stopped: one that is stopped starts no other, and keeps its place in the limit
    on processes, so that even those who fork as fast as they can run out of places.
    """
    for number in (signal.SIGSTOP, signal.SIGKILL):
        met: set[int] = set()
        for _ in range(_PASSES):
            family = {process.pid for process in descendants(root, processes())}
            if number is signal.SIGSTOP:
                family -= met
            if not family:
                break
            met |= family
            for pid in family:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            if number is signal.SIGKILL:
                _reap(met)


def end_orphans(kept: set[int]) -> None:
    """Ends our own children that are not to be kept: of a submission whose grader has died."""
    while True:
        table = processes().values()
        orphans = [each for each in table if each.parent == os.getpid() and each.pid not in kept]
        for process in orphans:
            if not process.is_zombie:
                end_descendants(process.pid)
                try:
                    os.kill(process.pid, signal.SIGKILL)
                except PermissionError:  # a program of another user (set-user-ID): not ours to end
                    kept = kept | {process.pid}
                    continue
                except ProcessLookupError:
                    pass
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, 0)  # of a sandbox's init: the end of all that is in it
        if not orphans:
            break  # what the ended ones left to us has been found too


def adopt_orphans() -> None:
    """From now on whatever descends from this process becomes its child when orphaned (Linux)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def keep_out_others() -> None:
    """Other programs of this user can no longer read or change this process's memory (Linux)."""
    _prctl(_PR_SET_DUMPABLE, 0)


def end_with_parent() -> None:
    """A SIGTERM when the parent ends, however it does (Linux)."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _prctl(option: int, value: int) -> None:
    if _LINUX:
        ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


def _reap(pids: set[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def _from_proc() -> Iterator[Process]:
    page = os.sysconf("SC_PAGE_SIZE")
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):  # it has ended meanwhile
                fields = Path("/proc", entry, "stat").read_text(errors="replace")
                words = fields.rpartition(")")[2].split()  # proc(5): state, ppid, …, rss
                zombie = words[0] in "ZX"
                yield Process(int(entry), int(words[1]), int(words[21]) * page, zombie)


def _from_ps() -> Iterator[Process]:
    columns = ["ps", "-A", "-o", "pid=,ppid=,rss=,stat="]
    with subprocess.Popen(columns, stdout=subprocess.PIPE, text=True, errors="replace") as ps:
        listing = ps.communicate()[0]
    for line in listing.splitlines():
        words = line.split()
        if len(words) == 4 and int(words[0]) != ps.pid:
            zombie = words[3].startswith("Z")
            yield Process(int(words[0]), int(words[1]), int(words[2]) * 1024, zombie)
