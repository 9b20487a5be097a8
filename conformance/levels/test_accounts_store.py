"""The extension `accounts`: where passwords must not be found, and what outlives a server."""

import random
import signal
from pathlib import Path

import pytest

from ..accounts import (
    PASSWORD,
    an_account,
    expect_no_password,
    logged_in,
    logs_in,
    outputs_of,
    quick_server,
    quits,
    registers,
)
from ..bench import Bench, needs, untested
from ..process import ServerProcess
from ..violation import Violation


def test_passwords_appear_nowhere(bench: Bench) -> None:
    """ACCT-20: neither in what clients receive nor on the outputs of the server."""
    server = quick_server(bench)
    chat = bench.chat(server)
    right, wrong = (f"{word}-{bench.suffix}-{bench.seed}" for word in ("swordfish", "barracuda"))
    alice, bob = chat.connects("alice", "bob")
    alice.takes_name()
    for command in (f"REGISTER {right} x", f"register {right}", f"REGISTER {wrong}"):
        alice.asks(command)
    quits(alice)
    for command in (
        *(f"LOGIN {alice.nick} {wrong}", f"LOGIN {alice.nick} {right} x", f"REGISTER {right}"),
        *(
            f"LOGIN 1337 {wrong}",
            f"login {alice.nick} {right}",
            f"LOGIN {right}",
        ),
        f"REGISTER {right}",
    ):
        bob.asks(command)
    seen = [line.text for client in (alice, bob) for line in client.stream]
    if isinstance(server, ServerProcess):
        seen += outputs_of(server, chat)
    bob.events.clear()
    expect_no_password(seen, right, wrong)


def test_passwords_are_not_asked_for_where_others_listen(bench: Bench) -> None:
    """ACCT-21: listening on all addresses, without TLS: neither the capability nor its verbs."""
    if bench.servers.tls:
        untested("the server speaks TLS")
    chat = bench.chat(bench.start(host="0.0.0.0"))
    client = chat.connect("alice")
    capabilities = chat.greeted(client)["capabilities"].split()
    if "accounts" in capabilities:
        raise Violation(
            "accounts are offered where passwords can be overheard",
            client=client,
            expected="HELLO without accounts",
            got=chat.greeted(client).text,
        )
    client.is_refused(f"LOGIN {client.nick} {PASSWORD}", "need-nick", "-")
    client.takes_name()
    client.is_refused(f"REGISTER {PASSWORD}", "unknown-verb", "-")


@needs("ACCT-2")
def test_accounts_survive_a_stop(bench: Bench, tmp_path: Path) -> None:
    """ACCT-22: the same names, found in any spelling, with the same passwords, of each life."""
    store = str(tmp_path / "store")
    names: list[str] = []
    for life in range(3):
        server = bench.start(store=store)
        chat = bench.chat(server)
        for name in names:
            client = chat.connect("probe")
            for spelling in (name, name.swapcase()):
                client.is_refused(f"NICK {spelling}", "nick-registered")
            login = f"LOGIN {name.swapcase()} password-of-{name}"
            logged_in(client, client.asks(login).final, name)
            quits(client)
        for label in (f"a{life}", f"B{life}"):
            names.append(an_account(chat, label, f"password-of-{chat.nick(label)}"))
        server.signal(signal.SIGTERM)
        server.wait_end(bench.servers.answer_patience)


@needs("ACCT-2")
def test_accounts_survive_being_killed(bench: Bench, tmp_path: Path) -> None:
    """ACCT-23: SIGKILL while many register: who received OK REGISTER is registered."""
    chooser = random.Random(bench.seed)
    store = str(tmp_path / "store")
    registered: list[str] = []
    for life in range(2):
        server = bench.start(store=store)
        chat = bench.chat(server)
        crowd = chat.crowd(10, f"life{life}-")
        for client in crowd:
            client.sends(f"REGISTER {PASSWORD}")
        wanted = chooser.randint(1, 5)
        chat.wait_until(
            lambda crowd=crowd, wanted=wanted: sum(not each.waits for each in crowd) >= wanted,  # type: ignore[misc]  # each life its own
            lambda: Violation("nobody was registered", requirement="ACCT-1", timed_out=True),
        )
        server.signal(signal.SIGKILL)
        server.wait_end(bench.servers.answer_patience)
        for client in crowd:
            client.awaits_end()
            if client.answers and client.answer().final.kind == "OK REGISTER":
                registered.append(client.nick)
            client.abandons()
    chat = bench.chat(bench.start(store=store))
    for name in registered:
        logs_in(chat.connect(name.split("_")[0]), name)
    chat.put_aside()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGKILL])
def test_the_file_has_no_password_in_it(bench: Bench, tmp_path: Path, stop: signal.Signals) -> None:
    """ACCT-24: neither the file nor what stands beside it."""
    server = bench.start(store=str(tmp_path / "store"))
    chat = bench.chat(server)
    alice = chat.member("alice")
    password = f"swordfish-{bench.suffix}-{bench.seed}"
    registers(alice, password)
    server.signal(stop)
    alice.awaits_end()
    alice.events.clear()
    server.wait_end(bench.servers.answer_patience)
    for path in tmp_path.iterdir():
        if password.encode() in path.read_bytes():
            raise Violation(
                "a file of the server has the password in it",
                client=alice,
                expected="(a salted hash)",
                got=f"({path.name} contains it)",
            )
