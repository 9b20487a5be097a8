"""Waits that overlap: the parts of several tests, played at the same time.

A part is a generator: it yields where it waits, and meanwhile the others go on. Each has a server
and clients of its own, so that what one server does disturbs no other part. The first test that is
about one of them plays all; every test tells how its own part ended.
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

import pytest

from .bench import Bench, Untested, begins, untested
from .chat import Chat
from .process import ServerProcess, StartError
from .servers import Servers
from .target import Bound
from .violation import Violation

#: Seconds between two looks at what has come.
LOOK = 0.02
#: What one look counts at most towards the patience, in seconds: who did not look did not wait.
AT_MOST = 0.2
#: How often a part is played again, by itself, if its clients were late.
AGAIN = 2
#: The part of a time within which clients have to do what has to be done in that time.
IN_TIME = 0.7


class Late(Untested):
    """A part in which nothing was judged, because this machine was too busy for its clients."""


def too_busy(why: str) -> NoReturn:
    """Ends a part whose clients were late themselves. It is played again: see `judge`."""
    raise Late(f"unknown: too busy: {why}")


class Watch:
    """What a part needs to know of time, and the server that it is about."""

    def __init__(self, patience: float, server: ServerProcess) -> None:
        self.patience = patience
        self.server = server
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
        waited = 0.0
        while not condition() and waited < self.patience:
            yield
            since = time.monotonic() - self.looked
            self.looked += since
            self.longest = max(self.longest, since)
            waited += min(since, AT_MOST)

    def expect_in_time(self, seconds: float) -> None:
        """Ends the part if this machine was so busy that its clients may have been late."""
        if self.longest > IN_TIME * seconds:
            too_busy(f"the clients did nothing for {self.longest:.1f} s")


Part = Callable[[Chat, Watch], Iterator[None]]
#: By name, which no other part has: the options of the server that it is about, what they are set
#: to, and the part.
Parts = Mapping[str, tuple[Mapping[str, Bound], Part]]


@dataclass
class Played:
    """How a part ended (`end` is None if nothing was wrong), and on which server."""

    chat: Chat
    server: ServerProcess
    end: BaseException | None

    @property
    def was_late(self) -> bool:
        """Whether this machine was too busy for a verdict."""
        return isinstance(self.end, Late)


#: By the names of the parts: their servers, and how they ended. Kept as long as their target is
#: graded.
_Launched = dict[str, ServerProcess]
_LAUNCHED: weakref.WeakKeyDictionary[Servers, _Launched] = weakref.WeakKeyDictionary()
_PLAYED: weakref.WeakKeyDictionary[Servers, dict[str, Played]] = weakref.WeakKeyDictionary()


def ahead(parts: Parts) -> pytest.MarkDecorator:
    """Marks tests about these parts: their servers come up while others of the level are played."""
    return begins(lambda bench: _launch(bench, parts))


def judge(bench: Bench, parts: Parts, name: str) -> None:
    """Tells how a part ended; plays all parts that this server can be told, if nobody has yet.

    If clients of this part were late themselves, nothing has been judged: it is played again.
    """
    known = bench.servers.target.options
    for option in parts[name][0]:
        if option not in known:
            untested(f"parley.toml has no option {option}")
    all_played = _PLAYED.setdefault(bench.servers, {})
    if name not in all_played:
        all_played.update(_play(bench, parts))
    played = [all_played[name]]
    while played[-1].was_late and len(played) <= AGAIN:
        del _LAUNCHED[bench.servers][name]
        played += _play(bench, {name: parts[name]}).values()
    bench.chats = [(each.chat, each.server) for each in played]  # from here on this test's
    if played[-1].end is not None:
        raise played[-1].end


def _launch(bench: Bench, parts: Parts) -> _Launched:
    """The servers of those parts of which the target can be told; started, if they are not yet."""
    launched = _LAUNCHED.setdefault(bench.servers, {})
    for name, (bounds, _) in parts.items():
        if name not in launched and bounds.keys() <= bench.servers.target.options.keys():
            words = {option.replace("-", "_"): to for option, to in bounds.items()}
            launched[name] = bench.launch_with(**words)
    return {name: server for name, server in launched.items() if name in parts}


def _play(bench: Bench, parts: Parts) -> dict[str, Played]:
    """Plays these parts, all at the same time."""
    servers = _launch(bench, parts)
    played: dict[str, Played] = {}
    running: dict[str, Iterator[None]] = {}
    for name, server in servers.items():
        end: BaseException | None = None
        try:
            server.wait_ready(bench.servers.start_patience)
        except StartError as error:
            end = error
        chat = bench.chat(server)
        played[name] = Played(chat, server, end)
        if end is None:
            running[name] = parts[name][1](chat, Watch(chat.patience, server))
    bench.chats.clear()  # each belongs to the test that judges it
    while running:
        for name, part in list(running.items()):
            one = played[name]
            one.chat.pump(LOOK / len(running))
            one.end = _go_on(one.chat, part)
            if one.end is not UNDER_WAY:
                one.chat.abandon()  # nobody would answer its server from here on
                del running[name]
    return played


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
