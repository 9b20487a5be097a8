"""People at their clients, and the server between them, all without a socket: for tests.

A Desk is a Conversation and what it shows. `Office` carries lines between the desks and a hub until
nothing moves any more. Nothing happens that the test did not ask for; time stands still.
"""

from __future__ import annotations

import errno
import hashlib
import re

from parley.client import events as ev
from parley.client.conversation import Conversation
from parley.client.dialogue import Phase
from parley.client.lines import Lines
from parley.client.session import Session
from parley.extensions import ExtendedHub
from parley.hub import CLOSE, Hub, Job, Limits
from tests.chat import Chat, Person

_TIME = re.compile(r"\d\d:\d\d ")
WHERE = "the server"


class Shelf:
    """A download folder that is none."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.open = 0  # files that arrive
        self.room = 10**9  # octets that fit

    def create(self, filename: str, size: int) -> Paper:
        if size > self.room:
            raise OSError(errno.ENOSPC, "no room")
        self.open += 1
        return Paper(self, filename)


class Paper:
    """A file that arrives on a Shelf."""

    def __init__(self, shelf: Shelf, filename: str) -> None:
        self.shelf, self.filename, self.data = shelf, filename, b""

    def write(self, data: bytes) -> None:
        if len(self.data) + len(data) > self.shelf.room:
            raise OSError(errno.ENOSPC, "no room")
        self.data += data

    def keep(self) -> str:
        self.shelf.open -= 1
        self.shelf.kept[self.filename] = self.data
        return f"/shelf/{self.filename}"

    def discard(self) -> None:
        self.shelf.open -= 1


class Copy:
    """A file that is sent. It may turn out to be shorter than it was, or unreadable."""

    def __init__(self, data: bytes, fault: OSError | None = None) -> None:
        self.data, self.fault, self.closed = data, fault, False

    def read(self, octets: int) -> bytes:
        if self.fault:
            raise self.fault
        piece, self.data = self.data[:octets], self.data[octets:]
        return piece

    def close(self) -> None:
        self.closed = True


class Desk:
    """One person, a Conversation, and what was shown and not yet looked at."""

    def __init__(self, office: Office, nickname: str, *, login: bool, hold: bool) -> None:
        self.office = office
        self.shelf = Shelf()
        self.conversation = Conversation(self.shelf, nickname, login=login, hold=hold)
        self.person: Person | None = None  # the hub's end of the connection
        self.sent: list[str] = []  # every line that the server was sent
        self.events: list[ev.Event] = []
        self.lines = Lines()

    @property
    def session(self) -> Session:
        assert self.conversation.session
        return self.conversation.session

    def connects(self) -> None:
        self.person = self.office.chat.connect()
        self.conversation.connected(0.0)
        self.office.settle()

    def types(self, *lines: str) -> list[str]:
        """Enters lines; what is seen then."""
        for line in lines:
            self.conversation.editing(line)
            if self.conversation.typed(line):
                self.conversation.editing("")
        self.office.settle()
        return self.sees()

    def keys(self, line: str) -> None:
        """Has typed so much of a line."""
        self.conversation.editing(line)
        self.office.settle()

    def sees(self) -> list[str]:
        """What has been shown since the last look, without times."""
        events, self.events = self.events, []
        shown = [line.text for event in events for line in self.lines.show(event, 0.0)]
        return [_TIME.sub("", text, count=1) for text in shown]

    def offers(self, name: str, filename: str, data: bytes, digest: str = "") -> Copy:
        """Offers a file, whatever its digest is said to be."""
        copy = Copy(data)
        digest = digest or hashlib.sha256(data).hexdigest()
        self.conversation.offer(name, filename, len(data), digest, copy)
        self.office.settle()
        return copy

    def is_cut_off(self) -> None:
        """The connection breaks."""
        assert self.person
        self.person.vanishes()
        self.conversation.lost(WHERE, "broke the connection")
        self.person = None
        self.office.settle()

    def moves(self) -> bool:
        """Lines go to the hub, and lines of the hub come here. False: there were none."""
        person, conversation = self.person, self.conversation
        data = conversation.take() if person else b""
        self.events += conversation.events
        conversation.events.clear()
        if not person:
            return False
        for line in data.split(b"\n")[:-1]:
            self.sent.append(line.decode())
            person.sends(line)
            if isinstance(person.outcome, Job):
                job = person.outcome
                self.office.chat.hub.finish(job, job.run(), self.office.chat.now)
        heard = person.hears()
        for text in heard:
            conversation.receive(text.encode() + b"\n", 0.0)
        if person.outcome is CLOSE or self.session.phase is Phase.OVER:
            conversation.lost(WHERE)
            self.person = None
        return bool(data or heard)


class Office:
    """A hub and the desks around it."""

    def __init__(self, limits: Limits | None = None, hub: type[Hub] = ExtendedHub) -> None:
        self.chat = Chat(limits or Limits(hash_cost=4, login_delay=0.001), hub)
        self.desks: list[Desk] = []

    def desk(self, nickname: str = "", *, login: bool = False, hold: bool = False) -> Desk:
        """A desk that is connected."""
        desk = Desk(self, nickname, login=login, hold=hold)
        self.desks.append(desk)
        desk.connects()
        return desk

    def members(self, *names: str, hold: bool = False) -> list[Desk]:
        """These are in the chat, and have seen each other come."""
        desks = [self.desk(name, hold=hold) for name in names]
        for desk in desks:
            desk.sees()
            desk.sent.clear()
        return desks

    def settle(self) -> None:
        """Until nothing moves."""
        while any([desk.moves() for desk in self.desks]):
            pass

    def passes(self, seconds: float) -> None:
        self.chat.passes(seconds)
        self.settle()
