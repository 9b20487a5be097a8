"""The folders that a class has handed in: finding them, and copying one to where it is graded.

Nothing in a submission is trusted: not its names, not its links, not its size. No state.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: What a submission may have of files and folders.
ENTRIES = 50_000
#: What programs that pack and unpack leave beside a submission.
_PACKING = {"__MACOSX", "__pycache__"}


class StageError(Exception):
    """A submission that cannot be copied. The message says why."""


@dataclass
class Submission:
    """One folder of a class. `root` has its parley.toml; None: `why` says what is wrong."""

    name: str
    folder: Path
    root: Path | None
    why: str = ""
    left_out: list[str] = field(default_factory=list)  # what was not copied

    @property
    def deeper(self) -> bool:
        return self.root not in (None, self.folder)


def find_submissions(folder: Path, but: Path) -> tuple[list[Submission], list[str]]:
    """The submissions in a folder, and what else stands there. Raises OSError.

    Each subfolder is one. Its server is in it, or one level deeper, where programs that pack a
    folder put it. `but`: where reports go, in case that is here.
    """
    found, others = [], []
    for path in sorted(folder.iterdir()):
        if path.name.startswith(".") or path.name in _PACKING or path.resolve() == but:
            continue
        if path.is_symlink() or not path.is_dir():
            others.append(path.name)
            continue
        root, why = _root_of(path)
        found.append(Submission(path.name, path, root, why))
    return found, others


def stage(root: Path, copy: Path, octets: int) -> list[str]:
    """Copies a submission; returns what was left out, and why. Raises StageError, OSError.

    Links that lead out of it stay behind, as does all that is neither file nor folder.
    """
    left_out: list[str] = []
    entries = 0
    os.mkdir(copy)
    for path, status in _walk(root):
        entries += 1
        where = copy / path.relative_to(root)
        if stat.S_ISDIR(status.st_mode):
            os.mkdir(where)
        elif stat.S_ISLNK(status.st_mode):
            if _leads_out(path, root):
                left_out.append(f"{path.relative_to(root)}: a link that leads out of the folder")
            else:
                os.symlink(os.readlink(path), where)
        elif stat.S_ISREG(status.st_mode):
            octets -= status.st_size
            if octets < 0:
                raise StageError("the submission is too large")
            shutil.copyfile(path, where, follow_symlinks=False)
            where.chmod(0o600 | status.st_mode & 0o111)
        else:
            left_out.append(f"{path.relative_to(root)}: neither a file nor a folder")
        if entries > ENTRIES:
            raise StageError(f"the submission has more than {ENTRIES} files and folders")
    return left_out


def size_of(folder: Path, most: int) -> int:
    """Octets on disk under a folder; the counting ends where there are more than `most`."""
    total = 0
    for _, status in _walk(folder):
        total += 512 * status.st_blocks + 512  # and something for its name
        if total > most:
            break
    return total


def remove(folder: Path) -> None:
    """Removes a folder in which a submission has run: however deep, and whatever its modes."""
    for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
        subprocess.run([*command, "--", str(folder)], stderr=subprocess.DEVNULL)


def folder_name(name: str, taken: set[str]) -> str:
    """A name of a server as a folder's: nothing in it can lead elsewhere."""
    base = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip(".-")[:100] or "server"
    folder, number = base, 2
    while folder in taken:
        folder, number = f"{base}-{number}", number + 1
    taken.add(folder)
    return folder


def _root_of(folder: Path) -> tuple[Path | None, str]:
    if (folder / "parley.toml").exists():
        return folder, ""
    deeper = [
        path
        for path in sorted(folder.iterdir())
        if path.name not in _PACKING and not path.is_symlink() and path.is_dir()
        if (path / "parley.toml").exists()
    ]
    if len(deeper) == 1:
        return deeper[0], ""
    if deeper:
        names = ", ".join(path.name for path in deeper)
        return None, f"parley.toml is in more than one of its folders: {names}"
    return None, "there is no parley.toml in it, nor one level deeper"


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything under a folder, each folder before what is in it; no link is followed."""
    waiting = [folder]
    while waiting:
        try:
            entries = sorted(os.scandir(waiting.pop()), key=lambda entry: entry.name)
        except OSError:  # unreadable, gone meanwhile, or deeper than a path can be long
            continue
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            yield Path(entry.path), status
            if stat.S_ISDIR(status.st_mode):
                waiting.append(Path(entry.path))


def _leads_out(link: Path, root: Path) -> bool:
    """Whether a link is absolute, leads out of the folder, or in a circle."""
    try:
        target = link.resolve(strict=False)
    except (OSError, RuntimeError):  # RuntimeError: a circle
        return True
    return os.path.isabs(os.readlink(link)) or not target.is_relative_to(root.resolve())
