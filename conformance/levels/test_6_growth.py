"""Level 6: what clients have taken of the system is given back when they have gone."""

import time
from collections.abc import Callable

from ..bench import Bench, needs, untested
from ..chat import Chat
from ..client import ANY_VERB, Client
from ..process import ServerProcess
from ..usage import SPARE, Usage, processes_of, usage_of
from ..violation import Violation

#: Clients that leave in one way; there are four ways in a round.
GROUP = 20
ROUND = 4 * GROUP
#: What a client may leave behind in memory, on average, before it is called a leak, on top of what
#: any runtime does in one round. Nothing is said of fewer octets than these.
LEAK = 64 * 1024
ROUND_SPARE = 8 * 1024  # for each client of a round
MOST_ROUNDS = 12
#: Messages that are held for each member of a group, and their length: two leaks.
HELD, LONG = 43, 3000
#: An idle server with more address space than this has a runtime that reserves it in advance
#: (JVM, Go, V8, .NET) and fills it when it likes: how much of it is in use tells nothing.
RESERVES = 512 * 1024 * 1024

#: Rounds in which a pool of a thousand threads fills up, if it starts one for each client.
POOL_ROUNDS = 12
#: Octets of a line that does not end: of these the sockets of both sides keep 10 MiB at most.
PIECE = b"x" * 2**20
ENDLESS = 32 * len(PIECE)


@needs("QUIT-1", "LEFT-1", "LEFT-2")
def test_as_many_descriptors_and_threads_as_before(bench: Bench) -> None:
    """GROW-1: when clients have gone, the server has as many of them as before they came.

    One that leaks in one way of leaving has 40 more at least, and 20 more after each round.
    """
    server = bench.start()
    usage(server)  # ends the test where nobody can tell
    chat = bench.chat(server)
    alice = chat.member("alice")
    come_and_go(chat, alice)  # pools fill up, helpers start
    before = usage(server)
    for _ in range(2):
        come_and_go(chat, alice)
    after = when_settled(server, alice, before, SPARE)
    clients = 2 * ROUND
    if after.threads - before.threads > SPARE >= after.descriptors - before.descriptors:
        for _ in range(POOL_ROUNDS):
            come_and_go(chat, alice)
        before = usage(server)  # a pool that starts a thread for each client is full by now
        come_and_go(chat, alice)
        after = when_settled(server, alice, before, SPARE)
        clients = ROUND
    for what, more in (
        ("descriptors", after.descriptors - before.descriptors),
        ("threads and processes", after.threads - before.threads),
    ):
        if more > SPARE:
            raise Violation(
                f"after {clients} more clients have come and gone",
                expected=f"(as many {what} as before)",
                got=f"({more} {what} more)",
            )


@needs("QUIT-1", "LEFT-1", "LEFT-2")
def test_memory_does_not_grow_with_each_client(bench: Bench) -> None:
    """GROW-2: round after round of clients, and sooner or later memory stays as it is."""
    _expect_no_growth(bench, ROUND, come_and_go)


@needs("LEFT-2", "LOCK-1", "LOCK-4")
def test_what_was_held_for_a_client_goes_with_it(bench: Bench) -> None:
    """GROW-2: round after round of members that are reset while much is held for them."""
    _expect_no_growth(bench, GROUP, lock_and_go)


@needs("OCTET-6")
def test_a_line_without_end_does_not_fill_the_server(bench: Bench) -> None:
    """GROW-3: memory stays as it is, however many octets come and no LF."""
    server = bench.start()
    if usage(server).reserved > RESERVES:
        untested("unknown: its runtime reserves memory in advance, and fills it when it likes")
    chat = bench.chat(server)
    alice, bob = chat.members("alice", "bob")
    before = usage(server).resident
    alice.expects_answers_to("SAY xx...")  # as soon as it is too long, or at its end
    alice.sends_octets(b"SAY ", shown=f"SAY xx... ({ENDLESS >> 20} MiB, and no LF)")
    for _ in range(ENDLESS // len(PIECE)):
        alice.sends_octets(PIECE)
        chat.write_all(alice)
    bob.fence()
    grown = usage(server).resident - before
    if grown > ENDLESS // 3:
        raise Violation(
            f"{ENDLESS >> 20} MiB of a line without end",
            expected="(about as much memory as before)",
            got=f"({grown >> 20} MiB more)",
        )
    alice.sends_octets(b"\n", shown="(LF)")
    alice.was_refused(alice.answer(), "SAY", "line-too-long", ANY_VERB)


def _expect_no_growth(
    bench: Bench, clients: int, come_and_go: Callable[[Chat, Client], None]
) -> None:
    """Plays rounds, of so many clients each, until one leaves memory about as it was."""
    server = bench.start()
    if usage(server).reserved > RESERVES:
        untested("unknown: its runtime reserves memory in advance, and fills it when it likes")
    chat = bench.chat(server)
    alice = chat.member("alice")
    for _ in range(2):
        come_and_go(chat, alice)
    first = last = usage(server).resident
    for number in range(1, MOST_ROUNDS + 1):
        come_and_go(chat, alice)
        now = usage(server).resident
        if now - last <= clients * ROUND_SPARE:
            return
        if now - first > MOST_ROUNDS * clients * LEAK:
            raise Violation(
                f"memory has grown with each of {number} times {clients} clients that came and "
                "went",
                expected="(about as much memory as before)",
                got=f"({(now - first) // number // clients // 1024} KiB more for each client)",
            )
        last = now
    untested(f"unknown: memory has grown by {(last - first) >> 20} MiB, too little to tell why")


def lock_and_go(chat: Chat, alice: Client) -> None:
    """A round: members lock, much is said, and all of them are reset."""
    members = chat.crowd(GROUP)
    for client in members:
        client.does("LOCK", "OK LOCK")
    for _ in range(HELD):
        alice.says("x" * LONG)
    for client in members:
        client.resets()
    _expect_left(alice)


def come_and_go(chat: Chat, alice: Client) -> None:
    """A round: members quit, half-close within a line, reset; nameless ones half-close.

    Those who half-close are locked. The nameless do so within a line that is too long.
    """
    for leave in (quits, half_closes, resets):
        members = chat.crowd(GROUP)
        for client in members:
            leave(client)
        _expect_left(alice)
        for client in members:
            gone(client)
    nameless = chat.connects(*(f"n{number}" for number in range(GROUP)))
    for client in nameless:
        ends_too_long(client)
    for client in nameless:
        gone(client)


def _expect_left(alice: Client) -> None:
    """Waits until a group has left."""
    while sum(event.kind == "LEFT" for event in alice.events) < GROUP:
        alice.awaits_more(len(alice.stream), f"LEFT of {GROUP} members")
    alice.events.clear()


def quits(client: Client) -> None:
    client.asks("QUIT")


def half_closes(client: Client) -> None:
    client.sends("LOCK")
    client.sends_octets(b"SAY " + b"x" * 2000, shown="SAY (2000 octets, and no LF)")
    client.half_closes()


def ends_too_long(client: Client) -> None:
    client.expects_answers_to("SAY xx...")  # it may be refused, or not
    client.sends_octets(b"SAY " + b"x" * 5000, shown="SAY xx... (5000 octets, and no LF)")
    client.half_closes()


def resets(client: Client) -> None:
    client.resets()


def gone(client: Client) -> None:
    """Waits for the end of the stream, and closes."""
    if client.sock.fileno() != -1:  # else it was reset
        client.awaits_end()
        client.abandons()
        client.closes()


def usage(server: ServerProcess) -> Usage:
    """What the server takes now; the test is over where the system does not tell."""
    found = usage_of(processes_of(server.popen.pid))
    if found is None:
        untested("this system does not tell what a process takes")
    return found


def when_settled(server: ServerProcess, alice: Client, before: Usage, spare: int) -> Usage:
    """What the server takes when it has let go of everybody, or when patience ends."""
    give_up_at = time.monotonic() + alice.chat.patience
    while True:
        now = usage(server)
        grown = max(now.descriptors - before.descriptors, now.threads - before.threads)
        if grown <= spare or time.monotonic() >= give_up_at:
            return now
        alice.chat.idle(0.05)
