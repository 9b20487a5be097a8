"""What is graded: a folder with parley.toml, a command, or an address where something listens."""

from __future__ import annotations

import hashlib
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

#: Seconds that a build may take.
BUILD_TIME = 120
#: Output of a failed build that is worth showing, in characters from its end.
BUILD_TAIL = 4000

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

    def words(self, host: str, port: int | str, options: dict[str, Bound]) -> list[str]:
        """The command line that listens on host and port, with these bounds."""
        assert self.command is not None
        places = {
            "{host}": host,
            "{port}": str(port),
            "{python}": sys.executable,
            "{folder}": (self.folder or self.cwd).resolve().name,
        }
        words = [_fill(word, places) for word in shlex.split(self.command)]
        for name, value in options.items():
            words += [
                _fill(word, {"{value}": f"{value:g}" if isinstance(value, float) else str(value)})
                for word in shlex.split(self.options[name])
            ]
        return words

    def digest(self) -> str | None:
        """SHA-256 of the submission: of all files in its folder; None where there is no folder."""
        if self.folder is None:
            return None
        digest = hashlib.sha256()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(self.folder)).encode() + b"\0")
                digest.update(path.read_bytes() + b"\0")
        return digest.hexdigest()


def from_folder(folder: Path) -> Target:
    """The server in a folder, as its parley.toml describes it. Raises TargetError."""
    if not folder.is_dir():
        raise TargetError(f"there is no folder {folder}")
    file = folder / "parley.toml"
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TargetError(f"{folder} has no parley.toml (protocol.md, appendix A)") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{file} is not TOML: {error}") from None
    if unknown := table.keys() - _KEYS:
        raise TargetError(f"{file}: unknown key {', '.join(sorted(unknown))}")
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
    return _checked(
        Target(
            name=table.get("name") or folder.resolve().name,
            command=table["command"],
            cwd=folder / table.get("cwd", "."),
            folder=folder,
            build=table.get("build"),
            options=options,
        ),
        str(file),
    )


def from_command(command: str) -> Target:
    """A server that a command line starts, in the current folder. Raises TargetError."""
    words = _split(command, "--command")
    name = next((Path(word).stem for word in words[::-1] if _names_a_program(word)), "server")
    return _checked(Target(name=name, command=command, cwd=Path.cwd()), "--command")


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
    if not target.build:
        return
    try:
        done = subprocess.run(
            shlex.split(target.build),
            cwd=target.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=BUILD_TIME,
        )
    except (OSError, ValueError) as error:
        raise TargetError(f"cannot run the build command {target.build!r}: {error}") from None
    except subprocess.TimeoutExpired:
        raise TargetError(f"the build did not end within {BUILD_TIME} s: {target.build}") from None
    if done.returncode:
        said = done.stdout.decode(errors="replace")[-BUILD_TAIL:]
        raise TargetError(f"the build failed ({target.build}, status {done.returncode}):\n{said}")


def _checked(target: Target, where: str) -> Target:
    assert target.command is not None
    _split(target.command, where)
    if "{port}" not in target.command:
        raise TargetError(f"{where}: the command has no {{port}} in it: {target.command}")
    if not target.cwd.is_dir():
        raise TargetError(f"{where}: there is no folder {target.cwd}")
    return target


def _split(command: str, where: str) -> list[str]:
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise TargetError(f"{where}: cannot split the command into words: {error}") from None
    if not words:
        raise TargetError(f"{where}: the command is empty")
    return words


def _names_a_program(word: str) -> bool:
    return not word.startswith("-") and "{" not in word and not word.isdigit()


def _fill(word: str, places: dict[str, str]) -> str:
    for place, value in places.items():
        word = word.replace(place, value)
    return word
