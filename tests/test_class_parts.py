"""The parts of grading a class, each alone: copies, families of processes, the page."""

from __future__ import annotations

import csv
import io
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conformance import submissions as subject
from conformance.grade import Options
from conformance.overview import COLUMNS, Row, as_csv, as_page
from conformance.process_tree import descendants, processes, proportional_memory
from conformance.results import Rubric
from conformance.run import not_built
from conformance.sandbox import Isolation, Limits
from conformance.spec import parse_spec
from conformance.submissions import StageError, find_submissions, folder_name, size_of, stage
from conformance.target import Target

SPEC = parse_spec(
    "Version 9.1 of this document\n\n"
    "**HELLO-1** · level 0 · MUST:\nA <greeting>.\n\n"
    "**NICK-1** · level 1 · MUST:\nA name.\n\n"
    "**ROOM-1** · rooms · MUST:\nA room.\n\n"
)
LIMITS = Limits(1.0, 2**20, 2**20, 10)
SCRIPT = "<script>alert(1)</script>"


# Submissions


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("anna", "anna"),
        ("../../etc", "etc"),
        ("..", "server"),
        ("a\x1b[2J\nb", "a-2J-b"),
        ("Anna Bauer_17 (late)", "Anna-Bauer_17-late"),
        ("index.html", "index.html-2"),
        ("x" * 300, "x" * 100),
    ],
)
def test_name_becomes_a_folder_that_leads_nowhere_else(name: str, folder: str) -> None:
    assert folder_name(name, {"index.html"}) == folder


def test_names_that_become_equal_get_folders_of_their_own() -> None:
    taken: set[str] = set()
    assert [folder_name(name, taken) for name in ("a b", "a-b", "a/b")] == ["a-b", "a-b-2", "a-b-3"]


def test_two_servers_in_one_submission_are_told(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "anna" / name).mkdir(parents=True)
        (tmp_path / "anna" / name / "parley.toml").touch()
    ((anna,), others) = find_submissions(tmp_path, tmp_path / "reports")
    assert anna.root is None
    assert anna.why == "parley.toml is in more than one of its folders: one, two"
    assert others == []


def test_reports_hidden_folders_and_links_are_no_submissions(tmp_path: Path) -> None:
    for name in ("reports", ".git", "__MACOSX", "anna"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("anna")
    found, others = find_submissions(tmp_path, tmp_path / "reports")
    assert [each.name for each in found] == ["anna"]
    assert others == ["link"]


def test_submission_is_copied_as_it_is_but_for_its_rights(tmp_path: Path) -> None:
    given = tmp_path / "anna"
    (given / "src").mkdir(parents=True)
    (given / "src" / "run").write_text("#!/bin/sh\n")
    (given / "src" / "run").chmod(0o4755)
    (given / "src" / "back").symlink_to("../src/run")
    assert stage(given, tmp_path / "copy", 100) == []
    copied = tmp_path / "copy" / "src" / "run"
    assert copied.read_text() == "#!/bin/sh\n"
    assert copied.stat().st_mode & 0o7777 == 0o711
    assert (tmp_path / "copy" / "src" / "back").resolve() == copied.resolve()


def test_submission_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "anna").mkdir()
    with open(tmp_path / "anna" / "sparse", "wb") as file:
        file.truncate(2**40)
    with pytest.raises(StageError, match="too large"):
        stage(tmp_path / "anna", tmp_path / "copy", 2**30)
    (tmp_path / "anna" / "sparse").unlink()
    for number in range(4):
        (tmp_path / "anna" / str(number)).touch()
    monkeypatch.setattr(subject, "ENTRIES", 3)
    with pytest.raises(StageError, match="more than 3 files"):
        stage(tmp_path / "anna", tmp_path / "another", 2**30)


def test_folder_with_odd_rights_is_weighed_and_removed(tmp_path: Path) -> None:
    folder = tmp_path / "place"
    (folder / "shut").mkdir(parents=True)
    (folder / "large").write_bytes(bytes(2**20))
    (folder / "up").symlink_to("/")
    (folder / "shut" / "file").touch()
    (folder / "shut").chmod(0)
    assert 2**20 <= size_of(folder, 2**30) < 2**21
    subject.remove(folder)
    assert not folder.exists()


# Processes


def test_family_of_a_process_are_all_that_descend_from_it() -> None:
    """Four sleepers: a child, its child in a session of its own, and two of those."""
    program = (
        "import os, signal\nsignal.alarm(60)\n"
        "if os.fork() == 0:\n"
        "    os.setsid(); os.fork(); os.fork()\n"
        "    os.write(1, b'x'); signal.pause()\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            assert process.stdout.read(4) == b"xxxx"
            family = descendants(process.pid, processes())
            assert len(family) == 4
            assert 0 < proportional_memory(family) <= sum(each.resident for each in family)
            assert not any(each.is_zombie for each in family)
            assert process.pid in {each.pid for each in descendants(os.getpid(), processes())}
        finally:
            for each in descendants(process.pid, processes()):
                os.kill(each.pid, signal.SIGKILL)
            process.kill()


@pytest.mark.skipif(sys.platform != "linux", reason="nobody adopts orphans there")
def test_orphans_are_adopted_ended_and_reaped() -> None:
    """Some of a family end by themselves, some have fled into sessions of their own."""
    program = (
        "import os, signal, sys\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from conformance.process_tree import adopt_orphans, end_orphans, processes\n"
        "adopt_orphans()\n"
        "kept = os.fork()\n"
        "if kept == 0: signal.alarm(60); signal.pause()\n"
        "if (child := os.fork()) == 0:\n"
        "    for number in range(6):\n"
        "        if os.fork() == 0:\n"
        "            signal.alarm(60); os.setsid(); os.fork()\n"
        "            signal.pause() if number % 2 else os._exit(0)\n"
        "    os._exit(0)\n"
        "os.waitpid(child, 0)\n"
        "end_orphans({kept})\n"
        "ours = [each.pid for each in processes().values() if each.parent == os.getpid()]\n"
        "print(ours == [kept], len(ours))\n"
        "os.kill(kept, 9)\n"
    )
    root = str(Path(__file__).resolve().parent.parent)
    done = subprocess.run([sys.executable, "-c", program, root], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True 1\n", "")


# The sandbox's command line


def test_sandbox_hides_what_stands_in_what_it_shows() -> None:
    shown, apart = Path("/usr/share/class/submissions"), Path("/srv/class/reports")
    isolation = Isolation("/usr/bin/bwrap", hidden=(shown, apart))
    words = isolation.wrapped(["true"], LIMITS, Path("/copy"), [Path("/srv/parley")])
    at = words.index(str(shown))
    assert words[at - 1] == "--tmpfs"
    assert str(apart) not in words  # there is no way to it
    assert words[words.index("/beside/parley") - 1] == "/srv/parley"
    assert words[-2:] == ["--", "true"]
    assert Isolation(why="…").wrapped(["true"], LIMITS, Path("/copy"), []) == ["true"]


# The page and the table


def row_of(name: str, **changes: Any) -> Row:
    rubric = Rubric({"MUST": 2}, {})
    results = not_built(Target(name), SPEC, rubric, Options(), "it's broken").as_json()
    results["class"] = {"isolation": "limits"}
    return Row(name, results | changes, "x/report.html")


def requirement(name: str, level: int | None, status: str) -> dict[str, Any]:
    return {"id": name, "level": level, "keyword": "MUST", "status": status, "text": "<text>"}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\t=1", " =1", "|calc", "%x"])
def test_cell_is_never_a_formula(name: str) -> None:
    ((_, row),) = [list(csv.reader(io.StringIO(as_csv([row_of(name)], SPEC))))]
    assert row[0].startswith(("'", "\\t"))
    assert row[1].startswith("'")


def test_table_has_the_columns_that_are_documented() -> None:
    row = row_of("anna", level=0, verdict="fail", score=3)
    (found,) = csv.DictReader(io.StringIO(as_csv([row], SPEC)))
    assert list(found) == [*COLUMNS, "rooms"]
    assert (found["submission"], found["level"], found["score"]) == ("anna", "0", "3")
    assert (found["rooms"], found["reason"]) == ("", "it's broken")


def test_first_failing_is_what_failed_and_not_what_was_not_judged_for_it() -> None:
    row = row_of(
        "anna",
        verdict="fail",
        requirements=[
            requirement("HELLO-1", 0, "pass"),
            requirement("NICK-1", 1, "skip"),
            requirement("ROOM-1", None, "fail"),
        ],
    )
    assert row.first_failing == "ROOM-1"
    assert [row.level_cell(level) for level in (0, 1, 2)] == [
        ("1/1", "pass"),
        ("0/1", "none"),
        ("", ""),
    ]


def test_page_shows_whatever_a_submission_says_as_text() -> None:
    server = {"name": SCRIPT, "sha256": None}
    row = row_of(SCRIPT, server=server, broken=f"{SCRIPT}\n\x1b{SCRIPT}", verdict="error")
    page = as_page([row], SPEC, [SCRIPT])
    assert SCRIPT not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4
    assert "\x1b" not in page
    assert "://" not in page  # it asks nobody for anything
