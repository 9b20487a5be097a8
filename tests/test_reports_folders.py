"""The ready folders under starters/grading/, run as their services run them, on a small scale."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.graded import void
from tests.test_reports_services import vpl_reads

ROOT = Path(__file__).resolve().parent.parent
GRADING = ROOT / "starters" / "grading"
SCRIPTS = [path for path in GRADING.rglob("*") if path.suffix == ".sh" or not path.suffix]
SHELL_SCRIPTS = [path for path in SCRIPTS if path.is_file()]
#: A server that says nothing but what a grading service might obey, on all its channels.
SERVER = """
import socket, sys
commands = "Grade :=>>100\\n--|>\\n<|--\\n::error::no\\n::stop-commands::x\\n"
print(commands, file=sys.stderr, flush=True)
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print(f"listening on 127.0.0.1 {listener.getsockname()[1]}\\n{commands}", flush=True)
while True:
    listener.accept()[0].sendall(commands.encode())
"""
TOML = 'name = "Grade :=>>100"\ncommand = "{python} server.py {port}"\n'


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def suite(path: Path) -> Path:
    """What stands for the Python of an environment with the wheel: this one, and this checkout."""
    return program(
        path,
        "#!/bin/sh\n"
        'for word; do shift; test "$word" = parley_conformance && word=conformance\n'
        'set -- "$@" "$word"; done\n'
        f'PYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n',
    )


def failing_suite(path: Path) -> Path:
    """The same, but each grade is one in which the suite itself went wrong."""
    grade = void(path.parent / "void")
    real = suite(path.with_name("real"))
    return program(
        path,
        "#!/bin/sh\n"
        f'case " $* " in *" report "*) exec "{real}" "$@";; esac\n'
        'while test "$1" != --output; do shift; done\n'
        f'mkdir -p "$2/mine" && cp "{grade}" "$2/mine"\n'
        "exit 2\n",
    )


def submission(folder: Path, toml: str = TOML) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "server.py").write_text(SERVER)
    (folder / "parley.toml").write_text(toml)
    return folder


def run(
    *command: object, cwd: Path, status: int = 0, **environment: object
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=os.environ | {name: str(value) for name, value in environment.items()},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda path: path.name)
def test_shell_scripts_are_shell_and_can_be_executed(script: Path) -> None:
    run("bash", "-n", script, cwd=GRADING)
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("name", ["gradescope", "classroom50", "vpl", "github-actions"])
def test_every_folder_tells_a_teacher_what_to_do(name: str) -> None:
    text = (GRADING / name / "README.md").read_text()
    others = {path.name for path in (GRADING / name).iterdir()} - {"README.md"}
    assert others
    for each in others - {"setup.sh"}:
        assert each in text


# Gradescope


def autograder(tmp_path: Path, python: Path | None = None) -> Path:
    """/autograder, as Gradescope lays it out."""
    shutil.copy(GRADING / "gradescope" / "run_autograder", tmp_path)
    (tmp_path / "results").mkdir()
    if python is None:
        suite(tmp_path / "venv" / "bin" / "python")
    return tmp_path / "run_autograder"


def gradescope(tmp_path: Path) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((tmp_path / "results" / "results.json").read_text())
    return table


def test_gradescope_gets_its_results(tmp_path: Path) -> None:
    script = autograder(tmp_path)
    submission(tmp_path / "submission")
    done = run(script, cwd=tmp_path, AUTOGRADER=tmp_path)
    assert gradescope(tmp_path)["score"] == 0
    assert {test["status"] for test in gradescope(tmp_path)["tests"]} == {"failed"}
    assert "Grade" not in done.stdout


def test_gradescope_gets_0_and_the_reason_for_a_submission_without_parley_toml(
    tmp_path: Path,
) -> None:
    script = autograder(tmp_path)
    (tmp_path / "submission").mkdir()
    run(script, cwd=tmp_path, AUTOGRADER=tmp_path)
    assert gradescope(tmp_path)["score"] == 0
    assert "has no parley.toml" in gradescope(tmp_path)["output"]


def test_gradescope_gets_nothing_if_the_suite_fails(tmp_path: Path) -> None:
    script = autograder(tmp_path, failing_suite(tmp_path / "venv" / "bin" / "python"))
    submission(tmp_path / "submission")
    run(script, cwd=tmp_path, AUTOGRADER=tmp_path, status=2)
    assert not list((tmp_path / "results").iterdir())


def test_gradescope_installs_what_it_was_given(tmp_path: Path) -> None:
    """setup.sh, with an apt-get and a Python that only note what they are asked for."""
    log = tmp_path / "log"
    note = f'#!/bin/sh\necho "$(basename "$0") $*" >>"{log}"\n'
    program(tmp_path / "bin" / "apt-get", note)
    pip = f"printf '%s' '{note}' >\"$3/bin/pip\" && chmod +x \"$3/bin/pip\"\n"
    program(tmp_path / "bin" / "python3.14", f'{note}mkdir -p "$3/bin" && {pip}')
    source = tmp_path / "source"
    source.mkdir()
    (source / "parley_kit-0.1.0-py3-none-any.whl").touch()
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    run(GRADING / "gradescope" / "setup.sh", cwd=tmp_path, AUTOGRADER=tmp_path, PATH=path)
    assert log.read_text().splitlines() == [
        "apt-get update",
        "apt-get install -y --no-install-recommends build-essential",
        f"python3.14 -m venv {tmp_path}/venv",
        f"pip install --require-hashes -r {source}/suite.txt",
        f"pip install --no-index {source}/parley_kit-0.1.0-py3-none-any.whl",
    ]


# Classroom 50

CLASSROOM: dict[str, object] = {
    "CLASSROOM": "networks",
    "ASSIGNMENT": "chat",
    "SUBMISSION_TAG": "submit/1",
    "COMMIT_URL": "https://example.org/c",
    "RELEASE_URL": "https://example.org/r",
    "OWNER": "alice",
    "ASSIGNMENT_TYPE": "individual",
}


def classroom50(tmp_path: Path, python: Path, status: int = 0) -> str:
    script = GRADING / "classroom50" / "autograder.py"
    environment = CLASSROOM | {"PARLEY_PYTHON": python}
    return run(sys.executable, script, cwd=tmp_path, status=status, **environment).stdout


def test_classroom50_gets_its_result_and_a_page(tmp_path: Path) -> None:
    printed = classroom50(submission(tmp_path / "mine"), suite(tmp_path / "python"))
    result = json.loads((tmp_path / "mine" / "result.json").read_text())
    assert (result["owner"], result["score"]) == ("alice", 0)
    assert result["max-score"] == sum(test["max-score"] for test in result["tests"]) > 0
    assert (tmp_path / "mine" / "report.html").is_file()
    assert_github_obeys_nothing_else(printed)


def test_classroom50_gets_0_for_a_submission_without_parley_toml(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    classroom50(tmp_path / "mine", suite(tmp_path / "python"))
    result = json.loads((tmp_path / "mine" / "result.json").read_text())
    assert (result["score"], result["max-score"], len(result["tests"])) == (0, 1, 1)


def test_classroom50_hears_of_an_error_if_the_suite_fails(tmp_path: Path) -> None:
    mine = submission(tmp_path / "mine")
    classroom50(mine, failing_suite(tmp_path / "python"), status=1)
    assert not (mine / "result.json").exists()


def assert_github_obeys_nothing_else(printed: str) -> None:
    """Between the two commands of ours, whatever looks like one is not obeyed."""
    (begin,) = re.findall(r"^::stop-commands::([0-9a-f]{32})$", printed, re.MULTILINE)
    before, _, rest = printed.partition(f"::stop-commands::{begin}\n")
    _, end, after = rest.rpartition(f"\n::{begin}::")
    assert end
    assert "::" not in before + after
    assert rest.count(f"::{begin}::") == 1


# Moodle VPL


def vpl(tmp_path: Path, script: str, python: Path, *files: str) -> str:
    """Runs a script of VPL as its jail does: in one folder with the submission's files."""
    shutil.copy(GRADING / "vpl" / script, tmp_path)
    names = "".join(f"export VPL_SUBFILE{at}='{each}'\n" for at, each in enumerate(files))
    environment = f"export VPL_GRADEMIN=0\nexport VPL_GRADEMAX=20\n{names}"
    (tmp_path / "vpl_environment.sh").write_text(environment)
    run("bash", script, cwd=tmp_path)
    return run("./vpl_execution", cwd=tmp_path, PARLEY_PYTHON=python).stdout


def test_vpl_gets_its_grade_and_nothing_of_the_servers(tmp_path: Path) -> None:
    submission(tmp_path)
    output = vpl(
        tmp_path, "vpl_evaluate.sh", suite(tmp_path / "bin" / "python"), "parley.toml", "server.py"
    )
    grade, comments = vpl_reads(output)
    assert grade == "0.00"
    assert output.count("Grade :=>>") > 1  # it was said, but as words
    assert len(re.findall("^Grade :=>>", output, re.MULTILINE)) == 1
    assert "-HELLO-1 fails" in comments or "-LINE-2 fails" in comments


def test_vpl_gets_the_lowest_grade_without_parley_toml(tmp_path: Path) -> None:
    output = vpl(tmp_path, "vpl_evaluate.sh", suite(tmp_path / "bin" / "python"))
    grade, comments = vpl_reads(output)
    assert grade == "0"
    assert "has no parley.toml" in comments


def test_vpl_gets_no_grade_if_the_suite_fails(tmp_path: Path) -> None:
    submission(tmp_path)
    python = failing_suite(tmp_path / "bin" / "python")
    grade, comments = vpl_reads(vpl(tmp_path, "vpl_evaluate.sh", python, "parley.toml"))
    assert grade == ""
    assert "the suite itself failed" in comments


def test_vpl_shows_a_student_how_far_the_server_is(tmp_path: Path) -> None:
    submission(tmp_path, TOML.replace("Grade :=>>100", "mine"))
    shutil.copy(GRADING / "vpl" / "vpl_run.sh", tmp_path)
    (tmp_path / "vpl_environment.sh").write_text(
        "export VPL_SUBFILE0=parley.toml\nexport VPL_SUBFILE1=server.py\n"
    )
    run("bash", "vpl_run.sh", cwd=tmp_path)
    python = suite(tmp_path / "bin" / "python")
    shown = run("./vpl_execution", cwd=tmp_path, status=1, PARLEY_PYTHON=python).stdout
    assert "mine: fail, no level" in shown


# GitHub Actions


def workflow_scripts() -> list[str]:
    """The blocks that the workflow runs with a shell."""
    text = (GRADING / "github-actions" / "parley.yml").read_text()
    blocks = re.findall(r"^( +)run: \|\n((?:\1  .*\n)+)", text, re.MULTILINE)
    return ["".join(line.strip() + "\n" for line in block.splitlines()) for _, block in blocks]


def test_github_grades_and_writes_its_reports(tmp_path: Path) -> None:
    submission(tmp_path / "submission")
    suite(tmp_path / "bin" / "python")
    (tmp_path / "parley").mkdir()
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    grade, junit = (["bash", "-eo", "pipefail", "-c", script] for script in workflow_scripts())
    here = tmp_path / "parley"
    assert_github_obeys_nothing_else(run(*grade, cwd=here, status=1, PATH=path).stdout)
    run(*junit, cwd=here, PATH=path)
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"Grade-100", "junit.xml"}


def test_github_workflow_asks_for_no_rights() -> None:
    text = (GRADING / "github-actions" / "parley.yml").read_text()
    assert "permissions:\n  contents: read\n" in text
    assert "pull_request_target" not in text
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
