"""python -m conformance.load.reflector: the bare fan-out server that others are compared with.

It does what has to be done and nothing else: one poll, one write for each client and turn, no
checks, no limits. What it takes on a machine is what the machine, the kernel and the generator
take; so latency is graded as a ratio to it. With options it does wrong things in a measured way,
to prove that the generator measures right: delay, stall, drop, double, swap, slow one client.
"""

from __future__ import annotations

import argparse
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field

CHUNK = 1 << 16
BACKLOG = 511
GREETING = b"HELLO parley/1 reflector\n"


@dataclass(eq=False)
class Client:
    """A connection: what it has sent of a line, what it is owed, and the same for later."""

    sock: socket.socket
    name: bytes = b""
    rest: bytes = b""
    outbox: list[bytes] = field(default_factory=list)
    unsent: bytes = b""
    late: deque[tuple[float, bytes]] = field(default_factory=deque)  # when to send what


class Reflector:
    """Serves until it is killed."""

    def __init__(self, listener: socket.socket, wrong: argparse.Namespace) -> None:
        self.listener = listener
        self.wrong = wrong
        self.clients: dict[int, Client] = {}
        self.members: list[Client] = []
        self.touched: set[Client] = set()
        self.seq = 0
        self.deliveries = 0
        self.poller = select.poll()
        self.poller.register(listener, select.POLLIN)
        self.stall_at = time.monotonic() + wrong.stall_every if wrong.stall else None

    def run(self) -> None:
        while True:
            for fd, event in self.poller.poll(self.timeout()):
                if fd == self.listener.fileno():
                    self.accept()
                    continue
                client = self.clients[fd]
                self.touched.add(client)
                if event & ~select.POLLOUT:
                    self.receive(client)
            self.stall()
            self.touched.update(client for client in self.clients.values() if client.late)
            for client in self.touched:
                self.send(client)
            self.touched.clear()

    def timeout(self) -> float | None:
        """How long poll() may sleep, in milliseconds: until something late is due."""
        due = [client.late[0][0] for client in self.clients.values() if client.late]
        return max(0.0, min(due) - time.monotonic()) * 1000 if due else None

    def accept(self) -> None:
        for _ in range(BACKLOG):
            try:
                sock = self.listener.accept()[0]
            except OSError:
                return
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = self.clients[sock.fileno()] = Client(sock, outbox=[GREETING])
            self.poller.register(sock, select.POLLIN)
            self.touched.add(client)

    def receive(self, client: Client) -> None:
        try:
            octets = client.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            octets = b""
        if not octets:
            self.forget(client)
            return
        *lines, client.rest = (client.rest + octets).split(b"\n")
        for line in lines:
            self.obey(client, line)

    def obey(self, client: Client, line: bytes) -> None:
        verb, _, argument = line.partition(b" ")
        if verb == b"SAY":
            self.seq += 1
            event = b"MSG lobby %d %s %s\n" % (self.seq, client.name, argument)
            self.fan_out(client, event)
            client.outbox.append(b"OK SAY %d\n" % self.seq)
        elif verb == b"NICK":
            client.name = argument
            self.fan_out(client, b"JOINED lobby %s %d\n" % (argument, len(self.members) + 1))
            self.members.append(client)
            client.outbox.append(b"OK NICK %s %d\n" % (argument, len(self.members)))
        elif verb == b"PING":
            client.outbox.append(b"PONG %s\n" % argument)
        self.touched.add(client)

    def fan_out(self, speaker: Client, event: bytes) -> None:
        for member in self.members:
            if member is not speaker:
                member.outbox.append(event)
        self.touched.update(self.members)
        self.deliveries += len(self.members)
        if self.members:
            self.go_wrong(event)

    def go_wrong(self, event: bytes) -> None:
        """Every so many deliveries, spoils one: the last one that was queued."""
        wrong = self.wrong
        if not wrong.every or self.deliveries % wrong.every >= len(self.members):
            return
        victim = self.members[self.deliveries // wrong.every % len(self.members)].outbox
        if not victim or victim[-1] != event:
            return
        if wrong.fault == "drop":
            victim.pop()
        elif wrong.fault == "double":
            victim.append(event)
        elif wrong.fault == "swap" and len(victim) > 1:
            victim[-2:] = victim[:-3:-1]

    def stall(self) -> None:
        if self.stall_at is not None and time.monotonic() >= self.stall_at:
            time.sleep(self.wrong.stall)  # the fault that it is told to have: nobody is served
            self.stall_at += self.wrong.stall_every

    def send(self, client: Client) -> None:
        data = b"".join(client.outbox)
        client.outbox.clear()
        now = time.monotonic()
        delay = self.wrong.delay or (self.wrong.slow if client in self.members[:1] else 0.0)
        if delay:
            if data:
                client.late.append((now + delay, data))
            data = b""
            while client.late and client.late[0][0] <= now:
                data += client.late.popleft()[1]
        client.unsent += data
        if not client.unsent or client.sock.fileno() < 0:
            return
        try:
            client.unsent = client.unsent[client.sock.send(client.unsent) :]
        except BlockingIOError:
            pass
        except OSError:
            self.forget(client)
            return
        wanted = select.POLLIN | (select.POLLOUT if client.unsent else 0)
        self.poller.modify(client.sock, wanted)

    def forget(self, client: Client) -> None:
        if self.clients.pop(client.sock.fileno(), None):
            self.poller.unregister(client.sock)
            client.sock.close()
        if client in self.members:
            self.members.remove(client)


def main() -> int:
    """Listens where it is told, and serves."""
    parser = argparse.ArgumentParser(prog="reflector", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before each delivery")
    parser.add_argument("--slow", type=float, default=0.0, help="the same, for the first member")
    parser.add_argument("--stall", type=float, default=0.0, help="seconds of doing nothing")
    parser.add_argument("--stall-every", type=float, default=10.0, help="seconds between stalls")
    parser.add_argument("--fault", choices=("drop", "double", "swap"), default="drop")
    parser.add_argument("--every", type=int, default=0, help="deliveries between two faults")
    wrong = parser.parse_args()
    listener = socket.create_server((wrong.host, wrong.port), backlog=BACKLOG)
    listener.setblocking(False)
    host, port = listener.getsockname()[:2]
    print(f"listening on {host} {port}", flush=True)
    Reflector(listener, wrong).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
