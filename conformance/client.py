"""Clients for tests: each has a name, and a body of a test reads like the session it plays.

All clients of a test belong to one Chat, which reads for all of them whenever one waits: the suite is
never a slow reader by accident. What did NOT happen is proved by a fence (protocol.md, section 14): a
PING round trip on the connection in question. Nothing here sleeps, and no verdict depends on how
long something took, except that an answer may take at most `patience` seconds.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from . import lines
from .lines import Line, Malformed, escape

#: Seconds without an answer after which a PING is sent behind the command: if that is answered and
#: the command was not, the answer will never come. It decides nothing but how soon this is known.
PROBE_AFTER = 0.5
#: Octets that one client may receive and not look at before the server counts as flooding.
FLOOD = 64 * 1024 * 1024
CHUNK = 65536
#: In `is_refused`: any verb will do.
ANY_VERB = "(VERB)"
#: In an expected line: any number will do.
ANY_NUMBER = "(number)"
#: How the tokens of the suite's own PINGs begin.
FENCE = "fence-"


class Violation(AssertionError):
    """The server broke a rule. `requirement` is its id, where it is not the one under test."""

    def __init__(
        self,
        why: str,
        *,
        client: Client | None = None,
        expected: str | None = None,
        got: str | None = None,
        requirement: str | None = None,
        timed_out: bool = False,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.client = client
        self.expected = expected
        self.got = got
        self.requirement = requirement
        self.timed_out = timed_out


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the session so far: `direction` is ">" (sent), "<" (received) or "*" (done)."""

    client: str
    direction: str
    text: str


@dataclass
class Answer:
    """What a command brought: its items, its final reply, and the events that came before that."""

    final: Line
    items: list[Line] = field(default_factory=list)
    events: list[Line] = field(default_factory=list)


class Client:
    """One connection. `sends`, then `answer`; or `asks`, which is both; events wait in order."""

    def __init__(self, chat: Chat, label: str) -> None:
        self.chat = chat
        self.label = label
        self.nick = chat.nick(label)
        self.number = 0
        self.greeting: Line | None = None
        self.commands: deque[str] = deque()  # sent, and not yet answered
        self.answers: deque[Answer] = deque()  # complete, and not yet looked at
        self.events: deque[Line] = deque()  # received, and not yet looked at
        self.stream: list[Line] = []  # replies, items and events in their order; no fences
        self.ended: str | None = None  # how the server ended the stream, once it did
        self.said_bye: Line | None = None
        self.has_quit = False  # and was told so: nothing more may come
        self._reading = Answer(Line("", "", "", {}))  # items and events of the answer under way
        self._probes: set[str] = set()
        self._input = b""
        self._output = bytearray()
        self._unseen = 0
        self._failure: Violation | None = None
        self.sock = self._connect()
        chat.add(self)

    def __repr__(self) -> str:
        return self.label

    # Sending

    def sends(self, command: str) -> None:
        """Sends one line and waits for nothing."""
        self.chat.log.append(Entry(self.label, ">", escape(command)))
        self._expect_answer_to(command)
        self.sends_octets(command.encode() + b"\n")

    def sends_octets(self, octets: bytes, shown: str | None = None) -> None:
        """Sends octets as they are; `shown` is how the session tells it, if not told already."""
        if shown is not None:
            self.chat.log.append(Entry(self.label, ">", shown))
        self._output += octets
        self._write()

    def expects_answers_to(self, *commands: str) -> None:
        """Tells what was sent as octets: the commands that have to be answered, in order."""
        for command in commands:
            self._expect_answer_to(command)

    # Receiving

    def answer(self) -> Answer:
        """The next answer. Raises Violation if there is none, or none yet after the patience."""
        asked = next((command for command in self.commands if not self._is_probe(command)), "")
        if not self.answers and not asked:
            raise RuntimeError(f"{self.label} asked nothing")  # a mistake in the test
        self._unseen = 0
        probe_at = time.monotonic() + PROBE_AFTER
        give_up_at = time.monotonic() + self.chat.patience
        while not self.answers:
            self._raise_failure()
            now = time.monotonic()
            if self.ended is not None:
                raise Violation(
                    f"the server ended the connection ({self.ended}) instead of answering",
                    client=self,
                    expected=f"an answer to {escape(asked)}",
                    got=f"({self.ended})",
                )
            if now >= give_up_at:
                raise Violation(
                    f"no answer within {self.chat.patience:g} s",
                    client=self,
                    expected=f"an answer to {escape(asked)}",
                    got="(nothing)",
                    timed_out=True,
                )
            if now >= probe_at and not self._probes:
                self._probe()
            wait_until = give_up_at if self._probes else min(probe_at, give_up_at)
            self.chat.pump(wait_until - now)
        return self.answers.popleft()

    def asks(self, command: str) -> Answer:
        """Sends a command and waits for its answer."""
        if self.answers or not all(map(self._is_probe, self.commands)):
            raise RuntimeError(f"{self.label} has unanswered questions")  # a mistake in the test
        self.sends(command)
        return self.answer()

    def fence(self) -> None:
        """A PING round trip: what was queued for this client before it has arrived now."""
        self.does(f"PING {self.chat.token()}")

    def next_event(self, expected: str) -> Line:
        """The next event, proved to be there by a fence. `expected` says what it ought to be."""
        self._unseen = 0
        if not self.events:
            self.fence()
        if not self.events:
            raise Violation(
                "the event did not come: the PING sent afterwards was answered without it",
                client=self,
                expected=expected,
                got="(nothing)",
            )
        return self.events.popleft()

    def awaits_event(self, expected: str) -> Line:
        """The next event, one that no line of any client causes: waited for with patience."""
        while not self.events:
            self.awaits_more(len(self.stream), expected)
        return self.events.popleft()

    def awaits_more(self, than: int, expected: str) -> None:
        """Waits until the stream has more lines than so many."""
        self.chat.wait_until(
            lambda: len(self.stream) > than or self.ended is not None,
            lambda: Violation(
                f"nothing came within {self.chat.patience:g} s",
                client=self,
                expected=expected,
                got="(nothing)",
                timed_out=True,
            ),
        )
        self._raise_failure()
        if len(self.stream) <= than:
            raise Violation(
                "the server ended the connection",
                client=self,
                expected=expected,
                got=f"({self.ended})",
            )

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
        self._raise_failure()

    # Doing and checking at once: the vocabulary of the tests

    def does(self, command: str, expected: str | None = None) -> Answer:
        """Asks, and expects exactly this final reply (PING: the PONG, if none is given)."""
        if expected is None:
            expected = command.replace("PING", "PONG", 1)
        answer = self.asks(command)
        self.check(answer.final, expected)
        return answer

    def is_refused(self, command: str, code: str, verb: str | None = None) -> Answer:
        """Asks, and expects `ERR code VERB …`; the verb is the command's own if none is given."""
        return self.was_refused(self.asks(command), command, code, verb)

    def was_refused(
        self, answer: Answer, command: str, code: str, verb: str | None = None
    ) -> Answer:
        """Checks that this answer is the refusal of that command."""
        verb = verb or command.split(" ")[0].upper()
        final = answer.final
        if final.kind != "ERR" or final["code"] != code or verb not in (final["verb"], ANY_VERB):
            raise Violation(
                "this is not the refusal that the spec asks for",
                client=self,
                expected=f"ERR {code} {verb} (and some words)",
                got=final.text,
            )
        return answer

    def takes_name(self, nick: str | None = None) -> int:
        """NICK with the client's own nickname, or another. Returns the member number."""
        self.nick = nick or self.nick
        final = self.asks(f"NICK {self.nick}").final
        if final.kind != "OK NICK" or final["name"] != self.nick:
            raise Violation(
                "the nickname was not given",
                client=self,
                expected=f"OK NICK {self.nick} (number)",
                got=final.text,
            )
        self.number = final.number("number")
        return self.number

    def says(self, text: str) -> int:
        """SAY. Returns the seq."""
        return self.said(self.asks(f"SAY {text}"))

    def said(self, answer: Answer) -> int:
        """Checks that this answer is the OK of a SAY. Returns the seq."""
        if answer.final.kind != "OK SAY":
            raise Violation(
                "SAY was not answered with OK SAY",
                client=self,
                expected="OK SAY (number)",
                got=answer.final.text,
            )
        return answer.final.number("seq")

    def hears(self, speaker: Client, text: str, seq: int) -> None:
        """The next event is this message."""
        self.receives(f"MSG lobby {seq} {speaker.nick} {text}")

    def receives(self, expected: str) -> None:
        """The next event reads exactly so; a fence proves that it has arrived."""
        self.check(self.next_event(expected), expected)

    def is_told(self, expected: str) -> None:
        """The next event reads exactly so; no line caused it, so it is waited for."""
        self.check(self.awaits_event(expected), expected)

    def receives_nothing(self) -> None:
        """A fence proves that no event waits."""
        self.fence()
        if self.events:
            raise Violation(
                "an event that should not have come",
                client=self,
                expected="(nothing)",
                got=self.events[0].text,
            )

    def check(self, line: Line, expected: str) -> None:
        """Raises Violation if a line does not read exactly so."""
        start, any_number, rest = expected.partition(ANY_NUMBER)
        if line.text != expected and not (
            any_number
            and line.text.startswith(start)
            and line.text.endswith(rest)
            and line.text[len(start) : len(line.text) - len(rest)].isdigit()
        ):
            raise Violation(
                "this is not the line that the spec asks for",
                client=self,
                expected=expected,
                got=line.text,
            )

    def reads_no_more(self) -> None:
        """From here on this client does not read: a slow one, on purpose."""
        self.chat.log.append(Entry(self.label, ">", "(reads no more)"))
        self.chat.stop_reading(self)
        self.chat.mute.add(self)

    @property
    def unfinished(self) -> bytes:
        """What has come of a line that has not ended yet."""
        return self._input

    # Ending

    def half_closes(self) -> None:
        """Ends the client's own direction; the server's stays open."""
        self.chat.log.append(Entry(self.label, ">", "(end of stream)"))
        self.chat.write_all(self)
        try:
            self.sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            self.ended = self.ended or f"reset: {error.strerror}"

    def resets(self) -> None:
        """Ends the connection with a TCP reset (SO_LINGER 0), as a crash of its machine might."""
        self.chat.log.append(Entry(self.label, ">", "(reset)"))
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.closes()

    def closes(self) -> None:
        """Closes the socket; what the server sends afterwards goes nowhere."""
        self.chat.remove(self)
        self.sock.close()

    # Machinery

    def _connect(self) -> socket.socket:
        try:
            sock = socket.create_connection(self.chat.address, timeout=self.chat.patience)
        except OSError as error:
            raise Violation(
                f"cannot connect: {error.strerror or error}",
                client=self,
                expected="a connection",
                got=f"({error.strerror or error})",
                timed_out=isinstance(error, TimeoutError),
            ) from None
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock

    def _expect_answer_to(self, command: str) -> None:
        verb = command.split(" ", 1)[0].upper()
        if command and verb != "PONG":
            self.commands.append(command)
            self.chat.count_waiting(self, True)

    def _probe(self) -> None:
        token = self.chat.token()
        self._probes.add(token)
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
            data = self.sock.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(f"reset: {error.strerror}")
            return
        if not data:
            self._end("end of stream" if not self._input else "end of stream within a line")
            return
        self._unseen += len(data)
        *complete, self._input = (self._input + data).split(b"\n")
        try:
            for octets in complete:
                self._sort(lines.parse(self._logged(lines.decode(octets))))
            if len(self._input) >= lines.MAX_LINE:
                lines.decode(self._input)
            if self._unseen > FLOOD:
                raise Malformed("PING-3", "the server sends without end", "(a flood)")
        except Malformed as malformed:
            if malformed.requirement == "LINE-1":
                self.chat.log.append(Entry(self.label, "<", malformed.shown[:200]))
            self._failure = Violation(
                malformed.why,
                client=self,
                expected="a line of the protocol",
                got=malformed.shown[:200],
                requirement=malformed.requirement,
            )
            self.chat.stop_reading(self)

    def _logged(self, text: str) -> str:
        self.chat.log.append(Entry(self.label, "<", escape(text)))
        return text

    def _sort(self, line: Line) -> None:
        """Puts a line where it belongs: to the answer under way, or to the events."""
        if self.said_bye:
            raise Malformed("STOP-1", "a line after BYE", escape(line.text))
        if self.has_quit:
            raise Malformed("QUIT-1", "a line after OK QUIT", escape(line.text))
        if self.greeting is None:
            if line.kind == "BYE":
                self.said_bye = line
            elif line.role != "greeting":
                raise Malformed("HELLO-1", "the first line is not HELLO", escape(line.text))
            self.greeting = line
        elif line.role == "reply":
            self._finish(line)
        elif line.role == "item":
            if not self.commands or not self.commands[0].upper().startswith("WHO"):
                raise Malformed("CMD-3", "an item of a listing that nobody asked for", line.text)
            self._reading.items.append(line)
            self.stream.append(line)
        elif line.role == "ping":
            self._output += f"PONG {line['token']}\n".encode()
            self.chat.log.append(Entry(self.label, ">", f"PONG {line['token']}"))
            self._write()
        elif line.role == "event" and line.kind not in self.chat.ignored:
            if self._reading.items:
                raise Malformed("WHO-4", "an event within a listing", escape(line.text))
            if line.kind == "BYE":
                self.said_bye = line
            self._reading.events.append(line)
            self.events.append(line)
            self.stream.append(line)
        elif line.role == "greeting":
            raise Malformed("HELLO-1", "a second HELLO", escape(line.text))

    def _finish(self, final: Line) -> None:
        if not self.commands:
            raise Malformed("CMD-3", "a reply to nothing: every command was answered", final.text)
        command = self.commands.popleft()
        verb = command.split(" ", 1)[0].upper()
        self.chat.count_waiting(self, bool(self.commands))
        if final.kind == "PONG" and final["token"] in self._probes:
            if command != f"PING {final['token']}":
                raise Malformed(
                    "CMD-3",
                    f"{escape(command)[:80]} was never answered, but the PING sent after it was",
                    escape(final.text),
                )
            self._probes.discard(final["token"])
            return  # a probe is no command of the test
        if final.kind == "ERR":
            mine = final["verb"] in (verb, "-")
        else:
            mine = final.kind == ("PONG" if verb == "PING" else f"OK {verb}")
        if not mine:
            raise Malformed(
                "CMD-3", f"this does not answer {escape(command)[:80]}", escape(final.text)
            )
        self.has_quit = final.kind == "OK QUIT"
        if not (final.kind == "PONG" and final["token"].startswith(FENCE)):
            self.stream.append(final)
        self._reading.final = final
        self.answers.append(self._reading)
        self._reading = Answer(Line("", "", "", {}))

    def _is_probe(self, command: str) -> bool:
        return command.removeprefix("PING ") in self._probes

    def _end(self, how: str) -> None:
        self.ended = how
        self.chat.log.append(Entry(self.label, "<", f"({how})"))
        self.chat.stop_reading(self)
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)  # as programs do that read an end of stream

    def _raise_failure(self) -> None:
        if self._failure:
            raise self._failure


class Chat:
    """All clients of one test, and the session they have had so far."""

    def __init__(self, address: tuple[str, int], patience: float, suffix: str, level: int) -> None:
        self.address = address
        self.patience = patience
        self.log: list[Entry] = []
        self.clients: list[Client] = []
        #: Events of later levels: a test needs nothing of them, and is not disturbed by them.
        self.ignored = {kind for kind, from_level in (("JOINED", 3), ("LEFT", 4)) if level < from_level}
        self.most_waiting = 0  # clients that waited for an answer at the same time, at most
        self.level = level
        self._suffix = suffix
        self.mute: set[Client] = set()  # those that do not read any more
        self._tokens = 0
        self._waiting: set[Client] = set()
        self._selector = selectors.DefaultSelector()

    # People

    def connects(self, *labels: str) -> list[Client]:
        """Nameless clients that have been greeted."""
        clients = [Client(self, label) for label in labels]
        for client in clients:
            self.greeted(client)
        return clients

    def connect(self, label: str) -> Client:
        """One nameless client that has been greeted."""
        return self.connects(label)[0]

    def greeted(self, client: Client) -> Line:
        """Waits for a client's HELLO."""
        self.wait_until(
            lambda: client.greeting is not None or client.ended is not None,
            lambda: Violation(
                f"no HELLO within {self.patience:g} s",
                client=client,
                expected="HELLO parley/1 (name)",
                got="(nothing)",
                requirement="HELLO-1",
                timed_out=True,
            ),
        )
        client._raise_failure()
        if client.greeting is None or client.greeting.kind != "HELLO":
            got = client.greeting.text if client.greeting else f"({client.ended})"
            raise Violation(
                "the server did not greet",
                client=client,
                expected="HELLO parley/1 (name)",
                got=got,
                requirement="HELLO-1",
            )
        return client.greeting

    def members(self, *labels: str) -> list[Client]:
        """Clients with nicknames, in this order, whose coming everybody has been told."""
        clients = self.connects(*labels)
        for client in clients:
            client.takes_name()
        self.settle(clients)
        return clients

    def member(self, label: str) -> Client:
        """One client with a nickname."""
        return self.members(label)[0]

    def crowd(self, count: int, label: str = "c") -> list[Client]:
        """So many members at once: all connect, all ask for their names, then all are answered."""
        clients = self.connects(*(f"{label}{number}" for number in range(1, count + 1)))
        for client in clients:
            client.sends(f"NICK {client.nick}")
        for client in clients:
            final = client.answer().final
            if final.kind != "OK NICK":
                raise Violation("the nickname was not given", client=client,
                                expected=f"OK NICK {client.nick} (number)", got=final.text)
            client.number = final.number("number")
        self.settle(clients)
        return clients

    def settle(self, clients: Iterable[Client]) -> None:
        """Everybody has received everything so far; joinings are put aside."""
        for client in clients:
            client.sends(f"PING {self.token()}")
        for client in clients:
            client.answer()
            client.events = deque(event for event in client.events if event.kind != "JOINED")

    def nick(self, label: str) -> str:
        """The nickname under which a client of this test is known: never used by another test."""
        return f"{label}_{self._suffix}"

    def token(self) -> str:
        """A token that no PING of this test had before."""
        self._tokens += 1
        return f"{FENCE}{self._tokens}"

    # What holds at the end of every test

    def expect_nothing_more(self) -> None:
        """Every client that is still connected has received nothing it did not look at."""
        for client in list(self.clients):
            if client.ended is None and not client.has_quit and client not in self.mute:
                client.receives_nothing()

    # Reading and writing for everybody

    def add(self, client: Client) -> None:
        self.clients.append(client)
        self._selector.register(client.sock, selectors.EVENT_READ, client)

    def remove(self, client: Client) -> None:
        self.stop_reading(client)
        if client in self.clients:
            self.clients.remove(client)

    def stop_reading(self, client: Client) -> None:
        if client.sock in self._selector.get_map():
            self._selector.unregister(client.sock)

    def watch(self, client: Client, writing: bool) -> None:
        """Notes whether a client has something left to send."""
        if client.sock in self._selector.get_map():
            mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
            if self._selector.get_key(client.sock).events != mask:
                self._selector.modify(client.sock, mask, client)

    def count_waiting(self, client: Client, waits: bool) -> None:
        """Counts the clients that wait for an answer: proof that they do so at the same time."""
        if waits:
            self._waiting.add(client)
            self.most_waiting = max(self.most_waiting, len(self._waiting))
        else:
            self._waiting.discard(client)

    def pump(self, timeout: float) -> None:
        """Reads and writes for all clients: once, and for at most so many seconds."""
        for key, mask in self._selector.select(max(0.0, timeout)):
            client: Client = key.data
            if mask & selectors.EVENT_WRITE:
                client._write()
            if mask & selectors.EVENT_READ:
                client._read()

    def wait_until(self, condition: Callable[[], bool], otherwise: Callable[[], Violation]) -> None:
        """Pumps until the condition holds; raises what `otherwise` makes when patience ends."""
        give_up_at = time.monotonic() + self.patience
        while not condition():
            failure = next((client._failure for client in self.clients if client._failure), None)
            if failure:
                raise failure
            now = time.monotonic()
            if now >= give_up_at:
                raise otherwise()
            self.pump(give_up_at - now)

    def write_all(self, client: Client) -> None:
        """Waits until all that a client sent is on its way."""
        self.wait_until(
            lambda: not client._output or client.ended is not None,
            lambda: Violation("the server does not read", client=client, timed_out=True),
        )

    def close(self) -> bool:
        """Ends all connections. True if the server ended each in turn: then nobody is left there."""
        for client in self.clients:
            try:
                client.sock.shutdown(socket.SHUT_WR)
            except OSError:
                client.ended = client.ended or "reset"
        give_up_at = time.monotonic() + 1.0
        while any(client.ended is None and not client._failure for client in self.clients):
            if not self._selector.get_map() or time.monotonic() >= give_up_at:
                break
            self.pump(give_up_at - time.monotonic())
        clean = all(client.ended == "end of stream" for client in self.clients)
        self.abandon()
        return clean

    def abandon(self) -> None:
        """Closes all sockets without a word."""
        for client in self.clients:
            client.sock.close()
        self.clients.clear()
        self._selector.close()
