"""Level 6: a server at rest, storms, no descriptor left, and the ends of its command line."""

import contextlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterator

import pytest

from ..bench import Bench, needs, untested
from ..chat import Chat
from ..client import Client
from ..narrow import BEHIND, TEXT
from ..process import BUSY_SHARE, ServerProcess, StartError
from ..servers import HOST
from ..usage import processes_of, processor_time, wanted_processor
from ..violation import Violation, blamed_on

if sys.platform == "linux":
    import resource

#: How long a server at rest is watched, and what part of that it may work. One that spins gets a
#: tenth of a processor even where many others compete for it; one that sleeps, nothing.
IDLE_SECONDS = 0.2
IDLE_SHARE = 0.08
#: Connections that say nothing at all: whoever looks at each of them again and again is busy.
NOBODIES = 100
#: Connections of a storm, and what each of its four kinds sends before it goes.
STORM = 120
#: Those that come and go before the server can accept them: one of each kind, for they have to wait
#: in the listen queue.
BEFORE_DAWN = 4
LAST_WORDS = (b"", b"", b"NICK half", b"NICK storm%d\n")
#: Descriptors that a server gets when it is about to have none left, and newcomers then.
SPARE = 2
NEWCOMERS = 6
#: An address of this machine besides 127.0.0.1, for those who do not ask for that one alone. On
#: Linux all of 127.0.0.0/8 is the machine itself; elsewhere it has to be set up first.
ANOTHER_ADDRESS = "127.0.0.2"


@needs("LEFT-1")
def test_a_storm_of_connections_is_survived(bench: Bench) -> None:
    """STORM-1, IDLE-1: those who stay are served, all others gone; then the server is at rest."""
    server = bench.start()
    chat = bench.chat(server)
    chat.ignored.update(("JOINED", "LEFT"))
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    with _asleep(server), contextlib.suppress(TimeoutError):
        for number in range(BEFORE_DAWN):
            _blow(chat, number)
    for number in range(STORM):
        _blow(chat, number)
        if number % 40 == 0:
            bob.hears(alice, "a storm", alice.says("a storm"))
    bob.does("QUIT", "OK QUIT")
    carol.half_closes()
    dave.resets()
    carol.events.clear()
    give_up_at = time.monotonic() + chat.patience
    while len(listed := alice.asks("WHO").items) > 1:
        if time.monotonic() > give_up_at:
            raise Violation(
                f"{STORM} connections have begun and ended, and three more have left",
                client=alice,
                expected=f"HERE {alice.nick} {alice.number}",
                got=f"({', '.join(item['name'] for item in listed)})",
            )
        chat.pump(0.02)
    late, slow = (_reads_nothing(chat, alice, label) for label in ("late", "slow"))
    late.reads_again()
    chat.put_aside(late)
    unfinished = _stops_halfway(chat, alice)
    why = (
        "one is locked, one reads nothing, one has read all that was late, two stopped halfway, "
        f"{NOBODIES} never began"
    )
    expect_rest(chat, server, "IDLE-1", why)
    slow.closes()
    late.events.clear()
    for client in unfinished:
        client.half_closes()


def _reads_nothing(chat: Chat, alice: Client, label: str) -> Client:
    """Alice says more than the sockets of this one hold."""
    slow = Client(chat, label, narrow=True)
    chat.greeted(slow)
    slow.takes_name()
    slow.reads_no_more()
    for _ in range(BEHIND):
        alice.says(TEXT)
    return slow


def _stops_halfway(chat: Chat, alice: Client) -> list[Client]:
    """Something is held for alice; of two others the beginning of a line has come."""
    alice.asks("LOCK")
    half, long = chat.members("half", "long")
    half.sends_octets(b"PING hal", shown="PING hal (and no LF)")
    long.expects_answers_to("SAY xx...")  # as soon as it is too long, or at its end
    long.sends_octets(b"SAY " + b"x" * 5000, shown="SAY xx... (5000 octets, and no LF)")
    chat.connects(*["nobody"] * NOBODIES)
    return [half, long]


@needs("IDLE-1")
def test_a_server_without_descriptors_serves_those_it_has(bench: Bench) -> None:
    """FULL-1, FULL-2: it uses no processor time, and lets newcomers in when some are free again."""
    server = bench.start()
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    with _few_descriptors(server):
        newcomers = [Client(chat, f"newcomer{number}") for number in range(NEWCOMERS)]
        for _ in range(3):
            bob.hears(alice, "still here", alice.says("still here"))
            alice.hears(bob, "so am I", bob.says("so am I"))
        if all(each.greeting for each in newcomers):
            untested("this system does not limit the descriptors of this server from outside")
        expect_rest(chat, server, "FULL-1", f"it can let in {SPARE} of {NEWCOMERS} that wait")
        for client in newcomers:
            client.closes()
        with blamed_on("FULL-2"):
            _expect_let_in_again(chat)
    bob.hears(alice, "who is it?", alice.says("who is it?"))


def _expect_let_in_again(chat: Chat) -> None:
    """Who is cut off came before a descriptor was free, and comes again. FULL-2."""
    give_up_at = time.monotonic() + chat.patience
    while True:
        fresh = _comes(chat)
        if fresh.greeting is not None and not fresh.said_bye:
            return
        if time.monotonic() > give_up_at:
            raise _not_let_in(fresh, fresh.said_bye.text if fresh.said_bye else f"({fresh.ended})")
        fresh.closes()
        chat.idle(0.05)


def _comes(chat: Chat) -> Client:
    """Connects, and waits until it is let in or cut off."""
    fresh = Client(chat, "fresh")
    chat.wait_until(
        lambda: fresh.greeting is not None or fresh.ended is not None,
        lambda: _not_let_in(fresh, "(nothing)"),
    )
    return fresh


def _not_let_in(fresh: Client, got: str) -> Violation:
    return Violation(
        f"all {NEWCOMERS} newcomers have gone, and somebody new is not let in",
        client=fresh,
        expected="HELLO parley/1 NAME ...",
        got=got,
        requirement="FULL-2",
        timed_out=got == "(nothing)",
    )


def expect_rest(chat: Chat, server: ServerProcess, rule: str, why: str) -> None:
    """Watches the server, of which nothing is asked, until it rests: a runtime may have to tidy.

    One that only waits for a processor, because others compete for it, does not rest.
    """
    give_up_at = time.monotonic() + chat.patience
    share = wanted = 1.0
    # Less than 0: threads have ended, and their time with them.
    while not 0 <= share <= IDLE_SHARE or wanted > BUSY_SHARE:
        if time.monotonic() > give_up_at:
            raise Violation(
                f"{why}, and it does not come to rest within {chat.patience:g} s",
                expected=f"(at most {IDLE_SHARE:.0%} of a processor)",
                got=f"({max(share, wanted):.0%} of a processor)",
                requirement=rule,
            )
        processes = processes_of(server.popen.pid)
        used, before = processor_time(processes), wanted_processor(processes)
        if used is None:
            untested("this system does not tell the processor time of a process")
        chat.idle(IDLE_SECONDS)
        share = ((processor_time(processes) or used) - used) / IDLE_SECONDS
        wanted = (wanted_processor(processes) - before) / IDLE_SECONDS


def _blow(chat: Chat, number: int) -> None:
    """One connection of a storm: it is reset at once, half-closed, or reset after some octets."""
    sock = socket.create_connection(chat.address, timeout=chat.patience)
    with sock, contextlib.suppress(OSError):
        last = LAST_WORDS[number % 4]
        sock.sendall(last % number if b"%" in last else last)
        if number % 4 == 1:
            sock.shutdown(socket.SHUT_WR)
        else:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@contextlib.contextmanager
def _asleep(server: ServerProcess) -> Iterator[None]:
    """While this lasts, the server does not run: who comes and goes has gone when it accepts."""
    server.signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.signal(signal.SIGCONT)


@contextlib.contextmanager
def _few_descriptors(server: ServerProcess) -> Iterator[None]:
    """While this lasts, the server can have only a few descriptors more than it has."""
    if sys.platform != "linux":
        untested("this system does not let another process limit descriptors")
    process = server.popen.pid
    used = max(map(int, os.listdir(f"/proc/{process}/fd")))
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    resource.prlimit(process, resource.RLIMIT_NOFILE, (used + 1 + SPARE, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):  # it has ended: the tests tell
            resource.prlimit(process, resource.RLIMIT_NOFILE, before)


def test_wrong_options_are_told_and_status_2(bench: Bench) -> None:
    """START-4: a port that is none: a word on standard error, exit status 2."""
    ports = ("banana", "65536", str(2**32 + 4000))
    for port, server in [(port, bench.launch(port=port)) for port in ports]:
        status = server.wait_end(bench.servers.start_patience)
        state = server.state()
        server.kill()
        why = f"the port {port}"
        if status != 2:
            raise Violation(why, expected="(exited with status 2)", got=f"({state})")
        if not server.stderr:
            raise Violation(why, expected="a line on standard error", got="(nothing)")


def test_bounds_that_contradict_each_other_are_told(bench: Bench) -> None:
    """START-6: an outbox smaller than a hold: a word on standard error, exit status 2."""
    server = bench.launch_with(outbox_bytes=20_000, hold_bytes=40_000)
    status = server.wait_end(bench.servers.start_patience)
    state = server.state()
    server.kill()
    if status != 2 or not server.stderr:
        raise Violation(
            "an outbox of 20,000 octets, a hold of 40,000",
            expected="(a line on standard error, exited with status 2)",
            got=f"({state})",
        )


def test_ipv6(bench: Bench) -> None:
    """START-5: given ::1 as its host, the server listens there."""
    if "{host}" not in (bench.servers.target.command or ""):
        untested("the command has no {host}")
    if not _has_ipv6():
        untested("this machine has no IPv6")
    chat = bench.chat(bench.start(host="::1"))
    alice, bob = chat.members("alice", "bob")
    bob.hears(alice, "over IPv6", alice.says("over IPv6"))


@pytest.mark.parametrize("host", [HOST, "localhost"])
def test_nobody_is_served_at_another_address(bench: Bench, host: str) -> None:
    """START-7: given 127.0.0.1, or its name, no other address of this machine reaches it."""
    if "{host}" not in (bench.servers.target.command or ""):
        untested("the command has no {host}")
    if not _has_address(socket.AF_INET, ANOTHER_ADDRESS):
        untested("this machine has no other address for itself")
    try:
        server = bench.start(host=host)
    except StartError as error:
        if host == HOST:
            raise
        raise Violation(
            "a HOST is a numeric address or a name (appendix A)",
            expected=f"listening on {host} (port)",
            got=f"({error})",
        ) from None
    try:
        socket.create_connection((ANOTHER_ADDRESS, server.port), timeout=1.0).close()
    except OSError:
        return
    raise Violation(
        f"the server was given the host {host}, and {ANOTHER_ADDRESS} is another one",
        expected=f"(no connection to {ANOTHER_ADDRESS} port {server.port})",
        got="(the server accepts it)",
    )


def _has_ipv6() -> bool:
    return _has_address(socket.AF_INET6, "::1")


def _has_address(family: socket.AddressFamily, address: str) -> bool:
    try:
        with socket.socket(family) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True
