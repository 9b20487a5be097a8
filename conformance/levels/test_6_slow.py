"""Level 6: a server among clients that read slowly, or not at all.

Most of them are narrow: their sockets hold little, so that the server has to keep the rest.
"""

import signal
import time
from collections.abc import Iterable

from ..bench import Bench, needs, untested
from ..chat import Chat
from ..client import Client
from ..narrow import BEHIND, TEXT
from ..process import ServerProcess
from ..together import Watch
from ..violation import Violation, blamed_on
from .test_6_protection import expect_rest

#: What is said to one who does not read, at most: beyond any reasonable bound plus what the sockets
#: of both sides keep (on Linux up to 4 MiB and 6 MiB, and next to nothing if narrow).
MOST_OCTETS = 48 * 1024 * 1024
#: Seconds in which one who reads receives what it is owed by a server that stops (SLOW-6).
GOODBYE = 1.0
#: Lines a second, where somebody sends so many more at once that they wait when the server stops.
PACE = 5
TOO_MANY = 100
#: Lines a second, where others are asked in between: they are told nothing of waiting.
QUICK = 300
#: Octets that a slow one reads at once.
SIP = 512
#: Octets that may be asked at most without an answer being read, and of one portion.
MOST_ASKED = 16 * 1024 * 1024
PORTION = 1000
#: Round trips of another client in which not an octet is taken of one who asks: it is not read.
STUCK = 20


@needs("LEFT-1")
def test_one_who_does_not_read_delays_nobody(new_chat: Chat) -> None:
    """SLOW-1: others are answered and hear each other, while more is queued than sockets hold."""
    alice, bob = new_chat.members("alice", "bob")
    carol = new_chat.narrow_member("carol")
    new_chat.ignored.add("LEFT")  # whether and when carol is dropped is SLOW-2
    carol.reads_no_more()
    for number in range(500):
        seq = alice.says(TEXT)
        if number % 20 == 0:
            bob.fence()
            bob.check(bob.events.pop(), f"MSG lobby {seq} {alice.nick} {TEXT}")
            bob.events.clear()
    bob.fence()
    bob.events.clear()
    carol.closes()


@needs("SLOW-1")
def test_one_who_does_not_read_is_dropped_at_a_bound(bench: Bench) -> None:
    """SLOW-2: the connection is closed, and every other member receives LEFT lobby name slow."""
    chat = where_little_is_kept(bench)
    carol = chat.narrow_member("carol")  # the first of those who are told of a message
    alice, bob = chat.members("alice", "bob")
    carol.reads_no_more()
    said = 0
    while said < MOST_OCTETS:
        with blamed_on("SLOW-1"):
            for _ in range(20):
                alice.says(TEXT)
                said += len(TEXT)
            bob.fence()
        if any(event.kind == "LEFT" for event in bob.events):
            break
        bob.events.clear()
    else:
        raise Violation(
            f"{said // 2**20} MiB were said to a member that does not read, and it is still there",
            client=bob,
            expected=f"LEFT lobby {carol.nick} slow",
            got="(nothing)",
        )
    left = [event for event in bob.events if event.kind == "LEFT"]
    bob.check(left[0], f"LEFT lobby {carol.nick} slow")
    alice.fence()
    alice.check(alice.next_event("LEFT"), f"LEFT lobby {carol.nick} slow")
    bob.events.clear()
    carol.reads_again()
    carol.awaits_end()
    carol.events.clear()


def where_little_is_kept(bench: Bench) -> Chat:
    """On a server that keeps half a MiB for one who does not read, if it can be told."""
    can_be_told = "outbox-bytes" in bench.servers.target.options
    return bench.chat(bench.start(outbox_bytes=524288) if can_be_told else bench.start())


@needs("SLOW-1")
def test_one_who_reads_in_sips_receives_every_octet(new_chat: Chat) -> None:
    """SLOW-3: in order, and it stays."""
    alice = new_chat.member("alice")
    carol = new_chat.narrow_member("carol")
    carol.chunk = SIP
    carol.reads_no_more()
    expected = []
    for number in range(BEHIND):
        text = f"{number} {TEXT}"
        expected.append(f"MSG lobby {alice.says(text)} {alice.nick} {text}")
    carol.reads_again()
    for each in expected:
        carol.is_told(each)
    carol.fence()
    alice.fence()


@needs("STOP-1")
def test_who_has_sent_half_a_line_is_told_that_the_server_stops(bench: Bench) -> None:
    """OCTET-10, STOP-1: BYE to every connection, whatever it was about to say."""
    server = bench.start()
    chat = bench.chat(server)
    clients = [chat.member("alice"), chat.connect("nobody")]
    for client in clients:
        client.sends_octets(b"PING ha", shown="PING ha (and no more)")
    chat.member("bob").fence()
    _stop(server, chat, clients)


@needs("STOP-1", "RATE-3")
def test_whose_lines_wait_is_told_that_the_server_stops(bench: Bench) -> None:
    """STOP-1: BYE to every connection, also to one that has sent more at once than it may."""
    server = bench.start(rate=PACE)
    chat = bench.chat(server)
    alice = chat.member("alice")
    alice.expects_answers_to(*["PING x"] * TOO_MANY)
    alice.sends_octets(b"PING x\n" * TOO_MANY, shown=f"({TOO_MANY} times PING x)")
    with blamed_on("RATE-3"):
        chat.member("bob").fence()
    _stop(server, chat, [alice])


def _stop(server: ServerProcess, chat: Chat, clients: Iterable[Client]) -> None:
    """Tells the server to stop; these clients are told."""
    server.signal(signal.SIGTERM)
    with blamed_on("STOP-1"):
        for client in clients:
            while client.awaits_event("BYE (and words)").kind != "BYE":
                pass  # JOINED of Bob
            client.awaits_end()
    for client in chat.clients:
        client.awaits_end()
        client.abandons()  # a line that waits then need not be obeyed any more
        client.events.clear()


@needs("SLOW-1", "STOP-1")
def test_what_is_owed_comes_before_bye(bench: Bench) -> None:
    """SLOW-6: one who is behind reads on when the server has begun to stop."""
    watch, alice, carol, expected = _one_is_behind(bench)
    watch.server.signal(signal.SIGTERM)
    alice.awaits_end()
    got = _reads_the_rest(carol, watch)
    came = f"BYE after {BEHIND} messages, all of which were said before the server began to stop"
    carol.check_all(came, [*expected, "BYE"], [*got[:-1], "BYE"] if carol.said_bye else got)
    for client in (alice, carol):
        client.events.clear()


@needs("SLOW-1", "LEFT-4")
def test_who_ends_its_stream_while_it_is_behind_receives_the_rest(bench: Bench) -> None:
    """SLOW-3: every octet, though it reads only after the server has learned of the end."""
    watch, alice, carol, expected = _one_is_behind(bench)
    carol.half_closes()
    for _ in range(STUCK):
        alice.fence()
    got = _reads_the_rest(carol, watch)
    came = f"the end after {BEHIND} messages, all of which were said before its own end"
    carol.check_all(came, expected, got)
    carol.events.clear()
    alice.is_told(f"LEFT lobby {carol.nick} closed")


def _one_is_behind(bench: Bench) -> tuple[Watch, Client, Client, list[str]]:
    """Time begins when alice has said what carol does not read; and what carol is owed."""
    server = bench.start()
    chat = bench.chat(server)
    alice, carol = chat.member("alice"), chat.narrow_member("carol")
    carol.reads_no_more()
    owed = [f"MSG lobby {alice.says(TEXT)} {alice.nick} {TEXT}" for _ in range(BEHIND)]
    return Watch(chat.patience, server), alice, carol, owed


def _reads_the_rest(slow: Client, watch: Watch) -> list[str]:
    """Reads what is owed, to the end, in the time that there is for that. Which lines came."""
    slow.reads_again()
    slow.awaits_end()
    if watch.passed >= GOODBYE:
        untested(f"unknown: too busy: it took {watch.passed:.1f} s to read what was owed")
    return [event.text for event in slow.events]


@needs("SLOW-1")
def test_one_who_asks_without_end_does_not_fill_the_server(bench: Bench) -> None:
    """SLOW-5: it is not read from until it reads, and then all is answered; or it is dropped."""
    unpaced = "rate" in bench.servers.target.options
    server = bench.start(rate=0) if unpaced else bench.start()
    chat = bench.chat(server)
    bob = chat.member("bob")
    carol = chat.narrow_member("carol")
    carol.reads_no_more()
    asked = _ask_until_stuck(carol, bob)
    if unpaced and not bob.events:
        expect_rest(chat, server, "IDLE-1", "one asks much, reads nothing, and is not read from")
    carol.reads_again()
    if _was_dropped(bob, carol):
        return
    give_up_at = time.monotonic() + chat.patience
    for command in asked:
        carol.check(carol.answer().final, command.replace("PING", "PONG"))
        if time.monotonic() > give_up_at:  # of what it obeys so slowly (RATE-2), this has to do
            chat.ignored.add("LEFT")
            carol.abandons()
            carol.closes()
            return


@needs("RATE-1")
def test_who_sends_too_fast_does_not_fill_the_server(bench: Bench) -> None:
    """RATE-2, RATE-3: what comes beyond its lines is not read before their time."""
    chat = bench.chat(bench.start(rate=QUICK))
    bob, carol = chat.member("bob"), chat.narrow_member("carol")
    _ask_until_stuck(carol, bob, f"a client that may send {QUICK} lines a second", "RATE-2")
    chat.ignored.add("LEFT")
    carol.abandons()
    carol.resets()


def _ask_until_stuck(
    carol: Client, bob: Client, whom: str = "a client that reads nothing", rule: str = "SLOW-5"
) -> list[str]:
    """Carol asks until nothing more is taken of it, while bob is answered. What she asked."""
    asked: list[str] = []
    octets, stuck, left = 0, 0, 0
    while stuck < STUCK and not bob.events:
        if octets > MOST_ASKED:
            raise Violation(
                f"{octets // 2**20} MiB of questions were taken from {whom}",
                client=bob,
                expected="(the server reads no further, or drops the client)",
                got="(it reads on)",
                requirement=rule,
            )
        if not left:
            numbers = range(len(asked), len(asked) + PORTION)
            portion = [f"PING {number:060}" for number in numbers]
            asked += portion
            stream = "".join(f"{command}\n" for command in portion).encode()
            octets += len(stream)
            carol.expects_answers_to(*portion)
            carol.sends_octets(stream, shown=f"({PORTION} times PING)")
        before, left = left, carol.presses_on()
        stuck = stuck + 1 if left == before and left else 0
        bob.fence()  # the server has had its turn; and who is dropped has left
    return asked


def _was_dropped(bob: Client, carol: Client) -> bool:
    """Whether the server has dropped carol, and told so."""
    if not bob.events:
        return False
    bob.is_told(f"LEFT lobby {carol.nick} slow")
    carol.abandons()
    carol.closes()
    return True
