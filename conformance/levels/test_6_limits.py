"""Level 6: too many clients, and too many octets held."""

import time

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..peer import Violation, blamed_on
from ..process import ServerProcess
from ..usage import SPARE, processes_of, usage_of

#: Connections that are let in, where a test makes the bound small.
FEW = 3
#: Newcomers that are turned away in a test: a BYE that a reset destroys is a matter of luck.
MANY = 5


@needs("QUIT-1")
def test_connections_beyond_the_cap_are_turned_away(bench: Bench) -> None:
    """CAP-1, CAP-2, CAP-3: BYE in place of HELLO, others are served, a place freed is given."""
    server = _launch(bench, max_clients=FEW)
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    carol = chat.connect("carol")
    for number in range(MANY):
        _expect_turned_away(chat, f"late{number}", "CAP-1")
        with blamed_on("CAP-2"):
            alice.hears(bob, "still here", bob.says("still here"))
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT lobby {bob.nick} quit")
    _half_closes(carol)
    for label in ("dave", "erin"):
        _expect_let_in(chat, label, "CAP-3")
    _expect_turned_away(chat, "last", "CAP-1")
    _expect_nothing_left_behind(chat, server)


def test_nameless_connections_have_a_cap_of_their_own(bench: Bench) -> None:
    """CAP-4: beyond it BYE in place of HELLO; who has a name, or goes with one, does not count."""
    chat = bench.chat(_launch(bench, max_nameless=FEW))
    nameless = chat.connects(*(f"n{number}" for number in range(FEW)))
    _expect_turned_away(chat, "late", "CAP-4")
    newcomers = []
    for client in nameless:
        client.takes_name()
        newcomers.append(_expect_let_in(chat, f"after {client.label}", "CAP-4"))
    _expect_turned_away(chat, "last", "CAP-4")
    for client, leave in zip(newcomers, (_quits, _half_closes), strict=False):
        leave(client)
        _expect_let_in(chat, f"for {client.label}", "CAP-3")
    *leaving, witness = nameless
    for client, leave in zip(leaving, (_quits, _half_closes), strict=True):
        leave(client)
        _expect_turned_away(chat, f"beside {client.label}", "CAP-4")
    witness.fence()
    witness.events.clear()


@needs("LOCK-14")
def test_a_hold_of_too_many_octets_is_delivered_and_ends(bench: Bench) -> None:
    """LOCK-17: the held events, the one that did not fit, UNLOCKED overflow; the lock is off."""
    text = "x" * 1000
    chat = bench.chat(bench.start(hold_bytes=10_000))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    said = [f"MSG lobby {bob.says(text)} {bob.nick} {text}" for _ in range(8)]
    alice.receives_nothing()
    said += [f"MSG lobby {bob.says(text)} {bob.nick} {text}" for _ in range(4)]
    alice.fence()
    got = [event.text for event in alice.events]
    alice.events.clear()
    if "UNLOCKED overflow" not in got:
        raise Violation(
            "12,000 octets were to be held, with a bound of 10,000",
            client=alice,
            expected="UNLOCKED overflow",
            got="(nothing)",
        )
    got.remove("UNLOCKED overflow")
    if got != said:
        raise Violation(
            "all that was held, in order, and what came after it",
            client=alice,
            expected=f"({len(said)} messages)",
            got=f"({len(got)} lines, or others)",
        )
    alice.does("UNLOCK", "OK UNLOCK 0")


def _launch(bench: Bench, **bounds: int) -> ServerProcess:
    """A server on which nobody has been: no trial connection that might count."""
    return bench.launch_with(**bounds).wait_ready(bench.servers.start_patience)


def _quits(client: Client) -> None:
    client.does("QUIT", "OK QUIT")
    client.awaits_end()


def _half_closes(client: Client) -> None:
    client.half_closes()
    client.awaits_end()


def _expect_let_in(chat: Chat, label: str, rule: str) -> Client:
    """Who is turned away comes again: a place may be free a moment after its stream has ended."""
    give_up_at = time.monotonic() + chat.patience
    while True:
        client = Client(chat, label)
        try:
            with blamed_on(rule):
                chat.greeted(client)
            return client
        except Violation:
            if client.said_bye is None or time.monotonic() > give_up_at:
                raise
        client.awaits_end()
        client.closes()
        chat.idle(0.02)


def _expect_turned_away(chat: Chat, label: str, rule: str) -> None:
    """A newcomer that talks at once is sent BYE, and reads the end of the stream behind it."""
    client = Client(chat, label)
    client.sends_octets(b"PING x\n" * 100, shown="(100 times PING x)")
    with blamed_on(rule):
        chat.wait_until(
            lambda: client.greeting is not None or client.ended is not None,
            lambda: Violation("a newcomer", client=client, timed_out=True),
        )
        if client.said_bye:
            client.awaits_end()
    if client.said_bye is None or client.ended != "end of stream":
        came = client.greeting.text if client.greeting else "(nothing)"
        raise Violation(
            "there is no place for this connection",
            client=client,
            expected="BYE (and words), then (end of stream)",
            got=f"{came}, then ({client.ended or 'the connection stays open'})",
            requirement=rule,
        )


def _expect_nothing_left_behind(chat: Chat, server: ServerProcess) -> None:
    """Who is turned away takes no descriptor for good. GROW-1, where the system tells."""
    before = _descriptors(server)
    newcomers = [Client(chat, f"crowd{number}") for number in range(2 * SPARE)]
    for client in newcomers:
        client.awaits_end()
        client.events.clear()
    give_up_at = time.monotonic() + chat.patience
    while (more := _descriptors(server) - before) > SPARE:
        if time.monotonic() > give_up_at:
            raise Violation(
                f"{len(newcomers)} more connections have been turned away",
                expected="(as many descriptors as before)",
                got=f"({more} descriptors more)",
                requirement="GROW-1",
            )
        chat.idle(0.05)


def _descriptors(server: ServerProcess) -> int:
    """How many the server has; 0 if the system does not tell."""
    found = usage_of(processes_of(server.popen.pid))
    return found.descriptors if found else 0
