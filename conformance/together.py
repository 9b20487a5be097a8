"""Waits that overlap: the parts of several tests, played at the same time.

A part is a generator: it yields where it waits, and meanwhile the others go on. Each has a server
and clients of its own, so that what one server does disturbs no other part. The first test that is
about one of them plays all; every test tells how its own part ended.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping

import pytest

from .bench import Bench, untested
from .chat import Chat
from .peer import Violation
from .process import ServerProcess, StartError
from .servers import Servers

#: Seconds between two looks at what has come.
LOOK = 0.02
#: The part of a time within which clients have to do what has to be done in that time.
IN_TIME = 0.7


class Watch:
    """What a part needs to know of time."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.begins()

    def begins(self) -> None:
        """From here on time counts."""
        self.began = self.looked = time.monotonic()
        self.longest = 0.0  # time from one look to the next

    @property
    def passed(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self.began

    def until(self, condition: Callable[[], bool]) -> Iterator[None]:
        """Lets time pass until the condition holds, or the patience is over."""
        while not condition() and self.passed < self.patience:
            yield
            self.longest = max(self.longest, time.monotonic() - self.looked)
            self.looked = time.monotonic()

    def expect_in_time(self, seconds: float) -> None:
        """Ends the part if this machine was so busy that its clients may have been late."""
        if self.longest > IN_TIME * seconds:
            untested(f"this machine was too busy: its clients did nothing for {self.longest:.1f} s")


Part = Callable[[Chat, Watch], Iterator[None]]
#: By the option of the server that a part is about: what it is set to, and the part.
Parts = Mapping[str, tuple[float | int, Part]]
#: How each part ended: None if nothing was wrong. Kept as long as its target is graded.
Ends = dict[str, BaseException | None]
_PLAYED: weakref.WeakKeyDictionary[Servers, Ends] = weakref.WeakKeyDictionary()


def judge(bench: Bench, parts: Parts, option: str) -> None:
    """Tells how a part ended; plays all parts that this server can be told, if nobody has yet."""
    if bench.servers not in _PLAYED:
        known = {each: parts[each] for each in parts if each in bench.servers.target.options}
        _PLAYED[bench.servers] = _play(bench, known)
    played = _PLAYED[bench.servers]
    if option not in played:
        untested(f"parley.toml has no option {option}")
    end = played[option]
    if end is not None:
        raise end


def _play(bench: Bench, parts: Parts) -> Ends:
    """Plays these parts, all at the same time."""
    ends: Ends = {}
    running: dict[str, tuple[Chat, Iterator[None]]] = {}
    launched = {
        option: bench.launch_with(**{option.replace("-", "_"): bound})
        for option, (bound, _) in parts.items()
    }
    for option, server in launched.items():
        try:
            running[option] = _begin(bench, server, parts[option][1])
        except StartError as error:
            ends[option] = error
    while running:
        for option, (chat, part) in list(running.items()):
            chat.pump(LOOK / len(running))
            end = _go_on(chat, part)
            if end is not UNDER_WAY:
                chat.abandon()  # nobody would answer its server from here on
                ends[option] = end
                del running[option]
    return ends


def _begin(bench: Bench, server: ServerProcess, part: Part) -> tuple[Chat, Iterator[None]]:
    server.wait_ready(bench.servers.start_patience)
    chat = bench.chat(server)
    return chat, part(chat, Watch(chat.patience))


#: The end of a part that has not ended.
UNDER_WAY = RuntimeError("under way")


def _go_on(chat: Chat, part: Iterator[None]) -> BaseException | None:
    """Lets a part go on to its next wait. How it ended, if it has."""
    try:
        for _ in part:
            return UNDER_WAY
        chat.expect_nothing_more()
    except (Violation, pytest.skip.Exception) as end:
        return end
    return None
