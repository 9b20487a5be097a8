"""Files on this machine: what is sent is read here, what arrives is written here.

A file that arrives lies in the download folder, under a name of its own, and gets its real name
when it is whole. No name ever leads out of the folder, nothing is overwritten and no link is
followed: the folder is opened once, and every name in it is used relative to that descriptor.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import BinaryIO

#: Octets read at a time for a digest.
BLOCK = 1 << 20
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """The download folder; made when the first file comes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, filename: str, size: int) -> PartFile:
        """A file that arrives. `filename` is safe already. Raises OSError."""
        if os.path.basename(filename) != filename or filename in ("", ".", ".."):
            raise OSError(errno.EINVAL, "this is not the name of a file")
        self.path.mkdir(parents=True, exist_ok=True)
        folder = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            free = os.fstatvfs(folder)
            if size > free.f_bavail * free.f_frsize:
                raise OSError(errno.ENOSPC, "there is not so much room on the disk")
            return PartFile(self.path, folder, filename)
        except BaseException:
            os.close(folder)
            raise


class PartFile:
    """A file that is arriving, as NAME.part. Owns the descriptor of its folder."""

    def __init__(self, path: Path, folder: int, filename: str) -> None:
        self._path = path
        self._folder = folder
        self._filename = filename
        self._part, descriptor = _create(folder, filename + ".part")
        self._file: BinaryIO = os.fdopen(descriptor, "wb")

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def keep(self) -> str:
        """Gives the file its name, or the next one that is free. Raises OSError."""
        self._file.close()  # raises if the last of it does not fit on the disk
        name, descriptor = _create(self._folder, self._filename)  # the name is ours from here on
        os.close(descriptor)
        os.replace(self._part, name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        os.close(self._folder)
        return str(self._path / name)

    def discard(self) -> None:
        """Removes what has arrived so far."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            os.unlink(self._part, dir_fd=self._folder)
        os.close(self._folder)


class SourceFile:
    """A file that is sent."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, octets: int) -> bytes:
        return self._file.read(octets)

    def close(self) -> None:
        self._file.close()


def prepare(path: str, stopped: Callable[[], bool]) -> tuple[str, int, str, SourceFile]:
    """Opens a file to be sent: its name, size and SHA-256. Takes a while. Raises OSError."""
    where = Path(path).expanduser()
    descriptor = os.open(where, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a FIFO cannot stop us
    file = os.fdopen(descriptor, "rb")
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "only files can be sent")
        digest, size = hashlib.sha256(), 0
        while block := file.read(BLOCK):
            if stopped():
                raise OSError(errno.ECANCELED, "the person left")
            digest.update(block)
            size += len(block)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return where.name, size, digest.hexdigest(), SourceFile(file)


def _create(folder: int, filename: str) -> tuple[str, int]:
    """A new file of this name, or of the first one like it that is free: `a (1).txt`."""
    stem, dot, ending = filename.partition(".")
    for number in count():
        name = f"{stem} ({number}){dot}{ending}" if number else filename
        with contextlib.suppress(FileExistsError):
            return name, os.open(name, _NEW, 0o666, dir_fd=folder)
    raise AssertionError
