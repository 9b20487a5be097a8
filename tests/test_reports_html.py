"""The pages for people, taken apart: nothing from outside, nothing of a peer's, all of the card."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from conformance.card import NO_DETAILS
from conformance.compare import first_difference
from conformance.reports import cards, kills, page
from conformance.reports.markup import Html, document, prose, tag
from conformance.reports.read import read
from conformance.results import STATUSES
from conformance.spec import read_spec
from tests.graded import HOSTILE, card, failure, forge, hostile, record, unstarted, void, write

HOME = Path(page.__file__).parent
_VOID = {"br", "input", "meta"}


class Page(HTMLParser):
    """A page taken apart. Fails where an element is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in self.raw:
            self.raw[self.open[-1]].append(data)
        else:
            self.words += data

    def values(self, attribute: str) -> list[str]:
        return [str(each[attribute]) for _, each in self.elements if attribute in each]


def page_of(*paths: Path) -> Page:
    return Page(page.render([read(path) for path in paths]))


def test_page_needs_nothing_from_anywhere(tmp_path: Path) -> None:
    found = page_of(write(tmp_path, failure()))
    names = {name for name, _ in found.elements}
    assert not names & {"link", "img", "iframe", "object", "embed", "base", "form"}
    assert not found.values("src")
    assert all(each.startswith("#") for each in found.values("href"))
    for text in (*found.raw["style"], *found.raw["script"]):
        assert not re.search(r"https?:|//[a-z]|url\(|@import|fetch|import\(", text)


@pytest.mark.parametrize("make", [write, hostile, unstarted, void])
def test_links_lead_somewhere_and_ids_are_unique(tmp_path: Path, make: object) -> None:
    assert callable(make)
    for found in (page_of(make(tmp_path / "a")), page_of(make(tmp_path / "b"), hostile(tmp_path))):
        ids = found.values("id")
        assert len(set(ids)) == len(ids)
        aims = [each.removeprefix("#") for each in found.values("href")] + found.values("for")
        assert set(aims) <= set(ids)


def test_nothing_that_a_peer_says_becomes_html(tmp_path: Path) -> None:
    text = page.render([read(hostile(tmp_path / "1")), read(hostile(tmp_path / "2"))])
    found = Page(text)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e\ud800-\udfff\ufffe]", text)
    assert [name for name, _ in found.elements].count("script") == 1
    assert "img" not in {name for name, _ in found.elements}
    assert not [name for _, each in found.elements for name in each if name.startswith("on")]
    assert "</script><script>alert(1)</script>" in found.words  # it is there, as words


def test_only_the_script_of_the_page_may_run(tmp_path: Path) -> None:
    found = page_of(write(tmp_path))
    (script,) = found.raw["script"]
    policy = next(each for each in found.values("content") if "default-src" in each)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")
    assert script == (HOME / "script.js").read_text()


def test_failure_has_every_part_of_its_card(tmp_path: Path) -> None:
    path = write(tmp_path, failure())
    found = page_of(path)
    shown = card()
    parts = ["test", "why", "difference", "server", "options", "command", "again", "replay"]
    lists = ["notes", "stdout", "stderr"]
    said = [each for name in lists for each in shown[name]]
    for part in [*(shown[each] for each in parts), *shown["session"][:2], *said]:
        assert part in found.words
    assert "A sentence about NICK-1." in found.words
    assert "Look at the spelling." in found.words
    assert "OK NICK alice 1" in found.words  # expected, and the example of the spec
    assert "OK NICK alise 1" in found.words
    assert "How the spec plays it" in found.words
    assert "#mine.NICK-1" in found.values("href")  # one click from the table


def test_first_card_of_a_single_server_is_open(tmp_path: Path) -> None:
    one = page_of(write(tmp_path / "1", failure("HELLO-1"), failure("NICK-1")))
    assert len(one.values("open")) == 1
    two = page_of(write(tmp_path / "1", failure()), write(tmp_path / "2", failure()))
    assert two.values("open") == []


@pytest.mark.parametrize(
    ("expected", "got", "shown"),
    [
        ("OK NICK a 1", "OK NICK b 1", "OK NICK <b> 1"),
        ("MSG a  b", "MSG a b", "MSG a <b>"),
        ("MSG a b", "MSG a  b", "MSG a <␣>b"),
        ("OK WHO 3", "ERR no", "<E>RR no"),
        ("MSG abc", "MSG ab", "MSG ab<⏎>"),
        ("MSG ab", "MSG abc", "MSG ab<c>"),
        (r"MSG \x1b", r"MSG \x1c", r"MSG <\x1c>"),
        (r"MSG \\", r"MSG \x00", r"MSG <\x00>"),
        (r"MSG \\a", r"MSG \\b", r"MSG \\<b>"),
    ],
)
def test_first_wrong_character_is_marked(expected: str, got: str, shown: str) -> None:
    at = first_difference(expected, got)
    assert at
    assert marked_in(str(cards.marked(got, at[1])).replace("&#x27;", "'")) == shown


def marked_in(html: str) -> str:
    """The text of some HTML, with < and > around what is marked."""
    found = re.sub("<mark[^>]*>(.*?)</mark>", "\x01\\1\x02", html)
    return re.sub("<[^>]*>", "", found).replace("\x01", "<").replace("\x02", ">")


def session_of(path: Path) -> list[str]:
    """The lines of the session of the first card."""
    text = page.render([read(path)])
    (lines,) = re.findall('<ol class="session">(.*?)</ol>', text.partition("How the spec")[0])
    return [
        marked_in(line).replace("&lt;", "<").replace("&gt;", ">")
        for line in re.findall("<li.*?</li>", lines)
    ]


def test_wrong_line_of_the_session_is_marked_and_says_why(tmp_path: Path) -> None:
    assert session_of(write(tmp_path, failure())) == [
        "… 3 earlier lines",
        "alice> NICK alice",
        "alice< OK NICK ali<s>e 1 ← the first wrong octet",
        "alice< PONG fence-1",
    ]


def test_line_that_is_wrong_as_a_whole_has_no_character_marked(tmp_path: Path) -> None:
    mark = {"line": 3, "column": 7, "words": "what was expected had to come before this"}
    lines = session_of(write(tmp_path, failure(mark=mark, got="(nothing)", differs=None)))
    assert lines[-1] == "alice< PONG fence-1 ← what was expected had to come before this"
    assert "<" not in lines[2].removeprefix("alice<")


def test_line_that_did_not_come_is_shown_as_missing(tmp_path: Path) -> None:
    """In a session that was found at random there is no fence to be marked."""
    lines = session_of(write(tmp_path, failure(mark=None, got="(nothing)", differs=None)))
    assert lines[-1] == "alice< (nothing) ← here a line is missing"


def test_first_difference_is_marked_in_what_was_expected_and_got(tmp_path: Path) -> None:
    text = marked_in(page.render([read(write(tmp_path, failure()))]))
    assert "expectedalice&lt; OK NICK ali<c>e 1" in text
    assert 'gotalice< OK NICK ali<s>e 1this is "s", and should be "c"' in unescape(text)


def test_card_of_an_earlier_suite_is_shown_without_what_it_lacks(tmp_path: Path) -> None:
    def age(table: dict[str, Any]) -> None:
        for test in table["tests"]:
            for part in NO_DETAILS if test["card"] else ():
                test["card"].pop(part, None)

    path = forge(tmp_path, age, failure())
    assert session_of(path)[2] == "alice< OK NICK alise 1"
    found = page_of(path)
    assert "a second note" not in found.words
    assert "exited with status 3" in found.words


def test_every_status_has_a_word_and_a_filter_that_needs_no_script(tmp_path: Path) -> None:
    found = page_of(
        write(
            tmp_path,
            failure("HELLO-1"),
            record("NICK-1", status="skip", reason="it builds on HELLO-1"),
            record("SAY-1", status="untested", reason="it cannot be told"),
            record("SAY-2", status="error", reason="AssertionError: oh"),
        )
    )
    assert {"passed", "failed", "not judged", "untested", "suite error"} <= set(
        found.values("aria-label")
    )
    rows = [str(each["class"]) for name, each in found.elements if "data-row" in each]
    (style,) = found.raw["style"]
    for status in set(STATUSES) - {"untestable"}:  # the spec that this is about has none such
        assert sum(f"has-{status}" in row.split() for row in rows) >= 1
        assert f"show-{status}" in found.values("id")
        assert f"body:has(#show-{status}:checked) [data-row]:not(.has-{status})" in style
    for reason in ("it builds on HELLO-1", "it cannot be told", "AssertionError: oh"):
        assert reason in found.words


def test_several_servers_stand_side_by_side(tmp_path: Path) -> None:
    """Two of the same name too, each with links of its own."""
    paths = [write(tmp_path / "1", failure("SAY-1")), write(tmp_path / "2", failure("NICK-1"))]
    found = page_of(*paths)
    assert {"#mine.SAY-1", "#mine-2.NICK-1"} <= set(found.values("href"))
    heads = [each for name, each in found.elements if name == "th" and each.get("scope") == "col"]
    assert len(heads) == 1 + 2


def test_extension_that_nobody_has_takes_no_row(tmp_path: Path) -> None:
    untested = [record(name, status="untested") for name in ("ROOM-1", "ROOM-2")]
    found = page_of(write(tmp_path, *untested, offers=set(), capabilities=[]))
    assert "Not offered: rooms" in found.words
    assert "ROOM-1" not in found.words.split("Not judged, and untested")[0]
    assert "7 of 7 points5 passed" in found.words
    whole = page_of(write(tmp_path)).words
    assert "rooms 3/3" in whole
    assert "7 of 7 points of the core7 passed" in whole


def test_failure_of_an_extension_alone_is_told_from_one_of_the_core(tmp_path: Path) -> None:
    one = page_of(write(tmp_path / "1", failure("ROOM-1"))).words
    assert "failonly in an extension: rooms" in one
    assert "7 of 7 points of the core6 passed, 1 failed" in one
    both = page_of(write(tmp_path / "2", failure("ROOM-1"), failure("NICK-1"))).words
    assert "failsome MUST does not hold" in both


def test_step_is_open_only_if_one_below_it_was_tried_and_not_reached(tmp_path: Path) -> None:
    def steps(path: Path) -> list[str]:
        ladder = page.render([read(path)]).partition('<ol class="ladder"')[2].partition("</ol>")[0]
        return re.findall('<li class="([a-z]+)"', ladder)

    picked = {"NICK-1", "SAY-1"}
    alone = write(tmp_path / "1", selected=picked, selection=True, by_name=True)
    assert steps(alone) == ["pass", "pass"]
    assert steps(write(tmp_path / "2", failure("NICK-1"))) == ["pass", "fail", "skip"]


def test_part_that_is_worth_no_points_of_the_core_has_none(tmp_path: Path) -> None:
    selected = {"ROOM-1", "ROOM-2"}
    words = page_of(write(tmp_path, selected=selected, selection=True, by_name=True)).words
    assert "0 of 0" not in words
    assert "rooms 3/3" in words


def test_appeal_finds_what_it_needs(tmp_path: Path) -> None:
    found = page_of(forge(tmp_path, lambda table: table["server"].update(sha256="ab" * 32)))
    for fact in ("spec 9.1, seed 7", "ab" * 32, "./server {port}", "cpus"):
        assert fact in found.words


def test_server_that_could_not_be_graded_says_why(tmp_path: Path) -> None:
    found = page_of(unstarted(tmp_path))
    assert "the server does not start: it ended\n  | Grade :=>>100" in found.words
    assert "0 of 7 points" in found.words


def test_page_without_load_has_no_load(tmp_path: Path) -> None:
    assert "load" not in page_of(write(tmp_path)).words.lower()


def test_colours_can_be_read() -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1 for text, in light, in dark and on paper."""
    style = (HOME / "style.css").read_text()
    themes: list[dict[str, str]] = []
    for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL):
        found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6});", block))
        themes.append((themes[0] if themes else {}) | found)
    assert len(themes) == 3
    for theme in themes:
        pairs = [
            (ink, ground) for ink in ("ink", "soft", "accent") for ground in ("ground", "panel")
        ]
        pairs += [("ink", "raised"), ("soft", "raised"), ("panel", "fail"), ("ink", "fail-ground")]
        pairs += [("soft", "fail-ground"), ("ink", "skip-ground"), ("soft", "pass-ground")]
        coloured = set(STATUSES) - {"untestable"}  # has the colours of untested
        pairs += [(status, f"{status}-ground") for status in coloured]
        for ink, ground in pairs:
            assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground, theme)


def contrast(one: str, other: str) -> float:
    lights = sorted(map(luminance, (one, other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * each for each in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_text_becomes_html_only_by_being_escaped() -> None:
    assert tag("p", "<b>", class_='"') == '<p class="&quot;">&lt;b&gt;</p>'
    assert tag("p", [tag("b", "x"), None, ["&"]]) == "<p><b>x</b>&amp;</p>"
    assert isinstance(tag("p"), Html)
    assert not isinstance("<p>", Html)
    assert prose("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert prose("one ` alone") == "one ` alone"
    assert document("<t>").startswith("<!doctype html>\n<html")
    assert "<title>&lt;t&gt;</title>" in document("<t>")


def test_kill_matrix_shows_the_fate_of_every_fault() -> None:
    spec = read_spec().requirements
    faults = [
        ("fine", "PING-1", ("PING-1",), True),
        ("wrong", "PING-1", ("NICK-1",), False),
        ("alive", "SAY-1", (), False),
        ("general", "-", ("LEFT-1",), True),
        (HOSTILE, "SAY-1", ("SAY-1",), True),
    ]
    findings = [
        {
            "name": name,
            "breaks": breaks,
            "what": f"wrong: {name}",
            "verdict": "fail" if blamed else "pass",
            "blamed": blamed,
            "right": right,
        }
        for name, breaks, blamed, right in faults
    ]
    found = Page(kills.render(findings, spec))
    words = " ".join(found.words.split())
    assert "5faulty servers" in words
    assert "blamed: NICK-1 (verdict: fail)" in words
    assert "blamed: nothing (verdict: pass)" in words
    rows = [str(each["class"]) for _, each in found.elements if "data-row" in each]
    assert sorted(rows) == ["has-misblamed", *["has-right"] * 3, "has-survived"]
    unproven = words.split("No faulty server was rightly blamed on")[1].split("By requirement")[0]
    assert "NICK-1" in unproven
    assert "PING-1" not in unproven
    assert not found.words.isascii()
    assert "\x1b" not in found.words
