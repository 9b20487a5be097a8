"""`python -m parley [HOST [PORT]]`: options, and which interface there can be."""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from parley import wire
from parley.client import words
from parley.client.conversation import BAD_NAME, Conversation
from parley.client.disk import Folder
from parley.client.link import Address
from parley.client.plain import Plain

#: Where the servers of this project listen if they are not told otherwise.
PORT = 4000


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the client. 0: the person left; 1: there is no connection (any more); 2: usage."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    try:
        address = Address(options.host, options.port, _context(options))
    except OSError as error:  # ssl.SSLError is one
        print(f"parley: cannot use {options.cafile}: {error.strerror or error}", file=sys.stderr)
        return 2
    try:
        why = asyncio.run(_chat(options, address))
    except KeyboardInterrupt:  # before there was anybody to handle it
        return 130
    if why:
        print(f"parley: {words.escape(why)}", file=sys.stderr)
    return 1 if why else 0


async def _chat(options: argparse.Namespace, address: Address) -> str:
    conversation = Conversation(
        Folder(options.downloads), options.login or options.nick or "", login=bool(options.login),
        hold=options.hold,
    )  # fmt: skip
    if not options.plain:
        from parley.client.terminal import Terminal  # needs prompt_toolkit

        return await Terminal(conversation, address, bell=options.bell).run()
    plain = Plain(
        conversation,
        address,
        reconnect=options.reconnect,
        stay=options.stay,
        literal=options.literal,
    )
    return await plain.run()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="parley", description="Chat on a Parley server.")
    parser.add_argument("host", nargs="?", default="127.0.0.1", help="server (%(default)s)")
    parser.add_argument("port", nargs="?", type=_port, default=PORT, help="its port (%(default)s)")
    who = parser.add_mutually_exclusive_group()
    who.add_argument("--nick", type=_name, metavar="NAME", help="asked for otherwise")
    who.add_argument("--login", type=_name, metavar="NAME", help="a registered one")
    parser.add_argument("--tls", action="store_true", help="speak TLS, and verify the certificate")
    parser.add_argument("--cafile", metavar="FILE", help="trust these authorities (implies --tls)")
    parser.add_argument("--hold", action="store_true", help="hold what others say while you type")
    parser.add_argument("--bell", action="store_true", help="ring when somebody names you")
    downloads = Path.home() / "Downloads"
    parser.add_argument(
        "--downloads", type=Path, default=downloads, metavar="DIR",
        help="where files arrive (~/Downloads)",
    )  # fmt: skip
    plain = parser.add_argument_group("a filter, for pipes and simple terminals")
    plain.add_argument("--plain", action="store_true", help="if there is no terminal: by itself")
    plain.add_argument("--stay", action="store_true", help="listen on after the end of the input")
    plain.add_argument("--literal", action="store_true", help="say every line, even /commands")
    plain.add_argument("--reconnect", action="store_true", help="when the connection is lost")
    options = parser.parse_args(arguments)  # exits with 2 on wrong options
    options.host = options.host.strip("[]") or "127.0.0.1"
    _choose_interface(options)
    return options


def _choose_interface(options: argparse.Namespace) -> None:
    """Plain where nothing else can be."""
    if options.plain or not (sys.stdin.isatty() and sys.stdout.isatty()):
        options.plain = True
    elif importlib.util.find_spec("prompt_toolkit") is None:
        options.plain = True
        print(
            "parley: prompt_toolkit is not installed, so this is the plain client; the full one:"
            " python3 noxfile.py -s chat",
            file=sys.stderr,
        )


def _context(options: argparse.Namespace) -> ssl.SSLContext | None:
    """What TLS is spoken with, if it is. Raises OSError for a file that holds no certificates."""
    if not (options.tls or options.cafile):
        return None
    context = ssl.create_default_context(cafile=options.cafile)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _port(word: str) -> int:
    if not (word.isascii() and word.isdigit() and 0 < int(word) < 65536):
        raise argparse.ArgumentTypeError(f"{word!r} is not a port: 1 to 65535")
    return int(word)


def _name(word: str) -> str:
    if not wire.is_name(word):
        raise argparse.ArgumentTypeError(BAD_NAME)
    return word


if __name__ == "__main__":
    sys.exit(main())
