"""`--watch`: a student at work saves, looks, and saves again; conformance/watch.py."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest
from rich.console import Console

from conformance.watch import ALWAYS, changes, snapshot, watch

from .test_grades import PATIENCE, ROOT

SERVER = """\
import sys

sys.path.insert(0, {root!r})
from parley import launch
from parley.hub import Hub
from impl_poll.server import Server


class MyHub(Hub):
    # here
    pass


sys.exit(launch.main("mine", Server, MyHub))
"""
LOWERS = "def do_nick(self, member, name): super().do_nick(member, name.lower())"
HANGS = "def do_who(self, member, room): __import__('signal').pause()"
SHORTENS = 'def do_ping(self, member, token): self.reply(member, "PONG", token[:20])'


@pytest.fixture
def my_server(tmp_path: Path) -> Path:
    """A server that a student writes: one file, and a build that leaves something behind."""
    folder = tmp_path / "my_server"
    folder.mkdir()
    (folder / "server.py").write_text(SERVER.format(root=str(ROOT)))
    (folder / "parley.toml").write_text(
        'command = "{python} server.py --host {host} --port {port}"\n'
        "build = \"sh -c 'cat server.py >built && echo x >>built.log'\"\n"
    )
    return folder


@contextlib.contextmanager
def watching(folder: Path, *arguments: str) -> Iterator[pexpect.spawn[str]]:
    """The program in a terminal."""
    command = ["-m", "conformance", str(folder), "--watch", "--output", str(folder.parent / "r")]
    terminal = pexpect.spawn(
        sys.executable,
        [*command, "--seed", "1", *arguments],
        cwd=str(ROOT),
        encoding="utf-8",
        timeout=PATIENCE,
        dimensions=(60, 120),
    )
    terminal.delaybeforesend = None  # pexpect's default is a hidden sleep
    try:
        yield terminal
    finally:
        terminal.close(force=True)


def test_a_saved_file_is_graded_and_the_lowest_level_shown(my_server: Path) -> None:
    """Broken on levels 1 and 0: level 0 is shown; mended there, level 1; then all is well."""
    server = my_server / "server.py"
    sound = server.read_text()
    broken = sound.replace("# here", LOWERS)
    worse = broken.replace("pass", SHORTENS)
    server.write_text(worse)
    with watching(my_server, "--level", "1") as terminal:
        terminal.expect_exact("PING-1 · level 0 · MUST")
        terminal.expect_exact("level 0 (starts, greets, PING) is not reached")
        terminal.expect_exact("watching my_server")
        assert "NICK-" not in str(terminal.before)
        server.write_text(broken)
        terminal.expect_exact("\x1b[2J")
        terminal.expect_exact("NICK-1 · level 1 · MUST")
        terminal.expect_exact("watching my_server")
        assert (my_server.parent / "r" / "my_server" / "results.json").exists()
        server.write_text(sound)
        terminal.expect_exact("my_server: level 1 reached")
        terminal.expect_exact("watching my_server")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 0
        assert "Traceback" not in str(terminal.before)


def test_what_cannot_be_graded_is_waited_for(my_server: Path) -> None:
    """A file half written, a build that fails: one line, and the next change counts."""
    toml = my_server / "parley.toml"
    right = toml.read_text()
    toml.write_text(right + "= 3\n")
    with watching(my_server, "--level", "0") as terminal:
        terminal.expect_exact("is not TOML")
        terminal.expect_exact("watching my_server")
        toml.write_text(right.replace("cat server.py", "cat no_such.py"))
        terminal.expect_exact("the build failed")
        terminal.expect_exact("watching my_server")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 2


def test_ctrl_c_within_a_grade_leaves_no_server_behind(my_server: Path) -> None:
    """The last status that there was: none, so that it is 2. The server hangs at that time."""
    server = my_server / "server.py"
    server.write_text(server.read_text().replace("pass", HANGS))
    with watching(my_server) as terminal:
        terminal.expect_exact("level 3, WHO-")
        terminal.sendintr()
        terminal.expect(pexpect.EOF)
        terminal.wait()
        assert terminal.exitstatus == 2
        assert "Traceback" not in str(terminal.before)
    found = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if _is_ours(path)]
    assert not [words for words in found if os.fsencode(my_server) in words]


def _is_ours(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return path.stat().st_uid == os.getuid() and b"server.py" in path.read_bytes()
    return False


# How changes are told apart, without a server


def grades_until_quiet(folder: Path, *during: Callable[[], object]) -> int:
    """Watches a folder in which these things happen, one in each grade; counts the grades.

    It ends, as Ctrl-C would end it, where it would wait for a change.
    """
    steps = iter(during)
    count = 0

    def grade() -> int:
        nonlocal count
        count += 1
        next(steps, int)()
        return 0

    class Screen(Console):
        def print(self, *_: object, **__: object) -> None:
            raise KeyboardInterrupt

    assert watch([folder], grade, Screen()) == 0
    return count


def test_a_file_that_is_saved_during_a_grade_starts_the_next(tmp_path: Path) -> None:
    file = tmp_path / "server.py"
    file.write_text("one")
    assert grades_until_quiet(tmp_path) == 1
    assert grades_until_quiet(tmp_path, lambda: file.write_text("two")) == 2
    both = (lambda: file.write_text("three"), lambda: file.write_text("four"))
    assert grades_until_quiet(tmp_path, *both) == 3


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("server.log", b"a line"),
        ("server", b"\x7fELF\0\0"),
        ("history.db", b"SQLite format 3\0"),
        ("__pycache__/x.py", b"x"),
        (".hidden/x.py", b"x"),
        (".x.py.swp", b"x"),
        ("x.py~", b"x"),
    ],
)
def test_what_a_build_or_a_server_writes_starts_none(
    tmp_path: Path, name: str, content: bytes
) -> None:
    """Neither when it appears nor when it changes."""
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    more = [lambda: file.write_bytes(content), lambda: file.write_bytes(content * 2)]
    assert grades_until_quiet(tmp_path, *more) == 1
    assert grades_until_quiet(tmp_path, lambda: file.write_bytes(content * 3)) == 1


def test_a_text_that_every_grade_writes_does_not_keep_it_going(tmp_path: Path) -> None:
    """A generated source looks like one that is edited; after some grades it is known."""
    file = tmp_path / "generated.py"
    file.write_text("")
    grow = [lambda: file.write_text(file.read_text() + "x")] * 20
    assert grades_until_quiet(tmp_path, *grow) == ALWAYS


def test_files_that_come_go_and_change_are_told(tmp_path: Path) -> None:
    """By time, size and inode: also a file that an editor writes beside and moves in place."""
    for name in ("stays", "goes", "moved", "sub/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "nowhere").symlink_to("no-such-file")
    before = snapshot([tmp_path])
    assert changes(before, snapshot([tmp_path])) == set()
    (tmp_path / "goes").unlink()
    (tmp_path / "new").write_text("new")
    (tmp_path / "beside").write_text("moved")
    os.replace(tmp_path / "beside", tmp_path / "moved")
    (tmp_path / "sub" / "x").write_text("longer")
    changed = {os.path.relpath(path, tmp_path) for path in changes(before, snapshot([tmp_path]))}
    assert changed == {"goes", "new", "moved", "sub/x"}
    assert snapshot([tmp_path / "stays", tmp_path / "goes"]).keys() == {str(tmp_path / "stays")}
