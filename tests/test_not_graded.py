"""What cannot be graded: one clear message for each trouble, with what to do, and exit status 2."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.__main__ import main

C_WITH_ERROR = "int main(void) { return x; }\n"
SLEEPS = "import time\nprint({!r}, flush=True)\ntime.sleep(60)\n"


@pytest.fixture(autouse=True)
def _signals(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The program runs in this process, in a folder of its own; its signal handler goes again."""
    monkeypatch.chdir(tmp_path)
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Runs the program, which must exit with status 2. Returns all that it prints, as one line."""
    try:
        status = main([*arguments, "--start-timeout", "2"])
    except SystemExit as stopped:
        status = int(str(stopped.code))
    captured = capsys.readouterr()
    output = captured.out + captured.err
    assert status == 2, output
    assert "Traceback (most recent call last)" not in captured.err
    assert output.count("hint ") <= 1
    assert len(output.splitlines()) <= 14
    return " ".join(output.split())


def write(toml: str | bytes, program: str = "") -> None:
    """A server in the folder `mine`: its parley.toml, and what the command runs."""
    folder = Path("mine")
    folder.mkdir()
    octets = toml if isinstance(toml, bytes) else toml.encode()
    (folder / "parley.toml").write_bytes(octets)
    if program:
        (folder / "server").write_text(program)


PYTHON = 'command = "{python} server {host} {port}"'
DIRECT = 'command = "./server {host} {port}"'


@pytest.mark.parametrize(
    ("toml", "program", "trouble", "advice"),
    [
        (DIRECT, "", "cannot run ./server: No such file", "has it been built?"),
        (DIRECT, "print()", "cannot run ./server: Permission denied", "chmod +x"),
        (PYTHON, "", "can't open file", "is the path right from there?"),
        (PYTHON, "def f(:\n", "SyntaxError: invalid syntax", "the file and the line"),
        (PYTHON, "import chat_library\n", "No module named 'chat_library'", "is it installed"),
        (PYTHON, "1 / 0\n", "ZeroDivisionError: division by zero", "exception in stderr"),
        (PYTHON, "pass\n", "(exited with status 0)", "Does the main thread wait"),
        (PYTHON, "import sys\nsys.exit(4)\n", "(exited with status 4)", "Start it by hand"),
        (PYTHON, "input()\n", "EOFError", "asks somebody at a keyboard"),
        (
            PYTHON,
            "import argparse\nargparse.ArgumentParser().parse_args()\n",
            "unrecognized arguments",
            "compare the command",
        ),
        (PYTHON, SLEEPS.format("Listening on 4000"), "but: Listening on 4000", "nothing else"),
        (
            PYTHON,
            SLEEPS.format("hello\nlistening on 127.0.0.1 9"),
            "but: hello",
            "has to be the ready line",
        ),
        (PYTHON, SLEEPS.format("listening on 127.0.0.1 9"), "Connection refused", "another port"),
        (PYTHON, "import os\nos.abort()\n", "killed by signal 6 (SIGABRT)", "Start it by hand"),
        (
            PYTHON,
            "import os\nraise OSError(98, os.strerror(98))\n",
            "Address already in use",
            "listen on the port that it is told",
        ),
    ],
)
def test_server_that_does_not_start(
    capsys: pytest.CaptureFixture[str], toml: str, program: str, trouble: str, advice: str
) -> None:
    """What happened, what it printed, and one hint."""
    write(toml, program)
    output = said(capsys, "mine")
    assert output.startswith("mine: not graded: the server does not start: ")
    assert re.search(r"command \S+( server)? 127.0.0.1 0 ", output)
    assert trouble in output
    assert advice in output.partition("hint ")[2]


def test_script_without_interpreter(capsys: pytest.CaptureFixture[str]) -> None:
    """The line that begins with #! is missing."""
    write(DIRECT, "print()")
    Path("mine/server").chmod(0o755)
    assert "#!/usr/bin/env python3" in said(capsys, "mine")


@pytest.mark.parametrize(
    ("toml", "trouble"),
    [
        (
            "build = \"{python} -c 'print(7 * 6, end=chr(33)); exit(3)'\"\n" + DIRECT,
            "status 3): 42!",
        ),
        ('build = "no-such-compiler x.c"\n' + DIRECT, "(no-such-compiler x.c): No such file"),
    ],
)
def test_build_that_fails(capsys: pytest.CaptureFixture[str], toml: str, trouble: str) -> None:
    write(toml)
    output = said(capsys, "mine")
    assert output.startswith("mine: not graded: ")
    assert trouble in output


@pytest.mark.parametrize(
    ("toml", "trouble"),
    [
        (b'command = "x {port}', "is not TOML: "),
        (b'name = "J\xf6rg"\n', "is not TOML: 'utf-8' codec can't decode"),
        (b'comand = "x {port}"', "unknown key comand; there are build, command, cwd,"),
        (b'name = "x"', "there is no command"),
        (b'command = "./server"', "the command has no {port} in it"),
        (b'command = "x {port}"\ncwd = "src"', "there is no folder mine/src"),
        (b'command = "x {port}"\n[options]\ntls = "--tls"', "an option reads like"),
        (b"command = 4000", "command must be a string"),
        (b'command = "\'x {port}"', "cannot split the command into words"),
    ],
)
def test_parley_toml_that_is_wrong(
    capsys: pytest.CaptureFixture[str], toml: bytes, trouble: str
) -> None:
    """One line, with the file in it."""
    write(toml)
    output = said(capsys, "mine")
    assert output.startswith("conformance: mine/parley.toml")
    assert trouble in output


def test_parley_toml_with_a_byte_order_mark(capsys: pytest.CaptureFixture[str]) -> None:
    """Some editors put one in front: it is no reason to refuse the file."""
    write(b"\xef\xbb\xbf" + DIRECT.encode())
    assert "cannot run ./server" in said(capsys, "mine")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["no_such_folder"], "there is no folder no_such_folder"),
        (["."], ". has no parley.toml"),
        (["a_file"], "a_file is a file: name the folder that has parley.toml in it"),
        (["--levle", "2"], "unrecognized arguments: --levle; did you mean --level?"),
        (["--ouput=x"], "unrecognized arguments: --ouput=x; did you mean --output?"),
        (["--no-color"], "unrecognized arguments: --no-color (--help"),
        (["-Z"], "unrecognized arguments: -Z (--help"),
        (["--maxfail", "few"], "argument --maxfail: invalid int value: 'few'"),
        (["--level", "9"], "argument --level: invalid choice"),
        (["--level", "two"], "argument --level: invalid int value: 'two'"),
        (["--start-timeout", "0"], "0 is not a number of seconds"),
        (["--start-timeout", "soon"], "soon is not a number of seconds"),
        (["--command", "x {port}", "--only", "SAY"], "there is no such requirement"),
        (["--command", "x {port}", "--rubric", "none"], "cannot read none: No such file"),
        (["--command", "x {port}", "--tls"], "has no option tls"),
        (["--command", "./server"], "has no {port} in it"),
        (["--connect", "localhost"], "--connect takes HOST:PORT"),
        (["--connect", "127.0.0.1:70000"], "70000 is not a port"),
    ],
)
def test_command_line_that_is_wrong(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    """One line, and nothing else."""
    Path("a_file").touch()
    output = said(capsys, *arguments)
    assert output.startswith("conformance: ")
    assert told in output
    assert len(output) < 200
    assert not Path("reports").exists()


def test_server_elsewhere_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    output = said(capsys, "--connect", f"127.0.0.1:{port}")
    assert f"not graded: nobody listens on 127.0.0.1 port {port}" in output
    assert "Start the server first" in output
