"""Fifteen mistakes of beginners, each as a server makes it: does the card send its author right?

Field notes, section 7. Two of the fifteen are mistakes of clients: 6 (incoming text tramples the
line being typed) is on the server's side a lock that is missing or holds too much; of 11 (the
client does not notice that the server died) only what a server cannot help remains: its peers are
noticed by their ends, which is mistake 2. And 14 (select on standard input, on Windows) is here a
server that listens to its keyboard, which under a suite is at its end from the beginning.

The servers are in tests/servers/mistakes; a docstring says what is wrong with each. All that are
wanted are graded ahead, a few at a time, because most of a grade is waiting.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
IN_C = ROOT / "tests" / "servers" / "mistakes" / "c"
AT_ONCE = 4
#: Seconds that one grade may take on a machine that does other things as well.
PATIENCE = 120


@dataclass(frozen=True)
class Mistake:
    """A server, where the suite meets its mistake, and what its author has to be told."""

    server: str
    number: int  # in the list of fifteen; 0: none of them
    requirement: str
    words: str  # of the hint
    tests: str  # the words for -k: all of a level, so that nothing of it may fail before

    def __str__(self) -> str:
        return self.server


LEVELS = tuple(f"test_{level}_" for level in range(6))
#: In a storm of resets, either of the two tests may be the first that finds one in the act.
STORM = "LEFT-2 or LEFT-8"
OCTETS, SLOW = "test_6_octets", "test_6_slow"

MISTAKES = [
    Mistake("one_recv", 1, "OCTET-1", "keep the rest in a buffer", OCTETS),
    Mistake("recv_1024", 1, "SAY-12", "Collect until the", LEVELS[2]),
    Mistake("empty_recv", 2, "LEFT-1", "does not wait for anything", LEVELS[4]),
    Mistake("empty_recv_select", 2, "IDLE-1", "whose end you have seen", "a_storm_of_connections"),
    Mistake("reset_kills", 3, "LEFT-2", "has ended the whole server", LEVELS[4]),
    Mistake("reset_kills_thread", 3, "LEFT-2", "ended only the thread", LEVELS[4]),
    Mistake("name_kept", 4, "LEFT-6", "Remove the name", LEVELS[4]),
    Mistake("no_signals", 5, "STOP-1", "daemon=True", LEVELS[4]),
    Mistake("says_bye_and_waits", 5, "STOP-3", "waiting in recv()", LEVELS[4]),
    Mistake("no_lock_yet", 6, "LOCK-1", "not in your server yet", LEVELS[5]),
    Mistake("lock_holds_replies", 6, "LOCK-2", "holds events only", LEVELS[5]),
    Mistake("port_traceback", 7, "START-3", "Catch the error of bind()", LEVELS[0]),
    Mistake("no_reuseaddr", 7, "STOP-5", "SO_REUSEADDR", LEVELS[4]),
    Mistake("dict_changes", 8, STORM, "Walk through a copy", LEVELS[4]),
    Mistake("slow_blocks", 9, "SLOW-1", "send() that blocks", SLOW),
    Mistake("utf8_cut", 10, "OCTET-1", "cut a character in two", OCTETS),
    Mistake("would_block", 12, "SLOW-1", "how much was", SLOW),
    Mistake("endless_line", 13, "OCTET-6", "skip up to the next", OCTETS),
    Mistake("utf8_garbage", 13, "OCTET-7", "Catch UnicodeDecodeError", OCTETS),
    Mistake("reads_stdin", 14, "IDLE-1", "standard input that has ended", "a_storm_of_connections"),
    Mistake("almost_the_spec", 15, "NICK-1", "Compare with the table", LEVELS[1]),
    Mistake("banner", 15, "HELLO-1", "the very first line", LEVELS[0]),
    Mistake("space_at_end", 15, "SAY-2", "Only the spaces differ", LEVELS[2]),
    Mistake("no_newline", 15, "LINE-1", "Every line ends with", LEVELS[0]),
    Mistake("case_matters", 15, "NICK-5", "Compare names in lower case", LEVELS[1]),
    Mistake("index_error", 15, "CMD-2", "count them first", LEVELS[1]),
    Mistake("debug_prints", 15, "SAY-4", "skip the one who speaks", LEVELS[2]),
    Mistake("race", 0, "NICK-8", "lock around both", LEVELS[1]),
    Mistake("reply_first", 0, "SAY-10", "reply to the speaker last", LEVELS[2]),
    Mistake("one_at_a_time", 0, "HELLO-3", "wait to be served", LEVELS[0]),
    Mistake("quit_stays_open", 0, "QUIT-1", "Close the socket", LEVELS[4]),
    Mistake("closes_at_once", 0, "QUIT-4", "read and throw away", OCTETS),
    Mistake("c/sizeof_line", 0, "LINE-1", "strlen(line)", LEVELS[0]),
    Mistake("c/no_terminator", 0, "PING-1", "rest of an older line", LEVELS[0]),
    Mistake("c/strtok_null", 0, "CMD-2", "returned NULL", LEVELS[1]),
    Mistake("c/short_array", 0, "NICK-3", "longer than its array", LEVELS[1]),
    Mistake("c/sigpipe", 3, STORM, "SIG_IGN", LEVELS[4]),
]

#: Those that do not come up, and what their authors are told.
NOT_UP = [
    Mistake("no_flush", 0, "", "flushed", LEVELS[0]),
    Mistake("c/no_fflush", 0, "", "fflush(stdout)", LEVELS[0]),
    Mistake("ready_on_stderr", 0, "", "print it to standard output", LEVELS[0]),
    Mistake("prints_first", 0, "", "Something else was printed", LEVELS[0]),
    Mistake("input_at_start", 14, "", "standard input is at its end", LEVELS[0]),
]

Graded = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def grades(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Future[Graded]]]:
    """What the suite says of each server that a selected test is about."""
    folder = tmp_path_factory.mktemp("mistakes")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        wanted = [item.callspec.params["mistake"] for item in _mine(request)]
        yield {each.server: pool.submit(_grade, each, folder) for each in wanted}


def _mine(request: pytest.FixtureRequest) -> list[Any]:
    """The selected tests of this module that are about one mistake."""
    return [
        item
        for item in request.session.items
        if item.path == Path(__file__) and "mistake" in getattr(item, "fixturenames", ())
    ]


def _grade(mistake: Mistake, folder: Path) -> Graded:
    """Grades a server up to its first failure. Returns what was printed, and results.json."""
    name = mistake.server.replace("/", "_")
    command = f"{{python}} -m tests.servers.mistakes.{mistake.server}"
    if mistake.server.startswith("c/"):
        program = folder / name
        sources = [IN_C / f"{name.removeprefix('c_')}.c", IN_C / "base.c"]
        build = [
            "cc",
            "-O1",
            "-Wall",
            "-fstack-protector-all",
            "-o",
            *map(str, (program, *sources)),
        ]
        subprocess.run(build, check=True, timeout=PATIENCE)
        command = str(program)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "conformance", "--output", str(folder / f"{name}-reports")),
            *("--command", f"{command} --host {{host}} --port {{port}}"),
            *(
                "-x",
                "-k",
                mistake.tests,
                "--start-timeout",
                "2" if not mistake.requirement else "10",
            ),
        ],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    (file,) = (folder / f"{name}-reports").glob("*/results.json")
    return done.stdout + done.stderr, json.loads(file.read_text())


def _has_its_tools(mistake: Mistake) -> bool:
    return not mistake.server.startswith("c/") or shutil.which("cc") is not None


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_first_card_names_what_is_wrong(
    mistake: Mistake, grades: dict[str, Future[Graded]]
) -> None:
    """The requirement first blamed, a hint that helps, and a card of which no part is missing."""
    if not _has_its_tools(mistake):
        pytest.skip("there is no C compiler")
    output, results = grades[mistake.server].result()
    cards = [test["card"] for test in results["tests"] if test["status"] == "fail"]
    blamed = {card["requirement"] for card in cards}
    assert len(blamed) == 1, output
    assert blamed <= set(mistake.requirement.split(" or ")), output
    assert mistake.words in cards[0]["hint"]
    assert f"begin with {cards[0]['requirement']}" in output
    assert results["verdict"] == "fail"
    assert {"test", "why", "again", "text"} <= {key for key, part in cards[0].items() if part}
    assert len(json.dumps(cards[0])) < 20_000


@pytest.mark.parametrize("mistake", NOT_UP, ids=str)
def test_server_that_does_not_come_up_is_told_why(
    mistake: Mistake, grades: dict[str, Future[Graded]]
) -> None:
    """One message with a hint, instead of cards."""
    if not _has_its_tools(mistake):
        pytest.skip("there is no C compiler")
    output, results = grades[mistake.server].result()
    assert results["verdict"] == "error"
    assert mistake.words in " ".join(results["broken"].split())
    assert output.count("does not start") == 1
    assert output.count("  hint ") == 1


def test_every_mistake_has_a_server() -> None:
    """All of the fifteen but one, which no server can make; and no server without a test."""
    assert {each.number for each in [*MISTAKES, *NOT_UP]} - {0} == {*range(1, 16)} - {11}
    files = [*IN_C.parent.glob("*.py"), *IN_C.glob("*.c")]
    names = {str(file.relative_to(IN_C.parent).with_suffix("")) for file in files}
    shared = {"room", "on_threads", "on_select", "c/base"}
    assert names - shared == {each.server for each in [*MISTAKES, *NOT_UP]}
