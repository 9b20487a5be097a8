"""Level 6: too many clients, and too many octets held."""

import time

from ..bench import Bench, needs
from ..chat import Chat
from ..client import Client
from ..process import ServerProcess
from ..usage import SPARE
from ..violation import Violation, blamed_on
from .doors import descriptors, expect_let_in, expect_turned_away

#: Connections that are let in, where a test makes the bound small.
FEW = 3
#: Newcomers that are turned away in a test: a BYE that a reset destroys is a matter of luck.
MANY = 5
#: Octets that are held, and by how many messages.
HELD = 10_000
MESSAGES = 12


@needs("QUIT-1")
def test_connections_beyond_the_cap_are_turned_away(bench: Bench) -> None:
    """CAP-1, CAP-2, CAP-3: BYE in place of HELLO, others are served, a place freed is given."""
    server = _launch(bench, max_clients=FEW)
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    carol = chat.connect("carol")
    for number in range(MANY):
        expect_turned_away(chat, f"late{number}", "CAP-1")
        with blamed_on("CAP-2"):
            alice.hears(bob, "still here", bob.says("still here"))
    bob.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT lobby {bob.nick} quit")
    _half_closes(carol)
    for label in ("dave", "erin"):
        expect_let_in(chat, label, "CAP-3", "bob and carol have gone: two places are free")
    expect_turned_away(chat, "last", "CAP-1")
    _expect_nothing_left_behind(chat, server)


def test_nameless_connections_have_a_cap_of_their_own(bench: Bench) -> None:
    """CAP-4: beyond it BYE in place of HELLO; who has a name, or goes with one, does not count."""
    chat = bench.chat(_launch(bench, max_nameless=FEW))
    alice = chat.member("alice")
    nameless = chat.connects(*(f"n{number}" for number in range(FEW)))
    for name, code in (("1", "bad-nick"), (alice.nick, "nick-in-use")):
        nameless[0].is_refused(f"NICK {name}", code)
    expect_turned_away(chat, "late", "CAP-4")
    newcomers = []
    for client in nameless:
        client.takes_name()
        why = f"{client.label} has a name, and is none of the nameless any more"
        newcomers.append(expect_let_in(chat, f"after {client.label}", "CAP-4", why))
    expect_turned_away(chat, "last", "CAP-4")
    for client, leave in zip(newcomers, (_quits, _half_closes), strict=False):
        leave(client)
        why = f"{client.label} has gone: its place is free"
        expect_let_in(chat, f"for {client.label}", "CAP-3", why)
    *leaving, witness = nameless
    for client, leave in zip(leaving, (_quits, _half_closes), strict=True):
        leave(client)
        expect_turned_away(chat, f"beside {client.label}", "CAP-4")
    for client in (witness, alice):
        client.fence()
        client.events.clear()


@needs("LOCK-14")
def test_a_hold_of_too_many_octets_is_delivered_and_ends(bench: Bench) -> None:
    """LOCK-17, LOCK-6: with exactly so many it goes on; with one octet more all is delivered.

    Octets, not characters, line ends among them; and a second LOCK changes nothing of their number.
    """
    chat = bench.chat(bench.start(hold_bytes=HELD))
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    said = _say_octets(HELD, bob, alice, seq=1)
    alice.fence()
    if alice.events:
        raise Violation(
            f"the bound is {HELD:,} octets, and the {MESSAGES} events held have as many",
            client=alice,
            expected="(nothing)",
            got=alice.events[-1].text,
        )
    alice.does("UNLOCK", f"OK UNLOCK {MESSAGES}")
    for each in said:
        alice.receives(each)
    alice.does("LOCK", "OK LOCK")
    said = _say_octets(HELD + 1, bob, alice, seq=MESSAGES + 1)
    alice.fence()
    got = [event.text for event in alice.events]
    alice.events.clear()
    if not got:
        raise Violation(
            f"{MESSAGES} events of {HELD + 1:,} octets were to be held, and the bound is {HELD:,}",
            client=alice,
            expected=f"({MESSAGES} messages, then UNLOCKED overflow)",
            got="(nothing)",
        )
    alice.check_all(
        "all that was held, then what no longer fitted", [*said, "UNLOCKED overflow"], got
    )
    alice.does("UNLOCK", "OK UNLOCK 0")
    alice.does("LOCK", "OK LOCK")
    said = _say_octets(HELD, bob, alice, seq=2 * MESSAGES + 1)
    carol = chat.member("carol")
    joined = f"JOINED lobby {carol.nick} {carol.number}"
    alice.fence()
    got = [event.text for event in alice.events]
    alice.check_all(
        f"{HELD:,} octets were held, and somebody joined", [*said, joined, "UNLOCKED overflow"], got
    )
    alice.events.clear()
    bob.receives(joined)


def _say_octets(octets: int, speaker: Client, locked: Client, seq: int) -> list[str]:
    """Says so much that the events have so many octets; midway the other one locks again.

    The first of them has this `seq`, and the others the next ones (SAY-5).
    """
    said: list[str] = []
    while len(said) < MESSAGES:
        if len(said) == MESSAGES * 3 // 4:
            locked.receives_nothing()
            locked.does("LOCK", "OK LOCK")
        share = octets // (MESSAGES - len(said))
        octets -= share
        frame = f"MSG lobby {seq} {speaker.nick} "
        text = _text(share - len(frame) - locked.line_end)
        speaker.says(text)
        seq += 1
        said.append(frame + text)
    return said


def _text(octets: int) -> str:
    """A text of so many octets, and fewer characters."""
    return "é" * (octets // 2) + "x" * (octets % 2)


def _launch(bench: Bench, **bounds: int) -> ServerProcess:
    """A server on which nobody has been: no trial connection that might count."""
    return bench.launch_with(**bounds).wait_ready(bench.servers.start_patience)


def _quits(client: Client) -> None:
    client.does("QUIT", "OK QUIT")
    client.awaits_end()


def _half_closes(client: Client) -> None:
    client.half_closes()
    client.awaits_end()


def _expect_nothing_left_behind(chat: Chat, server: ServerProcess) -> None:
    """Who is turned away takes no descriptor for good. GROW-1, where the system tells."""
    before = descriptors(server)
    newcomers = [Client(chat, f"crowd{number}") for number in range(2 * SPARE)]
    for client in newcomers:
        client.awaits_end()
        client.events.clear()
    give_up_at = time.monotonic() + chat.patience
    while (more := descriptors(server) - before) > SPARE:
        if time.monotonic() > give_up_at:
            raise Violation(
                f"{len(newcomers)} more connections have been turned away",
                expected="(as many descriptors as before)",
                got=f"({more} descriptors more)",
                requirement="GROW-1",
            )
        chat.idle(0.05)
