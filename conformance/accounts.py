"""What the tests of the extension `accounts` have in common: registering, logging in, short delays.

No test has a password of a person in it, and what a session shows has none at all: see
`lines.masked`.
"""

from __future__ import annotations

from .bench import Bench
from .chat import Chat
from .client import Client
from .lines import Line
from .peer import Violation
from .servers import Served

#: A password like any other.
PASSWORD = "correct-horse"
#: Wrong tries before a connection is sent away (ACCT-9).
TRIES = 3
#: Seconds before a refusal where a test does not want to wait for it.
SHORT = 0.05


def quick(bench: Bench) -> Chat:
    """Clients of a server that refuses wrong passwords soon, if it can be told to."""
    return bench.chat(quick_server(bench))


def quick_server(bench: Bench) -> Served:
    """A server that refuses wrong passwords soon; one that cannot be told to is good enough."""
    if bench.servers.target.address or "login-delay" not in bench.servers.target.options:
        return bench.servers.shared()
    return bench.start(login_delay=SHORT)


def registers(client: Client, password: str = PASSWORD) -> None:
    """REGISTER, which has to succeed."""
    final = client.asks(f"REGISTER {password}").final
    if final.kind != "OK REGISTER":
        raise Violation(
            "a member registers its nickname",
            client=client,
            expected="OK REGISTER",
            got=final.text,
        )


def an_account(chat: Chat, label: str, password: str = PASSWORD) -> str:
    """A nickname that is registered with this password, and whose holder is not here."""
    client = chat.connect(label)
    client.takes_name()
    registers(client, password)
    quits(client)
    return client.nick


def quits(client: Client) -> None:
    """QUIT; the nickname is free afterwards."""
    client.does("QUIT", "OK QUIT")
    client.awaits_end()
    client.events.clear()


def logs_in(client: Client, name: str, password: str = PASSWORD) -> None:
    """LOGIN, which has to succeed."""
    logged_in(client, client.asks(f"LOGIN {name} {password}").final, name)


def logged_in(client: Client, final: Line, name: str) -> None:
    """Checks that this is the OK of a LOGIN; from then on the client has the name."""
    if final.kind != "OK LOGIN" or final["name"] != name:
        raise Violation(
            "the registered nickname, with its password",
            client=client,
            expected=f"OK LOGIN {name} (number)",
            got=final.text,
        )
    client.nick, client.number = name, final.number("number")


def put_aside(*clients: Client) -> None:
    """Those who are still here have received everything so far, and need not look at it."""
    for client in clients:
        if client.ended is None:
            client.fence()
        client.events.clear()
