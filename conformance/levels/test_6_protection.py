"""Level 6: a server among clients that do not read, and the ends of its command line."""

import socket

from ..bench import Bench, needs, untested
from ..chat import Chat
from ..peer import Violation

#: What is said to one who does not read, at most: beyond any reasonable bound plus what the sockets
#: of both sides keep (on Linux up to 4 MiB and 6 MiB).
MOST_OCTETS = 48 * 1024 * 1024
TEXT = "x" * 3700
#: How long an idle server is watched, and what part of that it may work. One that spins gets a
#: tenth of a processor even where many others compete for it; one that sleeps, nothing.
IDLE_SECONDS = 0.5
IDLE_SHARE = 0.08


@needs("LEFT-1")
def test_one_who_does_not_read_delays_nobody(new_chat: Chat) -> None:
    """SLOW-1: others are answered and hear each other, while more is queued than sockets hold."""
    alice, bob, carol = new_chat.members("alice", "bob", "carol")
    new_chat.ignored.add("LEFT")  # whether and when carol is dropped is SLOW-2
    carol.reads_no_more()
    for number in range(2000):
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
    can_be_told = "outbox-bytes" in bench.servers.target.options
    chat = bench.chat(bench.start(outbox_bytes=524288) if can_be_told else bench.start())
    alice, bob, carol = chat.members("alice", "bob", "carol")
    carol.reads_no_more()
    said = 0
    while said < MOST_OCTETS:
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
    carol.closes()


@needs("LEFT-1")
def test_an_idle_server_uses_no_processor_time(bench: Bench) -> None:
    """IDLE-1: while nothing arrives, and after clients have gone in whichever way."""
    server = bench.start()
    chat = bench.chat(server)
    alice, bob, carol, dave = chat.members("alice", "bob", "carol", "dave")
    chat.connect("nameless").resets()
    bob.does("QUIT", "OK QUIT")
    carol.half_closes()
    dave.resets()
    for _ in range(3):
        alice.awaits_event("LEFT of bob, carol and dave")
    used = server.processor_time()
    if used is None:
        untested("this system does not tell the processor time of a process")
    chat.idle(IDLE_SECONDS)
    after = server.processor_time()
    if after is not None and after - used > IDLE_SHARE * IDLE_SECONDS:
        raise Violation(
            "one client is connected and silent, three have gone",
            expected=f"(at most {IDLE_SHARE:.0%} of a processor)",
            got=f"({(after - used) / IDLE_SECONDS:.0%} of a processor)",
        )


def test_wrong_options_are_told_and_status_2(bench: Bench) -> None:
    """START-4: a port that is no number: a word on standard error, exit status 2."""
    server = bench.launch(port="banana")
    status = server.wait_end(bench.servers.start_patience)
    state = server.state()
    server.kill()
    if status != 2:
        raise Violation("the port banana", expected="(exited with status 2)", got=f"({state})")
    if not server.stderr:
        raise Violation("the port banana", expected="a line on standard error", got="(nothing)")


def test_ipv6(bench: Bench) -> None:
    """START-5: given ::1 as its host, the server listens there."""
    if "{host}" not in (bench.servers.target.command or ""):
        untested("the command has no {host}")
    if not _has_ipv6():
        untested("this machine has no IPv6")
    chat = bench.chat(bench.start(host="::1"))
    alice, bob = chat.members("alice", "bob")
    bob.hears(alice, "over IPv6", alice.says("over IPv6"))


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True
