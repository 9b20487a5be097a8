"""How the suite reads a spec: conformance/spec.py, on protocol.md and on small texts of our own."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.spec import (
    BEYOND,
    LEVELS,
    Requirement,
    SpecError,
    Step,
    parse_session,
    parse_spec,
    read_spec,
)

PAGE = Path(__file__).parent.parent / "protocol.md"
NICK = "**NICK-1** · level 1 · MUST:\nA name is given.\n\n"
PING = "**PING-1** · level 0 · SHOULD:\nA ping is\nanswered.\n\n"


def test_protocol_md_is_read_whole() -> None:
    """Every bold id of the page becomes a requirement, every session block a session."""
    spec = read_spec()
    page = PAGE.read_text(encoding="utf-8")
    assert len(spec.requirements) >= 80
    assert len(spec.requirements) == page.count("\n**") - page.count("\n**Why**")
    assert len(spec.sessions) >= 10
    assert len(spec.sessions) == page.count("```session")
    assert f"Version {spec.version} of this document" in page
    assert spec.requirements["PING-1"] == Requirement(
        "PING-1",
        0,
        "MUST",
        "`PING token` is answered with `PONG` and the same token, octet for octet.",
    )
    assert all(
        each.level == BEYOND if each.capability else each.level in LEVELS
        for each in spec.requirements.values()
    )


def test_requirements_stand_in_the_order_of_building() -> None:
    """By level, and within a level as the page has them."""
    page = PAGE.read_text(encoding="utf-8")
    found = list(read_spec().requirements.values())
    assert found == sorted(
        found, key=lambda each: (each.level, page.index(f"\n**{each.id}** · {each.where} ·"))
    )


def test_sessions_of_protocol_md_cite_what_they_show() -> None:
    """Names are unique, cited ids are known, and everybody in a session has a name."""
    spec = read_spec()
    assert len({session.name for session in spec.sessions}) == len(spec.sessions)
    for session in spec.sessions:
        assert session.steps
        assert set(session.cites) <= spec.requirements.keys()
        assert {step.direction for step in session.steps} == {">", "<"}


def test_levels_come_before_the_order_of_the_text() -> None:
    """A requirement of level 0 stands first, though the text has it last."""
    spec = parse_spec("Version 2.7 of this document\n\n" + NICK + PING)
    assert list(spec.requirements) == ["PING-1", "NICK-1"]
    assert spec.requirements["PING-1"].text == "A ping is answered."
    assert spec.requirements["PING-1"].keyword == "SHOULD"
    assert spec.version == "2.7"


def test_requirements_of_an_extension_come_after_all_levels() -> None:
    """In place of a level stands the name of the capability."""
    extra = "**TELL-1** · direct · MUST:\nIt is told.\n\n**ROOM-1** · rooms · MAY:\nA room.\n\n"
    spec = parse_spec(extra + NICK)
    assert list(spec.requirements) == ["NICK-1", "TELL-1", "ROOM-1"]
    assert spec.capabilities == ["direct", "rooms"]
    tell = spec.requirements["TELL-1"]
    assert (tell.level, tell.capability, tell.where) == (BEYOND, "direct", "direct")
    nick = spec.requirements["NICK-1"]
    assert (nick.level, nick.capability, nick.where) == (1, None, "level 1")


def test_text_without_a_version_or_requirements_is_an_empty_spec() -> None:
    spec = parse_spec("Nothing here.\n")
    assert (spec.version, spec.requirements, spec.sessions) == ("none", {}, [])


def test_requirement_at_the_end_of_the_text_is_whole() -> None:
    """The last paragraph needs no empty line behind it."""
    assert parse_spec(NICK.rstrip()).requirements["NICK-1"].text == "A name is given."


def test_double_id_is_an_error_that_names_it() -> None:
    with pytest.raises(SpecError, match="NICK-1 stands twice"):
        parse_spec(NICK + PING + NICK)


@pytest.mark.parametrize(
    "heading",
    [
        "**NICK-2**: a sentence",
        "**NICK-2** · MUST:",
        "**NICK-2** · level x · MUST:",
        "**NICK-2** · level 1 · SHALL:",
        "**NICK-2** · level 1 · must:",
        "**NICK-2** · level 12 · MUST:",
        "**NICK-2** - level 1 - MUST:",
    ],
)
def test_id_without_level_or_keyword_is_an_error_that_names_it(heading: str) -> None:
    with pytest.raises(SpecError, match="no level or keyword for NICK-2"):
        parse_spec(NICK + f"{heading}\nA sentence.\n\n")


def test_requirement_glued_to_the_one_before_is_an_error() -> None:
    """Without the empty line between them, the second would be words of the first."""
    with pytest.raises(SpecError, match="PING-1"):
        parse_spec(NICK.rstrip() + "\n" + PING)


@pytest.mark.parametrize("name", ["Nick-2", "NICK2", "NICK-", "NICK-2a", "X-NICK-2", "nick-2"])
def test_malformed_id_is_an_error(name: str) -> None:
    """A requirement that nobody would test, for a slip of the pen, must not go unnoticed."""
    with pytest.raises(SpecError):
        parse_spec(NICK + f"**{name}** · level 1 · MUST:\nA sentence.\n\n")


def test_level_without_its_number_is_an_error() -> None:
    with pytest.raises(SpecError):
        parse_spec("**NICK-2** · level · MUST:\nA sentence.\n\n")


@pytest.mark.parametrize("level", [8, 9])
def test_level_beyond_the_last_is_an_error(level: int) -> None:
    with pytest.raises(SpecError):
        parse_spec(f"**NICK-2** · level {level} · MUST:\nA sentence.\n\n")


def test_session_is_read_line_by_line() -> None:
    """Clients, directions, and lines to their last space; an empty line may be sent."""
    spec = parse_spec(
        NICK
        + "```session NICK-1\nalice> SAY  two \n\nalice>\nbob< MSG lobby 1 a b> c\nbob> (reset)\n"
        + "```\n"
    )
    assert [session.name for session in spec.sessions] == ["01-nick-1"]
    assert spec.sessions[0].cites == ("NICK-1",)
    assert spec.sessions[0].steps == (
        Step("alice", ">", "SAY  two "),
        Step("alice", ">", ""),
        Step("bob", "<", "MSG lobby 1 a b> c"),
        Step("bob", ">", "(reset)"),
    )


def test_session_that_cites_an_unknown_id_is_an_error_that_names_it() -> None:
    with pytest.raises(SpecError, match=r"session 1 cites NICK-9, unknown"):
        parse_spec(NICK + "```session NICK-1 NICK-9\nalice> NICK alice\n```\n")


@pytest.mark.parametrize(
    "block",
    [
        "```session\nalice> NICK alice\n```\n",
        "```session nick-1\nalice> NICK alice\n```\n",
        "```session NICK-1,PING-1\nalice> NICK alice\n```\n",
        "```session NICK-1\nalice> NICK alice\n",
    ],
    ids=["no ids", "small letters", "commas", "no end"],
)
def test_session_block_that_cites_nothing_readable_is_an_error(block: str) -> None:
    with pytest.raises(SpecError):
        parse_spec(NICK + PING + block)


@pytest.mark.parametrize(
    "line",
    [
        "NICK alice",
        "alice: NICK",
        "Alice> NICK alice",
        "alice = x",
        "> NICK",
        " alice> NICK",
        "# x",
    ],
)
def test_line_that_is_no_session_line_is_an_error_that_shows_it(line: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_session(f"alice> NICK alice\n{line}\n")
    assert repr(line) in str(caught.value)


def test_text_with_a_line_separator_stays_one_step() -> None:
    """U+2028 is a `char` of the grammar: a session may say it."""
    assert parse_session("alice> SAY a\u2028b\n") == (Step("alice", ">", "SAY a\u2028b"),)


def test_spec_of_a_path_is_read_from_there(tmp_path: Path) -> None:
    (tmp_path / "extra.md").write_text(NICK, encoding="utf-8")
    assert list(read_spec(tmp_path / "extra.md").requirements) == ["NICK-1"]
