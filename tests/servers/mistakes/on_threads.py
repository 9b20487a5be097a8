"""A thread for each client, and one lock around the room. Not itself a mistake: see room.py.

Up to level 5. What it does with members that do not read is mistake 9 of the field notes: its
`sendall` waits for them while it holds the lock.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading

from . import room


class Person(room.Person):
    """A client with its socket."""

    def __init__(self, conn: socket.socket) -> None:
        super().__init__()
        self.conn = conn

    def send(self, line: str) -> None:
        with contextlib.suppress(OSError):
            self.conn.sendall(line.encode() + b"\n")


class Server:
    """Accepts, and starts a thread for each client."""

    person = Person
    daemon = True

    def __init__(self, chat: room.Room | None = None) -> None:
        self.room = chat or room.Room()
        self.lock = threading.Lock()

    def run(self) -> None:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        with self.listen() as listener:
            try:
                while True:
                    conn, _ = listener.accept()
                    threading.Thread(target=self.serve, args=(conn,), daemon=self.daemon).start()
            except KeyboardInterrupt:
                self.stop()

    def listen(self) -> socket.socket:
        return room.listen()

    def stop(self) -> None:
        """Says goodbye to everybody, and ends."""
        with self.lock:
            for person in self.room.everybody:
                assert isinstance(person, Person)
                person.conn.settimeout(0.2)
                person.unlock()
                person.send("BYE server shutting down")
                with contextlib.suppress(OSError):
                    person.conn.shutdown(socket.SHUT_WR)
            sys.stdout.flush()
            os._exit(0)

    def serve(self, conn: socket.socket) -> None:
        """The life of one client."""
        person = self.person(conn)
        with self.lock:
            self.room.greet(person)
        self.talk(person)
        with self.lock:
            person.unlock()
            self.room.leave(person, "closed")
        self.close(conn)

    def talk(self, person: Person) -> None:
        """Reads lines and obeys them, until the client has gone or quits."""
        skipping = False
        while data := self.receive(person.conn):
            *lines, person.buffer = (person.buffer + data).split(b"\n")
            for line in lines:
                if skipping:
                    skipping = False
                    continue
                with self.lock:
                    if not self.room.obey_octets(person, line):
                        return
            if len(person.buffer) >= room.MAX_LINE:
                if not skipping:
                    person.send("ERR line-too-long - at most 4096 octets")
                person.buffer, skipping = b"", True

    def receive(self, conn: socket.socket) -> bytes:
        """What has come; nothing if the client has gone, in whichever way."""
        try:
            return conn.recv(65536)
        except OSError:
            return b""

    def close(self, conn: socket.socket) -> None:
        """Ends the stream, reads what is still on its way, and closes."""
        with contextlib.suppress(OSError):
            conn.shutdown(socket.SHUT_WR)
            conn.settimeout(1)
            while conn.recv(65536):
                pass
        conn.close()
