"""A server that plays a script, for tests of the suite's own clients: one thread, loopback only.

A script says, in the notation of the spec's sessions, what the server sends when it reads a line:
`{"bob> NICK bob_t": ["alice< JOINED lobby bob_t 2", "bob< OK NICK bob_t 2"]}`. Clients are known by
the order in which they connect. Octets in place of lines go to whoever sent the line, as they are.
The thread alone touches the sockets; a test may read `heard` after a round trip.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence

from conformance.chat import Chat

HELLO = "HELLO parley/1 demo"
CONNECTS = "(connects)"
END = "(end of stream)"
RESET = "(reset)"
#: Seconds that the server waits for a client to take what it sends: a bound, never reached.
PATIENCE = 10.0

Script = Mapping[str, bytes | Sequence[str]]


class ScriptedServer(threading.Thread):
    """What is in no script: HELLO comes first, PING is answered, an end of stream is returned."""

    def __init__(self, script: Script, names: Sequence[str], answers_ping: bool) -> None:
        super().__init__(daemon=True)
        self.heard: list[str] = []  # "alice> PING x", in the order in which it was read
        self._script = script
        self._coming = list(names)
        self._answers_ping = answers_ping
        self._people: dict[str, socket.socket] = {}
        self._input: dict[str, bytes] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._hangup, self._hung_up = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ, "")
        self._selector.register(self._hung_up, selectors.EVENT_READ, None)
        self.address: tuple[str, int] = self._listener.getsockname()

    def __enter__(self) -> ScriptedServer:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._hangup.close()
        self.join(PATIENCE)
        assert not self.is_alive()

    def run(self) -> None:
        try:
            while self._turn():
                pass
        finally:
            for sock in (self._listener, self._hung_up, *self._people.values()):
                sock.close()
            self._selector.close()

    def _turn(self) -> bool:
        """Reads what is there; False when the test is over."""
        for key, _ in self._selector.select():
            if key.data is None:
                return False
            if key.data == "":
                self._welcome()
            else:
                self._read(key.data)
        return True

    def _welcome(self) -> None:
        sock, _ = self._listener.accept()
        sock.settimeout(PATIENCE)
        name = self._coming.pop(0)
        self._people[name], self._input[name] = sock, b""
        self._selector.register(sock, selectors.EVENT_READ, name)
        self._hear(name, CONNECTS)

    def _read(self, name: str) -> None:
        try:
            data = self._people[name].recv(65536)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self._people[name])
            self._hear(name, END)
            return
        *lines, self._input[name] = (self._input[name] + data).split(b"\n")
        for line in lines:
            self._hear(name, line.decode(errors="replace"))

    def _hear(self, name: str, line: str) -> None:
        """Does what the script says, or else what any server does."""
        heard = f"{name}> {line}"
        self.heard.append(heard)
        ordinary: Sequence[str] = ()
        if line == CONNECTS:
            ordinary = [f"{name}< {HELLO}"]
        elif line == END:
            ordinary = [f"{name}< {END}"]
        elif line.startswith("PING ") and self._answers_ping:
            ordinary = [f"{name}< PONG {line[5:]}"]
        said = self._script.get(heard, ordinary)
        if isinstance(said, bytes):
            self._send(name, said)
        else:
            for each in said:
                to, _, text = each.partition("< ")
                self._tell(to, text)

    def _tell(self, name: str, text: str) -> None:
        if text == RESET:
            linger = struct.pack("ii", 1, 0)
            self._people[name].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            with contextlib.suppress(KeyError):  # its end has been read already
                self._selector.unregister(self._people[name])
            self._people[name].close()
        elif text == END:
            with contextlib.suppress(OSError):
                self._people[name].shutdown(socket.SHUT_WR)
        else:
            self._send(name, text.encode() + b"\n")

    def _send(self, name: str, octets: bytes) -> None:
        with contextlib.suppress(OSError):  # the test is over, and the client has gone
            self._people[name].sendall(octets)


@contextlib.contextmanager
def scripted(
    script: Script | None = None,
    names: Sequence[str] = ("alice", "bob", "carol"),
    *,
    patience: float = PATIENCE,
    level: int = 6,
    answers_ping: bool = True,
) -> Iterator[tuple[Chat, ScriptedServer]]:
    """A Chat of the suite with such a server. Nicknames end in `_t`; the first token is fence-1."""
    with ScriptedServer(script or {}, names, answers_ping) as server:
        chat = Chat(server.address, patience, "t", level)
        try:
            yield chat, server
        finally:
            chat.abandon()
