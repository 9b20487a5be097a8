"""What a server takes of the system, as /proc tells (Linux): processor, memory, threads, files.

All processes count that belong to the server: those of its session, and what they have started.
So one that forks, or that a script starts, is seen whole; an ended process nobody has waited for
counts as a thread. Source: proc(5), proc_pid_smaps(5); for schedstat the kernel's
sched-stats.rst.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: Descriptors, and threads, by which a server may grow by itself: a runtime starts helpers, some
#: for each processor.
SPARE = 16 + (os.cpu_count() or 1)

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """What all processes of a server take together. Memory in octets."""

    descriptors: int
    threads: int
    resident: int  # memory that is in use
    reserved: int  # address space


def processes_of(pid: int) -> tuple[int, ...]:
    """The processes of a server, whose first one this is. Looks at all processes there are."""
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has just ended
            found[int(path.name)] = _fields(int(path.name))
    ours = {pid, *(each for each, fields in found.items() if int(fields[3]) == pid)}
    while more := {each for each, fields in found.items() if int(fields[1]) in ours} - ours:
        ours |= more
    return tuple(sorted(ours & found.keys()))


def usage_of(processes: Iterable[int]) -> Usage | None:
    """What these take now; None where /proc does not tell, or when none of them is there."""
    descriptors = threads = resident = reserved = 0
    for process in processes:
        try:
            fields = _fields(process)
            open_files = len(os.listdir(f"/proc/{process}/fd")) if fields[0] != "Z" else 0
        except (FileNotFoundError, ProcessLookupError):  # it has ended
            continue
        except OSError:  # it is not ours to look at
            return None
        descriptors += open_files
        threads += int(fields[17])
        reserved += int(fields[20])
        resident += _resident(process, fields)
    return Usage(descriptors, threads, resident, reserved) if threads else None


def processor_time(processes: Iterable[int]) -> float | None:
    """Seconds of processor time that these have used; None where /proc does not tell.

    The scheduler's own count, in nanoseconds, of the threads that are there; where the kernel does
    not keep it, ticks of 10 ms.
    """
    times = [each for process in processes for each in _scheduled(process)]
    if times:
        return sum(ran for ran, _ in times) / 1e9
    ticks: list[int] = []
    for process in processes:
        with contextlib.suppress(OSError):
            ticks += map(int, _fields(process)[11:13])
    return sum(ticks) / _TICKS if ticks else None


def wanted_processor(processes: Iterable[int]) -> float:
    """Seconds in which their threads have run or waited for a processor; 0 if nothing tells."""
    return sum(sum(each) for process in processes for each in _scheduled(process)) / 1e9


def _fields(process: int) -> list[str]:
    """Of /proc/PID/stat, from the state (field 3) on."""
    return Path(f"/proc/{process}/stat").read_text(errors="replace").rpartition(")")[2].split()


def _resident(process: int, fields: list[str]) -> int:
    """Octets of memory in use, counted page by page.

    Where that cannot be read: what the kernel keeps account of, which may be off by 32 pages and
    more for each processor that the process has run on.
    """
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    return int(fields[21]) * _PAGE


def _scheduled(process: int) -> Iterator[tuple[int, int]]:
    """For each thread: nanoseconds in which it has run, and in which it waited to be run."""
    for path in Path(f"/proc/{process}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has just ended
            ran, waited, _ = path.read_text().split()
            yield int(ran), int(waited)
