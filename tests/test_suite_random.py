"""Random sessions, how a failing one is made short, and how it is played again."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.bench import Bench
from conformance.lines import escape, parse
from conformance.load.rounds import Load
from conformance.model import Owed
from conformance.random_sessions import hold
from conformance.random_sessions.compare import Comparer, rule_broken
from conformance.random_sessions.judge import judged, level_of
from conformance.random_sessions.moves import HALF_CLOSE, Connects, Leaves, Move, Sends, Turn
from conformance.random_sessions.search import render
from conformance.random_sessions.shrink import labels_of, shorter
from conformance.replay import groups_of, octets_of
from conformance.servers import Servers
from conformance.spec import Step, parse_session
from conformance.target import Target
from conformance.violation import Violation

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = {"hold-count": "--hold-count {value}"}
#: Seconds for a program that a test runs.
PATIENCE = 60


def target(command: str) -> Target:
    """A server of this repository, by how it is started."""
    words = f"{{python}} -m {command} --host {{host}} --port {{port}}"
    return Target(name="server", command=words, cwd=ROOT, options=OPTIONS)


@pytest.fixture
def failure() -> Iterator[Failure]:
    servers: list[tuple[Bench, Servers]] = []
    yield Failure(servers)
    for bench, each in servers:
        bench.finish(spoiled=True)
        each.close()


class Failure:
    """Grades a server with random sessions alone."""

    def __init__(self, benches: list[tuple[Bench, Servers]]) -> None:
        self._benches = benches

    def of(self, command: str, seed: int = 1) -> Violation:
        with pytest.raises(Violation) as caught:
            self.none_of(command, seed)
        return caught.value

    def none_of(self, command: str, seed: int = 1) -> None:
        servers = Servers(target(command), 10.0, 5.0)
        bench = Bench(servers, 6, "t", seed, "random", Load())
        self._benches.append((bench, servers))
        hold(bench, "RELY-1")


# Finding


def test_faulty_server_is_caught_and_its_session_is_short(failure: Failure) -> None:
    """The whole way: a server that tells speakers what they say themselves."""
    found = failure.of("conformance.mutants echoes-to-speaker")
    session = [line for line in found.session if not line.startswith("#")]
    assert found.got
    assert found.got.startswith("MSG lobby ")
    assert [line for line in session if "> " in line][-1].split("> ")[1].startswith("SAY ")
    assert len(session) < 30


def test_same_seed_is_the_same_session(failure: Failure) -> None:
    one = failure.of("conformance.mutants counts-characters", seed=7)
    other = failure.of("conformance.mutants counts-characters", seed=7)
    assert one.expected == other.expected
    assert one.got == other.got


def test_failure_that_does_not_repeat_is_shown_as_it_was(
    failure: Failure, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody is told of hypothesis: not its errors of flakiness, not its advice."""
    found = failure.of(f"tests.servers.fails_once.server {tmp_path / 'mark'}")
    assert found.got
    assert found.got.startswith("MSG lobby 1 ")
    assert found.session[-1].count(" ") > 1
    assert not any("hypothesis" in text.lower() for text in (found.why, *found.session))
    assert capfd.readouterr() == ("", "")


def test_sound_server_passes_and_nothing_is_left_on_disk(
    failure: Failure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    failure.none_of("impl_poll", seed=3)
    assert list(tmp_path.iterdir()) == []


# Judging


def test_rule_is_blamed_only_by_sessions_that_ask_for_nothing_of_later_levels() -> None:
    """A server of level 2 knows of no locks: a message that gets lost there is not SAY-2."""
    assert judged(Violation("lost", requirement="SAY-2"), reach=2).requirement == "SAY-2"
    locked = judged(Violation("lost", requirement="SAY-2"), reach=5)
    assert locked.requirement is None
    assert "SAY-2" in locked.why


@pytest.mark.parametrize(
    ("line", "level"),
    [(b"SAY x", 2), (b"LOCK", 5), (b"", 6), (b"SAY \xff", 6), (b"DANCE", 1), (b"JOIN x", 8)],
)
def test_level_of_a_line(line: bytes, level: int) -> None:
    assert level_of(line, {"JOIN"}) == level


@pytest.mark.parametrize(
    ("came", "rule", "kind"),
    [
        (["OK SAY 2"], "SAY-2", "missing"),
        (["MSG lobby 1 bob x", "MSG lobby 1 bob x", "OK SAY 2"], None, "surplus"),
        (["MSG lobby 1 bob y", "OK SAY 2"], "SAY-3", "other"),
        (["MSG lobby 1 bob x", "OK SAY 3"], "SAY-5", "other"),
        (["OK SAY 2", "MSG lobby 1 bob x"], None, "other"),
        ([], "SAY-2", "missing"),
    ],
)
def test_differences_are_told_apart(came: list[str], rule: str | None, kind: str) -> None:
    """Owed are a message and an answer."""
    owed = [Owed("MSG lobby 1 bob x", "SAY-2"), Owed("OK SAY 2", "SAY-1")]
    _, difference = Comparer({}).compare(owed, [parse(line) for line in came])
    assert difference
    assert rule_broken(difference, None) == rule
    assert (difference.is_missing, difference.is_surplus) == (kind == "missing", kind == "surplus")


def test_items_of_a_listing_may_come_in_any_order() -> None:
    owed = [Owed("HERE alice 1", "WHO-1", 1), Owed("HERE bob 2", "WHO-1", 1), Owed("OK WHO 2", "")]
    came = [parse(line) for line in ("HERE bob 2", "HERE alice 1", "OK WHO 2")]
    assert Comparer({}).compare(owed, came) == (3, None)


def test_transfer_has_the_id_that_the_server_gave_it() -> None:
    """The first line tells it; afterwards it has to be the same one."""
    comparer = Comparer({})
    assert comparer.same(Owed("OK OFFER #", "FILE-1", transfer=1), parse("OK OFFER 77"))
    assert not comparer.same(Owed("ACCEPTED #", "FILE-4", transfer=1), parse("ACCEPTED 78"))
    assert comparer.same(Owed("ACCEPTED #", "FILE-4", transfer=1), parse("ACCEPTED 77"))
    assert not comparer.same(Owed("OK OFFER #", "FILE-3", transfer=2), parse("OK OFFER 77"))


# Making short


def says(label: str, *lines: bytes) -> Sends:
    return Sends((Turn(label, lines),))


SESSION: list[Move] = [
    *(Connects(label) for label in ("alice", "bob", "carol")),
    *(says(label, b"NICK " + label.encode()) for label in ("alice", "bob", "carol")),
    *(says("carol", b"SAY %d" % number) for number in range(20)),
    says("alice", b"WHO", b"LOCK", b"PING x"),
    says("bob", b"SAY " + b"y" * 3000, b"WHO"),
    Leaves("carol", HALF_CLOSE),
    says("alice", b"UNLOCK"),
]


def lines_of(moves: list[Move]) -> list[tuple[str, bytes]]:
    sent = [turn for move in moves if isinstance(move, Sends) for turn in move.turns]
    return [(turn.label, line) for turn in sent for line in turn.lines]


def test_session_is_made_as_short_as_it_can_be() -> None:
    """What it takes: alice locks, bob speaks, whatever he says, alice unlocks."""

    def fails(moves: list[Move]) -> bool:
        said = [line.split(b" ")[0] if label == "bob" else line for label, line in lines_of(moves)]
        it = iter(said)
        return all(line in it for line in (b"LOCK", b"SAY", b"UNLOCK"))

    short = shorter(SESSION, fails)
    assert lines_of(short) == [("alice", b"LOCK"), ("bob", b"SAY hello"), ("alice", b"UNLOCK")]
    assert not any(isinstance(move, (Connects, Leaves)) for move in short)


def test_session_that_never_fails_again_stays_as_it_is() -> None:
    assert shorter(SESSION, lambda moves: False) == SESSION


def test_labels_of_several_who_send_at_the_same_time() -> None:
    assert labels_of(Sends((Turn("alice", (b"x",)), Turn("bob", (b"y",))))) == ["alice", "bob"]


def test_hello_is_shown_of_those_only_who_say_nothing() -> None:
    steps = parse_session(
        "alice< HELLO parley/1 x\nbob< HELLO parley/1 x\nalice> PING x\nalice< PONG x\n"
    )
    assert render(steps) == ["bob< HELLO parley/1 x", "alice> PING x", "alice< PONG x"]


# Playing again


@given(st.binary(max_size=60).filter(lambda octets: b"\n" not in octets))
def test_octets_that_are_shown_can_be_read_again(octets: bytes) -> None:
    assert octets_of(escape(octets)) == octets


def test_groups_are_cut_where_somebody_sends_after_something_was_received() -> None:
    steps = parse_session("a> x\nb> y\na< z\nb< z\na> x\na> y\n")
    assert [(len(each.sent), len(each.received)) for each in groups_of(steps)] == [(2, 2), (2, 0)]
    assert [each.is_free for each in groups_of(steps)] == [True, False]


def replay(tmp_path: Path, session: str, *where: str) -> tuple[int, list[str]]:
    """Plays a session by the program. Returns its exit status and what it printed."""
    file = tmp_path / "a.session"
    file.write_text(session, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "replay", str(file), *where],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


EVERYTHING = r"""# started with hold-count=2
alice> NICK alice
alice< OK NICK alice 1
bob> NICK bob
alice< JOINED lobby bob 2
bob< OK NICK bob 2
alice> LO(cut)
bob> SAY h\u00a0llo \\ there
bob> SAY tab\there
bob> PING x\r
alice< MSG lobby 1 bob h\u00a0llo \\ there
bob< OK SAY 1
bob< ERR bad-line - words
bob< PONG x
alice> CK
alice< OK LOCK
bob> SAY one
bob< OK SAY 2
bob> SAY \xff
bob< ERR bad-line - words
bob> SAY two
bob< OK SAY 3
bob> SAY three
alice< MSG lobby 2 bob one
alice< MSG lobby 3 bob two
alice< MSG lobby 4 bob three
alice< UNLOCKED overflow
bob< OK SAY 4
alice> SAY first
bob> SAY second
alice< OK SAY 5
alice< MSG lobby 6 bob second
bob< MSG lobby 5 alice first
bob< OK SAY 6
carol> PING x
carol< PONG x
carol> (reset)
bob> SAY one last thing
bob> (end of stream)
alice< MSG lobby 7 bob one last thing
alice< LEFT lobby bob closed
bob< OK SAY 7
bob< (end of stream)
alice> QUIT
alice> PING x
alice< OK QUIT
alice< (end of stream)
"""


def test_sound_server_holds_a_session_of_everything(tmp_path: Path) -> None:
    """Lines that are cut, octets, a small bound, speaking at the same time, three ways to leave."""
    status, printed = replay(tmp_path, EVERYTHING, "impl_threads")
    assert status == 0, printed
    assert printed[-1] == "the server holds this session"


def test_first_line_that_differs_is_marked(tmp_path: Path) -> None:
    status, printed = replay(
        tmp_path, EVERYTHING.replace("lobby 3 bob two", "lobby 3 bob TWO"), "impl_poll"
    )
    at = printed.index("alice< MSG lobby 3 bob two")
    assert status == 1
    assert printed[at + 1] == "                       ^ differs from here"
    assert printed[at + 2] == "the session has: alice< MSG lobby 3 bob TWO"


@pytest.mark.parametrize(
    "surplus", ["alice< MSG lobby 7 bob one last thing\n", "alice< UNLOCKED overflow\n"]
)
def test_line_that_the_session_does_not_have_is_marked(tmp_path: Path, surplus: str) -> None:
    status, printed = replay(tmp_path, EVERYTHING.replace(surplus, ""), "impl_asyncio")
    assert status == 1
    assert any("differs from here" in line for line in printed)


@pytest.mark.parametrize(
    ("session", "where", "why"),
    [
        ("nobody says anything\n", ("impl_poll",), "not a line of a session"),
        ("# nothing\n", ("impl_poll",), "there is no session in"),
        ("a> PING x\n", (), "name one target"),
        ("a> PING x\n", ("no_such_folder",), "there is no folder"),
        ("a> PING x\n", ("--connect", "nowhere"), "HOST:PORT"),
        ("a> PING x\n", ("--command", "false {port}"), "the server does not start"),
    ],
)
def test_what_cannot_be_played_is_told_in_a_line(
    tmp_path: Path, session: str, where: tuple[str, ...], why: str
) -> None:
    status, printed = replay(tmp_path, session, *where)
    assert status == 2
    assert len(printed) == 1
    assert why in printed[0]


def test_session_of_a_grade_is_written_and_can_be_played(tmp_path: Path) -> None:
    """The faulty server leaves it again, a sound one holds it."""
    faulty = "{python} -m conformance.mutants says-twice --host {host} --port {port}"
    subprocess.run(
        [
            *(sys.executable, "-m", "conformance", "--command", faulty, "--only", "RELY-1"),
            *("--seed", "1", "--output", str(tmp_path)),
        ],
        cwd=ROOT,
        capture_output=True,
        timeout=PATIENCE,
    )
    file = next(tmp_path.glob("*/rely-1.session"))
    session = file.read_text(encoding="utf-8")
    assert replay(tmp_path, session, "--command", faulty)[0] == 1
    assert replay(tmp_path, session, "impl_asyncio")[0] == 0


def test_steps_are_those_of_the_spec() -> None:
    """An empty line, an end of stream and a line that is cut read as in protocol.md."""
    assert render([Step("a", ">", ""), Step("a", ">", "x(cut)")]) == ["a>", "a> x(cut)"]
