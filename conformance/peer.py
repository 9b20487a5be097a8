"""One connection to a server, seen from the client's side: what was sent, and what came, in order.

A Peer reads when its Chat pumps, never by itself; its Inbox sorts what comes. No verdict depends on
how long something took, except that an answer may take at most `patience` seconds.
"""

from __future__ import annotations

import contextlib
import math
import socket
import ssl
import struct
import time
from typing import TYPE_CHECKING, NamedTuple

from . import lines
from .inbox import Answer, Inbox
from .lines import Line, Malformed, escape
from .narrow import narrow_connection
from .violation import Violation

if TYPE_CHECKING:
    from .chat import Chat

#: Seconds without an answer after which a PING is sent behind the command: if that is answered and
#: the command was not, the answer will never come. It decides nothing but how soon this is known.
PROBE_AFTER = 1.0
#: Seconds that a connection takes if the listen queue was full: its SYN is sent again after 1 s
#: (RFC 6298).
QUEUE_FULL = 0.9
#: Octets that one client may receive and not look at before the server counts as flooding.
FLOOD = 16 * 1024 * 1024
CHUNK = 65536


class Entry(NamedTuple):
    """One line of the session so far: `direction` is ">" (sent), "<" (received) or "*" (done)."""

    client: str
    direction: str
    text: str


class Peer(Inbox):
    """One connection. `sends`, then `answer`; or `asks`, which is both; events wait in order."""

    def __init__(self, chat: Chat, label: str, narrow: bool = False) -> None:
        super().__init__()
        self.chat = chat
        self.label = label
        self.nick = chat.nick(label)
        self.number = 0
        self.ended: str | None = None  # how the server ended the stream, once it did
        self.half_closed = False
        self.chunk = CHUNK  # octets that it reads at once
        self.line_end = 1  # octets at the end of the last line that came: LF, or CR LF
        self.returns_end = True  # whether it ends its direction when the server has ended the other
        self._input = b""
        self._output = bytearray()
        self._wire = chat.new_wire()
        self._unseen = 0
        self._flood: float = FLOOD
        self._failure: Violation | None = None
        self.sock = self._connect(narrow)
        chat.add(self)
        self.sends_octets(b"")  # what the wire itself has to say first

    def __repr__(self) -> str:
        return self.label

    # Sending

    def sends(self, command: str) -> None:
        """Sends one line and waits for nothing."""
        self.chat.log.append(Entry(self.label, ">", escape(lines.masked(command))))
        self._expect_answer_to(command)
        self.sends_octets(command.encode() + b"\n")

    def sends_octets(self, octets: bytes, shown: str | None = None) -> None:
        """Sends octets as they are; `shown` is how the session tells it, if not told already."""
        if shown is not None:
            self.chat.log.append(Entry(self.label, ">", shown))
        self._output += self._wire.send(octets)
        self._write()

    def expects_answers_to(self, *commands: str) -> None:
        """Tells what was sent as octets: the commands that have to be answered, in order."""
        for command in commands:
            self._expect_answer_to(command)

    # Receiving

    def answer(self) -> Answer:
        """The next answer. Raises Violation if there is none, or none yet after the patience."""
        asked = next((command for command in self.commands if not self.is_probe(command)), "")
        if not self.answers and not asked:
            raise RuntimeError(f"{self.label} asked nothing")  # a mistake in the test
        self._unseen = 0
        probe_at = time.monotonic() + PROBE_AFTER
        give_up_at = time.monotonic() + self.chat.patience
        while not self.answers:
            self.raise_failure()
            now = time.monotonic()
            if self.ended is not None:
                raise Violation(
                    f"the server ended the connection ({self.ended}) instead of answering",
                    client=self,
                    expected=f"an answer to {asked}",
                    got=f"({self.ended})",
                )
            if now >= give_up_at:
                raise self.silence("no answer", f"an answer to {asked}")
            if now >= probe_at and not self.probes:
                self._probe()
            wait_until = give_up_at if self.probes else min(probe_at, give_up_at)
            self.chat.pump(wait_until - now)
        self.chat.looked_at += 1
        return self.answers.popleft()

    def asks(self, command: str) -> Answer:
        """Sends a command and waits for its answer."""
        if self.answers or not all(map(self.is_probe, self.commands)):
            raise RuntimeError(f"{self.label} has unanswered questions")  # a mistake in the test
        self.sends(command)
        return self.answer()

    def awaits_more(self, than: int, expected: str) -> None:
        """Waits until the stream has more lines than so many."""
        self.chat.wait_until(
            lambda: len(self.stream) > than or self.ended is not None,
            lambda: self.silence("nothing came", expected),
        )
        self.raise_failure()
        if len(self.stream) <= than:
            raise Violation(
                "the server ended the connection",
                client=self,
                expected=expected,
                got=f"({self.ended})",
            )
        self.chat.looked_at += 1

    def awaits_end(self) -> None:
        """Waits until the server ends the stream."""
        self.chat.wait_until(
            lambda: self.ended is not None,
            lambda: Violation(
                f"the server did not end the connection within {self.chat.patience:g} s",
                client=self,
                expected="(end of stream)",
                got="(the connection stays open)",
                timed_out=True,
            ),
        )
        self.raise_failure()
        self.chat.looked_at += 1

    def reads_no_more(self) -> None:
        """From here on this client does not read: a slow one, on purpose."""
        self.chat.log.append(Entry(self.label, ">", "(reads no more)"))
        self.chat.stop_reading(self)
        self.chat.mute.add(self)

    def reads_again(self) -> None:
        """From here on it reads what has come in the meantime, and all that follows."""
        self.chat.log.append(Entry(self.label, ">", "(reads again)"))
        self.chat.mute.discard(self)
        self._flood = math.inf  # it has asked for it
        self.chat.start_reading(self)
        self._write()  # what its socket did not take before

    def presses_on(self) -> int:
        """Sends what the socket takes now. Returns how many octets it has not taken."""
        self._write()
        return len(self._output)

    @property
    def unfinished(self) -> bytes:
        """What has come of a line that has not ended yet."""
        return self._input

    @property
    def received(self) -> list[str]:
        """All that has come, in order, as the session shows it."""
        mine = (self.label, "<")
        return [each.text for each in self.chat.log if (each.client, each.direction) == mine]

    @property
    def waits(self) -> bool:
        """Whether a command of the test is still unanswered (our own probes do not count)."""
        return not all(map(self.is_probe, self.commands))

    def raise_failure(self) -> None:
        """Raises what was found wrong while reading, if anything was."""
        if self._failure:
            raise self._failure

    def silence(self, why: str, expected: str, requirement: str | None = None) -> Violation:
        """Nothing came in time; or something did that is no line, because it has no end."""
        got = "(nothing)"
        if self._input:
            why, requirement = "no line end (LF) came", "LINE-1"
            got = self._input.decode(errors="surrogateescape")
            self.chat.log.append(Entry(self.label, "<", escape(got)))
        return Violation(
            f"{why} within {self.chat.patience:g} s",
            client=self,
            expected=expected,
            got=got,
            requirement=requirement,
            timed_out=True,
        )

    # Ending

    def half_closes(self, fin: bool = True) -> None:
        """Ends the client's own direction; the server's stays open. Without `fin`, TLS alone ends.

        TCP says it with its FIN, TLS with a close_notify.
        """
        how = "(end of stream)" if fin else "(close_notify, and no FIN)"
        self.chat.log.append(Entry(self.label, ">", how))
        self.half_closed = True
        self.chat.write_all(self)
        try:
            self.sock.send(self._wire.end())
            if fin:
                self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.ended = self.ended or f"reset: {error.strerror}"

    def resets(self) -> None:
        """Ends the connection with a TCP reset (SO_LINGER 0), as a crash of its machine might."""
        self.chat.log.append(Entry(self.label, ">", "(reset)"))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closes()

    def abandons(self) -> None:
        """Nothing that is still unanswered will be: the test has seen to it."""
        self.commands.clear()
        self.chat.count_waiting(self, False)

    def closes(self) -> None:
        """Closes the socket; what the server sends afterwards goes nowhere."""
        self.chat.remove(self)
        self.sock.close()

    # Machinery

    def _connect(self, narrow: bool) -> socket.socket:
        began = time.monotonic()
        try:
            if narrow:
                sock = narrow_connection(self.chat.address, self.chat.patience)
            else:
                sock = socket.create_connection(self.chat.address, timeout=self.chat.patience)
        except OSError as error:
            raise Violation(
                f"cannot connect: {error.strerror or error}",
                client=self,
                expected="a connection",
                got=f"({error.strerror or error})",
                timed_out=isinstance(error, TimeoutError),
            ) from None
        took = time.monotonic() - began
        self.chat.queued += took if took > QUEUE_FULL else 0.0
        if self.chat.queued > self.chat.patience:
            sock.close()
            raise Violation(
                "again and again the server's listen queue is full",
                client=self,
                expected="a connection at once",
                got=f"(it took {took:.1f} s)",
                timed_out=True,
            )
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _expect_answer_to(self, command: str) -> None:
        verb = command.split(" ", 1)[0].upper()
        if command and verb != "PONG":
            self.commands.append(lines.masked(command))
            self.chat.count_waiting(self, True)

    def _probe(self) -> None:
        token = self.chat.token()
        self.probes.add(token)
        self.sends(f"PING {token}")

    def _write(self) -> None:
        """Sends what the socket takes now."""
        try:
            while self._output:
                del self._output[: self.sock.send(self._output)]
        except BlockingIOError:
            pass
        except OSError:  # reading will tell how the connection ended
            self._output.clear()
        self.chat.watch(self, bool(self._output))

    def _read(self) -> None:
        """Reads what is there and sorts it."""
        try:
            octets = self.sock.recv(self.chunk)
            data = self._wire.receive(octets)
        except BlockingIOError:
            return
        except ssl.SSLError as error:
            self._break_off(error)
            return
        except OSError as error:
            self._end(f"reset: {error.strerror}")
            return
        if octets and not data:
            self.sends_octets(b"")  # a handshake goes on
        self._take(data)
        if self._failure is None and (not octets or self._wire.ended):
            self._end("end of stream" if not self._input else "end of stream within a line")

    @property
    def notified(self) -> bool:
        """Whether the server has ended its stream within TLS, by a close_notify."""
        return self._wire.ended

    def _break_off(self, error: ssl.SSLError) -> None:
        self._failure = Violation(
            f"TLS fails: {error.reason or error}",
            client=self,
            expected="(a TLS connection)",
            got=f"({error.reason or error})",
            requirement="TLS-1",
        )
        self.chat.stop_reading(self)

    def _take(self, data: bytes) -> None:
        """Cuts what the server sent into lines, and sorts them."""
        self._unseen += len(data)
        *complete, self._input = (self._input + data).split(b"\n")
        try:
            for octets in complete:
                self.line_end = 2 if octets.endswith(b"\r") else 1
                self.sort(lines.parse(self._logged(lines.decode(octets))))
            if len(self._input) >= lines.MAX_LINE:
                lines.decode(self._input)
            if self._unseen > self._flood:
                raise Malformed("PING-3", "the server sends without end", "(a flood)")
        except Malformed as malformed:
            if malformed.requirement == "LINE-1":
                self.chat.log.append(Entry(self.label, "<", escape(malformed.line)))
            self._failure = Violation(
                malformed.why,
                client=self,
                expected="(a line of the protocol)",
                got=malformed.line,
                also=malformed.requirement,
            )
            self.chat.stop_reading(self)

    def _logged(self, text: str) -> str:
        self.chat.log.append(Entry(self.label, "<", escape(text)))
        return text

    def _end(self, how: str) -> None:
        self.ended = how
        self.chat.log.append(Entry(self.label, "<", f"({how})"))
        self.chat.stop_reading(self)
        if self.returns_end:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_WR)  # as programs do that read an end of stream

    # What the inbox asks

    def heeds(self, line: Line) -> bool:
        if line.role == "private":
            return line.kind in self.chat.private
        return line.role == "event" and line.kind not in self.chat.ignored

    def answers_ping(self, token: str) -> None:
        self.sends_octets(f"PONG {token}\n".encode(), f"PONG {token}")

    def answered(self) -> None:
        self.chat.count_waiting(self, bool(self.commands))
