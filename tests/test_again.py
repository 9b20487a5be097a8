"""The last line of a card: pasted where the first command was typed, it shows the failure again."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
#: Echoes to the speaker what it says: SAY-4.
FAULTY = "{python} -m conformance.mutants echoes-to-speaker --host {host} --port {port}"
PATIENCE = 120


def grade(
    words: list[str], cwd: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Types a command there."""
    return subprocess.run(
        words,
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def again_of(output: str) -> list[str]:
    """The command in the first card."""
    line = next(line for line in output.splitlines() if line.startswith("  again "))
    return shlex.split(line.removeprefix("  again "))


@pytest.fixture
def faulty(tmp_path: Path) -> Path:
    """A folder with a faulty server, whose name wants quoting."""
    folder = tmp_path / "my server"
    folder.mkdir()
    tls = '[options]\ntls = "--tls-cert {value}"\n'
    (folder / "parley.toml").write_text(f'command = "{FAULTY}"\ncwd = "{ROOT}"\n{tls}')
    return folder


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_folder_is_graded_again(faulty: Path, tls: bool) -> None:
    """From where the first command was typed, with the options that it had, over TLS if it was."""
    first = [sys.executable, "-m", "conformance", faulty.name, "--level", "2", "-k", "SAY_ or say_"]
    options = ["--tls", "--answer-timeout", "4"] if tls else []
    output = grade([*first, *options, "--seed", "7"], faulty.parent).stdout
    again = again_of(output)
    assert again[:4] == first[:4]
    assert again[4:] == [*(["--tls", "--answer-timeout", "4.0"] if tls else []), *again[-4:]]
    assert again[-4:-1] == ["--seed", "7", "--only"]
    repeated = grade(again, faulty.parent)
    assert repeated.returncode == 1
    assert "SAY-4 fails" in repeated.stdout
    assert again_of(repeated.stdout) == again


def test_command_is_graded_again() -> None:
    """With its places for host and port, as one word."""
    first = [sys.executable, "-m", "conformance", "--command", FAULTY]
    again = again_of(grade([*first, "--only", "SAY-4"], ROOT).stdout)
    assert again[:5] == first
    assert "SAY-4 fails" in grade(again, ROOT).stdout


def test_who_started_it_through_nox_is_told_to_do_so_again(faulty: Path) -> None:
    """PARLEY_AGAIN: the python of nox's environment is nobody's to type."""
    told = "python3 ../noxfile.py -s conformance --"
    first = [sys.executable, "-m", "conformance", str(faulty), "--only", "SAY-4"]
    again = again_of(grade(first, faulty.parent, {"PARLEY_AGAIN": told}).stdout)
    assert again[:6] == [*told.split(), str(faulty)]


def test_who_installed_it_is_told_the_name_of_the_program(
    faulty: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The script of the wheel: by its name if that leads there, by its path if not."""
    script = tmp_path / "bin" / "parley-conformance"
    script.parent.mkdir()
    script.touch(0o755)
    monkeypatch.delenv("PARLEY_AGAIN", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(script)])
    for path, name in (("/nowhere", str(script)), (str(script.parent), script.name)):
        monkeypatch.setenv("PATH", path)
        assert main(["my server", "--only", "SAY-4", "--level", "2"]) == 1
        assert again_of(capsys.readouterr().out)[:2] == [name, "my server"]
