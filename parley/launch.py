"""What the three servers do alike before they serve: options, listening socket, ready line.

protocol.md, appendix A, says what has to happen here. None of it runs while the chat does.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import ipaddress
import logging
import os
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from parley.accounts import Accounts
from parley.channel import Channel, TlsChannel, server_context
from parley.extensions import ExtendedHub, History
from parley.hub import Hub, Limits
from parley.store import Store, StoreError
from parley.wire import MAX_LINE

#: Connections that may wait to be accepted: a classroom that arrives at once (redis: 511).
BACKLOG = 511
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
#: The longest sleep that poll() is asked for, in seconds; it takes an int of milliseconds.
LONGEST_SLEEP = 3600.0
#: How long accepting pauses when no descriptor is free, in seconds.
ACCEPT_PAUSE = 0.1
#: Descriptors that are not clients: standard streams, listener, pipes, and some to spare.
RESERVED_DESCRIPTORS = 64

#: Limits that 0 switches off.
MAY_BE_ZERO = ("rate",)
#: Octets of an item of a listing without a text, and of a DATA line without its data, at most.
MAX_ITEM = len("HERE  9007199254740991\n") + 20
MAX_DATA_HEAD = len("DATA 9007199254740991 \n")
#: Octets of a file in a chunk of usual length, and characters of base64 that stand for them.
CHUNK, CHUNK_DATA = 3000, 4000

log = logging.getLogger("parley")


class Runnable(Protocol):
    """A server: serves until SIGINT or SIGTERM, says goodbye and returns its exit status."""

    def run(self) -> int: ...


class MakeServer(Protocol):
    """What makes a server: its class."""

    def __call__(
        self, hub: Hub, listener: socket.socket, store: Store, channel: Callable[[], Channel]
    ) -> Runnable: ...


def main(
    name: str,
    server: MakeServer,
    hub: type[Hub] = ExtendedHub,
    options: argparse.ArgumentParser | None = None,
) -> int:
    """Runs a server from the command line and returns its exit status.

    `name` is what HELLO calls the server; a student's server passes a `hub` of its own, and a
    parser with `options` of its own (which does not add help).
    """
    return _run(name, server, hub, _options(name, sys.argv[1:], [options] if options else []))


def _run(name: str, server: MakeServer, hub: type[Hub], options: argparse.Namespace) -> int:
    # Until the server has its handlers, a signal waits: STOP-1 holds from the ready line on.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    _start_log(options)
    limits = _limits(options)
    channel = _channels(options)
    try:
        listener = listen(options.host, options.port)
    except (OSError, UnicodeError) as error:
        print(f"cannot listen on {options.host} port {options.port}: {error}", file=sys.stderr)
        return 1
    with listener:
        try:
            chat, store = _remember(hub(name, limits), options, limits)
        except StoreError as error:
            print(error, file=sys.stderr)
            return 1
        host, port = listener.getsockname()[:2]
        if not (options.tls_cert or options.accounts_in_clear or is_loopback(host)):
            chat.announce(*(each for each in chat.capabilities if each != "accounts"))
        print(f"listening on {host} {port}", flush=True)
        log.info("event=listening host=%s port=%d", host, port)
        status = server(chat, listener, store, channel).run()
        store.close()
        log.info("event=stopped status=%d", status)
    return status


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket, non-blocking. `::` accepts IPv4 as well. Raises OSError."""
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    dual = family == socket.AF_INET6 and address[0] == "::" and socket.has_dualstack_ipv6()
    # create_server sets SO_REUSEADDR: the port is free again at once (STOP-5).
    listener = socket.create_server(
        address[:2], family=family, backlog=BACKLOG, dualstack_ipv6=dual
    )
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # accepted sockets inherit it
    listener.setblocking(False)
    return listener


def name_of_peer(address: tuple[str, int]) -> str:
    """An address as accept() returns it, for logs."""
    return f"{address[0]}:{address[1]}"


def is_loopback(host: str) -> bool:
    """Whether a numeric address is one of this machine, which nobody else can reach."""
    address = ipaddress.ip_address(host)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:  # on a socket for both
        address = address.ipv4_mapped
    return address.is_loopback


class OneLine(logging.Formatter):
    """One line an event, key=value. No peer can forge a second one: controls are escaped."""

    def __init__(self) -> None:
        form = "time=%(asctime)s.%(msecs)03d level=%(levelname)s %(message)s"
        super().__init__(form, datefmt="%Y-%m-%dT%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)  # with the traceback of an exception, if there is one
        return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def _start_log(options: argparse.Namespace) -> None:
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    try:
        if options.log_file:
            handler = logging.FileHandler(options.log_file)
    except OSError as error:
        print(f"cannot write the log {options.log_file}: {error}", file=sys.stderr)
        sys.exit(2)
    handler.setFormatter(OneLine())
    log.addHandler(handler)
    log.propagate = False
    log.setLevel(options.log_level.upper())


def _channels(options: argparse.Namespace) -> Callable[[], Channel]:
    """What makes the channel of a connection: plain, or TLS if there is a certificate."""
    if not options.tls_cert:
        return Channel
    try:
        context = server_context(options.tls_cert, options.tls_key)
    except OSError as error:  # ssl.SSLError is one
        print(f"cannot use the certificate {options.tls_cert}: {error}", file=sys.stderr)
        sys.exit(2)
    return lambda: TlsChannel(context)


def _remember(chat: Hub, options: argparse.Namespace, limits: Limits) -> tuple[Hub, Store]:
    """The chat with what its history file holds, and the file. Raises StoreError."""
    chat.epoch = time.time() - time.monotonic()
    store = Store(options.history, limits, options.history_sync)
    if isinstance(chat, History):
        chat.recall(*store.load())
    if isinstance(chat, Accounts):
        chat.recall_accounts(store.accounts())
    return chat, store


@contextlib.contextmanager
def stop_signals() -> Iterator[int]:
    """A descriptor that becomes readable when SIGINT or SIGTERM comes: something to poll() for."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in STOP_SIGNALS:
        signal.signal(number, lambda *_: None)  # the wake-up descriptor is all that is wanted
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    yield reader


def _options(
    name: str, arguments: Sequence[str], more: Sequence[argparse.ArgumentParser] = ()
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog=f"parley-{name}", description=f"The {name} server.", parents=list(more)
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (%(default)s)")
    parser.add_argument("--port", type=_port, default=4000, help="0 picks a free one (%(default)s)")
    levels = ("debug", "info", "warning", "error")
    parser.add_argument("--log-level", choices=levels, default="info", help="(%(default)s)")
    parser.add_argument("--log-file", default="", metavar="FILE", help="instead of standard error")
    parser.add_argument("--tls-cert", default="", metavar="FILE", help="speak TLS (PEM, chain)")
    parser.add_argument("--tls-key", default="", metavar="FILE", help="if not in the same file")
    parser.add_argument("--history", default="", metavar="FILE", help="keep what is said (SQLite)")
    parser.add_argument(
        "--accounts-in-clear", action="store_true", help="passwords off loopback, without TLS"
    )
    parser.add_argument(
        "--history-sync", action="store_true", help="survive the loss of power too: slower"
    )
    for field in dataclasses.fields(Limits):
        option = "--" + field.name.replace("_", "-")
        if isinstance(field.default, bool):
            parser.add_argument(option, action="store_true", help="(off)")
            continue
        kind = _seconds if isinstance(field.default, float) else _count
        if field.name in MAY_BE_ZERO:
            kind = _count_or_zero
        parser.add_argument(option, type=kind, default=field.default, help="(%(default)s)")
    return parser.parse_args(arguments)  # exits with 2 on wrong options (START-4)


def _limits(options: argparse.Namespace) -> Limits:
    """The limits asked for; as many clients as there are descriptors for, at most."""
    names = [field.name for field in dataclasses.fields(Limits)]
    limits = Limits(**{name: getattr(options, name) for name in names})
    if not 4 <= limits.hash_cost <= 20:  # beyond, one check takes gigabytes and many seconds
        print("--hash-cost must be 4 to 20", file=sys.stderr)
        sys.exit(2)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS: the hard limit may be "infinite"
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and limits.max_clients > soft - RESERVED_DESCRIPTORS:
        limits = dataclasses.replace(limits, max_clients=max(1, soft - RESERVED_DESCRIPTORS))
    for option, octets in _pieces(limits).items():
        if octets > limits.outbox_bytes:
            print(f"--outbox-bytes must be {octets} at least, for --{option}", file=sys.stderr)
            sys.exit(2)
    return limits


def _pieces(limits: Limits) -> dict[str, int]:
    """What may be queued to a member in one piece, in octets, by the option that bounds it."""
    return {
        "hold-bytes": limits.hold_bytes + 2 * MAX_LINE,  # with what did not fit, and UNLOCKED
        "history-bytes": limits.history_bytes,
        "max-clients": limits.max_clients * MAX_ITEM,
        "max-rooms": (limits.max_rooms + 1) * MAX_ITEM,
        "max-window": -(-limits.max_window // CHUNK) * (CHUNK_DATA + MAX_DATA_HEAD),
    }


def _port(word: str) -> int:
    if not (word.isascii() and word.isdigit() and int(word) < 65536):
        raise argparse.ArgumentTypeError(f"{word!r} is not a port: 0 to 65535")
    return int(word)


def _count(word: str) -> int:
    if not (word.isascii() and word.isdigit() and 0 < int(word) < 2**53):
        raise argparse.ArgumentTypeError(f"{word!r} is not a whole number above 0")
    return int(word)


def _count_or_zero(word: str) -> int:
    return 0 if word == "0" else _count(word)


def _seconds(word: str) -> float:
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0 < seconds < 1e9:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number of seconds above 0")
    return seconds
