"""Nothing that was not tested may look green: each rule of coverage, broken on purpose.

conformance/coverage.py holds the tests to the spec before a server is asked anything; bench.py,
chat.py and grade.py see to it that a test which ran has proved something. Most of it is provoked as
a teacher might do it, with clauses and tests of one's own.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from conformance.bench import untested
from conformance.chat import Vacuous
from conformance.coverage import CoverageError, expect_complete, read_case
from conformance.spec import Spec, SpecError, extended, parse_spec, read_spec

from .scripted import scripted
from .test_grades import Grade, grade

CLAUSE = "**X-OURS-1** · level 0 · MUST:\nOurs.\n\n"
HEAD = "import pytest\nfrom conformance.api import Bench, Chat, Violation, needs, untested\n\n\n"
SOUND = (
    'def test_sound(chat: Chat) -> None:\n    """X-OURS-1: holds."""\n'
    '    chat.connect("alice").does("PING x")\n\n\n'
)


def graded(folder: Path, *arguments: str, spec: str = CLAUSE, tests: str = SOUND) -> Grade:
    """A grade of a sound server, up to level 0, with these clauses and tests added."""
    (folder / "tests").mkdir()
    (folder / "tests" / "test_ours.py").write_text(HEAD + tests)
    (folder / "extra.md").write_text(spec)
    added = ["--spec", str(folder / "extra.md"), "--tests", str(folder / "tests")]
    return grade(folder / "reports", "impl_poll", *added, *(arguments or ("--level", "0")))


def test_what_is_tested_is_green(tmp_path: Path) -> None:
    """The addition that all others here differ from."""
    found = graded(tmp_path)
    assert found.status == 0, found.output
    tests = {each["name"]: each for each in found.results["tests"]}
    assert tests["test_sound"]["status"] == "pass"
    assert tests["test_two_hundred_clients_are_greeted_while_all_stay_silent"]["at_once"] == 200


def test_every_requirement_of_the_suite_is_tested_or_excused() -> None:
    """What protocol.md says is not testable says why; the whole suite checks the rest itself."""
    for each in read_spec().requirements.values():
        assert not each.untestable or len(each.untestable.split()) > 3


def ours(body: str, doc: str = "X-OURS-1: ours.", head: str = "") -> str:
    """A test with this body beside the sound one."""
    lines = "".join(f"    {line}\n" for line in body.split("; "))
    return f'{SOUND}{head}def test_ours(chat: Chat) -> None:\n    """{doc}"""\n{lines}'


PING = 'chat.connect("alice").does("PING x")'


def an_item(doc: str, *needed: str) -> pytest.Item:
    """A test that pytest has collected, as far as the rules of coverage look at it."""

    def test_ours() -> None: ...

    test_ours.__doc__ = doc
    marks = [SimpleNamespace(args=needed)]
    item = SimpleNamespace(nodeid="test_ours", function=test_ours, iter_markers=lambda _: marks)
    return cast(pytest.Item, item)


@pytest.mark.parametrize(
    ("spec", "item", "shown"),
    [
        (CLAUSE + CLAUSE.replace("1", "2"), an_item("X-OURS-1: a."), "no test cites X-OURS-2"),
        (CLAUSE, an_item("X-OURS-1, SAY-1: a."), "test_ours cites SAY-1, unknown to the spec"),
        (CLAUSE, an_item("X-OURS-1: a.", "SAY-1"), "test_ours needs SAY-1, unknown to the spec"),
        (CLAUSE, an_item("Ours: X-OURS-1."), "does not begin with `ID: clause`"),
        (CLAUSE, an_item("X-OURS-1:"), "does not begin with `ID: clause`"),
        (CLAUSE, an_item(""), "does not begin with `ID: clause`"),
        (
            f"{CLAUSE}Not testable: because it is a matter of taste.\n",
            an_item("X-OURS-1: a."),
            "cites X-OURS-1, of which the spec says: not testable",
        ),
    ],
)
def test_a_gap_between_spec_and_tests_is_an_error(spec: str, item: pytest.Item, shown: str) -> None:
    read = extended(Spec("none"), spec)
    with pytest.raises(CoverageError) as caught:
        expect_complete([read_case(item, read)], read)
    assert shown in str(caught.value)


@pytest.mark.parametrize(
    ("tests", "shown"),
    [
        (ours(PING, "X-OURS-9: no such."), "test_ours cites X-OURS-9, unknown to the spec"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named"),
        (f"{SOUND}def test_(:\n", "SyntaxError: "),
        (f"raise SystemExit('\\x1b]0;x')\n{SOUND}", "SystemExit: \\x1b]0;x"),
        (f"pytest.skip('not today', allow_module_level=True)\n{SOUND}", "leaves itself"),
    ],
    ids=["cites an unknown id", "not importable", "no Python", "exits", "skips itself"],
)
def test_tests_that_do_not_fit_are_no_grade(tmp_path: Path, tests: str, shown: str) -> None:
    """One line says why; no test is run, and the server is not blamed."""
    found = graded(tmp_path, tests=tests)
    assert found.status == 2
    assert shown in found.output
    assert "Traceback" not in found.output
    assert "Interrupted" not in found.output
    assert found.results["verdict"] == "error"
    assert not found.results["tests"]


@pytest.mark.parametrize(
    ("spec", "shown"),
    [
        ("Nothing.\n", "there is no requirement in it"),
        (CLAUSE.replace("X-OURS", "OURS"), "begins with X-: OURS-1"),
        (CLAUSE.replace("X-OURS", "NICK"), "begins with X-: NICK-1"),
        (CLAUSE + CLAUSE, "X-OURS-1 stands twice"),
        (CLAUSE.replace("level 0", "level 8"), "no level or keyword for X-OURS-1"),
        (CLAUSE.replace("level 0", "shouting"), "X-OURS-1: a capability of one's own"),
        (CLAUSE.replace("MUST", "must"), "no level or keyword for X-OURS-1"),
        (CLAUSE + "```session X-OURS-2\nalice> NICK alice\n```\n", "cites X-OURS-2, unknown"),
        (f"Not testable: because.\n\n{CLAUSE}", "right behind its requirement"),
        (f"{CLAUSE}Why.\n\nNot testable: because of that.\n", "right behind its requirement"),
        (f"{CLAUSE}Not testable: nobody knows.\n", "right behind its requirement"),
        (f"{CLAUSE}Not testable:\n", "right behind its requirement"),
    ],
)
def test_a_mistake_in_added_clauses_is_an_error(spec: str, shown: str) -> None:
    with pytest.raises(SpecError) as caught:
        extended(parse_spec("**NICK-1** · level 1 · MUST:\nA name.\n\n"), spec)
    assert shown in str(caught.value)


def test_added_clauses_come_after_those_of_their_level() -> None:
    spec = extended(
        parse_spec(
            "**PING-1** · level 0 · MUST:\nA.\n\n**SAY-1** · level 2 · MUST:\nA.\n\n"
            "**ROOM-1** · rooms · MUST:\nA.\n\n```session SAY-1\nalice> SAY x\n```\n"
        ),
        f"{CLAUSE}**X-BIG-ROOM-1** · rooms · MAY:\n`X-BIG` and\nx-small.\n\n"
        "Not testable: because\nbig is relative.\n\n**X-OURS-2** · x-ours · MUST:\nX-OURED.\n\n"
        "```session X-OURS-2 SAY-1\nalice> X-OURS\n```\n",
    )
    assert list(spec.requirements) == [
        *("PING-1", "X-OURS-1", "SAY-1", "ROOM-1", "X-BIG-ROOM-1", "X-OURS-2")
    ]
    assert spec.requirements["X-BIG-ROOM-1"].untestable == "because big is relative."
    assert spec.requirements["X-BIG-ROOM-1"].text == "`X-BIG` and x-small."
    assert spec.capabilities == ["rooms", "x-ours"]
    assert [each.name for each in spec.sessions] == ["01-say-1", "02-x-ours-2"]
    assert {"X-BIG", "X-OURED", "X-OURS"} <= spec.private


def test_two_additions_must_not_clash(tmp_path: Path) -> None:
    (tmp_path / "one.md").write_text(CLAUSE)
    (tmp_path / "two.md").write_text(CLAUSE)
    with pytest.raises(SpecError, match=r"two\.md: X-OURS-1 stands twice"):
        read_spec(additions=[tmp_path / "one.md", tmp_path / "two.md"])


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--only", "X-OURS-1", "--only", "X-OURS-2"], "--only X-OURS-2 selects no test: because"),
        (["--only", "SAY-6", "--level", "1"], "--only SAY-6 selects no test"),
        (["--only", "x-ours"], "nothing of it could be tested: the server does not offer x-ours"),
    ],
)
def test_a_selection_that_tests_nothing_is_no_grade(
    tmp_path: Path, arguments: list[str], shown: str
) -> None:
    more = "**X-OURS-2** · level 0 · MUST:\nB.\n\nNot testable: because.\n\n"
    more += "**X-OURS-3** · x-ours · MUST:\nC.\n"
    tests = ours(PING, "X-OURS-3: ours.")
    found = graded(
        tmp_path, *arguments, spec=CLAUSE + more.replace("because.", "because of B."), tests=tests
    )
    assert found.status == 2
    assert shown in found.output
    assert "Traceback" not in found.output


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--spec", "no_such.md"], "no_such.md"),
        (["--tests", "no_such_folder"], "there is no folder no_such_folder"),
        (["--tests", "impl_poll"], "--tests impl_poll: there is no test in it"),
        (["--rubric", "RUBRIC"], "there is no requirement X-OURS-1"),
        (["--watch", "--command", "./server {port}"], "--watch takes one folder"),
        (["--spec", "README.md"], "README.md: there is no requirement in it"),
    ],
)
def test_an_addition_that_is_not_there_is_one_clear_line(
    tmp_path: Path, arguments: list[str], shown: str
) -> None:
    rubric = tmp_path / "rubric.toml"
    rubric.write_text("[requirement]\nX-OURS-1 = 3\n")
    arguments = [str(rubric) if word == "RUBRIC" else word for word in arguments]
    found = grade(tmp_path / "reports", "impl_poll", "--level", "0", *arguments)
    assert found.status == 2
    assert shown in found.output
    assert "Traceback" not in found.output


#: Tests that end well and yet prove nothing, by name: body, and what is said about it.
HOLLOW = {
    "nobody": ("pass", "Vacuous: it never met the server"),
    "only_prepares": ('alice, bob = chat.members("a", "b")', "looked at nothing"),
    "crowds": ("chat.crowd(12)", "looked at nothing"),
    "of_none": ('alice = chat.connect("a"); [each.fence() for each in []]', "looked at nothing"),
    "skips": (f'{PING}; pytest.skip("later")', "it left itself out"),
    "excuses": (f'{PING}; untested("I had no time")', "ValueError: 'I had no time' is no reason"),
    "denies": (f'{PING}; untested("the server does not offer rooms")', "is no reason"),
    "asserts": (f"{PING}; assert 1 == 2", "AssertionError"),
    "takes_turns": (
        'crowd = chat.connects("a", "b", "c"); '
        "[client.does('PING x') for client in crowd]; chat.expect_at_once(3)",
        "Vacuous: 3 clients were to wait at once: 1 did",
    ),
}


def test_a_test_that_proves_nothing_is_an_error(tmp_path: Path) -> None:
    """Each of them by itself, beside others that pass; the server is not blamed."""
    tests = SOUND + "".join(
        f'def test_{name}(chat: Chat) -> None:\n    """X-OURS-1: ours."""\n'
        + "".join(f"    {line}\n" for line in body.split("; "))
        for name, (body, _) in HOLLOW.items()
    )
    tests += (
        '@pytest.mark.skip(reason="never")\ndef test_marked(chat: Chat) -> None:\n'
        '    """X-OURS-1: ours."""\n\n\n'
        'def test_alone() -> None:\n    """X-OURS-1: ours."""\n'
    )
    found = graded(tmp_path, tests=tests)
    assert found.status == 2
    assert found.results["verdict"] == "error"
    said = {each["name"]: each for each in found.results["tests"]}
    for name, (_, shown) in HOLLOW.items():
        assert (said[f"test_{name}"]["status"], name) == ("error", name)
        assert shown in said[f"test_{name}"]["reason"]
    assert said["test_marked"]["status"] == said["test_alone"]["status"] == "error"
    assert said["test_sound"]["status"] == "pass"
    assert not found.failed()


def test_only_the_reasons_that_there_are_leave_a_requirement_untested() -> None:
    with pytest.raises(ValueError, match="is no reason"):
        untested("the server does not offer rooms")
    with pytest.raises(pytest.skip.Exception, match="this machine has no IPv6"):
        untested("this machine has no IPv6")


def test_a_crowd_asks_all_at_once_whatever_the_machine_does() -> None:
    """What is sent before anything is read overlaps; a phase begins where nobody waits."""
    with scripted(names=["alice", "bob", "carol"]) as (chat, _):
        alice, bob, carol = chat.connects("alice", "bob", "carol")
        for client in (alice, bob, carol):
            client.sends("PING x")
        chat.expect_at_once(3)
        for client in (alice, bob, carol):
            client.answer()
        chat.expect_at_once(3)  # the phase is over, and was as it should be
        alice.does("PING y")
        with pytest.raises(Vacuous, match="3 clients were to wait at once: 1 did"):
            chat.expect_at_once(3)
        assert chat.most_at_once == 3


def test_preparation_is_no_evidence() -> None:
    """To connect and to settle is not to look at something; a greeting that was asked for is."""
    with scripted(names=["alice", "bob"]) as (chat, _):
        alice, bob = chat.connects("alice", "bob")
        chat.settle([alice, bob])
        assert chat.looked_at == 0
        chat.greeted(alice)
        assert chat.looked_at == 1
        alice.does("PING x")
        assert chat.looked_at == 2
