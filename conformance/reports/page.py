"""The HTML report: servers against requirements at a glance, and one click to each failure card.

One file that needs no network. Without a script everything can be read and filtered; the script
adds a search and opens what a link leads to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from ..results import STATUSES
from . import load
from .cards import card_html
from .markup import Html, document, prose, tag
from .overview import facts, servers
from .read import Check, Graded, read
from .signs import filter_style, filters, sign

#: Up to this many servers, each failed requirement tells its reason in the table.
REASONS_UP_TO = 1


def render(
    results: Sequence[Graded],
    counted: Sequence[str] = (),
    pages: Mapping[str, str] | None = None,
) -> str:
    """The page. `pages`: where the page of each server of several is, by its anchor."""
    named = dict(zip(anchors(graded.name for graded in results), results, strict=True))
    rows = _rows(results)
    return document(
        _title(results),
        tag(
            "header",
            tag("p", "Parley conformance", class_="kicker"),
            tag("h1", _heading(results)),
            class_="top",
        ),
        tag(
            "main",
            servers(named, counted, pages or {}),
            (_failures(named), _matrix(named, rows))
            if len(named) == 1
            else (_matrix(named, rows), _failures(named)),
            _reasons(named),
            load.section({name: graded.load or {} for name, graded in _by_name(results)}),
        ),
        facts(named),
        style=filter_style(STATUSES),
    )


def write(graded: Path) -> Path:
    """Writes report.html beside a results.json, and returns its path."""
    page = graded.with_name("report.html")
    page.write_text(render([read(graded)]), encoding="utf-8")
    return page


def write_index(results: Sequence[Path], output: Path) -> Path:
    """Writes one page about all servers, with links to the page of each, and returns its path."""
    found = [read(path) for path in results]
    own = [f"{path.parent.name}/report.html" for path in results]
    pages = dict(zip(anchors(each.name for each in found), own, strict=True))
    page = output / "index.html"
    page.write_text(render(found, pages=pages), encoding="utf-8")
    return page


def anchors(names: Iterable[str]) -> list[str]:
    """A word for each server that a link can have, no two the same."""
    found: list[str] = []
    for name in names:
        base = re.sub(r"[^A-Za-z0-9_-]+", "-", name).strip("-") or "server"
        anchor, number = base, 2
        while anchor in found:
            anchor, number = f"{base}-{number}", number + 1
        found.append(anchor)
    return found


def _title(results: Sequence[Graded]) -> str:
    if len(results) == 1:
        (graded,) = results
        return f"{graded.name}: {graded.level_words} – Parley conformance"
    return f"{len(results)} servers – Parley conformance"


def _heading(results: Sequence[Graded]) -> str:
    return results[0].name if len(results) == 1 else f"{len(results)} servers"


def _rows(results: Sequence[Graded]) -> list[Check]:
    """All requirements that any of the servers was asked for, in the order of building.

    Extensions that no server of these has are left out: the overview says so.
    """
    found: dict[str, Check] = {}
    for graded in results:
        for check in graded.checks:
            if check.capability is None or graded.extensions[check.capability].offered:
                found.setdefault(check.id, check)
    return sorted(found.values(), key=lambda check: 99 if check.level is None else check.level)


def _status(graded: Graded, row: Check) -> Check | None:
    return next((check for check in graded.checks if check.id == row.id), None)


def _matrix(named: Mapping[str, Graded], rows: Sequence[Check]) -> Html | None:
    """The table: a row for each requirement, a column for each server."""
    if not rows:
        return None
    statuses = [
        {each.status for graded in named.values() if (each := _status(graded, row))} for row in rows
    ]
    counts = [(status, sum(status in each for each in statuses)) for status in STATUSES]
    counts.sort(
        key=lambda each: ("fail", "error", "skip", "untested", "untestable", "pass").index(each[0])
    )
    heads = [
        tag("th", tag("span", graded.name), scope="col", class_="server")
        for graded in named.values()
    ]
    groups = [
        _group(named, where, list(group)) for where, group in groupby(rows, lambda row: row.where)
    ]
    table = tag(
        "table",
        tag("caption", "What each requirement came to", class_="unseen"),
        tag("thead", tag("tr", tag("th", "Requirement", scope="col"), heads)),
        groups,
        class_="matrix " + ("one" if len(named) == 1 else "several"),
    )
    return tag(
        "section",
        tag("h2", "Requirements"),
        filters(counts, len(rows)),
        tag("div", table, class_="scroll", tabindex="0", role="region", aria_label="Requirements"),
        id="requirements",
    )


def _group(named: Mapping[str, Graded], where: str, rows: Sequence[Check]) -> Html:
    """A level or an extension: its heading says how many of its requirements hold."""
    told = []
    for graded in named.values():
        mine = [check.status for check in graded.checks if check.where == where]
        share = f"{mine.count('pass')}/{len(mine)}" if mine else ""
        told.append(tag("td", share, class_="share"))
    name = where if rows[0].capability else where.capitalize()
    heading = tag("th", name, tag("small", rows[0].about), scope="rowgroup")
    return tag(
        "tbody",
        tag("tr", heading, told, class_="group"),
        [_row(named, row) for row in rows],
        data_group=True,
    )


def _row(named: Mapping[str, Graded], row: Check) -> Html:
    cells, classes, reason = [], set(), None
    for anchor, graded in named.items():
        check = _status(graded, row)
        cells.append(_cell(anchor, graded, check))
        if check:
            classes.add(f"has-{check.status}")
            if len(named) <= REASONS_UP_TO and not graded.broken:
                reason = graded.reason(check)
    keyword = None if row.keyword == "MUST" else tag("span", row.keyword, class_="keyword")
    heading = tag(
        "th",
        tag("span", tag("span", row.id, class_="id"), keyword),
        tag("span", prose(row.text), class_="text"),
        tag("span", reason, class_="reason") if reason else None,
        scope="row",
    )
    return tag("tr", heading, cells, class_=" ".join(sorted(classes)), data_row=True)


def _cell(anchor: str, graded: Graded, check: Check | None) -> Html:
    if check is None:
        return tag("td")
    mark = sign(check.status)
    if check.status == "fail":
        mark = tag("a", mark, href=f"#{anchor}.{check.id}")
    elif check.status in ("skip", "untested", "untestable", "error"):
        mark = tag("a", mark, href=f"#{anchor}.reasons", title=graded.reason(check))
    return tag("td", mark)


def _failures(named: Mapping[str, Graded]) -> Html | None:
    """The cards of all servers; the first of a single server is open, for it comes first."""
    sections = []
    for anchor, graded in named.items():
        failed = [check for check in graded.checks if check.status == "fail"]
        cards = [
            tag(
                "details",
                tag(
                    "summary",
                    sign("fail"),
                    tag("span", check.id, class_="id"),
                    tag("span", check.where, class_="where"),
                    tag("span", prose(check.text), class_="why"),
                ),
                card_html(graded, check, f"{anchor}.{check.id}"),
                open=len(named) == 1 and number == 0,
            )
            for number, check in enumerate(failed)
        ]
        if cards:
            heading = tag("h3", graded.name) if len(named) > 1 else None
            sections.append(tag("section", heading, cards))
    if not sections:
        return None
    return tag("section", tag("h2", "Failures"), sections, id="failures")


def _reasons(named: Mapping[str, Graded]) -> Html | None:
    """Why requirements were not judged or not tested: each reason once, with what it concerns."""
    sections = []
    for anchor, graded in named.items():
        items = [
            tag("li", tag("p", sign(status), " ", reason), tag("p", ", ".join(ids), class_="ids"))
            for (status, reason), ids in _by_reason(graded)
        ]
        if items:
            heading = tag("h3", graded.name) if len(named) > 1 else None
            sections.append(tag("section", heading, tag("ul", items), id=f"{anchor}.reasons"))
    if not sections:
        return None
    return tag("section", tag("h2", "Not judged, and untested"), sections, class_="reasons")


def _by_reason(graded: Graded) -> Iterator[tuple[tuple[str, str], list[str]]]:
    found: dict[tuple[str, str], list[str]] = {}
    offered = {None, *(name for name, each in graded.extensions.items() if each.offered)}
    for check in graded.checks:
        if check.status in ("skip", "untested", "untestable", "error"):
            ids = found.setdefault((check.status, graded.reason(check)), [])
            name = check.id if check.capability in offered else f"all of {check.capability}"
            if name not in ids:
                ids.append(name)
    yield from found.items()


def _by_name(results: Sequence[Graded]) -> list[tuple[str, Graded]]:
    return [(graded.name, graded) for graded in results]
