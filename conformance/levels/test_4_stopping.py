"""Level 4: the server stops when it is told to, says goodbye, and leaves nothing behind."""

import signal
import time
from collections import deque

import pytest

from ..bench import Bench, begins
from ..process import ServerProcess, StartError, describe
from ..servers import HOST, Elsewhere
from ..violation import Violation

#: STOP-3 grants 2 s; the machine may be busy and a runtime has to end (appendix A).
STOP_PATIENCE = 2.0 + 2.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_everybody_is_told_that_the_server_stops(bench: Bench, number: signal.Signals) -> None:
    """STOP-1: BYE to every connection, nameless ones included, then the end of the stream."""
    server = bench.start()
    chat = bench.chat(server)
    members = chat.crowd(20)
    nameless = chat.connects(*(f"nobody{number}" for number in range(12)))
    server.signal(number)
    for client in (*members, *nameless):
        event = client.awaits_event("BYE (and words)")
        if event.kind == "LEFT":
            raise Violation(
                "a LEFT while the server stops",
                client=client,
                expected="BYE (and words)",
                got=event.text,
                requirement="STOP-2",
            )
        if event.kind != "BYE":
            raise Violation(
                "a stopping server says BYE",
                client=client,
                expected="BYE (and words)",
                got=event.text,
            )
        client.awaits_end()
    _expect_end(server)


def test_nobody_is_told_that_the_others_leave(bench: Bench) -> None:
    """STOP-2: no LEFT for those whom the stop sends away."""
    server = bench.start()
    chat = bench.chat(server)
    members = chat.crowd(20)
    server.signal(signal.SIGTERM)
    for client in members:
        client.awaits_end()
        kinds = [event.kind for event in client.events]
        if "LEFT" in kinds:
            raise Violation(
                "a LEFT while the server stops",
                client=client,
                expected="BYE (and words)",
                got=client.events[0].text,
            )
        client.events.clear()


def _told_to_stop(bench: Bench) -> list[tuple[ServerProcess, float]]:
    """One server for each signal, and when it was told; from then on nobody reads or closes."""
    stopping = []
    for number in SIGNALS:
        server = bench.start()
        chat = bench.chat(server)
        alice, bob = chat.members("alice", "bob")
        nobody = chat.connect("nobody")
        nobody.sends_octets(b"NICK half", shown="NICK half (and no more)")
        for client in (alice, nobody):
            client.reads_no_more()
        for _ in range(100):
            bob.says("x" * 3000)
        stopping.append((server, time.monotonic()))
        server.signal(number)
    return stopping


@begins(_told_to_stop)
def test_the_server_ends_although_nobody_closes(bench: Bench) -> None:
    """STOP-3: the process has ended 2 s after the signal, even if no client reads or closes."""
    for server, told in bench.begun():
        _ended(server, told)
    for chat, _ in bench.chats:
        chat.abandon()  # nobody is left to be asked


def _deserted(bench: Bench) -> ServerProcess:
    """A server from which everybody has gone; the tests in between give it time to notice."""
    server = bench.start()
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    bob.hears(alice, "good night", alice.says("good night"))
    for client in (alice, bob):
        client.closes()
    return server


@begins(_deserted)
def test_a_server_that_nobody_is_on_stops_as_well(bench: Bench) -> None:
    """STOP-4, STOP-3: with nobody connected it ends after the signal, too, with exit status 0."""
    server: ServerProcess = bench.begun()
    server.signal(signal.SIGTERM)
    _expect_status_0(server)
    for chat, _ in bench.chats:
        chat.abandon()  # nobody is left to be asked


def test_a_stopped_server_exits_with_status_0(bench: Bench) -> None:
    """STOP-4: exit status 0."""
    server = bench.start()
    chat = bench.chat(server)
    chat.crowd(5)
    server.signal(signal.SIGTERM)
    for client in chat.clients:
        client.awaits_end()
        client.events.clear()
    _expect_status_0(server)


def test_some_leave_while_the_server_stops(bench: Bench) -> None:
    """STOP-4: exit status 0, whatever others do meanwhile; and those who stay are told (STOP-1)."""
    server = bench.start()
    chat = bench.chat(server)
    members = chat.crowd(100)
    for number, client in enumerate(members[5:]):
        if number == 50:  # it is busy with those who have gone, and others go while it stops
            server.signal(signal.SIGTERM)
        client.closes()
    for client in members[:5]:
        client.awaits_end()
        client.events.clear()
        if not client.said_bye:
            raise Violation(
                "a stopping server says BYE",
                client=client,
                expected="BYE (and words)",
                got=f"({client.ended})",
                requirement="STOP-1",
            )
    _expect_status_0(server)


def test_the_port_is_free_at_once(bench: Bench) -> None:
    """STOP-5: a server started right afterwards on the same port comes up."""
    server = bench.start()
    chat = bench.chat(server)
    members = chat.crowd(10)
    server.signal(signal.SIGTERM)
    for client in members:
        client.awaits_end()
        client.events.clear()
    _expect_end(server)
    try:
        successor = bench.start(port=server.port)
    except StartError as error:
        raise Violation(
            f"no server can be started on port {server.port} right after the first has ended",
            expected=f"listening on 127.0.0.1 {server.port}",
            got=f"({error}; {' / '.join(error.process.stderr)})",
        ) from None
    bench.chat(successor).connect("alice").fence()


def test_ctrl_c_in_a_terminal_stops_the_server(bench: Bench) -> None:
    """STOP-1, STOP-3: a person presses Ctrl-C: those connected are told, and the prompt is back."""
    with bench.terminal() as terminal:
        port = terminal.ready_port()
        if port is None:
            raise Violation("the server does not get ready in a terminal", requirement="START-1")
        chat = bench.chat(Elsewhere(HOST, port, deque(), deque()))
        try:
            alice = chat.member("alice")
            terminal.presses_ctrl_c()
            alice.awaits_event("BYE (and words)")
            alice.awaits_end()
        finally:
            chat.abandon()
        if not terminal.ends(STOP_PATIENCE):
            raise Violation(
                "the server goes on after Ctrl-C",
                expected="(the process ends)",
                got=f"(it runs; on the screen: {terminal.screen() or 'nothing'})",
                requirement="STOP-3",
            )


def _expect_status_0(server: ServerProcess) -> None:
    status = _expect_end(server)
    if status != 0:
        raise Violation(
            "a server that was asked to stop",
            expected="(exited with status 0)",
            got=f"({describe(status)})",
        )


def _expect_end(server: ServerProcess) -> int:
    return _ended(server, time.monotonic())


def _ended(server: ServerProcess, told: float) -> int:
    status = server.wait_end(told + STOP_PATIENCE - time.monotonic())
    if status is None or server.ended_at - told > STOP_PATIENCE:
        raise Violation(
            f"the process still runs {STOP_PATIENCE:g} s after it was told to stop",
            expected="(the process has ended after 2 s)",
            got="(it runs)",
            requirement="STOP-3",
        )
    return status
