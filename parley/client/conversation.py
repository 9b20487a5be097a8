"""What outlasts a connection: who the person is, where, what was asked of them, and what they type.

An interface hands in each line that was entered (`typed`), shows `events` and the `question` that
is open; a Link tells when there is a connection (`connected`, `receive`, `lost`) and sends what
`take` returns. No I/O, no clock, one caller at a time.
"""

from __future__ import annotations

import enum
from collections import deque

from parley import wire

from . import commands, words
from . import events as ev
from .dialogue import Phase
from .hold import Hold
from .session import Session
from .transfer import Downloads, Source

#: Messages to ask for after a connection was lost: as many as every server remembers (section 18).
MISSED = 100
#: Characters of a password (section 19).
PASSWORD = range(8, 65)

BAD_NAME = "a nickname is a letter, then up to 19 letters, digits, _ or -"


class Question(enum.Enum):
    """What the next line answers; otherwise it is something to say, or a command."""

    NONE = ""
    NICKNAME = "nickname: "
    PASSWORD = "password: "
    NEW_PASSWORD = "new password: "
    REPEATED = "the same again: "

    @property
    def secret(self) -> bool:
        """Whether the answer must not be seen, or kept in the history of input."""
        return self not in (Question.NONE, Question.NICKNAME)


class Conversation:
    """One person's chat on one server, over as many connections as it takes."""

    def __init__(
        self, downloads: Downloads, nickname: str = "", *, login: bool = False, hold: bool = False
    ) -> None:
        self.events: deque[ev.Event] = deque()
        self.session: Session | None = None
        self.question = Question.NONE
        self.nickname = nickname  # wanted, or ours
        self.room = "lobby"  # where we are, or want to be again
        self.greeted = False  # whether there ever was a server that speaks our protocol
        self.named = False  # whether we ever were a member
        self.leaving = False  # the person wants to go
        self.hurry = False  # the next connection should be tried at once
        self._downloads = downloads
        self._login = login
        self._hold = Hold(hold)
        self._password = ""  # what we log in with, to come back
        self._chosen = ""  # the new password, until it is registered
        self._seen: dict[str, int] = {}  # the last seq of each room
        self._missed_after: dict[str, int] = {}  # the same, when the connection was lost
        self._missed_before: dict[str, int] = {}  # the first seq since

    @property
    def ready(self) -> bool:
        """Whether something can be said now."""
        return bool(self.session and self.session.phase is Phase.MEMBER and not self.leaving)

    @property
    def wants_connection(self) -> bool:
        """Whether to connect: not while a nickname or password is awaited from the person."""
        return self.question in (Question.NONE, Question.NEW_PASSWORD, Question.REPEATED)

    @property
    def locked(self) -> bool:
        """Whether others' messages wait for us."""
        return bool(self.session and self.session.locked)

    # The connection

    def connected(self, now: float) -> None:
        self.session = Session(now, self._downloads)
        self.hurry = False

    def receive(self, data: bytes, now: float) -> None:
        """Takes what the server sent."""
        if self.session:
            self.session.receive(data, now)
            self._settle(self.session)

    def tick(self, now: float) -> None:
        """Time has passed. To be called when `next_deadline` is due."""
        if self.session:
            self.session.tick(now)
            self._settle(self.session)

    def take(self) -> bytes:
        """What to send now; to be called again once it is sent."""
        data = self.session.take() if self.session else b""
        if self.session:
            self._settle(self.session)
        return data

    def lost(self, where: str, why: str = "") -> str:
        """The connection to `where` is gone. Returns a sentence for people that tells why."""
        if not self.session:
            return ""
        session, self.session = self.session, None
        unanswered = session.unanswered()
        was_member = bool(session.name)
        why = f"{where} {session.ended(why)}"
        self._settle(session)
        if was_member:
            self._missed_after, self._missed_before = dict(self._seen), {}
            self._chosen = ""
        if self.question in (Question.NEW_PASSWORD, Question.REPEATED):
            self.question = Question.NONE
        if (was_member or unanswered) and not self.leaving and not self.hurry:
            self.events.append(ev.Lost(why, unanswered))
        return why

    # The person

    def typed(self, line: str) -> bool:
        """Takes a line that was entered. False: not now, the interface should keep it."""
        if self.question is Question.NONE and "\n" in line:  # several lines were pasted
            return all([self.typed(each) for each in line.splitlines()]) if self.ready else False
        if not self.question.secret:
            line = words.speakable(line)
        if line.strip() in ("exit", "quit"):
            self.leave()
        elif line.startswith("/") and not line.startswith("//") and not self.question.secret:
            return commands.run(self, line)
        elif self.question is not Question.NONE:
            self._answered(line)
        elif not line.strip():
            self.hurry = not self.session  # Enter: do not wait any longer
        elif not self.ready:
            self.note("not connected: your line is kept", bad=True)
            return False
        else:
            self.say(line[1:] if line.startswith("//") else line)
        return True

    def say(self, text: str) -> None:
        """Says a text in the room; a long one in pieces."""
        assert self.session
        for piece in words.pieces(text, wire.MAX_TEXT):
            self.session.ask("SAY", piece)

    def leave(self, text: str = "") -> None:
        """Says goodbye to the server, if there is one, and ends."""
        self.leaving = True
        self.question = Question.NONE
        if self.session and self.session.phase in (Phase.NAMELESS, Phase.MEMBER):
            self.session.ask("QUIT", *([text] if text else []), quiet=True)

    def editing(self, line: str) -> None:
        """The line that is being typed has changed: with `hold`, the first key takes the lock."""
        if self.session and self.ready:
            self._hold.editing(self.session, line)

    def let_go(self) -> None:
        """Esc: gives the lock back, whatever is typed."""
        if self.session and self.ready:
            self._hold.let_go(self.session)

    def lock(self, on: bool) -> None:
        """The lock by hand."""
        assert self.session
        self._hold.lock(self.session, on)

    def log_in(self, name: str) -> None:
        """Asks for the password of a registered nickname, to log in with."""
        self.nickname = name
        self._login = True
        self.question = Question.PASSWORD

    def register(self) -> None:
        """Asks for a password to register the nickname with."""
        self.question = Question.NEW_PASSWORD

    def offer(self, name: str, filename: str, size: int, digest: str, source: Source) -> None:
        """Offers a file, after FileWanted: the interface has opened it and read its digest."""
        if self.session and self.ready:
            self.session.transfers.offer(name, words.speakable(filename), size, digest, source)
        else:
            source.close()
            self.note(f"{filename} is not sent: there is no connection", bad=True)

    def note(self, text: str, *, bad: bool = False) -> None:
        """Tells the person something, in the client's own words."""
        self.events.append(ev.Note(text, bad))

    # Questions and answers

    def _answered(self, line: str) -> None:
        if self.question is Question.NICKNAME:
            name = line.strip()
            if wire.is_name(name):
                self.nickname = name
                self._password, self._login = "", False
                self._introduce()
            elif name:
                self.note(BAD_NAME, bad=True)
        elif not line:
            self._gives_up()
        elif not (line.isascii() and line.isprintable() and " " not in line):
            self.note("a password has no spaces, and ASCII characters only", bad=True)
        elif self.question is Question.PASSWORD:
            self._password = line
            self._introduce()
        elif len(line) not in PASSWORD:
            self.note("a password has 8 to 64 characters", bad=True)
        elif self.question is Question.NEW_PASSWORD:
            self._chosen, self.question = line, Question.REPEATED
        else:
            self.question = Question.NONE
            if line != self._chosen:
                self.note("the two differ: nothing is registered", bad=True)
            elif self.session and self.ready:
                self.session.ask("REGISTER", line, about="")

    def _gives_up(self) -> None:
        """No password was entered."""
        asked, self.question = self.question, Question.NONE
        if asked is not Question.PASSWORD:
            self.note("nothing is registered")
        elif self.session and self.session.phase is Phase.MEMBER:
            self.nickname = self.session.name
        else:
            self.question = Question.NICKNAME

    def _introduce(self) -> None:
        """Tells the server who we are, or asks the person."""
        self.question = Question.NONE
        session = self.session
        if not session or session.phase is Phase.OVER:
            self.hurry = True  # the server would not wait; the answer goes over a new connection
        elif session.phase is Phase.MEMBER:  # a member cannot log in: it leaves and comes back
            self.hurry = True
            session.ask("QUIT", quiet=True)
        elif session.phase is Phase.NAMELESS:
            if self._login and not session.offers("LOGIN"):
                self.note("this server keeps no passwords", bad=True)
                self._login = False
            if not self.nickname:
                self.question = Question.NICKNAME
            elif self._login and not self._password:
                self.question = Question.PASSWORD
            elif self._password:
                session.ask("LOGIN", self.nickname, self._password, about=self.nickname)
            else:
                session.ask("NICK", self.nickname)

    # What happened

    def _settle(self, session: Session) -> None:
        """Takes the session's events, learns from them and hands them on."""
        while session.events:
            event = session.events.popleft()
            shown = self._learn(session, event)
            if shown:
                self.events.append(shown)

    def _learn(self, session: Session, event: ev.Event) -> ev.Event | None:
        """What to show in place of an event; None: nothing."""
        match event:
            case ev.Greeted():
                self.greeted = True
                self._introduce()
                if self.named:
                    return None  # to be back is what counts
            case ev.Named(name, number):
                event = ev.Named(name, number, again=self.named)
                self._has_name(session)
            case ev.Nameless(name, code):
                self._has_no_name(session, code)
            case ev.Said(room, seq):
                self._seen[room] = seq
                self._missed_before.setdefault(room, seq)
            case ev.Moved(room):
                self.room = room
            case ev.Recalled(messages, missed=True):
                news = tuple(filter(self._was_missed, messages))
                return ev.Recalled(news, missed=True) if news else None
            case ev.Registered():
                self._password, self._chosen, self._login = self._chosen, "", True
        return event if self._hold.shows(session, event) else None

    def _was_missed(self, past: ev.Past) -> bool:
        """Whether a message was said after the last connection, and before this one."""
        after = self._missed_after.get(past.room, past.seq)
        before = self._missed_before.get(past.room, past.seq + 1)
        return after < past.seq < before

    def _has_name(self, session: Session) -> None:
        """We are a member: back to the room where we were, and to what was said meanwhile."""
        self.nickname = session.name
        if self.named:
            if self.room != session.room and session.offers("JOIN"):
                session.ask("JOIN", self.room)
            if self.room in self._missed_after and session.offers("HISTORY"):
                session.ask("HISTORY", MISSED, quiet=True)
        self.named = True

    def _has_no_name(self, session: Session, code: str) -> None:
        """The server refused our nickname or password: the person has to decide."""
        if code == "nick-registered" and session.offers("LOGIN"):
            self._login = True
        if code in ("nick-registered", "bad-login", "busy") and self._login:
            self._password = ""
            self.question = Question.PASSWORD
        else:
            self.nickname = ""
            self.question = Question.NICKNAME
