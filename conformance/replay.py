"""python -m conformance replay FILE TARGET: plays a session again, and marks the first difference.

FILE is what a grade has written, or a session typed by hand in the notation of protocol.md,
section 1. The server is started as the session says. Exit status 0: the server holds the session;
1: it goes on differently; 2: it cannot be played.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .chat import Chat
from .client import Client
from .lines import Line, escape
from .model import as_text, is_answered, is_last
from .process import ServerProcess, StartError
from .random_sessions.moves import CUT, HALF_CLOSE, RESET
from .random_sessions.search import STARTED
from .servers import Servers
from .sessions import Player
from .spec import Session, SpecError, Step, parse_session
from .target import Bound, Target, TargetError, build, from_address, from_command, from_folder
from .violation import Violation

ENDS = (HALF_CLOSE, RESET)

_ESCAPE = re.compile(r"\\(\\|[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_LETTERS = {"\\": b"\\", "n": b"\n", "r": b"\r", "t": b"\t"}


@dataclass
class Group:
    """Lines that are sent without waiting, and what is received until the next one is sent."""

    sent: list[Step] = field(default_factory=list)
    received: list[tuple[int, Step]] = field(default_factory=list)  # with their place in the file

    @property
    def ends(self) -> bool:
        """Whether somebody leaves: what that causes has no reply to wait for."""
        return any(step.line in ENDS for step in self.sent)

    @property
    def is_free(self) -> bool:
        """Whether several clients send at the same time: then the order is an example."""
        return len({step.client for step in self.sent}) > 1


def main(arguments: Sequence[str]) -> int:
    """Plays a session. Returns the exit status."""
    known = _parser().parse_args(arguments)
    try:
        steps, options = read(known.file)
        target = _target(known)
        build(target)
    except (OSError, UnicodeDecodeError, SpecError, TargetError) as error:
        print(f"replay: {escape(str(error))}", file=sys.stderr)
        return 2
    servers = Servers(target, known.start_timeout, known.answer_timeout)
    try:
        return _play_on(servers, steps, options)
    except StartError as error:
        print(f"replay: the server does not start: {escape(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("replay: interrupted", file=sys.stderr)
        return 2
    finally:
        servers.close()


def read(file: Path) -> tuple[tuple[Step, ...], dict[str, Bound]]:
    """A session, and the options of its server. Raises SpecError, OSError, UnicodeDecodeError."""
    lines = file.read_text(encoding="utf-8").split("\n")
    options: dict[str, Bound] = {}
    for line in lines:
        if line.startswith(STARTED):
            pairs = (word.partition("=") for word in line.removeprefix(STARTED).split())
            options.update({name: value for name, _, value in pairs})
    steps = parse_session("\n".join(each for each in lines if not each.startswith(("#", "```"))))
    if not steps:
        raise SpecError(f"there is no session in {file}")
    return steps, options


def octets_of(shown: str) -> bytes:
    """What a line of a session stands for: the reverse of lines.escape."""
    octets, at = b"", 0
    for match in _ESCAPE.finditer(shown):
        octets += shown[at : match.start()].encode() + _unescaped(match[1])
        at = match.end()
    return octets + shown[at:].encode()


def _unescaped(escape: str) -> bytes:
    if escape in _LETTERS:
        return _LETTERS[escape]
    code = int(escape[1:], 16)
    return bytes([code]) if escape[0] == "x" else chr(code).encode()


def groups_of(steps: Sequence[Step]) -> Iterator[Group]:
    """Cuts a session where somebody sends after something was received."""
    group = Group()
    for number, step in enumerate(steps):
        if step.direction == ">" and group.received:
            yield group
            group = Group()
        if step.direction == ">":
            group.sent.append(step)
        else:
            group.received.append((number, step))
    yield group


def _plain(step: Step) -> Step:
    """A step whose line reads as it is received; one that is sent may have octets of any kind."""
    if step.direction == ">":
        return step
    return Step(step.client, "<", octets_of(step.line).decode(errors="surrogateescape"))


class Replay(Player):
    """Plays a session group by group, and prints it as it goes."""

    def __init__(self, chat: Chat, session: Session) -> None:
        super().__init__(chat, session)
        self.steps = tuple(map(_plain, session.steps))
        self.begun: dict[Client, bytes] = {}  # what was sent of a line that has no end yet
        self.due: dict[Client, int] = {}  # answers that are to come

    def play(self) -> None:
        """Plays all groups. Raises Violation where the server leaves the session."""
        for group in groups_of(self.steps):
            self._send_group(group)
            self._await_group(group)
            self._compare_group(group)

    def _renamed(self, line: str) -> str:
        return line  # the server is this session's own

    def _send_group(self, group: Group) -> None:
        """What one client sends in a row goes in one piece."""
        for name in dict.fromkeys(step.client for step in group.sent):
            client = self._client(name, greeted=True)
            octets = b""
            for step in group.sent:
                if step.client != name:
                    continue
                print(f"{name}> {step.line}".rstrip(" " if not step.line else ""))
                if step.line in ENDS:
                    client.sends_octets(octets)
                    self._end(client, step.line)
                    octets = b""
                else:
                    octets += self._piece(client, step.line)
            if octets:
                client.sends_octets(octets)

    def _piece(self, client: Client, shown: str) -> bytes:
        """The octets of a line; if it ends there, its answer is expected."""
        octets = octets_of(shown.removesuffix(CUT))
        before = self.begun.pop(client, b"")
        if shown.endswith(CUT):
            self.begun[client] = before + octets
            return octets
        line = before + octets
        if not before and as_text(line) == line.decode(errors="replace"):
            line = octets = self._numbered(line.decode()).encode()
        if is_answered(line) and self.due.get(client, 0) >= 0:
            client.expects_answers_to(as_text(line))
            self.due[client] = self.due.get(client, 0) + 1
        if is_last(line):
            self.due[client] = ~self.due[client]  # below 0: nothing behind it is answered
        return octets + b"\n"

    def _end(self, client: Client, how: str) -> None:
        self.begun.pop(client, None)
        if how == RESET:
            client.resets()
            client.ended = client.ended or "reset by the client"
        else:
            client.half_closes()

    def _await_group(self, group: Group) -> None:
        """Everything that the session has here has arrived, or is proven not to come."""
        for number, step in group.received:
            client = self._client(step.client, greeted=not step.line.startswith("HELLO "))
            if step.line.startswith("HELLO "):
                self.chat.greeted(client)
            elif step.line == HALF_CLOSE:
                client.awaits_end()
            elif group.ends or client in self.begun:
                mine = [at for at, each in group.received if each.client == step.client]
                at = self.position[client] + mine.index(number)
                if len(client.stream) <= at:
                    client.awaits_more(at, step.line)
        for client, due in self.due.items():
            for _ in range(due if due >= 0 else ~due):
                if client.ended is None or client.answers:
                    client.answer()
        self.due.clear()
        for client in self.chat.clients:
            gone = client.ended is not None or client.has_quit or client.half_closed
            if not gone and client not in self.begun:
                client.fence()

    def _compare_group(self, group: Group) -> None:
        left: dict[str, list[str]] = {}
        for _, step in group.received:
            left.setdefault(step.client, []).append(step.line)
        heard: dict[str, int] = {}
        for number, step in group.received:
            client = self.people[step.client]
            if step.line.startswith("HELLO ") or step.line == HALF_CLOSE:
                print(f"{step.client}< {step.line}")
                continue
            plain = [each for each in left[step.client] if each not in ENDS]
            self._compare(client, plain if group.is_free else self._alternatives(number))
            left[step.client] = plain
            line = client.stream[self.position[client] - 1]
            print(f"{step.client}< {escape(line.text)}")
            self._rises(client, line, heard)
        for client in self.people.values():
            if len(client.stream) > self.position[client]:
                surplus = client.stream[self.position[client]]
                raise Violation(
                    "the session has no such line",
                    client=client,
                    expected="(nothing)",
                    got=surplus.text,
                )

    def _rises(self, client: Client, line: Line, heard: dict[str, int]) -> None:
        """SAY-6: whatever the order is, it is that of the seq."""
        if line.kind in ("MSG", "OK SAY"):
            if line.number("seq") <= heard.get(client.label, 0):
                raise Violation("an earlier message", client=client, got=line.text)
            heard[client.label] = line.number("seq")

    def _next_line(self, client: Client, expected: str) -> Line:
        """All that comes has come: the next line is there, or it is missing."""
        at = self.position[client]
        self.position[client] += 1
        if len(client.stream) <= at:
            raise Violation("a line is missing", client=client, expected=expected, got="(nothing)")
        return client.stream[at]


def _play_on(servers: Servers, steps: tuple[Step, ...], options: dict[str, Bound]) -> int:
    """Plays the session on a new server, and tells what came of it."""
    known = servers.target.options if not servers.target.address else {}
    for name in [each for each in options if each not in known]:
        print(f"replay: this server cannot be told {escape(name)}", file=sys.stderr)
        del options[name]
    server = servers.shared() if servers.target.address else servers.with_options(options)
    chat = servers.chat(server, servers.answer_patience, "replay", 6)
    try:
        Replay(chat, Session("replay", (), steps)).play()
    except Violation as violation:
        who = f"{violation.client.label}< " if violation.client else ""
        got, expected = escape(violation.got or "(nothing)"), escape(violation.expected or "")
        differ = [one != other for one, other in zip(got, expected, strict=False)]
        same = [*differ, True].index(True)
        print(f"{who}{got}")
        print(" " * (len(who) + same) + "^ differs from here")
        print(f"the session has: {who}{expected}")
        if isinstance(server, ServerProcess):
            for line in list(server.stderr)[-8:]:
                print(f"stderr: {line}")
        return 1
    finally:
        chat.abandon()
    print("the server holds this session")
    return 0


def _target(known: argparse.Namespace) -> Target:
    named = [known.folder, known.command, known.connect]
    if sum(each is not None for each in named) != 1:
        raise TargetError("name one target: a folder with parley.toml, --command or --connect")
    if known.folder:
        return from_folder(known.folder)
    return from_command(known.command) if known.command else from_address(known.connect)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="conformance replay",
        description="Plays a session against a server, and marks the first line that differs.",
        epilog="Exit status 0: the server holds it; 1: it differs; 2: it cannot be played.",
        allow_abbrev=False,
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a session, as a grade wrote it")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--command", help='"./server --host {host} --port {port}"')
    parser.add_argument("--connect", metavar="HOST:PORT", help="a server that runs")
    parser.add_argument("--start-timeout", type=float, default=10.0, metavar="S")
    parser.add_argument("--answer-timeout", type=float, default=5.0, metavar="S")
    return parser
