"""Mutation testing by our own tool: which changes there are, and what becomes of them.

The server that is changed here is a tiny one, of level 0: its words are in a module of their own.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.mutation.changes import Change, changes_of
from conformance.mutation.judge import Judge, Verdict, what_became
from conformance.mutation.ledger import (
    Ledger,
    LedgerError,
    read_explained,
    read_kills,
    write_kills,
)

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 120

WORDS = '''"""What the tiny server says."""
GREETING = b"HELLO parley/1 tiny\\n"
STEP = 1
SPARE = 7
'''
SERVER = """import select, socket, sys, words
try:
    listener = socket.create_server((sys.argv[2], int(sys.argv[4])), backlog=511)
except OSError:
    sys.exit("cannot listen")
with listener:
    print("listening on", *listener.getsockname(), flush=True)
    clients = {}
    while True:
        for sock in select.select([listener, *clients], [], [])[0]:
            if sock is listener:
                client = listener.accept()[0]
                clients[client] = b""
                client.sendall(words.GREETING)
                continue
            try:
                data = sock.recv(65536)
            except OSError:
                data = b""
            *lines, clients[sock] = (clients[sock] + data).split(b"\\n")
            for line in lines:
                verb, _, token = line.partition(b" ")
                left = 4
                while left > 0:
                    left -= words.STEP
                if verb == b"PING":
                    sock.sendall(b"PONG " + token + b"\\n")
            if not data:
                del clients[sock]
                sock.close()
"""
EXPLAINED = """
[[equivalent]]
file = "tiny/words.py"
function = "(module)"
line = "STEP = 1"
what = ["1 -> 2"]
why = "four is even"

[[allowed]]
file = "tiny/words.py"
function = "(module)"
line = "SPARE = 7"
what = ["7 -> 8"]
why = "nobody says how much is to spare"
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """The root of a project whose one server is in the folder `tiny`."""
    folder = tmp_path / "root" / "tiny"
    folder.mkdir(parents=True)
    (folder / "words.py").write_text(WORDS)
    (folder / "server.py").write_text(SERVER)
    command = "{python} server.py --host {host} --port {port}"
    (folder / "parley.toml").write_text(f'command = "{command}"\n')
    (tmp_path / "explained.toml").write_text(EXPLAINED)
    return folder.parent


def run(tiny: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "conformance.mutation", "tiny/words.py", "--root", str(tiny)]
    places = ["--output", str(tiny.parent), "--explained", str(tiny.parent / "explained.toml")]
    grading = ["--level", "0"]
    return subprocess.run(
        [*program, *places, *grading, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def whats(source: str) -> list[str]:
    return [change.what for change in changes_of("x.py", source.encode())]


def outcomes(tiny: Path) -> dict[str, str]:
    known = json.loads((tiny.parent / "mutation.json").read_text())
    return {each["key"].split(" | ", 2)[2]: each["outcome"] for each in known["changes"]}


def test_killed_survived_and_explained_are_told_apart_and_a_second_run_goes_on(tiny: Path) -> None:
    first = run(tiny, "--sample", "2")
    assert first.returncode in (0, 1), first.stderr
    ledger = tiny.parent / "mutation.jsonl"
    before = ledger.read_text()
    ledger.write_text(before + '{"key": "cut off while it was wri')
    done = run(tiny)
    assert outcomes(tiny) == {
        f"GREETING = {WORDS.splitlines()[1][11:]} | b'HELLO parley/1 tiny\\n' -> "
        "b'HELLO parley/1 tiny\\nx'": "killed",
        "STEP = 1 | 1 -> 2": "equivalent",
        "STEP = 1 | 1 -> 0": "killed",  # the server hangs
        "SPARE = 7 | 7 -> 8": "allowed",
        "SPARE = 7 | 7 -> 6": "survived",
    }
    assert done.returncode == 1
    assert "tiny/words.py  5        5       2       1         0        1           1" in done.stdout
    assert "4: tiny/words.py | (module) | SPARE = 7 | 7 -> 6" in done.stdout
    assert ledger.read_text().startswith(before), "what was known is not judged again"
    assert len(ledger.read_text().splitlines()) in (3, 4)  # two are explained, and never judged


def test_the_first_requirement_that_fails_is_told(tiny: Path) -> None:
    judge = Judge(tiny, PATIENCE, (("--level", "0"),))
    changes = changes_of("tiny/words.py", WORDS.encode())
    found = {change.what: judge.judge(change) for change in changes if "STEP" in change.line}
    assert found["1 -> 2"].outcome == "survived"
    # It hangs with the first PING, the one behind the greeting.
    assert (found["1 -> 0"].outcome, found["1 -> 0"].by) == ("killed", "HELLO-1")


def test_what_has_killed_one_change_of_a_function_is_tried_first(tiny: Path) -> None:
    """By itself PING-1 comes behind HELLO-1, which the same change refutes."""
    judge = Judge(tiny, PATIENCE)
    (hangs,) = (each for each in changes_of("tiny/words.py", WORDS.encode()) if each.new == "0")
    judge.learn(hangs, Verdict("killed", "what HELLO offers", 1.0))
    assert not judge.killers
    judge.learn(hangs, Verdict("killed", "PING-1", 1.0))
    assert judge.judge(hangs).by == "PING-1"
    judge.learn(hangs, Verdict("killed", "HELLO-2", 1.0))
    assert list(judge.killers.values()) == [["HELLO-2", "PING-1"]]


def test_a_grade_without_end_is_unclear_and_leaves_nothing_behind(tiny: Path) -> None:
    judge = Judge(tiny, 0.5, (("--level", "0", "--answer-timeout", "60"),))
    (hangs,) = (each for each in changes_of("tiny/words.py", WORDS.encode()) if each.new == "0")
    verdict = judge.judge(hangs)
    assert (verdict.outcome, verdict.by) == ("unclear", "no end within 0.5 s")
    assert not judge.grades.running


def test_a_server_that_is_failed_as_it_is_judges_nothing(tiny: Path) -> None:
    (tiny / "tiny" / "words.py").write_text(WORDS.replace("parley/1", "parley/2"))
    done = run(tiny)
    assert done.returncode == 2
    assert "as it is" in done.stderr
    assert "HELLO-1" in done.stderr


def test_a_file_that_is_not_there_is_one_clear_line(tiny: Path) -> None:
    done = run(tiny, "tiny/nothing.py")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_pattern_that_is_none_is_one_clear_line(tiny: Path) -> None:
    done = run(tiny, "--match", "(")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


def test_a_pattern_chooses(tiny: Path) -> None:
    done = run(tiny, "--match", "SPARE.*7 -> 6", "--list")
    assert done.stdout == "4: tiny/words.py | (module) | SPARE = 7 | 7 -> 6\n"


def test_settings_are_left_as_they_are() -> None:
    words = [sys.executable, "-m", "conformance.mutation", "--list", "parley/state.py"]
    listed = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "| Deadlines.start |" in listed
    assert "| Limits |" not in listed


def test_an_explanation_of_nothing_is_told(tiny: Path) -> None:
    explained = tiny.parent / "explained.toml"
    explained.write_text(EXPLAINED.replace("7 -> 8", "7 -> 9"))
    done = run(tiny, "--sample", "0")
    assert done.returncode == 1
    assert "no such change any more: tiny/words.py | (module) | SPARE = 7 | 7 -> 9" in done.stdout


@pytest.mark.parametrize("text", ["[[equivalent]]\nfile = 1", "equivalent = 3", "["])
def test_explanations_of_another_form_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "explained.toml"
    path.write_text(text)
    with pytest.raises(LedgerError):
        read_explained(path)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = 1 < y", ["1 < y -> 1 <= y", "1 -> 2", "1 -> 0"]),
        ("if x > y:\n    f()", ["x > y -> True", "x > y -> False", "x > y -> x >= y", "deleted"]),
        ("if x is y:\n    pass", ["x is y -> True", "x is y -> False"]),
        ("x = y is not z", ["y is not z -> y is z"]),
        ("x = not y", ["not y -> y"]),
        ("x = y and z or a", ["y and z or a -> (y and z) and a", "y and z -> y or z"]),
        ("x = y + z", ["y + z -> y - z"]),
        ("x.y = z", ["deleted"]),
        ("x.y += z", ["deleted", "x.y -= z"]),
        ("del x[y]", ["deleted"]),
        ("for x in y:\n    continue", ["continue -> break"]),
        ("while x:\n    break", ["x -> True", "x -> False", "break -> continue"]),
        ("def f():\n    return x", ["return None"]),
        ("def f():\n    return None", []),
        ("x = f(y, z)", ["f(y, z) -> f(z, y)"]),
        ("x = f(y, *z)", []),
        ("x = [y for y in z if y]", ["y -> True"]),
        ("x = 0.5", ["0.5 -> 1.5"]),
        ("x = True", ["True -> False"]),
        ("x = 'SAY'", ["'SAY' -> 'SAYx'"]),
        ("x = 'words for people'", []),
        (
            "x = '[a-z]{1,20}'",
            [f"'[a-z]{{1,20}}' -> '[a-z]{{{new}}}'" for new in ("2,20", "0,20", "1,21", "1,19")],
        ),
        ("raise x", ["deleted"]),
        ("x: Literal[1] = y", []),
        ("log.info('x', 1)", []),
        ("assert x < 1", []),
        ("x = f'{1 + 1}'", []),
        ('"""Words."""', []),
        ("__slots__ = ('a',)", []),
    ],
)
def test_what_can_be_changed(source: str, expected: list[str]) -> None:
    assert sorted(whats(source)) == sorted(expected)


def test_a_change_is_made_where_it_stands_and_nowhere_else() -> None:
    source = "é = 'ü'\n\n\ndef f():\n    return é < 1 and é < 1  # tell < 1\n"
    for change in changes_of("x.py", source.encode()):
        made = change.made_in(source.encode()).decode()
        compile(made, "x.py", "exec")
        assert made != source
        assert len(made.splitlines()) == len(source.splitlines())
    alike = [each for each in changes_of("x.py", source.encode()) if each.what == "1 -> 2"]
    assert [each.key.partition(" | ")[2] for each in alike] == [
        "f | return é < 1 and é < 1 | 1 -> 2",
        "f | return é < 1 and é < 1 | 1 -> 2 #2",
    ]


def test_a_change_keeps_its_key_when_the_file_grows_above_it() -> None:
    source = b"def f():\n    return 1\n"
    grown = b"import os\n\n\n# More.\n" + source
    assert _known(source) == _known(grown)
    assert _known(source) != _known(b"def f():\n    y = 0\n    return 1\n")


def test_a_kill_holds_for_another_suite_and_a_survivor_does_not(tmp_path: Path) -> None:
    change = changes_of("x.py", b"x = 1")[0]
    for outcome in ("killed", "survived"):
        path = tmp_path / outcome
        verdict = what_became({"tests": [{"status": "fail", "blames": ["SAY-1"]}]})
        assert verdict == ("killed", "SAY-1")
        Ledger(path, "suite").note(change, _verdict(outcome))
        assert Ledger(path, "suite").verdict(change) == _verdict(outcome)
        assert (Ledger(path, "other").verdict(change) is None) == (outcome == "survived")


def test_a_kill_is_known_elsewhere_as_long_as_its_function_is_the_same(tmp_path: Path) -> None:
    kills = tmp_path / "killed.txt"
    one, other = changes_of("x.py", b"x = 1")
    killed = Verdict("killed", "what HELLO offers", 1.0)
    write_kills(kills, [(one, killed), (other, _verdict("survived"))], {"0123456789ab": "SAY-1"})
    assert read_kills(kills)["0123456789ab"] == "SAY-1"
    ledger = Ledger(tmp_path / "none", "suite", read_kills(kills))
    assert ledger.verdict(one) == Verdict("killed", "what HELLO offers", 0.0)
    assert ledger.verdict(other) is None
    assert ledger.verdict(dataclasses.replace(one, digest="of another function")) is None


def test_kills_of_another_form_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "killed.txt"
    path.write_text("abc\n")
    with pytest.raises(LedgerError):
        read_kills(path)


def test_what_is_recorded_is_not_judged_again(tiny: Path) -> None:
    kills = tiny.parent / "killed.txt"
    kills.write_text("")
    run(tiny, "--killed", str(kills), "--record")
    recorded = read_kills(kills)
    assert sorted(recorded.values()) == ["HELLO-1", "HELLO-1"]
    ledger = tiny.parent / "mutation.jsonl"
    ledger.unlink()
    run(tiny, "--killed", str(kills))
    assert len(ledger.read_text().splitlines()) == 1, "one has survived, and is judged again"
    assert read_kills(kills) == recorded


def test_what_a_busy_machine_did_not_test_has_not_survived() -> None:
    told = {"status": "pass", "reason": ""}
    untold = {"status": "untested", "reason": "untested: unknown: too busy: nothing for 0.4 s"}
    assert what_became({"verdict": "pass", "tests": [told]}) == ("survived", "")
    outcome = what_became({"verdict": "pass", "tests": [told, untold]})
    assert outcome == ("unclear", untold["reason"])


def _verdict(outcome: str) -> Verdict:
    return Verdict(outcome, "", 0.1)


def _known(source: bytes) -> list[tuple[str, str]]:
    changes: list[Change] = changes_of("x.py", source)
    return [(change.key, change.digest) for change in changes]
