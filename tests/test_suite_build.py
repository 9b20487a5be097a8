"""How a submission is built before it starts: conformance/target.py, `build`; real processes."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import shlex
import signal
import sys
from pathlib import Path

import pytest

from conformance import target
from conformance.target import Target, TargetError, build


def python(program: str) -> str:
    """A command line that runs a small program."""
    return shlex.join([sys.executable, "-c", program])


def test_build_runs_in_the_folder_and_its_success_says_nothing(tmp_path: Path) -> None:
    """Not in `cwd`, which the build may have to make."""
    made = Target("x", cwd=Path("/"), folder=tmp_path, build=python("open('made', 'w')"))
    build(made)
    assert (tmp_path / "made").exists()
    build(Target("x", folder=tmp_path))


def test_build_that_fails_is_shown_with_its_status_and_last_words(tmp_path: Path) -> None:
    """Both outputs, from the end: a compiler's last error is what matters."""
    program = "import sys; print('first' + 'x' * 9000, flush=True); sys.exit('main.c:1: no such')"
    with pytest.raises(TargetError) as caught:
        build(Target("x", folder=tmp_path, build=python(program)))
    said = str(caught.value)
    assert "status 1" in said
    assert said.endswith("main.c:1: no such\n")
    assert "first" not in said.partition("\n")[2]
    assert len(said.partition("\n")[2]) == target.BUILD_TAIL


@pytest.mark.parametrize("command", ["./no-such-program", "make 'x"])
def test_build_that_cannot_be_run_is_an_error_that_shows_it(tmp_path: Path, command: str) -> None:
    with pytest.raises(TargetError, match="cannot run the build command"):
        build(Target("x", folder=tmp_path, build=command))


def test_build_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "BUILD_TIME", 0.3)
    with pytest.raises(TargetError, match=r"did not end within 0\.3 s"):
        build(
            Target("x", folder=tmp_path, build=python("import threading; threading.Event().wait()"))
        )


def test_build_that_prints_without_end_is_ended_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the end of what it prints is ever in memory."""
    monkeypatch.setattr(target, "BUILD_TIME", 1.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(TargetError, match="did not end"):
        build(Target("x", folder=tmp_path, build="yes " + "x" * 1000))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 64 * (2**20 if sys.platform == "darwin" else 2**10)  # octets there, KiB here


def test_build_of_blanks_is_an_error_or_nothing(tmp_path: Path) -> None:
    build(Target("x", folder=tmp_path, build="  "))


def test_places_are_filled_in_the_build_command(tmp_path: Path) -> None:
    """Appendix A: `build` is run in the same way."""
    build(Target("x", folder=tmp_path, build="{python} -c pass"))


def test_output_of_a_build_is_escaped(tmp_path: Path) -> None:
    """A submission must not write to the terminal of who grades it."""
    with pytest.raises(TargetError) as caught:
        build(Target("x", folder=tmp_path, build=python("raise SystemExit('\\x1b]0;owned\\a')")))
    assert "owned" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_build_that_is_ended_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler under `make` ends with it: its end of a pipe is closed."""
    monkeypatch.setattr(target, "BUILD_TIME", 0.5)
    os.mkfifo(tmp_path / "alive")
    ours = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    child = "sh -c 'echo $$; exec tail -f /dev/null' >alive; :"
    with pytest.raises(TargetError, match="did not end"):
        build(Target("x", folder=tmp_path, build=f"sh -c {shlex.quote(child)}"))
    with os.fdopen(ours, "rb", buffering=0) as pipe:
        pid = int(pipe.readline())
        try:
            assert select.select([pipe], [], [], 0.5)[0]  # nobody holds the other end any more
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
