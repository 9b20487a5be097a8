"""The client between two pipes, and every way in which a connection can fail: one line each."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
import trustme

from parley.__main__ import main
from parley.client.faults import explain
from tests.screens import (
    PATIENCE,
    ROOT,
    SERVERS,
    Party,
    environment,
    filtered,
    has_ipv6,
    is_killed,
    program,
    server,
)


@pytest.mark.parametrize("name", SERVERS)
def test_a_pipe_in_and_a_pipe_out(name: str) -> None:
    """Lines in are said, lines out are what others said; what is no chat goes to standard error."""
    listening = [sys.executable, "-m", "parley", "127.0.0.1"]
    with server(name) as (process, port):
        bob = subprocess.Popen(
            [*listening, str(port), "--nick", "bob", "--stay"], cwd=ROOT, env=environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert bob.stderr
        while not bob.stderr.readline().startswith("you are bob#1"):
            pass
        status, output, errors = filtered(port, "alice\nhello\n\x1b[31mred\n//x\n/who\n")
        assert (status, output) == (0, "")
        assert "you are alice#2" in errors
        assert "2 members in lobby: bob#1, alice#2 (you)" in errors
        lines = "".join(f"line {number}\n" for number in range(1000))
        assert filtered(port, lines, "--nick", "carol")[0] == 0
        assert filtered(port, "/quit is said\nquit", "--nick", "dave", "--literal")[0] == 0
        is_killed(process)
        output, errors = bob.communicate(timeout=PATIENCE)
    assert bob.returncode == 1
    assert errors == f"parley: 127.0.0.1 port {port} closed the connection\n"
    seen = [line[6:] for line in output.splitlines()]
    assert seen[:5] == [
        *("→ alice#2 is here", "alice#2: hello", "alice#2: \ufffd[31mred", "alice#2: /x"),
        "← alice#2 has left",
    ]
    assert seen[6:1006] == [f"carol#3: line {number}" for number in range(1000)]
    assert seen[-3:] == ["dave#4: /quit is said", "dave#4: quit", "← dave#4 has left"]


def test_who_has_read_enough_ends_it() -> None:
    """`| head`: no traceback, no complaint."""
    with server("impl_poll") as (_, port), Party(port) as party:
        bob = party.joins("bob")
        command = f"{sys.executable} -m parley 127.0.0.1 {port} --nick alice --stay </dev/null"
        alice = subprocess.Popen(
            ["sh", "-c", f"({command}; echo status=$? >&2) | head -n 1"], cwd=ROOT,
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        bob.sees("alice#2 is here")
        bob.enters("one")
        bob.sees("bob#1: one")
        assert alice.stdout
        # His number is not there if she has not been told yet who else is in the room.
        assert re.search(r"bob(#1)?: one\n$", alice.stdout.readline())
        bob.enters("two")
        bob.enters("three")
        bob.sees("← alice#2 has left")
        _, errors = alice.communicate(timeout=PATIENCE)
    assert errors.splitlines()[-1] == "status=0"
    assert "Error" not in errors


def test_a_refused_nickname_ends_a_filter() -> None:
    """What follows in the input is not another nickname, and no password."""
    with server("impl_poll") as (_, port), Party(port) as party:
        party.joins("alice")
        status, output, errors = filtered(port, "alice\nsecret plans\n")
        assert (status, output) == (1, "")
        assert errors.splitlines()[-1] == "parley: alice: somebody has this nickname"
        assert filtered(port, "")[2].splitlines()[-1] == (
            "parley: the input ended before there was a nickname"
        )


def test_a_file_is_sent_from_a_script(tmp_path: Path) -> None:
    """The end of the input waits for the end of the transfer."""
    (tmp_path / "notes.txt").write_text("hello")
    with server("impl_poll") as (_, port), Party(port) as party:
        bob = party.joins("bob", "--downloads", str(tmp_path / "downloads"))
        alice = subprocess.Popen(
            [sys.executable, "-m", "parley", "127.0.0.1", str(port), "--nick", "alice"],
            cwd=ROOT, env=environment(), stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert alice.stdin
        alice.stdin.write(f"/send bob {tmp_path / 'notes.txt'}\n")
        alice.stdin.close()
        alice.stdin = None
        bob.sees("alice offers you notes.txt (5 B)")
        bob.enters("/accept")
        _, errors = alice.communicate(timeout=PATIENCE)
        assert alice.returncode == 0
        assert "bob has all of notes.txt (5 B)" in errors
    assert (tmp_path / "downloads" / "notes.txt").read_text() == "hello"


def test_ipv6() -> None:
    if not has_ipv6():
        pytest.skip("this machine has no ::1")
    with server("impl_asyncio", "--host", "::1") as (_, port):
        for host in ("::1", "[::1]"):
            status, _, errors = filtered(port, "hello\n", "--nick", "alice", host=host)
            assert (status, "you are alice#" in errors) == (0, True)


# Every fault is one line on standard error, and status 1


def failure(port: int, *options: str, host: str = "127.0.0.1") -> str:
    """What the client says of a server that it cannot use, behind `HOST port PORT`."""
    status, output, errors = filtered(port, "hello\n", "--nick", "alice", *options, host=host)
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert errors.startswith(f"parley: {host} port {port} ")
    return errors.removeprefix(f"parley: {host} port {port} ").rstrip("\n")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    assert failure(port) == "refuses: nobody listens there"


def test_no_such_host() -> None:
    """Without asking a name server: nothing here leaves this machine."""
    assert failure(4000, host="a" * 64).startswith("cannot be reached: ")
    assert explain(socket.gaierror(socket.EAI_NONAME, "")) == "is not known: no such host"
    assert explain(TimeoutError()) == "does not answer"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("irc", "is no Parley server, but an IRC server"),
        (
            "closes",
            "closed the connection without a greeting: no Parley server, or one that speaks TLS"
            " (--tls)",
        ),
        ("full", r"says goodbye: no room for \x1b[2J anybody"),
    ],
)
def test_other_servers(what: str, words: str) -> None:
    with program("-m", "tests.odd_server", what) as (_, port):
        assert failure(port) == words


def test_a_web_server() -> None:
    with program("-m", "http.server", "0", "--bind", "127.0.0.1") as (_, port):
        assert failure(port) == "is no Parley server, but a web server (HTTP)"
    with program("-m", "tests.odd_server", "irc") as (_, port):
        assert failure(port, "--tls") == "does not speak TLS: try without --tls"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An authority, a certificate for 127.0.0.1, one for another host, one that has expired."""
    folder = tmp_path_factory.mktemp("certificates")
    authority = trustme.CA()
    paths = {"authority": folder / "authority.pem"}
    authority.cert_pem.write_to_path(paths["authority"])
    right = authority.issue_cert("127.0.0.1")
    other = authority.issue_cert("elsewhere.example")
    for name, certificate in (("right", right), ("other", other)):
        paths[name] = folder / f"{name}.pem"
        certificate.private_key_and_cert_chain_pem.write_to_path(paths[name])
    return paths


@pytest.mark.parametrize("name", SERVERS)
def test_tls_is_verified(name: str, certificates: dict[str, Path]) -> None:
    """The right authority lets us in; plain text on a TLS port and the reverse get one line."""
    trusted = ("--cafile", str(certificates["authority"]))
    with server(name, "--tls-cert", str(certificates["right"])) as (_, port):
        status, _, errors = filtered(port, "hello\n", "--nick", "alice", *trusted)
        assert (status, "you are alice#1" in errors) == (0, True)
        assert "speaks TLS" in failure(port)
    with server(name) as (_, port):
        assert failure(port, *trusted) == "does not speak TLS: try without --tls"


def test_a_certificate_that_is_not_good(certificates: dict[str, Path]) -> None:
    """One line says what is wrong with it, and what can be done."""
    trusted = ("--cafile", str(certificates["authority"]))
    with server("impl_poll", "--tls-cert", str(certificates["other"])) as (_, port):
        assert failure(port, *trusted) == (
            "cannot be trusted: its certificate is for another address"
        )
        assert failure(port, "--tls") == (
            "cannot be trusted: its certificate comes from an authority that is not known here"
            " (--cafile FILE names one)"
        )


@pytest.mark.parametrize(("code", "words"), [(10, "has expired"), (18, "nobody but itself")])
def test_other_faults_of_a_certificate(code: int, words: str) -> None:
    error = ssl.SSLCertVerificationError()
    error.verify_code = code
    error.verify_message = "openssl's words"
    assert words in explain(error)


@pytest.mark.parametrize(
    "options",
    [
        *(("127.0.0.1", port) for port in ("x", "0", "65536", "-1", "٣")),
        *(("--nick", "1337"), ("--login", "a b"), ("--nick", "a", "--login", "b")),
        *(("--no-such-option",), ("a", "1", "surplus"), ("--cafile", "/no/such/file")),
    ],
    ids=" ".join,
)
def test_wrong_options_exit_with_2(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        status: object = main(options)
    except SystemExit as ended:
        status = ended.code
    output, errors = capsys.readouterr()
    assert (status, output) == (2, "")
    assert re.search(r"^(usage: )?parley", errors)


def test_without_prompt_toolkit_it_is_the_plain_client() -> None:
    """A fresh checkout and no environment: one line says how to get the full client."""
    code = (
        "import sys; sys.modules['prompt_toolkit'] = None;"
        " from parley.__main__ import main; sys.exit(main())"
    )
    with server("impl_poll") as (_, port):
        alice = pexpect.spawn(
            sys.executable, ["-c", code, "127.0.0.1", str(port)], cwd=str(ROOT),
            env=environment(), encoding="utf-8", timeout=PATIENCE,
        )  # fmt: skip
        alice.delaybeforesend = None
        alice.expect("prompt_toolkit is not installed.*python3 noxfile.py -s chat")
        alice.expect("nickname: ")
        alice.send("alice\n")
        alice.expect("you are alice#1")
        alice.send("/register\n")
        alice.expect("new password: ")
        for _ in range(2):
            alice.waitnoecho(PATIENCE)
            alice.send("correct-horse\n")
            alice.expect(["the same again: ", "alice is registered"])
            assert "correct-horse" not in str(alice.before)
        alice.send("quit\n")
        alice.expect(pexpect.EOF)
        alice.close()
        assert alice.exitstatus == 0
