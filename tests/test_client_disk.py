"""The download folder, and files that are sent: real files, in a folder of the test."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from parley.client.disk import Folder, prepare


def never() -> bool:
    return False


def save(folder: Folder, filename: str, data: bytes) -> Path:
    file = folder.create(filename, len(data))
    file.write(data)
    return Path(file.keep())


def test_a_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    """Nothing half-done stands under the real name; the folder is made when it is needed."""
    folder = Folder(tmp_path / "new" / "downloads")
    file = folder.create("notes.txt", 5)
    file.write(b"hello")
    assert os.listdir(folder.path) == ["notes.txt.part"]
    assert file.keep() == str(folder.path / "notes.txt")
    assert os.listdir(folder.path) == ["notes.txt"]
    assert (folder.path / "notes.txt").read_bytes() == b"hello"


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    """O_EXCL: neither a file, nor one that arrives at the same time, nor a half one."""
    folder = Folder(tmp_path)
    (tmp_path / "a.tar.gz").write_bytes(b"mine")
    (tmp_path / "a.tar.gz.part").write_bytes(b"mine, too")
    one, other = folder.create("a.tar.gz", 1), folder.create("a.tar.gz", 1)
    one.write(b"1")
    other.write(b"2")
    assert [Path(each.keep()).name for each in (one, other)] == ["a (1).tar.gz", "a (2).tar.gz"]
    assert (tmp_path / "a.tar.gz").read_bytes() == b"mine"
    assert (tmp_path / "a.tar.gz.part").read_bytes() == b"mine, too"


def test_no_link_is_followed(tmp_path: Path) -> None:
    """O_NOFOLLOW: a link that waits under the name of a file leads nowhere."""
    folder = Folder(tmp_path / "downloads")
    folder.path.mkdir()
    target = tmp_path / "target"
    for name in ("a.txt", "a.txt.part"):
        (folder.path / name).symlink_to(target)
    assert save(folder, "a.txt", b"x").name == "a (1).txt"
    assert not target.exists()


def test_a_folder_that_is_swapped_meanwhile_makes_no_difference(tmp_path: Path) -> None:
    """The file stays in the folder that was opened."""
    folder = Folder(tmp_path / "downloads")
    file = folder.create("a.txt", 1)
    folder.path.rename(tmp_path / "moved")
    (tmp_path / "other").mkdir()
    folder.path.symlink_to(tmp_path / "other")
    file.write(b"x")
    file.keep()
    assert os.listdir(tmp_path / "moved") == ["a.txt"]
    assert os.listdir(tmp_path / "other") == []


def test_what_is_discarded_leaves_nothing(tmp_path: Path) -> None:
    file = Folder(tmp_path).create("a.txt", 5)
    file.write(b"he")
    file.discard()
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/x"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    """Even if the name was not made safe before."""
    with pytest.raises(OSError, match="not the name"):
        Folder(tmp_path).create(name, 1)


def test_what_does_not_fit_on_the_disk_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="room on the disk"):
        Folder(tmp_path).create("a.txt", 2**60)
    assert os.listdir(tmp_path) == []


def test_a_file_is_prepared(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"hello")
    name, size, digest, source = prepare(str(path), never)
    assert (name, size, digest) == ("notes.txt", 5, hashlib.sha256(b"hello").hexdigest())
    assert source.read(3) + source.read(9) == b"hello"
    source.close()


def test_only_files_are_sent(tmp_path: Path) -> None:
    """A FIFO would wait for a writer, a device would never end."""
    os.mkfifo(tmp_path / "fifo")
    for name in (tmp_path / "fifo", Path("/dev/zero"), tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError):  # noqa: PT011 - each has an errno of its own
            prepare(str(name), never)


def test_reading_a_digest_stops_when_the_person_leaves(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b"x")
    with pytest.raises(OSError, match="left"):
        prepare(str(tmp_path / "large"), lambda: True)
