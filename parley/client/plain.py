"""The client as a filter: lines in, lines out, and the screen left alone.

What is said in the chat goes to standard output, everything else to standard error. A thread reads
standard input, be it a terminal, a pipe or a file, and waits while enough lines are waiting; all
else happens in the event loop.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import sys
import termios
import threading
import time
from collections import deque
from collections.abc import Iterator

from .conversation import Conversation, Question
from .events import Event, FileWanted, Lost, Nameless, Said
from .lines import Lines
from .link import Address, Link

#: Octets read from standard input with one call.
CHUNK = 65536
#: Lines that wait to be sent, and commands that wait for a reply, before no more input is taken.
AHEAD = 200


class Plain:
    """Standard input, output and error, and everything that happens. Run once."""

    def __init__(
        self,
        conversation: Conversation,
        address: Address,
        *,
        reconnect: bool = False,
        stay: bool = False,
        literal: bool = False,
    ) -> None:
        self._conversation = conversation
        self._link = Link(conversation, address, self, reconnect)
        self._lines = Lines()
        self._reconnect = reconnect
        self._stay = stay  # after the end of the input
        self._literal = literal  # every line is said as it is
        self._input: deque[str] = deque()
        self._ended = False  # whether there is no further input
        self._hungry = threading.Event()  # the thread may read on
        self._moved = asyncio.Event()  # there is input, or something has happened
        self._question = Question.NONE
        self._terminal = sys.stdin.isatty()
        self._why = ""  # we gave up

    async def run(self) -> str:
        """Until the person leaves or the input ends. Returns why, if it was for another reason."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._conversation_over, "")
        linking = asyncio.create_task(self._link.run())
        linking.add_done_callback(lambda _: self._moved.set())
        threading.Thread(target=self._read, args=(loop,), daemon=True).start()
        with _echo_restored():
            while not linking.done():
                await self._moved.wait()
                self._moved.clear()
                self._obey()
        return await linking or self._why

    # What a Link asks

    def changed(self) -> None:
        conversation = self._conversation
        while conversation.events:
            event = conversation.events.popleft()
            if isinstance(event, FileWanted):
                self._link.send_file(event)
            elif isinstance(event, Said) and event.own:
                continue  # it was in the input; and who pipes our output back is no echo
            elif isinstance(event, Nameless) and not self._terminal:
                self._conversation_over(f"{event.name}: {event.words}")
                continue  # what follows in the input is no other nickname
            self._show(event)
        if conversation.question is not self._question:
            self._ask(conversation.question)
        self._moved.set()

    async def keeps_up(self) -> None:
        """Printing waits for whoever reads it: we are never behind."""

    # What goes out

    def _show(self, event: Event) -> None:
        try:
            lines = self._lines.show(event, time.time())
            if isinstance(event, Lost) and not self._reconnect:
                lines = lines[1:]  # the reason is our last word, and said by who started us
            for line in lines:
                print(line.text, file=sys.stdout if line.chat else sys.stderr)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read us has had enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._conversation_over("")

    def _ask(self, question: Question) -> None:
        """Another question is open. A password is typed without echo."""
        if self._terminal:
            if self._question.secret:
                print(file=sys.stderr)  # the Enter that nobody saw
            _set_echo(not question.secret)
            print(question.value, end="", file=sys.stderr, flush=True)
        self._question = question

    def _conversation_over(self, why: str) -> None:
        """Leaves; `why` is empty if that is as it should be."""
        self._why = why
        self._conversation.leave()
        self._link.wake()

    # What comes in

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread."""
        decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        rest, ended = "", False
        with contextlib.suppress(RuntimeError, OSError):  # the loop is closed: all is over
            while not ended:
                data = os.read(0, CHUNK)
                ended = not data
                *lines, rest = (rest + decoder.decode(data, final=ended)).split("\n")
                if ended and rest:
                    lines.append(rest)
                self._hungry.clear()
                loop.call_soon_threadsafe(self._feed, lines, ended)
                self._hungry.wait()

    def _feed(self, lines: list[str], ended: bool) -> None:
        self._input += lines
        self._ended = ended
        self._moved.set()

    def _obey(self) -> None:
        """Takes the lines that can be taken now."""
        conversation = self._conversation
        while self._input and self._can_take():
            line = self._input[0].removesuffix("\r")
            if self._literal and conversation.question is Question.NONE:
                conversation.say(line)
            elif not conversation.typed(line):
                break
            self._input.popleft()
            self.changed()
        self._link.wake()
        if len(self._input) < AHEAD:
            self._hungry.set()
        if self._ended and not self._input:
            self._finish()

    def _can_take(self) -> bool:
        """Whether there is something to answer, or somebody to talk to who keeps up."""
        conversation = self._conversation
        if conversation.leaving:
            return False
        if conversation.question is not Question.NONE:
            return True
        session = conversation.session
        return bool(session and conversation.ready and len(session.pending) < AHEAD)

    def _finish(self) -> None:
        """The input is at its end: leaves once all is answered and no file is on its way."""
        conversation = self._conversation
        session = conversation.session
        if conversation.question is not Question.NONE:
            self._conversation_over("the input ended before there was a nickname")
        elif session and conversation.ready and not self._stay:
            if not session.pending and not session.transfers.busy and not self._link.opening:
                self._conversation_over("")


def _set_echo(on: bool) -> None:
    attributes = termios.tcgetattr(0)
    attributes[3] = attributes[3] | termios.ECHO if on else attributes[3] & ~termios.ECHO
    termios.tcsetattr(0, termios.TCSADRAIN, attributes)


@contextlib.contextmanager
def _echo_restored() -> Iterator[None]:
    """Leaves the terminal, if there is one, as it was."""
    if not sys.stdin.isatty():
        yield
        return
    attributes = termios.tcgetattr(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, attributes)
