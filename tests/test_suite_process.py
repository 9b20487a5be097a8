"""How servers are started and ended: conformance/process.py, with small programs as servers.

No test waits for time to pass: each waits for a process, with a bound that is never reached, except
where running out of patience is the subject.
"""

from __future__ import annotations

import os
import select
import shlex
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.process import (
    TAIL_LINE,
    TAIL_LINES,
    ServerProcess,
    StartError,
    describe,
    free_port,
)
from conformance.target import Target

PATIENCE = 10.0  # seconds; reached only by a server that hangs
SHORT = 0.5  # seconds of patience where running out of it is the subject
READY = "print('listening on 127.0.0.1 7', flush=True)\n"
FOREVER = "import signal; signal.pause()\n"


class Bench:
    """Starts programs as servers, and ends them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[ServerProcess] = []

    def runs(self, program: str) -> ServerProcess:
        """A Python program; it sees host and port as its arguments."""
        return self.runs_words(shlex.join([sys.executable, "-S", "-c", program]))

    def runs_words(self, command: str) -> ServerProcess:
        target = Target("x", command=f"{command} {{host}} {{port}}", cwd=self.folder)
        self.started.append(ServerProcess(target, "127.0.0.1", 0))
        return self.started[-1]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    for process in bench.started:
        process.kill()


def start_fails(process: ServerProcess, patience: float = PATIENCE) -> str:
    with pytest.raises(StartError) as caught:
        process.wait_ready(patience)
    assert caught.value.process is process
    return str(caught.value)


# The ready line


@pytest.mark.parametrize(
    ("line", "port"),
    [
        (r"listening on 127.0.0.1 7\n", 7),
        (r"listening on ::1 65535\n", 65535),
        (r"listening on localhost 08080\r\n", 8080),
    ],
)
def test_ready_line_tells_the_port(bench: Bench, line: str, port: int) -> None:
    """START-1: HOST is what was asked for or the address that it stands for."""
    process = bench.runs(f"print('{line}', end='', flush=True)\n{FOREVER}").wait_ready(PATIENCE)
    assert process.port == port
    assert process.state() == "running"
    assert process.wait_end(0) is None


@pytest.mark.parametrize(
    "line",
    [
        *("", "Listening on h 7", "listening on h", "listening on h x", "listening on  7"),
        *("listening on h 7 ", "listening on h:7", " listening on h 7", "[info] listening on h 7"),
        *("listening on h -7", "listening on [::1] 7 now", "caf\\xe9\\x1b[2J"),
    ],
)
def test_other_first_line_is_an_error_that_shows_it(bench: Bench, line: str) -> None:
    """START-1: exactly `listening on HOST PORT`; what stands there instead is shown safely."""
    said = start_fails(bench.runs(f"print('{line}', flush=True)\n{FOREVER}"))
    assert said.startswith("its first line is not `listening on HOST PORT` but: ")
    assert said.isprintable()


@pytest.mark.parametrize("port", ["99999", "\\u0667"])
def test_ready_line_without_a_port_that_can_be_is_an_error(bench: Bench, port: str) -> None:
    r"""START-1: 99999 is no port (and 34463, where it would lead, is another's)."""
    program = "import sys; sys.stdout.reconfigure(encoding='utf-8')\n"
    start_fails(bench.runs(f"{program}print('listening on h {port}', flush=True)\n{FOREVER}"))


def test_exit_before_the_ready_line_is_told_with_the_status(bench: Bench) -> None:
    """What it said on standard error is kept for the card."""
    process = bench.runs("raise SystemExit('port in use')")
    assert start_fails(process) == "it ended before it was ready (exited with status 1)"
    assert list(process.stderr) == ["port in use"]
    assert process.state() == "exited with status 1"


def test_death_by_signal_before_the_ready_line_is_told(bench: Bench) -> None:
    said = start_fails(bench.runs("import os; os.abort()"))
    assert said == "it ended before it was ready (killed by signal 6 (SIGABRT))"


@pytest.mark.parametrize("said", ["", "print('listening on 127.0.0.1 7', end='', flush=True)"])
def test_no_ready_line_is_found_when_patience_ends(bench: Bench, said: str) -> None:
    """START-1: nothing, or a line without its end; the process is still there to be looked at."""
    process = bench.runs(f"{said}\n{FOREVER}")
    assert start_fails(process, SHORT) == "it did not say that it is listening within 0.5 s"
    assert process.state() == "running"


def test_ready_line_on_standard_error_does_not_count(bench: Bench) -> None:
    process = bench.runs(f"import sys; print('listening on h 7', file=sys.stderr)\n{FOREVER}")
    assert "did not say" in start_fails(process, SHORT)


@pytest.mark.parametrize("command", ["./no-such-program", "/"])
def test_command_that_cannot_be_run_is_an_error_that_names_it(bench: Bench, command: str) -> None:
    with pytest.raises(StartError, match=f"cannot run {command}: "):
        bench.runs_words(command)


def test_command_with_a_nul_in_it_is_an_error_too(bench: Bench) -> None:
    with pytest.raises(StartError):
        bench.runs_words("./server\0")


# Output


def test_flood_of_output_blocks_nobody_and_its_end_is_kept(bench: Bench) -> None:
    """Appendix A: both outputs are read all the time, however much a server logs."""
    program = (
        READY
        + "import sys\n"
        + "for number in range(2000):\n"
        + "    for stream in (sys.stdout, sys.stderr): stream.write(f'{number} ' + 'x' * 3000)\n"
        + "for stream in (sys.stdout, sys.stderr): stream.write('\\nlast\\n')\n"
    )
    process = bench.runs(program).wait_ready(PATIENCE)
    assert process.wait_end(PATIENCE) == 0
    process.kill()
    for tail in (process.stdout, process.stderr):
        assert len(tail) == TAIL_LINES
        assert tail[-1] == "last"
        assert max(map(len, tail)) <= TAIL_LINE


def test_output_is_kept_safe_to_show(bench: Bench) -> None:
    program = (
        READY + "import os; os.write(2, b'\\x1b[2J\\xff\\x00 caf\\xc3\\xa9\\r\\n'); " + FOREVER
    )
    process = bench.runs(program).wait_ready(PATIENCE)
    process.kill()
    assert all(line.isprintable() for line in (*process.stdout, *process.stderr))


def test_server_is_given_its_place_and_nothing_of_ours(bench: Bench) -> None:
    """Its folder, host, port, no input, and no variable that leads Python into this suite."""
    program = (
        "import os, sys\n"
        "odd = [n for n in os.environ if n.startswith(('PYTHON', 'PYTEST', 'COVERAGE', 'NOX'))]\n"
        "print(os.getcwd(), sys.argv[1:], sys.stdin.read() == '', odd)\n"
    )
    os.environ["PYTHONWARNINGS_OF_A_TEST"] = "1"
    try:
        said = start_fails(bench.runs(program))
    finally:
        del os.environ["PYTHONWARNINGS_OF_A_TEST"]
    assert said.endswith(f"{bench.folder.resolve()} ['127.0.0.1', '0'] True []")


# The end


def test_signal_goes_to_the_server_and_its_status_is_told(bench: Bench) -> None:
    program = "import os, signal; signal.signal(15, lambda *_: os._exit(9))\n" + READY + FOREVER
    process = bench.runs(program).wait_ready(PATIENCE)
    process.signal(signal.SIGTERM)
    assert process.wait_end(PATIENCE) == 9
    assert process.state() == "exited with status 9"


def test_kill_ends_a_server_that_ignores_signals(bench: Bench) -> None:
    program = "import signal; signal.signal(15, signal.SIG_IGN)\n" + READY + FOREVER
    process = bench.runs(program).wait_ready(PATIENCE)
    process.kill()
    assert process.state() == "killed by signal 9 (SIGKILL)"
    process.kill()  # a second time does no harm


@pytest.mark.parametrize("server", ["stays", "has ended"])
def test_kill_ends_what_the_server_started(bench: Bench, server: str) -> None:
    """A grandchild of the same group, whether its parent is there or not: its pipe is closed."""
    os.mkfifo(bench.folder / "alive")
    ours = os.open(bench.folder / "alive", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(ours, True)
    program = (
        "import os\n"
        "if os.fork() == 0:\n"
        "    os.write(os.open('alive', os.O_WRONLY), b'alive')\n"
        f"    {READY}    {FOREVER}" + (FOREVER if server == "stays" else "os._exit(0)\n")
    )
    with os.fdopen(ours, "rb", buffering=0) as pipe:
        process = bench.runs(program).wait_ready(PATIENCE)
        assert pipe.read(5) == b"alive"
        if server == "has ended":
            assert process.wait_end(PATIENCE) == 0
        process.kill()
        assert select.select([pipe], [], [], PATIENCE)[0]
        assert pipe.read(5) == b""  # nobody holds the other end any more


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0, "exited with status 0"),
        (255, "exited with status 255"),
        (-9, "killed by signal 9 (SIGKILL)"),
        (-11, "killed by signal 11 (SIGSEGV)"),
        (-199, "killed by signal 199"),
    ],
)
def test_exit_status_is_told_in_words(status: int, words: str) -> None:
    assert describe(status) == words


def test_free_port_can_be_listened_on() -> None:
    assert 0 < free_port("127.0.0.1") < 65536
