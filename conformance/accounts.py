"""What the tests of the extension `accounts` have in common: registering, logging in, short delays.

No test has a password of a person in it, and what a session shows has none at all: see
`lines.masked`.
"""

from __future__ import annotations

import signal
from typing import Any

from .bench import Bench
from .chat import Chat
from .client import Client
from .lines import Line
from .process import ServerProcess
from .servers import Served
from .violation import Violation

#: A password like any other.
PASSWORD = "correct-horse"
#: Wrong tries before a connection is sent away (ACCT-9).
TRIES = 3
#: Seconds before a refusal where a test does not want to wait for it.
SHORT = 0.05


def quick(bench: Bench, **bounds: Any) -> Chat:
    """Clients of a server that refuses wrong passwords soon, if it can be told to."""
    return bench.chat(quick_server(bench, **bounds))


def cost(bench: Bench, cost: int) -> dict[str, Any]:
    """The option that makes checking cost as much as a test needs, if the server has it."""
    return {"hash_cost": cost} if "hash-cost" in bench.servers.target.options else {}


def quick_server(bench: Bench, **bounds: Any) -> Served:
    """A server that refuses wrong passwords soon; one that cannot be told to is good enough."""
    if bench.servers.target.address or "login-delay" not in bench.servers.target.options:
        return bench.servers.shared()
    return bench.start(login_delay=SHORT, **bounds)


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


def outputs_of(server: ServerProcess, chat: Chat) -> list[str]:
    """Stops a server. Returns all that it has printed."""
    server.signal(signal.SIGTERM)
    for client in chat.clients:
        if client.ended is None:
            client.awaits_end()
        client.events.clear()
    server.wait_end(chat.patience)
    server.kill()
    return [*server.stdout, *server.stderr]


def expect_no_password(lines: list[str], *passwords: str) -> None:
    """None of these passwords is in any of these lines."""
    for line in lines:
        if any(password in line for password in passwords):
            for password in passwords:
                line = line.replace(password, "(password)")
            raise Violation(
                "a password",
                expected="(no password anywhere)",
                got=line,
                requirement="ACCT-20",
            )
