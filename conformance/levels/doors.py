"""Level 6: who is let in, who is turned away, who does not go; and the descriptors they take."""

import contextlib
import time
from collections.abc import Iterator

from ..bench import untested
from ..chat import Chat
from ..client import Client
from ..connections import is_open
from ..process import ServerProcess
from ..together import Watch
from ..usage import processes_of, usage_of
from ..violation import Violation, blamed_on


def expect_let_in(chat: Chat, label: str, rule: str, why: str) -> Client:
    """Who is turned away comes again: a place may be free a moment after its stream has ended.

    Of the times that it comes in vain, the first and the last are shown.
    """
    give_up_at = time.monotonic() + chat.patience
    first = 0  # how much was in the log when it had come once
    while True:
        client = Client(chat, label)
        try:
            with blamed_on(rule):
                chat.greeted(client)
            return client
        except Violation:
            if client.said_bye is None:
                raise
        if time.monotonic() > give_up_at:
            raise Violation(
                why,
                client=client,
                expected="HELLO parley/1 (name)",
                got=client.said_bye.text,
                requirement=rule,
            )
        client.awaits_end()
        client.closes()
        first = first or len(chat.log)
        del chat.log[first:]
        chat.idle(0.02)


def expect_turned_away(chat: Chat, label: str, rule: str) -> None:
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


def descriptors(server: ServerProcess) -> int:
    """How many the server has; 0 if the system does not tell."""
    found = usage_of(processes_of(server.popen.pid))
    return found.descriptors if found else 0


def those_who_quit_close_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    """With a name and without: told OK QUIT, they read the end of the stream, and stay so.

    Carol goes on talking.
    """
    leavers = chat.member("alice"), chat.connect("bob"), chat.connect("carol")
    if not all(is_open(*_ports(each)) for each in leavers):
        untested("this system does not tell whether a connection is open")
    for client in leavers:
        client.returns_end = False
        client.sends("QUIT")
    watch.begins()
    yield from watch.until(lambda: all(each.ended for each in leavers))
    for client in leavers:
        client.check(client.answer().final, "OK QUIT")
        client.awaits_end()
    carol, due = leavers[-1], 0.0
    for _ in watch.until(lambda: not any(is_open(*_ports(each)) for each in leavers)):
        if watch.passed >= due:
            with contextlib.suppress(OSError):
                carol.sock.send(b"x")
            due = watch.passed + 0.1
        yield
    for client in leavers:
        sends = ", goes on sending" if client is carol else ""
        _is_closed(client, watch, f"told OK QUIT{sends}", "GROW-4")


def who_is_turned_away_closes_nothing(chat: Chat, watch: Watch) -> Iterator[None]:
    """The only place is Alice's; Bob is told BYE, reads the end of the stream, and stays so."""
    alice = expect_let_in(chat, "alice", "CAP-3", "nobody is here: the only place is free")
    alice.takes_name()
    if not is_open(*_ports(alice)):
        untested("this system does not tell whether a connection is open")
    bob = Client(chat, "bob")
    bob.returns_end = False
    watch.begins()
    yield from watch.until(lambda: bob.ended is not None)
    if not bob.said_bye:
        came = bob.greeting.text if bob.greeting else "(nothing)"
        raise Violation(
            "there is no place for this connection",
            client=bob,
            expected="BYE (and words)",
            got=came,
            requirement="CAP-1",
        )
    yield from expect_closed(bob, watch, "told BYE")
    alice.fence()


def expect_closed(
    client: Client, watch: Watch, told: str = "sent BYE", rule: str = "GROW-4"
) -> Iterator[None]:
    """Who has gone and closes nothing is not waited for, where the system tells."""
    watch.begins()
    yield from watch.until(lambda: not is_open(*_ports(client)))
    _is_closed(client, watch, told, rule)


def _is_closed(client: Client, watch: Watch, told: str, rule: str) -> None:
    if is_open(*_ports(client)):
        raise Violation(
            f"it was {told} more than {watch.passed:.0f} s ago, and closes nothing",
            client=client,
            expected="(the server closes the connection)",
            got="(the server keeps it open)",
            requirement=rule,
        )


def _ports(client: Client) -> tuple[int, int]:
    """Of the two ends of its connection, the server's first."""
    return client.chat.address[1], client.sock.getsockname()[1]
