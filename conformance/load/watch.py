"""Looks at a server's process while it is under load: processor time, memory, threads, descriptors.

All of it is what Linux tells in /proc (proc(5)); elsewhere nothing is known, and nothing is said.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def look_at(pid: int) -> dict[str, float] | None:
    """What a process uses now: `cpu` seconds so far, `rss` octets, threads, descriptors.

    None where the system does not tell, or when the process has ended.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        descriptors = len(os.listdir(f"/proc/{pid}/fd"))
    except (OSError, IndexError):
        return None
    return {
        "cpu": (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK"),
        "rss": pages * os.sysconf("SC_PAGE_SIZE"),
        "threads": int(stat[17]),
        "descriptors": descriptors,
    }


def exact_processor_time(pid: int) -> float | None:
    """Seconds of processor time of a process, to the microsecond where the scheduler counts so."""
    total = 0.0
    with contextlib.suppress(OSError, ValueError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0]) / 1e9
        return total
    looked = look_at(pid)
    return looked["cpu"] if looked else None
