"""What is graded: a folder with parley.toml, a command, or an address where something listens."""

from __future__ import annotations

import contextlib
import hashlib
import os
import select
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .lines import escape

#: Seconds that a build may take.
BUILD_TIME = 120
#: Output of a failed build that is worth showing, in characters from its end.
BUILD_TAIL = 4000
#: Characters of a server's name, which reports have in headings and tables.
NAME_LENGTH = 60

_KEYS = {"name", "build", "command", "cwd", "options"}


#: What an option can be set to: a number, or a path.
Bound = int | float | str


class TargetError(Exception):
    """A target that cannot be graded as it stands. The message says why, for its author."""


@dataclass(frozen=True)
class Target:
    """How to start a server, or where one runs (`address`)."""

    name: str
    command: str | None = None  # with {host} and {port}
    cwd: Path = Path()
    folder: Path | None = None
    build: str | None = None
    options: dict[str, str] = field(default_factory=dict)  # "--hold-count {value}" by name
    address: tuple[str, int] | None = None
    submitted: str | None = field(default=None, compare=False)  # digest of the folder when read

    def words(self, host: str, port: int | str, options: dict[str, Bound]) -> list[str]:
        """The command line that listens on host and port, with these bounds."""
        assert self.command is not None
        places = {"{host}": host, "{port}": str(port)} | self._places()
        words = [_fill(word, places) for word in shlex.split(self.command)]
        return words + self.option_words(options)

    def option_words(self, options: dict[str, Bound]) -> list[str]:
        """What these bounds add to the command line."""
        words = []
        for name, value in options.items():
            words += [
                _fill(word, {"{value}": f"{value:g}" if isinstance(value, float) else str(value)})
                for word in shlex.split(self.options[name])
            ]
        return words

    def build_words(self) -> list[str]:
        """The command line that builds the server; empty if there is nothing to build."""
        return [_fill(word, self._places()) for word in shlex.split(self.build or "")]

    def digest(self) -> str | None:
        """SHA-256 of the submission: of all files in its folder; None where there is no folder.

        Of a target that was read from its folder, it is that of the files as they were then: what
        a build or a run leaves there was not submitted.
        """
        if self.submitted or self.folder is None:
            return self.submitted
        return folder_digest(self.folder)

    def _places(self) -> dict[str, str]:
        return {
            "{python}": sys.executable,
            "{folder}": (self.folder or self.cwd).resolve().name,
        }


def from_folder(folder: Path) -> Target:
    """The server in a folder, as its parley.toml describes it. Raises TargetError."""
    if not folder.is_dir():
        if folder.exists():
            raise TargetError(f"{folder} is a file: name the folder that has parley.toml in it")
        raise TargetError(f"there is no folder {folder}")
    file = folder / "parley.toml"
    table = _read(file)
    try:
        submitted = folder_digest(folder)
    except OSError as error:
        raise TargetError(f"cannot read all of {folder}: {escape(str(error))}") from None
    return _checked(
        Target(
            name=escape(table.get("name") or folder.resolve().name)[:NAME_LENGTH],
            command=table["command"],
            cwd=folder / table.get("cwd", "."),
            folder=folder,
            build=table.get("build"),
            options=table.get("options", {}),
            submitted=submitted,
        ),
        str(file),
    )


def from_command(command: str) -> Target:
    """A server that a command line starts, in the current folder. Raises TargetError."""
    words = _split(command, "--command")
    name = next((Path(word).stem for word in words[::-1] if _names_a_program(word)), "")
    return _checked(Target(name=name or "server", command=command, cwd=Path.cwd()), "--command")


def from_address(address: str) -> Target:
    """A server that runs already, at HOST:PORT or [HOST]:PORT. Raises TargetError."""
    host, colon, port = address.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not colon or not host or not port.isascii() or not port.isdigit():
        raise TargetError(f"--connect takes HOST:PORT, not {address!r}")
    if not 0 < int(port) < 65536:
        raise TargetError(f"--connect: {port} is not a port")
    return Target(name=f"{host}-{port}".replace(":", "_"), address=(host, int(port)))


def build(target: Target) -> None:
    """Runs the build command of a target, if it has one. Raises TargetError with its last words."""
    try:
        words = target.build_words()
        if not words:
            return
        popen = subprocess.Popen(
            words,
            cwd=target.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        command = escape(target.build or "")
        raise TargetError(f"cannot run the build command ({command}): {why}") from None
    command = escape(target.build or "")
    try:
        output = _output(popen)
    except subprocess.TimeoutExpired:
        raise TargetError(f"the build did not end within {BUILD_TIME} s: {command}") from None
    if popen.returncode:
        said = _last_words(output)
        raise TargetError(f"the build failed ({command}, status {popen.returncode}):\n{said}")


def _output(popen: subprocess.Popen[bytes]) -> bytes:
    """The end of what a build prints; if the build is late, ends it and all it started."""
    assert popen.stdout
    until = time.monotonic() + BUILD_TIME
    said = b""
    with popen:
        try:
            while (left := until - time.monotonic()) > 0:
                if not select.select([popen.stdout], [], [], left)[0]:
                    break
                data = os.read(popen.stdout.fileno(), 65536)
                if not data:
                    popen.wait(max(0.0, until - time.monotonic()))
                    return said
                said = (said + data)[-4 * BUILD_TAIL :]  # 4 octets: a character
            raise subprocess.TimeoutExpired(popen.args, BUILD_TIME)
        except BaseException:  # Ctrl-C too: it does not reach another session
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
            raise


def _last_words(output: bytes) -> str:
    """The end of a build's output, safe to show."""
    text = output.decode(errors="surrogateescape")
    return "\n".join(escape(line.rstrip("\r")) for line in text.split("\n"))[-BUILD_TAIL:]


def _read(file: Path) -> dict[str, Any]:
    """What stands in a parley.toml: known keys with values of their types. Raises TargetError."""
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise TargetError(f"{file.parent} has no {file.name} (protocol.md, appendix A)") from None
    except OSError as error:
        raise TargetError(f"cannot read {file}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:
        raise TargetError(f"{file} is not TOML: {escape(str(error))}") from None
    if unknown := table.keys() - _KEYS:
        names, known = (escape(", ".join(sorted(keys))) for keys in (unknown, _KEYS))
        raise TargetError(f"{file}: unknown key {names}; there are {known}")
    for key in ("name", "build", "command", "cwd"):
        if not isinstance(table.get(key, ""), str):
            raise TargetError(f"{file}: {key} must be a string")
    if not table.get("command"):
        raise TargetError(f"{file}: there is no command")
    options = table.get("options", {})
    if not isinstance(options, dict) or not all(
        isinstance(words, str) and "{value}" in words for words in options.values()
    ):
        raise TargetError(f'{file}: an option reads like  hold-count = "--hold-count {{value}}"')
    return table


def _checked(target: Target, where: str) -> Target:
    assert target.command is not None
    _split(target.command, where)
    if target.build:
        _split(target.build, where, "the build command")
    for name, words in target.options.items():
        _split(words, where, f"the option {escape(name)}")
    if "{port}" not in target.command:
        raise TargetError(f"{where}: the command has no {{port}} in it: {escape(target.command)}")
    if not target.cwd.is_dir():
        raise TargetError(f"{where}: there is no folder {escape(str(target.cwd))}")
    return target


def _split(command: str, where: str, what: str = "the command") -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise TargetError(f"{where}: cannot split {what} into words: {error}") from None
    if not words:
        raise TargetError(f"{where}: {what} is empty")
    return words


def folder_digest(folder: Path) -> str:
    """SHA-256 of all files in a folder, each with the lengths of its name and its contents."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and "__pycache__" not in name.parts:
            for octets in (os.fsencode(name), path.read_bytes()):
                digest.update(len(octets).to_bytes(8, "big") + octets)
    return digest.hexdigest()


def _names_a_program(word: str) -> bool:
    return not word.startswith("-") and "{" not in word and not word.isdigit()


def _fill(word: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word
