"""Clauses of one's own: `--spec extra.md --tests DIR`, as docs/own-clauses.md tells it.

The example is that of the notes: a copy of impl_threads with one method more, which makes it obey
X-SHOUT. Everything runs as users run it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from .test_grades import PATIENCE, ROOT, Grade, grade

EXAMPLE = ROOT / "docs" / "examples" / "x_shout"
ADDED = ("--spec", str(EXAMPLE / "extra.md"), "--tests", str(EXAMPLE / "tests"))
SHOUTS = [f"X-SHOUT-{number}" for number in range(1, 5)]
ONLY = [word for name in SHOUTS for word in ("--only", name)]


@pytest.fixture
def my_server() -> Iterator[Path]:
    """What a student makes: a copy of impl_threads, and two files of the example over it."""
    copy = ROOT / f"copy_{uuid.uuid4().hex[:8]}"
    shutil.copytree(ROOT / "impl_threads", copy, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(EXAMPLE / "my_server", copy, dirs_exist_ok=True)
    yield copy
    shutil.rmtree(copy)


def statuses(found: Grade) -> dict[str, str]:
    """The status of each of the added requirements."""
    every = {each["id"]: each["status"] for each in found.results["requirements"]}
    return {name: every[name] for name in SHOUTS}


def test_a_copy_with_one_method_more_passes(tmp_path: Path, my_server: Path) -> None:
    """All of level 5, to which the clauses belong: the verb has broken nothing else."""
    found = grade(tmp_path, str(my_server), "--level", "5", *ADDED)
    assert found.status == 0, found.output
    assert found.results["level"] == 5
    assert set(statuses(found).values()) == {"pass"}
    excused = next(each for each in found.results["requirements"] if each["id"] == "X-SHOUT-5")
    assert (excused["status"], excused["max_points"]) == ("untestable", 0)
    assert excused["untestable"].startswith("because how it tells them")
    assert "X-SHOUT-5 (SHOULD)  – untestable" in found.output
    sessions = [each for each in found.results["tests"] if each["name"].endswith("-x-shout-1]")]
    assert [each["status"] for each in sessions] == ["pass"]
    assert found.results["additions"].keys() == {ADDED[1], ADDED[3]}
    assert found.results["score"] == found.results["max_score"]


def test_a_server_without_the_verb_fails_with_a_card(tmp_path: Path) -> None:
    """What builds on the first clause is not judged; the card can be repeated as it stands."""
    found = grade(tmp_path, "impl_threads", *ADDED, *ONLY)
    assert found.status == 1
    assert list(statuses(found).values()) == ["fail", "skip", "skip", "skip"]
    assert "X-SHOUT-1 · level 5 · MUST" in found.output
    assert "expected   alice< OK X-SHOUT 2" in found.output
    assert "got        alice< ERR unknown-verb - " in found.output
    again = next(line for line in found.output.splitlines() if line.startswith("  again "))
    assert f"{' '.join(ADDED)} --seed 1 --only X-SHOUT-1" in again


@pytest.mark.parametrize(
    ("right", "wrong", "failed"),
    [
        ("text.encode().upper().decode()", "text.upper()", "X-SHOUT-1"),
        (", but=member)", ")", "X-SHOUT-1"),
        ("len(room.members) - 1", "len(self.connections) - 1", "X-SHOUT-2"),
        ("wire.text(arguments)", "wire.words(arguments)", "X-SHOUT-3"),
        ("room = room_of(member)", "room = room_of(member); self.release(member)", "X-SHOUT-4"),
    ],
    ids=["every letter", "hears itself", "counts the nameless", "shouts nothing", "unlocks"],
)
def test_a_wrong_verb_fails_on_its_clause(
    tmp_path: Path, my_server: Path, right: str, wrong: str, failed: str
) -> None:
    hub = my_server / "hub.py"
    assert right in hub.read_text()
    hub.write_text(hub.read_text().replace(right, wrong))
    found = grade(tmp_path, str(my_server), *ADDED, *ONLY)
    assert found.status == 1
    assert found.failed()[0] == failed
    assert f"{failed} · level 5 · MUST" in found.output


def test_points_of_added_clauses_come_from_the_rubric(tmp_path: Path, my_server: Path) -> None:
    rubric = tmp_path / "rubric.toml"
    rubric.write_text("[keyword]\nMUST = 1\n[requirement]\nX-SHOUT-1 = 7\n")
    found = grade(tmp_path / "r", str(my_server), *ADDED, *ONLY, "--rubric", str(rubric))
    assert (found.results["score"], found.results["max_score"]) == (10, 10)


EXTENSION = """\
**X-ROLL-1** · x-roll · MUST:
`X-ROLL` is answered with `OK X-ROLL 4`.

**X-HELLO-1** · x-hello · SHOULD:
A member receives `X-HELLO name` at once.

```session X-ROLL-1
alice> NICK alice
alice< OK NICK alice 1
alice> X-ROLL
alice< OK X-ROLL 4
```
"""
TESTS = '''\
from conformance.api import Bench, Chat, Violation, untested


def test_greeting(chat: Chat) -> None:
    """X-HELLO-1: of one's own name."""
    alice = chat.member("alice")
    alice.receives(f"X-HELLO {alice.nick}")
'''


def additions(folder: Path, spec: str = EXTENSION, tests: str = TESTS) -> list[str]:
    """An addition of our own, as options."""
    (folder / "tests").mkdir()
    (folder / "tests" / "test_ours.py").write_text(tests)
    (folder / "extra.md").write_text(spec)
    return ["--spec", str(folder / "extra.md"), "--tests", str(folder / "tests")]


@pytest.mark.parametrize("capability", ["x-roll", "X-ROLL"])
def test_an_extension_of_ones_own_is_graded_where_it_is_offered(
    tmp_path: Path, my_server: Path, capability: str
) -> None:
    """By itself, like every extension; of two, the other is not offered. A session is a test."""
    hub = (
        "from parley.extensions import ExtendedHub\nfrom parley.hub import Member\n\n\n"
        "class ShoutingHub(ExtendedHub):\n"
        f"    capabilities = (*ExtendedHub.capabilities, {capability!r})\n\n"
        "    def do_x_roll(self, member: Member, arguments: str) -> None:\n"
        '        self.reply(member, "OK", "X-ROLL", 4)\n'
    )
    (my_server / "hub.py").write_text(hub)
    added = additions(tmp_path)
    only = ["--only", "x-roll", "--only", "x-hello"]
    found = grade(tmp_path / "r", str(my_server), *added, *only)
    assert found.status == 0, found.output
    assert found.results["extensions"] == {
        "x-roll": {"offered": True, "verdict": "pass", "score": 2, "max_score": 2},
        "x-hello": {"offered": False, "verdict": "not offered", "score": 0, "max_score": 1},
    }
    (my_server / "hub.py").write_text(hub.replace('"X-ROLL", 4', '"X-ROLL", 55'))
    found = grade(tmp_path / "s", str(my_server), *added, *only)
    assert found.status == 1
    assert "expected   alice< OK X-ROLL 4" in found.output


def test_private_events_disturb_no_test_that_is_not_about_them(
    tmp_path: Path, my_server: Path
) -> None:
    """The core of a server that greets its members is sound, with and without the addition."""
    (my_server / "hub.py").write_text(
        "from parley.extensions import ExtendedHub\nfrom parley.hub import Member, name_of\n\n\n"
        "class ShoutingHub(ExtendedHub):\n"
        '    capabilities = (*ExtendedHub.capabilities, "x-hello", "x-roll")\n\n'
        "    def do_nick(self, member: Member, arguments: str) -> None:\n"
        "        super().do_nick(member, arguments)\n"
        '        self.deliver(member, "X-HELLO", name_of(member))\n\n'
        "    def do_x_roll(self, member: Member, arguments: str) -> None:\n"
        '        self.reply(member, "OK", "X-ROLL", 4)\n'
    )
    spec = EXTENSION.replace("X-ROLL\nalice< OK", "X-ROLL\nalice< X-HELLO alice\nalice< OK")
    added = additions(tmp_path, spec)
    only = ["--only", "X-HELLO-1", "--only", "X-ROLL-1", "--only", "NICK-1", "--only", "SAY-4"]
    found = grade(tmp_path / "r", str(my_server), *added, *only)
    assert found.status == 0, found.output
    Path(added[1]).write_text(EXTENSION)  # whose session knows of no greeting
    found = grade(tmp_path / "s", str(my_server), *added, *only)
    assert found.failed() == ["X-ROLL-1"]
    assert "got        alice< X-HELLO alice_" in found.output


def test_the_api_is_there_in_the_wheel_under_the_same_name(tmp_path: Path) -> None:
    """There the package is called parley_conformance, and protocol.md lies within."""
    installed = tmp_path / "site"
    shutil.copytree(ROOT / "conformance", installed / "parley_conformance")
    shutil.copy(ROOT / "protocol.md", installed / "parley_conformance")
    done = subprocess.run(
        [sys.executable, "-m", "parley_conformance", str(ROOT / "impl_threads"), *ADDED, *ONLY],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    results = json.loads((tmp_path / "reports" / "impl_threads" / "results.json").read_text())
    assert done.returncode == 1
    assert " -m parley_conformance " in done.stdout
    assert [each["status"] for each in results["requirements"]][:2] == ["fail", "skip"]


def test_no_file_around_the_tests_is_read(tmp_path: Path) -> None:
    """Neither conftest.py nor a module with the name of one that the suite needs."""
    added = additions(tmp_path, EXTENSION, TESTS)
    for folder in (tmp_path, tmp_path / "tests"):
        for name in ("conftest.py", "selectors.py", "__init__.py"):
            (folder / name).write_text("raise SystemExit('reached in')\n")
        (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    found = grade(tmp_path / "r", "impl_poll", *added, "--only", "x-hello", "--only", "PING-1")
    assert found.status == 0, found.output
    assert "reached in" not in found.output
