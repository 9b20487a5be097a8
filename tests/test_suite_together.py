"""Waits that overlap: how often a part is played, and what comes of it."""

import sys
from collections.abc import Callable, Iterator

import pytest

from conformance.bench import Bench
from conformance.chat import Chat
from conformance.load.rounds import Load
from conformance.servers import Servers
from conformance.target import Target
from conformance.together import AGAIN, Late, Part, Watch, judge, too_busy
from conformance.violation import Violation

COMMAND = f"{sys.executable} -m impl_poll --host {{host}} --port {{port}}"


@pytest.fixture
def play() -> Iterator[Callable[[Part], Bench]]:
    """Plays one part on a server, for a test."""
    servers = Servers(Target("a server", COMMAND), 10.0, 5.0)
    bench = Bench(servers, 6, "t", 1, "a test", Load())

    def played(part: Part) -> Bench:
        judge(bench, {"one": ({}, part)}, "one")
        return bench

    yield played
    bench.finish(spoiled=True)
    assert not servers._all, "a server was not taken back"
    servers.close()


class Busy:
    """A part for which this machine is too busy a few times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.played = 0

    def __call__(self, chat: Chat, watch: Watch) -> Iterator[None]:
        self.played += 1
        chat.member("alice")
        yield
        if self.played <= self.times:
            too_busy("the clients did nothing for 9 s")


def test_a_part_that_could_not_be_judged_is_played_again(play: Callable[[Part], Bench]) -> None:
    part = Busy(1)
    bench = play(part)
    assert part.played == 2
    assert len({id(server) for _, server in bench.chats}) == 2


def test_a_part_that_can_never_be_judged_is_untested(play: Callable[[Part], Bench]) -> None:
    part = Busy(100)
    with pytest.raises(Late, match="too busy"):
        play(part)
    assert part.played == 1 + AGAIN


def test_a_part_that_fails_is_not_played_again(play: Callable[[Part], Bench]) -> None:
    plays = []

    def part(chat: Chat, watch: Watch) -> Iterator[None]:
        plays.append(chat.member("alice"))
        yield
        raise Violation("this is wrong", expected="one thing", got="another")

    with pytest.raises(Violation, match="this is wrong"):
        play(part)
    assert len(plays) == 1
