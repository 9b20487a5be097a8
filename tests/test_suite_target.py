"""What may be graded, and how it is started: conformance/target.py; protocol.md, appendix A."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import pytest

from conformance.target import Target, TargetError, from_address, from_command, from_folder

COMMAND = 'command = "./server --host {host} --port {port}"\n'


def folder_with(folder: Path, toml: str) -> Path:
    (folder / "parley.toml").write_text(toml, encoding="utf-8")
    return folder


def python(program: str) -> str:
    """A command line that runs a small program."""
    return shlex.join([sys.executable, "-c", program])


# parley.toml


def test_file_with_a_command_alone_is_enough(tmp_path: Path) -> None:
    """Only `command` is required; the name is the folder's, and the server runs in it."""
    made = from_folder(folder_with(tmp_path, COMMAND))
    assert made == Target(
        name=tmp_path.name,
        command="./server --host {host} --port {port}",
        cwd=tmp_path,
        folder=tmp_path,
    )


def test_file_with_every_key_is_read(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    made = from_folder(
        folder_with(
            tmp_path,
            f'name = "mine"\nbuild = "make"\ncwd = "out"\n{COMMAND}'
            '[options]\nhold-count = "--hold {value}"\n',
        )
    )
    assert (made.name, made.build, made.cwd) == ("mine", "make", tmp_path / "out")
    assert made.options == {"hold-count": "--hold {value}"}


def test_empty_name_is_no_name(tmp_path: Path) -> None:
    assert from_folder(folder_with(tmp_path, f'name = ""\n{COMMAND}')).name == tmp_path.name


def test_name_is_short_and_safe_to_show(tmp_path: Path) -> None:
    """It stands in headings and tables on the terminal of who grades."""
    made = from_folder(folder_with(tmp_path, f'name = "\\u001b[2J{"x" * 99}"\n{COMMAND}'))
    assert made.name == "\\x1b[2J" + "x" * 53


@pytest.mark.parametrize(
    ("toml", "why"),
    [
        ("command = ", "is not TOML"),
        ("= 3\n", "is not TOML"),
        (f'{COMMAND}comand = "x"\nport = 1\n', "unknown key comand, port"),
        ("", "there is no command"),
        ('command = ""\n', "there is no command"),
        ('command = "  "\n', "the command is empty"),
        ('command = ["./server", "{port}"]\n', "command must be a string"),
        (f"{COMMAND}name = 3\n", "name must be a string"),
        (f"{COMMAND}build = ['make']\n", "build must be a string"),
        (f"{COMMAND}cwd = true\n", "cwd must be a string"),
        ('command = "./server \'x {port}"\n', "cannot split the command"),
        ('command = "./server --host {host}"\n', "no {port} in it"),
        (f'{COMMAND}cwd = "nowhere"\n', "there is no folder"),
        (f'{COMMAND}build = "  "\n', "the build command is empty"),
        (f'{COMMAND}build = "make \'x"\n', "cannot split the build command"),
        (f"{COMMAND}options = 3\n", "an option reads like"),
        (f"{COMMAND}[options]\nhold-count = 8\n", "an option reads like"),
        (f'{COMMAND}[options]\nhold-count = "--hold 8"\n', "an option reads like"),
    ],
)
def test_mistake_in_the_file_is_one_error_that_names_it(
    tmp_path: Path, toml: str, why: str
) -> None:
    with pytest.raises(TargetError) as caught:
        from_folder(folder_with(tmp_path, toml))
    assert str(caught.value).startswith(str(tmp_path / "parley.toml"))
    assert why in str(caught.value)


def test_file_that_is_no_text_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "parley.toml").write_bytes(b'name = "\xff"\n')
    with pytest.raises(TargetError, match=r"parley\.toml is not TOML"):
        from_folder(tmp_path)


def test_folder_that_is_missing_or_has_no_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=f"{tmp_path} has no parley.toml"):
        from_folder(tmp_path)
    with pytest.raises(TargetError, match=f"there is no folder {tmp_path}/nothing"):
        from_folder(tmp_path / "nothing")


def test_file_that_cannot_be_read_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "parley.toml").mkdir()
    with pytest.raises(TargetError, match=r"parley\.toml"):
        from_folder(tmp_path)


def test_option_that_cannot_be_split_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    toml = f'{COMMAND}[options]\nhold-count = "--hold \'{{value}}"\n'
    with pytest.raises(TargetError, match=r"parley\.toml"):
        from_folder(folder_with(tmp_path, toml))


# Command lines


def test_places_are_filled_after_the_command_is_split() -> None:
    """A value with a space in it stays one word; what is no place stays as it is."""
    made = Target(
        "x", "'{python}' -m {folder} --at={host}:{port} 'a b' {other}", folder=Path("/in/my server")
    )
    assert made.words("::1", 80, {}) == [
        *(sys.executable, "-m", "my server", "--at=::1:80", "a b", "{other}")
    ]


def test_port_may_be_a_word() -> None:
    """START-4 needs a port that is no number."""
    assert from_command("./server {port}").words("h", "banana", {})[-1] == "banana"


def test_bounds_are_put_behind_the_command() -> None:
    """Whole numbers as they are, fractions without trailing zeros."""
    made = Target("x", "./s {port}", options={"hold": "--hold {value}", "idle": "-i{value} -v"})
    words = made.words("h", 1, {"idle": 0.50, "hold": 4194304})
    assert words == ["./s", "1", "-i0.5", "-v", "--hold", "4194304"]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("./server --port {port}", "server"),
        ("python3 -m impl_poll --host {host} --port {port}", "impl_poll"),
        ("/opt/my.server.py 20 {port}", "my.server"),
        ("{python} -{port}", "server"),
    ],
)
def test_command_gives_its_server_a_name(command: str, name: str) -> None:
    made = from_command(command)
    assert (made.name, made.command, made.cwd, made.folder) == (name, command, Path.cwd(), None)


def test_command_without_a_nameable_word_is_called_server() -> None:
    assert from_command("{python} . --port {port}").name == "server"


@pytest.mark.parametrize("command", ["", "  ", "./server", "./server '{port}"])
def test_command_that_cannot_be_run_is_an_error_that_says_where(command: str) -> None:
    with pytest.raises(TargetError, match=r"^--command: "):
        from_command(command)


@pytest.mark.parametrize(
    ("word", "address", "name"),
    [
        ("127.0.0.1:7000", ("127.0.0.1", 7000), "127.0.0.1-7000"),
        ("chat.example.org:1", ("chat.example.org", 1), "chat.example.org-1"),
        ("[::1]:65535", ("::1", 65535), "__1-65535"),
        ("::1:80", ("::1", 80), "__1-80"),
    ],
)
def test_address_is_read_with_or_without_brackets(
    word: str, address: tuple[str, int], name: str
) -> None:
    made = from_address(word)
    assert (made.address, made.name, made.command) == (address, name, None)


@pytest.mark.parametrize(
    "word",
    ["", "host", "host:", ":80", "[]:80", "host:x", "host:0", "host:65536", "host:-1", "h:١"],
)
def test_what_is_no_address_is_an_error_that_names_the_option(word: str) -> None:
    with pytest.raises(TargetError, match=r"^--connect"):
        from_address(word)


# What an appeal refers to


def test_digest_changes_with_contents_and_names(tmp_path: Path) -> None:
    """SHA-256 of all files, at whatever depth; what Python leaves behind does not count."""
    folder = folder_with(tmp_path, COMMAND)
    made = Target("x", folder=folder)
    seen = [made.digest()]
    (folder / "src").mkdir()
    assert made.digest() == seen[0]
    for change in (
        lambda: (folder / "src" / "a.c").write_bytes(b"1"),
        lambda: (folder / "src" / "a.c").write_bytes(b"2"),
        lambda: (folder / "src" / "a.c").rename(folder / "src" / "b.c"),
        lambda: (folder / ".hidden").write_bytes(b""),
    ):
        change()
        seen.append(made.digest())
    assert len(set(seen)) == len(seen)
    (folder / "src" / "__pycache__").mkdir()
    (folder / "src" / "__pycache__" / "a.pyc").write_bytes(b"3")
    assert made.digest() == seen[-1]
    assert len(seen[-1] or "") == 64


def test_digest_is_that_of_what_was_submitted(tmp_path: Path) -> None:
    """What a build or a run leaves in the folder changes nothing."""
    made = from_folder(folder_with(tmp_path, COMMAND))
    submitted = Target("x", folder=tmp_path).digest()
    (tmp_path / "server.o").write_bytes(b"1")
    assert made.digest() == submitted != Target("x", folder=tmp_path).digest()


def test_digest_of_equal_folders_is_equal_and_of_no_folder_none(tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        made.append(from_folder(folder_with(tmp_path / name, COMMAND)).digest())
    assert made[0] == made[1]
    assert from_command("./server {port}").digest() is None


def test_digest_tells_one_file_from_two(tmp_path: Path) -> None:
    """A file that contains NUL, a name and NUL must not pass for two files."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    (one / "a").write_bytes(b"x\0b\0y")
    (two / "a").write_bytes(b"x")
    (two / "b").write_bytes(b"y")
    assert Target("x", folder=one).digest() != Target("x", folder=two).digest()


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse such names")
def test_digest_of_a_file_whose_name_is_no_utf_8_is_made(tmp_path: Path) -> None:
    """An archive from another system may hold such names, and grading must not end for it."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")).write_bytes(b"")
    assert Target("x", folder=tmp_path).digest()
