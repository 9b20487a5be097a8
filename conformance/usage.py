"""What a server takes of the system, as /proc tells (Linux): descriptors, threads, memory.

All processes count that belong to the server: those of its session, and what they have started.
So one that forks, or that a script starts, is seen whole; an ended process nobody has waited for
counts as a thread. Source: proc(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Usage:
    """What all processes of a server take together. Memory in octets."""

    descriptors: int
    threads: int
    resident: int  # memory that is in use
    reserved: int  # address space


def usage_of(pid: int) -> Usage | None:
    """What a server takes, whose first process this is; None where /proc does not tell."""
    descriptors = threads = resident = reserved = 0
    try:
        for process, fields in _processes_of(pid):
            threads += int(fields[17])
            reserved += int(fields[20])
            resident += int(fields[21]) * _PAGE
            if fields[0] != "Z":
                descriptors += len(os.listdir(f"/proc/{process}/fd"))
    except FileNotFoundError:  # one has ended between two looks
        return usage_of(pid) if Path(f"/proc/{pid}").exists() else None
    except OSError:  # they are not ours to look at
        return None
    return Usage(descriptors, threads, resident, reserved) if threads else None


def _processes_of(pid: int) -> Iterator[tuple[int, list[str]]]:
    """The processes of a server, each with its fields of /proc/PID/stat from the state on."""
    found: dict[int, list[str]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            found[int(path.parent.name)] = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
    ours = {pid, *(each for each, fields in found.items() if int(fields[3]) == pid)}
    while more := {each for each, fields in found.items() if int(fields[1]) in ours} - ours:
        ours |= more
    yield from ((each, found[each]) for each in sorted(ours) if each in found)
