"""Grades again whenever a file changes: for a student at work.

Files are looked at three times a second (times, sizes and inodes, not contents), which needs no
library and works on every file system. One thread; nobody else waits for it.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rich.console import Console
from rich.text import Text

#: Seconds between two looks at the files.
LOOK_EVERY = 0.3
#: Folders of what tools make, which nobody edits; hidden ones are left out, too.
MADE = {"__pycache__", "node_modules", "target", "venv"}
#: Endings of files that programs write, and editors' copies.
NOT_EDITED = ("~", ".log", ".pyc", ".o", ".class", ".tmp")
#: Octets of a file that tell whether it is text.
BEGINNING = 1024
#: In so many grades in a row nobody saves the same file: the server or its build writes it.
ALWAYS = 5

#: What tells that a file has changed: time, size and inode, by path.
Snapshot = dict[str, tuple[int, int, int]]


def watch(files: Iterable[Path], grade: Callable[[], int], console: Console) -> int:
    """Grades, waits for a change, grades again, until Ctrl-C. Returns the last exit status."""
    files = list(files)
    status = 2
    in_a_row: Counter[str] = Counter()  # grades during which a file changed, without a gap
    pause = threading.Event()  # never set
    try:
        while True:
            if console.is_terminal:
                console.clear()
            before = snapshot(files)
            status = grade()
            after = snapshot(files)
            changed = changes(before, after)
            in_a_row = Counter({path: in_a_row[path] + 1 for path in changed})
            if any(path in before and _was_saved(path, in_a_row[path]) for path in changed):
                continue  # somebody saved it while it was graded
            name = files[0].resolve().name
            console.print(Text(f"\nwatching {name}: save a file, or leave with Ctrl-C", "dim"))
            _await_change(files, after, pause)
    except KeyboardInterrupt:
        return status


def snapshot(files: Iterable[Path]) -> Snapshot:
    """All that somebody may edit in these files and folders, as it is now."""
    found: Snapshot = {}
    for file in files:
        for path in _files_in(str(file)) if file.is_dir() else [str(file)]:
            try:
                status = os.stat(path)
            except OSError:  # it is gone already, or a link to nowhere
                continue
            found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return found


def changes(before: Snapshot, after: Snapshot) -> set[str]:
    """The files that came, went or changed."""
    return {path for path, _ in before.items() ^ after.items()}


def _await_change(files: Iterable[Path], known: Snapshot, pause: threading.Event) -> None:
    """Waits until something has changed, and then until nothing changes any more."""
    seen = known
    while True:
        pause.wait(LOOK_EVERY)
        now = snapshot(files)
        if now == seen != known:
            return
        seen = now


def _was_saved(path: str, grades: int) -> bool:
    """Whether a change during a grade was somebody's, and not the build's or the server's own.

    What appears during a grade was made by it. Of what was there before, people save text.
    """
    if grades >= ALWAYS:
        return False
    try:
        with open(path, "rb") as file:
            return b"\0" not in file.read(BEGINNING)
    except OSError:
        return False


def _files_in(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in MADE and not name.startswith(".")]
        for name in names:
            if not name.startswith((".", "#")) and not name.endswith(NOT_EDITED):
                yield os.path.join(place, name)
