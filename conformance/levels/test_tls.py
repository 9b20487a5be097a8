"""TLS: the same protocol inside, and nobody waits for a peer that does not speak it."""

import contextlib
import signal
import socket
import ssl
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..bench import Bench, needs, untested
from ..client import Client
from ..process import ServerProcess
from ..tls import Authority
from ..together import IN_TIME, too_busy
from ..violation import Violation
from .doors import expect_let_in, expect_turned_away

#: Peers that hold a connection and do not finish a handshake, at once.
STUCK = 20
#: Lines of 70 octets that are sent in one piece: several records of TLS.
LINES = 700
#: Long messages that are held, to be owed in one piece: more octets than most buffers have.
HELD = 40
#: Connections that there may be where places are counted.
PLACES = 3
#: Seconds of TLS-5, and for how long the end of the earlier of two is waited for.
TIME_FOR_A_NAME, SLACK = 1.5, 0.5
#: Seconds of SLOW-4 for one who says nothing after its handshake.
STALL = 1.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(bench: Bench, authority: Authority) -> ServerProcess:
    return bench.start(tls=str(authority.file))


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_both_versions_are_served(
    bench: Bench, server: ServerProcess, authority: Authority, version: ssl.TLSVersion
) -> None:
    """TLS-1: a client is greeted and served, and what it says is heard."""
    authority.context.minimum_version = authority.context.maximum_version = version
    chat = bench.chat(server, authority.context)
    alice, bob, carol = chat.members("alice", "bob", "carol")
    text = "x" * 3000
    for _ in range(20):
        seq = alice.says(text)
        bob.hears(alice, text, seq)
        carol.hears(alice, text, seq)
    bob.half_closes()
    bob.awaits_end()
    alice.is_told(f"LEFT lobby {bob.nick} closed")
    carol.is_told(f"LEFT lobby {bob.nick} closed")
    carol.does("QUIT", "OK QUIT")
    alice.receives(f"LEFT lobby {carol.nick} quit")


@needs("OCTET-2")
def test_what_is_sent_in_one_piece_is_answered(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-1: several records that arrive together are read, each of them."""
    chat = bench.chat(server, authority.context)
    alice = chat.member("alice")
    commands = [f"PING {number:064}" for number in range(LINES)]
    alice.expects_answers_to(*commands)
    alice.sends_octets("".join(f"{each}\n" for each in commands).encode(), "(PING, many times)")
    for command in commands:
        alice.check(alice.answer().final, command.replace("PING", "PONG"))


@needs("LOCK-1", "LOCK-4")
def test_what_is_owed_in_one_piece_arrives_whole(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-1: forty long messages that a lock has held, or as many as it can."""
    chat = bench.chat(server, authority.context)
    alice, bob = chat.members("alice", "bob")
    alice.does("LOCK", "OK LOCK")
    seqs = [bob.says("x" * 3800) for _ in range(HELD)]
    alice.asks("UNLOCK")
    got = [event for event in alice.events if event.kind != "UNLOCKED"]
    for event, seq in zip(got, seqs, strict=False):
        alice.check(event, f"MSG lobby {seq} {bob.nick} {'x' * 3800}")
    if len(got) != HELD:
        raise Violation(
            f"{HELD} messages were held, or delivered",
            client=alice,
            expected=f"({HELD} times MSG)",
            got=f"({len(got)} times)",
        )
    alice.events.clear()


@pytest.mark.parametrize("fin", [True, False], ids=["with FIN", "without FIN"])
@needs("LOCK-1", "LOCK-11")
def test_who_ends_its_stream_receives_what_is_held(
    bench: Bench, server: ServerProcess, authority: Authority, fin: bool
) -> None:
    """TLS-6: what it is owed, as without TLS; then it has left."""
    chat = bench.chat(server, authority.context)
    alice, bob = chat.members("alice", "bob")
    bob.does("LOCK", "OK LOCK")
    seqs = [alice.says(f"m{number}") for number in range(5)]
    bob.half_closes(fin)
    for number, seq in enumerate(seqs):
        bob.is_told(f"MSG lobby {seq} {alice.nick} m{number}")
    bob.awaits_end()
    alice.is_told(f"LEFT lobby {bob.nick} closed")


def test_older_versions_are_not_accepted(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-2: a handshake with TLS 1.1 fails, and the server goes on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # which is what this is about
        authority.context.minimum_version = ssl.TLSVersion.TLSv1
        authority.context.maximum_version = ssl.TLSVersion.TLSv1_1
    authority.context.set_ciphers("ALL:@SECLEVEL=0")  # or this side would refuse it itself
    plain = _connect(bench, server)
    try:
        with authority.context.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            raise Violation(
                "a handshake with an old version",
                expected="(refused)",
                got=f"({secured.version()})",
            )
    except OSError as error:
        if isinstance(error, ssl.SSLError) and error.reason == "NO_PROTOCOLS_AVAILABLE":
            untested("this system's OpenSSL has no older version to try")
    finally:
        plain.close()


def test_stuck_handshakes_delay_nobody(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-3: silent peers, and those that stop within a record, keep nobody waiting."""
    stuck = [_connect(bench, server) for _ in range(STUCK)]
    for number, sock in enumerate(stuck):
        if number % 2:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01")  # the beginning of a ClientHello
    chat = bench.chat(server, authority.context)
    alice, bob = chat.members("alice", "bob")
    bob.hears(alice, "we two are here", alice.says("we two are here"))
    for sock in stuck:
        sock.close()


@pytest.mark.parametrize(
    "octets",
    [b"NICK plain\n", b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 64, b"\x16\x03\x01\x00\x05?????"],
    ids=["parley", "http", "nul", "nonsense"],
)
def test_who_does_not_speak_tls_is_cut_off(
    bench: Bench, server: ServerProcess, authority: Authority, octets: bytes
) -> None:
    """TLS-4: the connection ends, and nobody else notices."""
    chat = bench.chat(server, authority.context)
    alice = chat.member("alice")
    with _connect(bench, server) as sock:
        sock.sendall(octets)
        _expect_cut_off(sock)
    alice.receives_nothing()
    chat.connect("bob").takes_name()
    alice.fence()
    alice.events.clear()


def test_tls_on_a_port_without_it_ends_at_once(bench: Bench) -> None:
    """OCTET-11: the handshake of a client fails without a wait, and nobody else notices."""
    if bench.servers.tls:
        untested("the server speaks TLS in this grade")
    chat = bench.chat()
    alice = chat.member("alice")
    context = ssl.create_default_context()
    with socket.create_connection(chat.address, timeout=chat.patience) as plain:
        try:
            context.wrap_socket(plain, server_hostname="localhost").close()
        except TimeoutError:
            raise Violation(
                "a client that begins with a TLS handshake",
                expected="(what is no TLS, or the end of the stream)",
                got="(nothing)",
                timed_out=True,
            ) from None
        except OSError:
            pass  # which is what it ought to learn
    alice.receives_nothing()
    bob = chat.connect("bob")
    bob.takes_name()
    alice.receives(f"JOINED lobby {bob.nick} {bob.number}")


def test_an_endless_handshake_is_cut_off(bench: Bench, authority: Authority) -> None:
    """TLS-5: a silent peer, half a handshake, and a whole one without a name."""
    server = bench.start(tls=str(authority.file), handshake=1.0)
    silent, half = (_connect(bench, server) for _ in range(2))
    half.sendall(b"\x16\x03\x01\x02\x00\x01")
    chat = bench.chat(server, authority.context)
    nameless = chat.connect("nameless")
    alice = chat.member("alice")
    for sock in (silent, half):
        _expect_cut_off(sock)
        sock.close()
    nameless.awaits_end()
    nameless.events.clear()
    alice.receives_nothing()


def test_a_late_handshake_gives_no_more_time_for_a_name(bench: Bench, authority: Authority) -> None:
    """TLS-5: whoever has connected earlier is sent away earlier, whenever its handshake ended."""
    server = bench.start(tls=str(authority.file), handshake=TIME_FOR_A_NAME)
    chat = bench.chat(server, authority.context)
    alice = chat.member("alice")
    early = _connect(bench, server)
    chat.idle(0.4 * TIME_FOR_A_NAME)
    try:
        later = _secured(authority, _connect(bench, server))
        chat.idle(0.4 * TIME_FOR_A_NAME)
        late = _secured(authority, early)
    except OSError:
        too_busy("a handshake was not over in time")
    with later, late:
        _expect_cut_off(later)
        late.settimeout(SLACK)
        if not _is_cut_off(late):
            raise Violation(
                "one that connected later was sent away, and this one has had its handshake "
                f"{0.8 * TIME_FOR_A_NAME:g} s after it connected",
                expected=f"(sent away {TIME_FOR_A_NAME:g} s after it connected)",
                got="(it may stay)",
            )
    alice.receives_nothing()


def test_a_handshake_may_come_in_pieces(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-1: its first octets alone; and with its last ones what is said behind it."""
    chat = bench.chat(server, authority.context)
    alice = chat.member("alice")
    received, sent = ssl.MemoryBIO(), ssl.MemoryBIO()
    secured = authority.context.wrap_bio(received, sent, server_hostname="127.0.0.1")
    came = b""
    with _connect(bench, server) as sock:
        with contextlib.suppress(ssl.SSLWantReadError):
            secured.do_handshake()
        hello = sent.read()
        try:
            for piece in (hello[:1], hello[1:4], hello[4:]):
                sock.sendall(piece)
                alice.fence()  # the server has had its turn
            while not _goes_on(secured.do_handshake):
                sock.sendall(sent.read())
                _feed(received, sock)
            secured.write(b"PING at-once\n")
            sock.sendall(sent.read())  # TLS 1.3: with the last of its handshake, in one piece
            while b"PONG at-once\n" not in came:
                with contextlib.suppress(ssl.SSLWantReadError):
                    came += secured.read(4096)
                    continue
                _feed(received, sock)
        except OSError as error:
            raise Violation(
                "a ClientHello of which the first octet comes alone, then three, then the rest; "
                "and PING at-once right behind the end of the handshake",
                expected="HELLO parley/1 (name), then PONG at-once",
                got=f"({came.decode(errors='replace').strip() or 'nothing'}, then {error})",
                timed_out=isinstance(error, TimeoutError),
            ) from None
    alice.receives_nothing()


def _goes_on(step: Callable[[], None]) -> bool:
    """Whether a step is done, or has to wait for octets."""
    try:
        step()
    except ssl.SSLWantReadError:
        return False
    return True


def _feed(received: ssl.MemoryBIO, sock: socket.socket) -> None:
    """Reads what comes next. Raises OSError, at the end of the stream too."""
    octets = sock.recv(65536)
    if not octets:
        raise ConnectionError("the end of the stream")
    received.write(octets)


@needs("CAP-1", "CAP-3")
def test_handshakes_that_come_to_nothing_take_no_place(bench: Bench, authority: Authority) -> None:
    """TLS-4: who was cut off, or gave up, counts no more (CAP-3); and BYE (CAP-1) is within TLS."""
    places: dict[str, Any] = (
        {"max_clients": PLACES} if "max-clients" in bench.servers.target.options else {}
    )
    server = bench.start(tls=str(authority.file), **places)
    chat = bench.chat(server, authority.context)
    for number in range(2 * PLACES):
        with _connect(bench, server) as sock:
            if number % 2:
                sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
                _expect_cut_off(sock)
    why = "nobody of those that were here has finished a handshake, and all have gone"
    crowd = [expect_let_in(chat, f"c{number}", "CAP-3", why) for number in range(PLACES)]
    if places:
        expect_turned_away(chat, "late", "CAP-1")
    for client in crowd:
        client.fence()


def test_who_says_nothing_after_its_handshake_is_not_behind(
    bench: Bench, authority: Authority
) -> None:
    """TLS-1: it has taken its HELLO, and is owed nothing: the time of SLOW-4 is not for it."""
    server = bench.start(tls=str(authority.file), stall=STALL)
    chat = bench.chat(server, authority.context)
    began = time.monotonic()
    alice = chat.connect("alice")
    if (took := time.monotonic() - began) > IN_TIME * STALL:
        too_busy(f"a handshake took {took:.1f} s")
    chat.idle(1.5 * STALL)
    if alice.ended is not None:
        raise Violation(
            f"its handshake is over, and HELLO has been taken: it is owed nothing, and may say "
            f"nothing for longer than {STALL:g} s",
            client=alice,
            expected="(it stays)",
            got=f"({alice.ended})",
        )
    alice.does("PING x", "PONG x")


def test_a_close_notify_is_the_end_of_the_stream(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-6: who has sent it is answered and has left, although its TCP connection stays open."""
    chat = bench.chat(server, authority.context)
    alice, bob = chat.members("alice", "bob")
    bob.sends("SAY last words")
    bob.half_closes(fin=False)
    seq = bob.said(bob.answer())
    bob.awaits_end()
    _expect_notified(bob, "when it has answered")
    alice.hears(bob, "last words", seq)
    alice.is_told(f"LEFT lobby {bob.nick} closed")


@needs("QUIT-1", "STOP-1")
def test_every_end_is_a_close_notify(
    bench: Bench, server: ServerProcess, authority: Authority
) -> None:
    """TLS-6: of one who quits, and of one who is there when the server stops."""
    chat = bench.chat(server, authority.context)
    alice, bob = chat.members("alice", "bob")
    alice.does("QUIT", "OK QUIT")
    bob.receives(f"LEFT lobby {alice.nick} quit")
    server.signal(signal.SIGTERM)
    for client, when in ((alice, "after OK QUIT"), (bob, "after BYE, when it stops")):
        client.awaits_end()
        client.events.clear()
        _expect_notified(client, when)


def _expect_notified(client: Client, when: str) -> None:
    """The stream of this client has ended, and not only that of TCP."""
    if not client.notified:
        raise Violation(
            f"the server ends its stream {when}",
            client=client,
            expected="(a close_notify, then the end of the TCP stream)",
            got="(the end of the TCP stream)",
        )


def _connect(bench: Bench, server: ServerProcess) -> socket.socket:
    address = (server.host, server.port)
    return socket.create_connection(address, timeout=bench.servers.answer_patience)


def _secured(authority: Authority, plain: socket.socket) -> ssl.SSLSocket:
    """After the handshake. Raises OSError."""
    return authority.context.wrap_socket(plain, server_hostname="127.0.0.1")


def _expect_cut_off(sock: socket.socket) -> None:
    """Reads until the server ends the connection, within the patience."""
    if not _is_cut_off(sock):
        raise Violation(
            "the connection of a peer that does not speak TLS, or has no name",
            expected="(end of stream)",
            got="(the connection stays open)",
            timed_out=True,
        )


def _is_cut_off(sock: socket.socket) -> bool:
    """Reads until the server ends the connection; False if the socket's time is over before."""
    try:
        while sock.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        pass  # a reset ends it as well
    return True
