"""Three ways in which a server with a thread for each client may send, as bare as can be.

    speaker   the thread of whoever speaks sends to all, holding the lock
    writers   each client has a second thread, which waits for its queue and sends
    sender    one thread takes what is queued for everybody, and sends it with one call each

The bench measures them to show what the third one, which impl_threads has, is good for. They speak
what a load needs and trust their clients; nobody is dropped, nothing is bounded.
"""

from __future__ import annotations

import argparse
import queue
import socket
import sys
import threading
from collections import deque

BACKLOG = 511
CHUNK = 65536


class Client:
    """A connection, and what waits to be sent to it."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.name = b""
        self.outbox: list[bytes] = []  # of the sender
        self.waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()  # of a writer


class Chat:
    """Who is there, and one lock around it: the order of messages is the order of taking it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.members: list[Client] = []
        self.seq = 0

    def deliver(self, client: Client, line: bytes) -> None:
        """Sends a line to one client, or sees to it that it is sent. Requires the lock."""
        raise NotImplementedError

    def serve(self, client: Client) -> None:
        """The thread of one client."""
        with self.lock:
            self.deliver(client, b"HELLO parley/1 sketch\n")
        rest = b""
        while octets := client.sock.recv(CHUNK):
            *lines, rest = (rest + octets).split(b"\n")
            for line in lines:
                with self.lock:
                    self.obey(client, line)

    def obey(self, client: Client, line: bytes) -> None:
        verb, _, argument = line.partition(b" ")
        if verb == b"SAY":
            self.seq += 1
            self.tell_all_but(client, b"MSG lobby %d %s %s\n" % (self.seq, client.name, argument))
            self.deliver(client, b"OK SAY %d\n" % self.seq)
        elif verb == b"NICK":
            client.name = argument
            number = len(self.members) + 1
            self.tell_all_but(client, b"JOINED lobby %s %d\n" % (argument, number))
            self.members.append(client)
            self.deliver(client, b"OK NICK %s %d\n" % (argument, number))
        elif verb == b"PING":
            self.deliver(client, b"PONG %s\n" % argument)

    def tell_all_but(self, speaker: Client, line: bytes) -> None:
        for member in self.members:
            if member is not speaker:
                self.deliver(member, line)


class Speaker(Chat):
    """Whoever speaks sends to all."""

    def deliver(self, client: Client, line: bytes) -> None:
        client.sock.sendall(line)


class Writers(Chat):
    """A second thread for each client."""

    def serve(self, client: Client) -> None:
        threading.Thread(target=self.write, args=(client,), daemon=True).start()
        super().serve(client)

    def deliver(self, client: Client, line: bytes) -> None:
        client.waiting.put(line)

    def write(self, client: Client) -> None:
        while True:
            client.sock.sendall(client.waiting.get())


class Sender(Chat):
    """One thread that sends for everybody."""

    def __init__(self) -> None:
        super().__init__()
        self.ready: deque[Client] = deque()
        self.awake = threading.Semaphore(0)
        threading.Thread(target=self.send, daemon=True).start()

    def deliver(self, client: Client, line: bytes) -> None:
        if not client.outbox:
            if not self.ready:
                self.awake.release()
            self.ready.append(client)
        client.outbox.append(line)

    def send(self) -> None:
        while True:
            self.awake.acquire()
            with self.lock:
                batch = [(client, b"".join(client.outbox)) for client in self.ready]
                for client in self.ready:
                    client.outbox.clear()
                self.ready.clear()
            for client, octets in batch:
                client.sock.sendall(octets)


WAYS: dict[str, type[Chat]] = {"speaker": Speaker, "writers": Writers, "sender": Sender}


def main() -> int:
    """Listens where it is told, and serves until it is killed."""
    parser = argparse.ArgumentParser(prog="sketches", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("way", choices=WAYS)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    known = parser.parse_args()
    chat = WAYS[known.way]()
    listener = socket.create_server((known.host, known.port), backlog=BACKLOG)
    host, port = listener.getsockname()[:2]
    print(f"listening on {host} {port}", flush=True)
    while True:
        sock, _ = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=chat.serve, args=(Client(sock),), daemon=True).start()


if __name__ == "__main__":
    sys.exit(main())
