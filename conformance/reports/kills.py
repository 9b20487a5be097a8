"""The kill matrix as a page: for each requirement the faulty servers that break it, and what became
of each. Made from the findings of matrix.py and the sentences of the spec.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from ..spec import Requirement
from .hygiene import cleaned
from .markup import Html, document, prose, tag
from .signs import SIGNS, filter_style, filters, sign

#: What becomes of a faulty server, the worst first.
FATES = ("survived", "misblamed", "right")
#: What faults of no single requirement stand under.
ELSEWHERE = "no single requirement"


def render(findings: Sequence[Mapping[str, Any]], spec: Mapping[str, Requirement]) -> str:
    """The page. A finding has a name, breaks, what, verdict, blamed and right."""
    found: list[dict[str, Any]] = [cleaned(dict(finding)) for finding in findings]
    fates = [fate(finding) for finding in found]
    counts = [(each, fates.count(each)) for each in FATES]
    return document(
        "Kill matrix – Parley conformance",
        tag(
            "header",
            tag("p", "Parley conformance", class_="kicker"),
            tag("h1", "Kill matrix"),
            tag("p", "Servers with one thing wrong on purpose: does the suite fail each, and why?"),
            class_="top",
        ),
        tag(
            "main",
            _tallies(counts, len(found)),
            _unproven(found, spec),
            tag("h2", "By requirement"),
            filters(counts, len(found)),
            _groups(found, spec),
        ),
        tag(
            "footer",
            tag("p", "Each was graded in the order of building until the first test failed."),
        ),
        style=filter_style(FATES),
    )


def fate(finding: Mapping[str, Any]) -> str:
    """right: its own requirement failed first; misblamed: another one; survived: none."""
    if finding["right"]:
        return "right"
    return "misblamed" if finding["blamed"] else "survived"


def _tallies(counts: Sequence[tuple[str, int]], servers: int) -> Html:
    items = [tag("li", tag("strong", str(servers)), "faulty servers")]
    items += [
        tag("li", tag("strong", str(count)), sign(each), " ", SIGNS[each][1])
        for each, count in counts
    ]
    return tag("ul", items, class_="tallies", aria_label="Summary")


def _unproven(found: Sequence[dict[str, Any]], spec: Mapping[str, Requirement]) -> Html | None:
    """Requirements that no fault has shown to be tested; all of them if only some were graded."""
    proven = {finding["breaks"] for finding in found if finding["right"]}
    missing = [each for name, each in spec.items() if name not in proven]
    if not missing:
        return tag("p", "For every requirement some faulty server was rightly blamed.")
    musts = [each.id for each in missing if each.keyword == "MUST"]
    others = [each.id for each in missing if each.keyword != "MUST"]
    rows = [("MUST", musts), ("SHOULD and MAY", others)]
    return tag(
        "section",
        tag("h2", "No faulty server was rightly blamed on"),
        tag(
            "dl",
            [
                tag("div", tag("dt", name), tag("dd", ", ".join(ids), class_="ids"))
                for name, ids in rows
                if ids
            ],
        ),
    )


def _groups(found: Sequence[dict[str, Any]], spec: Mapping[str, Requirement]) -> list[Html]:
    """Level by level the requirements in their order, each with its faults, the worst first."""
    order = {name: number for number, name in enumerate(spec)}

    def place(finding: dict[str, Any]) -> tuple[int, str, int]:
        name = finding["breaks"]
        return order.get(name, len(order)), name, FATES.index(fate(finding))

    def where(finding: dict[str, Any]) -> str:
        requirement = spec.get(finding["breaks"])
        return requirement.where if requirement else ELSEWHERE

    levels = []
    for here, faults in groupby(sorted(found, key=place), where):
        rules = [
            _rule(spec.get(breaks), list(each))
            for breaks, each in groupby(faults, lambda finding: str(finding["breaks"]))
        ]
        levels.append(tag("section", tag("h3", here.capitalize()), rules, data_group=True))
    return levels


def _rule(requirement: Requirement | None, faults: Sequence[dict[str, Any]]) -> Html:
    heading: list[Html] = [tag("span", ELSEWHERE, class_="id")]
    if requirement:
        heading = [
            tag("span", requirement.id, class_="id"),
            tag("span", requirement.keyword, class_="keyword"),
            tag("span", prose(requirement.text), class_="text"),
        ]
    listed = tag("ul", [_fault(each) for each in faults], class_="kills")
    return tag("section", tag("h4", heading), listed, class_="broken-rule", data_group=True)


def _fault(finding: dict[str, Any]) -> Html:
    each = fate(finding)
    blamed = None
    if each != "right":
        first = ", ".join(finding["blamed"]) or "nothing"
        blamed = tag("span", f"blamed: {first} (verdict: {finding['verdict']})", class_="blamed")
    return tag(
        "li",
        sign(each),
        tag("span", finding["name"], class_="name"),
        tag("span", finding["what"], " " if blamed else None, blamed),
        class_=f"has-{each}",
        data_row=True,
    )
