"""The client in a terminal: a live prompt below, what happens above it, and a status line.

prompt_toolkit owns the terminal, and restores it. Lines are printed above the prompt in batches, so
that keys have their turn however much arrives. One thread, one event loop; the Conversation is
touched between awaits only.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections import deque
from collections.abc import Iterable

from prompt_toolkit import PromptSession
from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.layout.processors import (
    ConditionalProcessor,
)
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.utils import get_cwidth

from . import words
from .commands import worth_keeping
from .conversation import Conversation, Question
from .events import FileWanted
from .lines import Line, Lines, progress
from .link import Address, Link
from .prompt import STYLE, Hidden, Names
from .wrap import wrap

#: Lines that are printed at once, and seconds until the next batch: keys come in between.
BATCH = 250
PAUSE = 0.01
#: Lines that wait to be printed, beyond which nothing more is read from the server.
BACKLOG = 5000
#: Seconds in which changes of the status line are gathered: a file alone would bring thousands.
REDRAW = 0.05
#: Transfers that the status line shows.
BARS = 3
#: Seconds after Esc in which another key makes it a key of its own (Alt-B, an arrow).
ESCAPE_TIME = 0.1


class Terminal:
    """A prompt, a status line, and everything that happens. Run once."""

    def __init__(self, conversation: Conversation, address: Address, *, bell: bool = False) -> None:
        self._conversation = conversation
        self._link = Link(conversation, address, self, reconnect=True)
        self._lines = Lines()
        self._bell = bell
        self._backlog: deque[Line] = deque()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._question = Question.NONE
        self._redraw: asyncio.TimerHandle | None = None  # when the status line is due
        self._stash = Document()  # what was being typed when a question came up
        self._prompt = self._make_prompt()

    async def run(self) -> str:
        """Until the person leaves. Returns why it ended if it was for another reason."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._leave)
        with patch_stdout():
            linking = asyncio.create_task(self._link.run())
            showing = asyncio.create_task(self._show())
            linking.add_done_callback(lambda _: self._close())
            showing.add_done_callback(lambda _: self._leave())  # a fault: nothing more is seen
            try:
                await self._prompt.prompt_async()
            except EOFError:  # the terminal is gone
                self._conversation.leave()
                self._link.wake()
            why = await linking
            showing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await showing
        self._print(self._backlog)
        return why

    # What a Link asks

    def changed(self) -> None:
        conversation = self._conversation
        while conversation.events:
            event = conversation.events.popleft()
            if isinstance(event, FileWanted):
                self._link.send_file(event)
            self._backlog.extend(self._lines.show(event, time.time()))
        if conversation.question is not self._question:
            self._turn_to(conversation.question)
            self._prompt.app.invalidate()
        if self._backlog:
            self._news.set()
        elif self._redraw is None:
            self._redraw = asyncio.get_running_loop().call_later(REDRAW, self._draw)

    async def keeps_up(self) -> None:
        while len(self._backlog) > BACKLOG:
            self._room.clear()
            await self._room.wait()

    # What is shown

    async def _show(self) -> None:
        """Prints what has come, a batch at a time."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._backlog:
                count = min(len(self._backlog), BATCH)
                batch = [self._backlog.popleft() for _ in range(count)]
                self._print_above(batch)
                self._room.set()
                await asyncio.sleep(PAUSE)

    def _draw(self) -> None:
        self._redraw = None
        self._prompt.app.invalidate()

    def _print_above(self, lines: Iterable[Line]) -> None:
        """Prints, with the prompt out of the way.

        prompt_toolkit's own ways (run_in_terminal, and print_formatted_text of its shortcuts) put
        the terminal into cooked mode meanwhile: keys pressed then would be echoed into what is
        printed, and Ctrl-C would be a signal. Here it stays raw, and nothing is awaited.
        """
        app = self._prompt.app
        app.renderer.erase()
        self._print(lines)
        app.invalidate()

    def _print(self, lines: Iterable[Line]) -> None:
        parts: StyleAndTextTuples = []
        rings = False
        output = self._prompt.app.output
        width = output.get_size().columns
        for line in lines:
            rows = wrap(line.parts, width, get_cwidth)
            parts += [(f"class:{style}" if style else "", text) for style, text in rows]
            parts.append(("", "\n"))
            rings |= line.rings
        if rings and self._bell:
            output.bell()  # goes out with the lines
        print_formatted_text(output, parts, STYLE)

    def _message(self) -> StyleAndTextTuples:
        conversation = self._conversation
        parts = self._status()
        if conversation.question is not Question.NONE:
            about = f"{conversation.nickname}'s " if conversation.question.secret else ""
            parts.append(("class:me", about + conversation.question.value))
        elif conversation.ready:
            parts.append(("class:me", f"{conversation.nickname}> "))
        else:
            parts.append(("class:me", "> "))
        return parts

    def _status(self) -> StyleAndTextTuples:
        """What stands above the line that is typed: files on their way, the room, the lock."""
        conversation = self._conversation
        session = conversation.session
        width = self._prompt.app.output.get_size().columns
        parts: StyleAndTextTuples = []
        for transfer in session.transfers.under_way()[:BARS] if session else []:
            rate = transfer.rate(session.transfers.now) if session else 0.0
            bar = progress(transfer.filename, transfer.size, transfer.done, rate, width)
            parts.append(("class:file", bar + "\n"))
        if conversation.leaving:
            where = "leaving"
        elif not session or not conversation.ready:
            where = self._link.status
        else:
            here = words.plural(len(session.members), "member")
            where = f"{session.room} · {here} · {session.name}#{session.number}"
        held = " held while you write " if conversation.locked else ""
        parts.append(("class:rule", f"── {where} "))
        parts.append(("class:held", held))
        parts.append(("class:rule", "─" * (width - len(where) - len(held) - 5) + "\n"))
        return parts

    def _turn_to(self, question: Question) -> None:
        """Another question is open: what was being typed waits until it is answered."""
        buffer = self._prompt.default_buffer
        if self._question is Question.NONE and not self._conversation.named:
            pass  # who typed before there was a question has answered it
        elif self._question is Question.NONE:
            self._stash = buffer.document
            _clear(buffer)
        elif question is Question.NONE:
            _clear(buffer)
            buffer.document = self._stash
        self._question = question

    # What is typed

    def _make_prompt(self) -> PromptSession[str]:
        secret = Condition(lambda: self._conversation.question.secret)
        commanding = Condition(
            lambda: self._prompt.default_buffer.text.startswith("/") and not secret()
        )
        output = create_output()
        if isinstance(output, Vt100_Output):
            output.enable_cpr = False  # nothing here depends on where on the screen we are
        prompt: PromptSession[str] = PromptSession(
            self._message,
            style=STYLE,
            completer=Names(self._conversation),
            complete_while_typing=commanding,
            reserve_space_for_menu=6,
            key_bindings=self._keys(),
            input_processors=[ConditionalProcessor(Hidden(), secret)],
            enable_suspend=True,
            erase_when_done=True,
            output=output,
        )
        prompt.default_buffer.accept_handler = self._accept
        prompt.default_buffer.on_text_changed += self._edited
        prompt.app.timeoutlen = prompt.app.ttimeoutlen = ESCAPE_TIME
        return prompt

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("c-c")
        def _(event: KeyPressEvent) -> None:
            self._leave()

        @keys.add("c-d", filter=Condition(lambda: not self._prompt.default_buffer.text))
        def _(event: KeyPressEvent) -> None:
            self._leave()

        @keys.add("escape")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.cancel_completion()
            self._conversation.let_go()
            self._link.wake()

        return keys

    def _accept(self, buffer: Buffer) -> bool:
        """Enter. True in any case: prompt_toolkit itself must not keep or forget the line."""
        line = buffer.text
        secret = self._conversation.question.secret
        if self._conversation.typed(line):
            if line.strip() and not secret and self._question is Question.NONE:
                buffer.history.append_string(worth_keeping(line))
            _clear(buffer)
            self._edited(buffer)
        self.changed()
        self._link.wake()
        return True

    def _edited(self, buffer: Buffer) -> None:
        if self._conversation.question is Question.NONE:
            self._conversation.editing(buffer.text)
            self._link.wake()

    def _leave(self) -> None:
        self._conversation.leave()
        self._link.wake()
        self._prompt.app.invalidate()

    def _close(self) -> None:
        """The link has ended: so does the prompt."""
        if self._prompt.app.is_running:
            self._prompt.app.exit(result="")


def _clear(buffer: Buffer) -> None:
    """An empty line, with the history of input above it at once.

    prompt_toolkit by itself fetches it when it paints next, and loses an Up that comes before.
    """
    buffer.reset()
    buffer.load_history_if_not_yet_loaded()
