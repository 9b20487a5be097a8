"""One thread and select(), with an outbox for each client. Not itself a mistake: see room.py."""

from __future__ import annotations

import contextlib
import select
import signal
import socket
import sys

from . import room

OUTBOX = 1024 * 1024


class Person(room.Person):
    """A client with its socket, and what it is still owed."""

    def __init__(self, conn: socket.socket) -> None:
        super().__init__()
        self.conn = conn
        self.outbox = b""
        self.skipping = False
        self.leaving = False

    def send(self, line: str) -> None:
        self.outbox += line.encode() + b"\n"
        if len(self.outbox) > 65536:
            self.flush()
        if len(self.outbox) > OUTBOX:
            self.gone = True

    def flush(self) -> None:
        try:
            self.outbox = self.outbox[self.conn.send(self.outbox) :]
        except BlockingIOError:
            pass
        except OSError:
            self.outbox = b""


class Server:
    """Everything happens in one loop."""

    person = Person

    def __init__(self, chat: room.Room | None = None) -> None:
        self.room = chat or room.Room()
        self.people: dict[socket.socket, Person] = {}

    def run(self) -> None:
        self.stopping, told = socket.socketpair()
        told.setblocking(False)
        signal.set_wakeup_fd(told.fileno())  # select() sees a signal as something to read
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: None)
        with self.listen() as self.listener:
            while True:
                self.turn()

    def listen(self) -> socket.socket:
        return room.listen()

    def turn(self) -> None:
        """Waits until something can be done, and does it."""
        readable, writable, _ = select.select(
            [self.stopping, self.listener, *self.people],
            [sock for sock, person in self.people.items() if person.outbox],
            [],
        )
        for sock in readable:
            if sock is self.stopping:
                self.stop()
            elif sock is self.listener:
                self.welcome()
            elif sock in self.people:
                self.read(self.people[sock])
        for sock in writable:
            if sock in self.people:
                self.people[sock].flush()
        for person in list(self.people.values()):
            if person.gone:
                self.room.leave(person, "slow")
                self.forget(person)
            elif person.leaving and not person.outbox:
                with contextlib.suppress(OSError):
                    person.conn.shutdown(socket.SHUT_WR)

    def welcome(self) -> None:
        conn, _ = self.listener.accept()
        conn.setblocking(False)
        self.people[conn] = person = self.person(conn)
        self.room.greet(person)

    def read(self, person: Person) -> None:
        """Reads once, and obeys every line whose end has come."""
        data = self.receive(person)
        if not data:
            person.unlock()
            self.room.leave(person, "closed")
            person.flush()
            self.forget(person)
        elif not person.leaving:
            self.obey(person, data)

    def receive(self, person: Person) -> bytes:
        """What has come; nothing if the client has gone, in whichever way."""
        try:
            return person.conn.recv(65536)
        except OSError:
            return b""

    def obey(self, person: Person, data: bytes) -> None:
        *lines, person.buffer = (person.buffer + data).split(b"\n")
        for line in lines:
            if person.skipping:
                person.skipping = False
            elif not self.room.obey_octets(person, line):
                person.leaving = True
                return
        if len(person.buffer) >= room.MAX_LINE:
            if not person.skipping:
                person.send("ERR line-too-long - at most 4096 octets")
            person.buffer, person.skipping = b"", True

    def forget(self, person: Person) -> None:
        del self.people[person.conn]
        person.conn.close()

    def stop(self) -> None:
        """Says goodbye to everybody, and ends."""
        for person in self.people.values():
            person.unlock()
            person.send("BYE server shutting down")
            person.flush()
        sys.exit(0)
