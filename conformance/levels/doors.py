"""Level 6: who is let in, who is turned away, and the descriptors that they take."""

import time

from ..chat import Chat
from ..client import Client
from ..process import ServerProcess
from ..usage import processes_of, usage_of
from ..violation import Violation, blamed_on


def expect_let_in(chat: Chat, label: str, rule: str) -> Client:
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
