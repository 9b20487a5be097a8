"""A class at once, as a teacher runs it: real submissions, hostile ones too, both isolations.

The hostile ones are all graded in one run for each isolation, and each is followed by a sound one,
whose verdict has to be what it is alone.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from conformance.sandbox import Limits, choose_isolation

from .hostile import ATTACKS, KILLS_ALL, REACHES, STARTER, Attack, hand_in, processes_with

ROOT = Path(__file__).resolve().parent.parent
#: Seconds that a run may take on a machine that does other things as well.
PATIENCE = 250
LINUX = sys.platform == "linux"
ISOLATION = choose_isolation((), (), True, Limits(1, 2**30, 2**26, 100))

needs_sandbox = pytest.mark.skipif(not ISOLATION.bwrap, reason=ISOLATION.why)


@dataclass
class Graded:
    """What came of one run."""

    status: int
    output: str
    folder: Path

    def results(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / name / "results.json").read_text())
        return found

    def table(self) -> list[dict[str, str]]:
        with open(self.folder / "grades.csv", newline="") as file:
            return list(csv.DictReader(file))


def grade_class(submissions: Path, *arguments: str) -> Graded:
    """Runs the program on a folder, for a few requirements unless asked for a level."""
    reports = submissions.parent / "reports"
    done = subprocess.run(
        command_for(submissions, *arguments),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return Graded(done.returncode, done.stdout + done.stderr, reports)


def command_for(submissions: Path, *arguments: str) -> list[str]:
    output = ("--output", str(submissions.parent / "reports"))
    few = () if "--level" in arguments else ("--only", "HELLO-1", "--only", "PING-1")
    program = [sys.executable, "-m", "conformance", "class", str(submissions)]
    return [*program, *output, *few, *arguments]


@pytest.fixture
def submissions(tmp_path: Path) -> Path:
    folder = tmp_path / "submissions"
    folder.mkdir()
    return folder


def sound(folder: Path) -> None:
    """Hands in the starter: level 0, and no further."""
    shutil.copytree(STARTER, folder)


# Hostile submissions


@dataclass
class Siege:
    """A run over all attacks, and what was running after it."""

    graded: Graded
    left: list[str]
    sandboxed: bool


@pytest.fixture(scope="module", params=["limits", pytest.param("bubblewrap", marks=needs_sandbox)])
def siege(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Siege:
    submissions = tmp_path_factory.mktemp("siege") / "submissions"
    submissions.mkdir()
    token = uuid.uuid4().hex
    sandboxed = request.param == "bubblewrap"
    attacks = dict(ATTACKS)
    if sandboxed:
        namespace = os.readlink("/proc/self/ns/pid")
        program = KILLS_ALL.format(namespace=namespace)
        attacks["kills-all"] = Attack(program, why="its grader was ended")
    for name, attack in attacks.items():
        hand_in(submissions / name, attack, token)
        sound(submissions / f"{name}-next")
    bounds = ("--memory", "500", "--disk", "64", "--processes", "100")
    sandbox = () if sandboxed else ("--no-sandbox",)
    graded = grade_class(submissions, *bounds, "--start-timeout", "20", *sandbox)
    return Siege(graded, processes_with(token), sandboxed)


@pytest.mark.parametrize("name", [*ATTACKS, "kills-all"])
def test_next_submission_is_graded_as_if_it_were_alone(siege: Siege, name: str) -> None:
    if name == "kills-all" and not siege.sandboxed:
        pytest.skip("only a sandbox keeps a submission from the processes of its user")
    results = siege.graded.results(f"{name}-next")
    failed = [each["id"] for each in results["requirements"] if each["status"] != "pass"]
    assert (results["verdict"], results["level"], failed) == ("partial", 0, [])


@pytest.mark.parametrize("name", [*ATTACKS, "kills-all"])
def test_hostile_submission_is_graded_or_told_why_not(siege: Siege, name: str) -> None:
    if name == "kills-all" and not siege.sandboxed:
        pytest.skip("only a sandbox keeps a submission from the processes of its user")
    attack = ATTACKS.get(name, Attack(why="its grader was ended"))
    results = siege.graded.results(name)
    why = attack.why if siege.sandboxed else attack.without or attack.why
    if not LINUX and name in ("forks", "memory"):
        pytest.skip("what has fled from its family cannot be seen here")
    if why is None:
        assert (results["verdict"], results["level"]) == ("partial", 0), results["broken"]
    else:
        assert results["verdict"] == "error"
        assert why in results["broken"]
        assert results["broken_by"] == ("suite" if "its grader" in why else "server")


def test_siege_leaves_nothing_behind(siege: Siege) -> None:
    assert siege.left == []
    assert siege.graded.status == 1
    assert "Traceback" not in siege.graded.output
    assert not any(each in siege.graded.output for each in "\x1b\u202e\x07")
    names = {path.name for path in siege.graded.folder.iterdir()}
    table = siege.graded.table()
    assert names == {each["submission"] for each in table} | {"index.html", "grades.csv"}
    assert all((siege.graded.folder / each["report"]).is_file() for each in table)
    assert {each["isolation"] for each in table} == {"bubblewrap" if siege.sandboxed else "limits"}


def test_name_of_a_server_is_text_in_the_page_and_in_the_table(siege: Siege) -> None:
    (row,) = [each for each in siege.graded.table() if each["submission"] == "names"]
    assert row["server"] == "../../\\x1b[2J\\u202e=cmd()"
    page = (siege.graded.folder / "index.html").read_text()
    assert "../../\\x1b[2J\\u202e=cmd()" in page
    assert not any(each in page for each in "\x1b\u202e")


@pytest.mark.parametrize("sandbox", ["--no-sandbox", pytest.param("--jobs=1", marks=needs_sandbox)])
def test_grade_that_takes_too_long_is_ended(submissions: Path, sandbox: str) -> None:
    """A build that prints without end, and a later run that is none the worse for it."""
    token = uuid.uuid4().hex
    hand_in(submissions / "anna", Attack(toml=f'build = "yes {token}"'), token)
    graded = grade_class(submissions, "--time", "3", sandbox)
    assert graded.status == 1
    assert graded.results("anna")["broken"] == "it took more than 3 s"
    assert processes_with(token) == []
    shutil.rmtree(submissions / "anna")
    sound(submissions / "anna")
    assert grade_class(submissions, sandbox).status == 0


@needs_sandbox
def test_sandbox_shows_neither_others_nor_a_network(submissions: Path) -> None:
    """Of a folder that it may read, too, what is among the submissions or reports is not there."""
    sound(submissions / "other")
    tmp_path = submissions.parent
    (tmp_path / "public").mkdir()
    (tmp_path / "reports").mkdir()
    with socket.create_server(("127.0.0.1", 0)) as ours:
        paths = [submissions / "other", tmp_path / "reports" / "other", tmp_path / "public"]
        program = REACHES.format(
            paths=[str(path) for path in paths],
            suite=str(ROOT / "conformance"),
            port=ours.getsockname()[1],
        )
        hand_in(submissions / "curious", Attack(program), uuid.uuid4().hex)
        first = grade_class(submissions).results("curious")
        graded = grade_class(submissions, "--readable", str(tmp_path), "--again")
        ours.settimeout(0)
        with pytest.raises(BlockingIOError):
            ours.accept()
    assert first["server"]["capabilities"] == []
    assert graded.status == 0, graded.output
    # What it may read is the proof that it has looked.
    assert graded.results("curious")["server"]["capabilities"] == ["sees-public"]
    assert not list(tmp_path.rglob("spoiled"))


# A class of sound submissions


def test_submission_one_level_deeper_is_found_and_what_was_found_is_told(
    submissions: Path,
) -> None:
    (submissions / "anna_17").mkdir()
    sound(submissions / "anna_17" / "server")
    (submissions / "anna_17" / "__MACOSX").mkdir()
    (submissions / "bert").mkdir()
    (submissions / "carl.zip").write_bytes(b"PK")
    graded = grade_class(submissions)
    assert graded.status == 1
    assert "2 submissions" in graded.output
    assert "1 of them one level deeper, 1 without a parley.toml" in graded.output
    assert "carl.zip" in graded.output
    assert [(each["submission"], each["verdict"]) for each in graded.table()] == [
        ("anna_17", "partial"),
        ("bert", "error"),
    ]
    assert graded.results("anna_17")["class"]["found"].endswith("anna_17/server")


def test_submission_is_not_graded_again_until_it_changes(submissions: Path) -> None:
    """Nor are its folder and the reports of others touched by that."""
    sound(submissions / "anna")
    sound(submissions / "bert")
    before = sorted(path for path in submissions.rglob("*"))
    assert "as graded before" not in grade_class(submissions).output
    assert sorted(path for path in submissions.rglob("*")) == before
    with open(submissions / "bert" / "server.py", "a") as file:
        file.write("# better now\n")
    second = grade_class(submissions).output.splitlines()
    assert ["as graded before" in line for line in second if "[" in line] == [True, False]
    assert "as graded before" not in grade_class(submissions, "--level", "1").output
    assert grade_class(submissions, "--level", "1").output.count("as graded before") == 2
    assert "as graded before" not in grade_class(submissions, "--level", "1", "--again").output


def test_link_that_leads_out_is_not_followed(submissions: Path, tmp_path: Path) -> None:
    sound(submissions / "anna")
    (tmp_path / "secret").write_text("the solution")
    (submissions / "anna" / "out").symlink_to(tmp_path / "secret")
    (submissions / "anna" / "up").symlink_to("../..")
    (submissions / "anna" / "in").symlink_to("server.py")
    os.mkfifo(submissions / "anna" / "pipe")
    graded = grade_class(submissions)
    assert graded.status == 0
    left_out = graded.results("anna")["class"]["left_out"]
    assert [each.partition(":")[0] for each in left_out] == ["out", "pipe", "up"]


def test_folder_stands_beside_a_copy_of_a_reference_server(submissions: Path) -> None:
    shutil.copytree(
        ROOT / "impl_poll", submissions / "my_server", ignore=shutil.ignore_patterns("__pycache__")
    )
    assert grade_class(submissions, "--level", "1").status == 1
    graded = grade_class(submissions, "--level", "1", "--beside", str(ROOT / "parley"))
    assert graded.status == 0, graded.output
    assert graded.results("my_server")["level"] == 1


@pytest.mark.parametrize("sandbox", [["--no-sandbox"], pytest.param([], marks=needs_sandbox)])
def test_clauses_of_a_teacher_are_graded_too(submissions: Path, sandbox: list[str]) -> None:
    """docs/own-clauses.md; whoever has not the verb fails, and a change of a test counts."""
    for name in ("anna", "bert"):
        shutil.copytree(
            *(ROOT / "impl_threads", submissions / name),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    example = submissions.parent / "x_shout"
    shutil.copytree(ROOT / "docs" / "examples" / "x_shout", example)
    shutil.copytree(example / "my_server", submissions / "anna", dirs_exist_ok=True)
    added = ["--spec", str(example / "extra.md"), "--tests", str(example / "tests")]
    words = [*added, "--only", "X-SHOUT-1", "--beside", str(ROOT / "parley"), *sandbox]
    graded = grade_class(submissions, *words)
    assert graded.status == 0, graded.output
    found = {name: graded.results(name) for name in ("anna", "bert")}
    statuses = {name: each["requirements"][-1] for name, each in found.items()}
    assert {name: each["status"] for name, each in statuses.items()} == {
        "anna": "pass",
        "bert": "fail",
    }
    assert found["anna"]["additions"].keys() == {added[1], added[3]}
    card = next(test["card"] for test in found["bert"]["tests"] if test["card"])
    assert shlex.join(added) in card["again"]
    assert grade_class(submissions, *words).output.count("as graded before") == 2
    with open(example / "tests" / "test_shout.py", "a") as file:
        file.write("# better now\n")
    assert "as graded before" not in grade_class(submissions, *words).output


@pytest.fixture(params=["limits", pytest.param("bubblewrap", marks=needs_sandbox)])
def running(request: pytest.FixtureRequest, submissions: Path) -> Iterator[tuple[Any, str]]:
    """A run of which one submission is graded while the other one never ends."""
    token = uuid.uuid4().hex
    sound(submissions / "anna")
    endless = f"build = \"sh -c 'tail -f /dev/null; : {token}'\"\n"
    hand_in(submissions / "zoe", Attack(toml=endless), token)
    sandbox = ("--no-sandbox",) if request.param == "limits" else ()
    with subprocess.Popen(
        command_for(submissions, "--jobs", "2", *sandbox),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            for line in process.stdout:
                if "anna" in line:
                    break
            yield process, token
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_leaves_no_process_and_can_be_resumed(
    running: tuple[subprocess.Popen[str], str], submissions: Path, number: signal.Signals
) -> None:
    process, token = running
    if LINUX:
        assert processes_with(token), "nothing was running"
    process.send_signal(number)
    assert process.wait(PATIENCE) == 1
    assert process.stdout
    assert "interrupted: the same command goes on from here" in process.stdout.read()
    assert processes_with(token) == []
    shutil.rmtree(submissions / "zoe")
    assert "as graded before" in grade_class(submissions).output


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["no-such-folder"], "there is no folder no-such-folder"),
        ([], "SUBMISSIONS"),
        (["docs/assets"], "has no subfolder to grade"),
        (["docs", "--only", "SAY-99"], "no such requirement"),
        (["docs", "--rubric", "no-such-file"], "no-such-file"),
        (["docs", "--spec", "no-such-file"], "no-such-file"),
        (["docs", "--tests", "no-such-folder"], "there is no folder no-such-folder"),
        (["docs", "--tests", "docs/examples/x_shout/tests"], "is among the submissions"),
        (["docs", "--jobs", "0"], "--jobs"),
        (["docs", "--beside", "no-such-folder"], "there is no folder no-such-folder"),
        ([str(ROOT)], "the suite itself is among the submissions"),
    ],
)
def test_wrong_usage_is_status_2(tmp_path: Path, arguments: list[str], shown: str) -> None:
    program = [sys.executable, "-m", "conformance", "class", *arguments]
    done = subprocess.run(
        [*program, "--output", str(tmp_path / "reports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 2
    assert shown in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "reports").exists()
