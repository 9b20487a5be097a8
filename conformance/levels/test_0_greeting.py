"""Level 0: the server starts, greets and answers PING."""

import pytest

from ..bench import Bench
from ..chat import Chat
from ..violation import Violation


def test_a_ready_server_says_where_it_listens(bench: Bench) -> None:
    """START-1: a line `listening on HOST PORT` on standard output, once one can connect."""
    server = bench.start()  # raises unless the ready line has this form
    bench.chat(server).connect("alice").fence()


def test_the_ready_line_reaches_a_terminal(bench: Bench) -> None:
    """START-1: in a terminal, where a person starts it, the line appears too."""
    with bench.terminal() as terminal:
        if terminal.ready_port() is None:
            raise Violation(
                "no ready line in a terminal",
                expected="listening on HOST PORT",
                got=f"({terminal.screen() or 'nothing'})",
            )


def test_port_0_picks_a_free_port(bench: Bench) -> None:
    """START-2: given the port 0, the ready line names the port that the server picked."""
    server = bench.start(port=0)
    if server.port == 0:
        raise Violation(
            "the ready line names port 0, where nobody can connect",
            expected="listening on 127.0.0.1 (the port that was picked)",
            got=server.ready_line,
        )
    bench.chat(server).connect("alice").fence()


def test_a_port_in_use_is_one_clear_line_and_status_1(bench: Bench) -> None:
    """START-3: if the port is in use, one line on standard error and exit status 1."""
    second = bench.launch(port=bench.start().port)
    status = second.wait_end(bench.servers.start_patience)
    state = second.state()
    second.kill()  # and all that it printed has been read
    if status != 1:
        raise Violation("a port in use", expected="(exited with status 1)", got=f"({state})")
    if len(second.stderr) != 1:
        raise Violation(
            "a port in use",
            expected="one line on standard error",
            got=f"{len(second.stderr)} lines: {' / '.join(second.stderr)}",
        )


def test_the_first_line_is_hello(chat: Chat) -> None:
    """HELLO-1: HELLO parley/1 NAME comes first, without being asked."""
    chat.greeted(chat.connect("alice"))


def test_the_greeting_names_server_and_capabilities(chat: Chat) -> None:
    """HELLO-2: NAME is a token; capabilities follow, none twice."""
    greeting = chat.greeted(chat.connect("alice"))
    capabilities = greeting["capabilities"].split()
    if len(set(capabilities)) < len(capabilities):
        raise Violation("a capability stands twice", expected="each once", got=greeting.text)


def test_two_hundred_clients_are_greeted_while_all_stay_silent(chat: Chat) -> None:
    """HELLO-3: however many are open and silent, a new one is greeted, every other answered."""
    clients = chat.connects(*(f"c{number}" for number in range(1, 201)))
    for client in clients:
        client.sends(f"PING {client.label}")
    for client in clients:
        client.check(client.answer().final, f"PONG {client.label}")
    assert chat.most_waiting > 100, "the clients never waited at the same time"


def test_half_a_line_of_one_client_delays_nobody(chat: Chat) -> None:
    """HELLO-3: a client that has sent the beginning of a line does not keep others waiting."""
    alice, bob = chat.connects("alice", "bob")
    alice.sends_octets(b"PI", shown="PI (and no more)")
    alice.reads_no_more()  # what the server makes of half a line is a matter of level 6
    bob.does("PING from-bob")
    chat.connect("carol").does("PING from-carol")
    bob.does("PING again")


#: Tokens that are no numbers, no formats and no escapes.
TOKENS = ["0", "007", "1e3", "-1", "%%", "%s%n", "\\n", "\\", "&lt;", '"x"', "'x'", "\\x41", "PING"]


@pytest.mark.parametrize("token", ["x", "A-Za-z0-9", "~!@#$%^&*()", "7" * 64, *TOKENS])
def test_ping_is_answered_with_its_token(chat: Chat, token: str) -> None:
    """PING-1: PONG and the same token, octet for octet."""
    chat.connect("alice").does(f"PING {token}")


def test_ping_after_ping_is_answered(chat: Chat) -> None:
    """PING-2: PING is answered in every state: nameless, any number of times."""
    alice = chat.connect("alice")
    for number in range(20):
        alice.does(f"PING number-{number}")


def test_a_silent_client_receives_nothing(chat: Chat) -> None:
    """PING-3: between HELLO and the first command the server is silent."""
    alice, bob, carol = chat.connects("alice", "bob", "carol")
    for number in range(10):
        bob.does(f"PING {number}")
    for client in (alice, carol):
        client.receives_nothing()
    for client in (alice, bob, carol):
        if client.pings:
            raise Violation(
                "a PING right after HELLO: nobody has been silent yet",
                client=client,
                expected="(nothing)",
                got="PING (token)",
            )


@pytest.mark.parametrize("line", ["PONG x", "PONG", "PONG two tokens", "PONG " + "x" * 65])
def test_pong_is_never_answered(chat: Chat, line: str) -> None:
    """PONG-1: a line whose verb is PONG gets neither a reply nor a refusal."""
    alice, bob = chat.connects("alice", "bob")
    alice.sends(line)
    for _ in range(3):  # the server has its turn: PONG and the fence are two pieces
        bob.fence()
    alice.receives_nothing()


def test_what_a_server_sends_are_lines_of_text(chat: Chat) -> None:
    """LINE-1: lines end with LF, are UTF-8 without control characters, at most 4096 octets."""
    alice = chat.connect("alice")
    alice.does("PING x")
    if alice.unfinished:
        raise Violation(
            "octets behind the last LF",
            client=alice,
            expected="(nothing)",
            got=repr(alice.unfinished),
        )


def test_what_a_server_sends_is_in_the_tables(chat: Chat) -> None:
    """LINE-2: every line is one of the tables of the spec, or begins with X-."""
    alice = chat.connect("alice")
    for token in ("x", "y", "z"):
        alice.does(f"PING {token}")
