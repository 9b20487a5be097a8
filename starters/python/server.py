"""A Parley server that has reached level 0: it starts, greets, and answers PING.

One thread, one selector: it waits until something has arrived from somebody, and answers. What it
remembers about a connection is in its Client. The ids (PING-1) are those of protocol.md.
"""

import argparse
import contextlib
import re
import selectors
import signal
import socket
import sys

TOKEN = re.compile(r"[!-~]{1,64}")


class Client:
    """One connection, and what has to be remembered about it from line to line."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = b""  # the beginning of a line whose end has not arrived yet

    def send(self, line: str) -> None:
        """Simplified: while this client does not read, all others wait with it (SLOW-1)."""
        with contextlib.suppress(OSError):  # it has gone: the next recv() tells
            self.sock.sendall(line.encode() + b"\n")


def ping(client: Client, argument: str) -> None:
    """PING-1: the same token comes back."""
    if TOKEN.fullmatch(argument):
        client.send(f"PONG {argument}")
    else:
        client.send("ERR bad-args PING takes one token")


def pong(client: Client, argument: str) -> None:
    """PONG-1: is never answered."""


#: What is called for which verb. Level 1 begins with an entry for NICK.
VERBS = {b"PING": ping, b"PONG": pong}


def obey(client: Client, line: bytes) -> None:
    """Does what one line asks for. Simplified: octets that are no UTF-8 become � (OCTET-7)."""
    verb, _, argument = line.partition(b" ")
    if command := VERBS.get(verb.upper()):
        command(client, argument.decode(errors="replace"))
    else:
        client.send("ERR need-nick - this server knows only PING so far")


def receive(client: Client) -> bool:
    """Obeys each line whose end has arrived. False if the client has gone.

    Simplified: a line may grow without bound (OCTET-6).
    """
    try:
        data = client.sock.recv(65536)
    except OSError:
        return False
    *lines, client.received = (client.received + data).split(b"\n")
    for line in lines:
        if line := line.removesuffix(b"\r"):
            obey(client, line)
    return data != b""


def serve(listener: socket.socket) -> None:
    """Greets everybody who comes, and listens to everybody who is here, for ever."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                client = Client(listener.accept()[0])
                selector.register(client.sock, selectors.EVENT_READ, client)
                client.send("HELLO parley/1 starter")  # HELLO-1
            elif not receive(key.data):
                selector.unregister(key.fileobj)
                key.data.sock.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="A Parley server on level 0.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4000)
    options = parser.parse_args()  # wrong options: status 2 (START-4)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(0))  # level 4 says BYE to everybody first
    try:
        listener = socket.create_server((options.host, options.port), backlog=511)
    except OverflowError as error:
        parser.error(str(error))
    except OSError as error:
        sys.exit(f"cannot listen on {options.host} port {options.port}: {error}")  # START-3
    print("listening on", options.host, listener.getsockname()[1], flush=True)  # START-1, START-2
    serve(listener)


if __name__ == "__main__":
    main()
