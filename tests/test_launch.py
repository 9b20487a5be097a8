"""Options, listening socket, ready line: protocol.md, appendix A. Real processes, on loopback."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley.launch import is_loopback, listen

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 10.0  # seconds that appendix A grants a server to start


def start(*options: str, under: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """Starts impl_poll with these options."""
    return subprocess.Popen(
        [*under, sys.executable, "-m", "impl_poll", "--log-level", "error", *options],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ends(*options: str) -> tuple[int, str, str]:
    """Status, output and errors of a server that does not come up."""
    process = start(*options)
    try:
        output, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, output, errors


@contextlib.contextmanager
def running(*options: str, under: tuple[str, ...] = ()) -> Iterator[tuple[str, int]]:
    """A server that came up: where it listens. It ends with a signal, cleanly."""
    process = start("--port", "0", *options, under=under)
    try:
        assert process.stdout is not None
        ready = re.fullmatch(r"listening on (\S+) (\d+)\n", process.stdout.readline())
        assert ready is not None
        yield ready[1], int(ready[2])
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE)
        assert (process.returncode, output, errors) == (0, "", "")
    finally:
        process.kill()
        process.communicate()


def first_line(address: tuple[str, int]) -> bytes:
    """What a server says to a newcomer."""
    with (
        socket.create_connection(address, timeout=PATIENCE) as alice,
        alice.makefile("rb") as lines,
    ):
        return lines.readline()


@pytest.mark.parametrize(
    "options",
    [
        *(("--port", word) for word in ("x", "", "-1", "65536", "1.5", "٣", "0x10", "9" * 5000)),
        *(("--idle", word) for word in ("x", "0", "-1", "nan", "inf", "1e9")),
        *(("--hold-count", word) for word in ("x", "0", "-1", "1.5", "9" * 17)),
        ("--port",),
        ("--no-such-option",),
        ("surplus",),
        ("--outbox-bytes", "1000"),
        *(("--rate", word) for word in ("x", "-1", "1.5", "00")),
    ],
    ids=lambda options: " ".join(options)[:30],
)
def test_wrong_option_is_said_and_exits_with_2(options: tuple[str, ...]) -> None:
    """START-4: if its options are wrong, it says so on standard error and exits with status 2."""
    status, output, errors = ends(*options)
    assert (status, output) == (2, "")
    assert options[0].lstrip("-") in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize(
    ("option", "most"),
    [
        ("--hold-bytes", 4 * 2**20 - 2 * 4096),
        ("--history-bytes", 4 * 2**20),
        ("--max-window", 3000 * (4 * 2**20 // 4022)),
        ("--max-rooms", 4 * 2**20 // 43 - 1),
    ],
)
def test_bounds_that_contradict_the_outbox_exit_with_2(option: str, most: int) -> None:
    """START-6: what may be queued in one piece has to fit an outbox: 4 MiB, if not told."""
    status, output, errors = ends("--port", "0", option, str(most + 1))
    assert (status, output) == (2, "")
    assert option in errors
    with running(option, str(most)):
        pass


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),  # as a socket for both families names it
        ("192.0.2.1", False),
        ("::ffff:192.0.2.1", False),
        ("2001:db8::1", False),
        ("fe80::1%lo", False),
    ],
)
def test_this_machine_is_told_from_others(host: str, loopback: bool) -> None:
    """CAP-4: connections from the server's own machine need not count."""
    assert is_loopback(host) is loopback


def test_nameless_connections_of_this_machine_count_if_asked_for() -> None:
    """CAP-4: by default they do not."""
    for options, word in (((), b"HELLO "), (("--count-loopback",), b"BYE ")):
        with running("--max-nameless", "1", *options) as address:
            with socket.create_connection(address, timeout=PATIENCE) as alice:
                assert alice.recv(6) == b"HELLO "
                assert first_line(address).startswith(word)


def test_port_in_use_is_one_line_and_exits_with_1() -> None:
    """START-3: it says so in one line on standard error and exits with status 1."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        status, output, errors = ends("--port", str(port))
    assert (status, output) == (1, "")
    assert errors.count("\n") == 1
    assert str(port) in errors


@pytest.mark.parametrize("host", ["192.0.2.1", "1.2.3.4.5", "", "a..b", "a" * 64])
def test_host_that_is_none_is_one_line_and_exits_with_1(host: str) -> None:
    """START-3: a host that cannot be listened on (192.0.2.1: RFC 5737) is like a port in use."""
    status, output, errors = ends("--host", host, "--port", "0")
    assert (status, output) == (1, "")
    assert errors.count("\n") == 1


def test_port_0_picks_a_free_one_and_the_ready_line_names_it() -> None:
    """START-1, START-2, STOP-4: one line, flushed; and there it listens, until a signal comes."""
    with running() as (host, port):
        assert host == "127.0.0.1"
        assert port != 0
        assert first_line((host, port)).startswith(b"HELLO parley/1 poll")


def test_port_is_free_at_once() -> None:
    """STOP-5: a server started right afterwards on the same port comes up."""
    with running() as address:
        first_line(address)
    with running("--port", str(address[1])) as again:
        assert again == address
        assert first_line(again).startswith(b"HELLO ")


def test_ipv6_address_is_listened_on() -> None:
    """START-5: given an IPv6 address such as ::1, the server listens there."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    with running("--host", "::1") as (host, port):
        assert host == "::1"
        assert first_line((host, port)).startswith(b"HELLO ")


def test_limit_on_the_command_line_is_obeyed() -> None:
    """Section 12: connections beyond a number are turned away with BYE in place of HELLO."""
    with running("--max-clients", "1") as address:
        with socket.create_connection(address, timeout=PATIENCE) as alice:
            assert alice.recv(6) == b"HELLO "
            assert first_line(address).startswith(b"BYE ")


def test_no_more_clients_than_descriptors() -> None:
    """Section 12: the number of connections is lowered to what the system allows."""
    few = ("sh", "-c", 'ulimit -n 66 && exec "$@"', "sh")
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(running(under=few))
        for _ in range(2):
            alice = socket.create_connection(address, timeout=PATIENCE)
            stack.callback(alice.close)
            assert alice.recv(6) == b"HELLO "
        assert first_line(address).startswith(b"BYE ")


def test_listening_socket_does_not_block() -> None:
    """HELLO-3: a newcomer that is gone before it is accepted must not stop the server."""
    with listen("127.0.0.1", 0) as listener:
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_another_event_loop_is_refused_in_one_line() -> None:
    command = [sys.executable, "-m", "impl_asyncio", "--port", "0", "--loop", "banana"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 2
    assert "'banana' is neither asyncio nor uvloop" in done.stderr.splitlines()[-1]
