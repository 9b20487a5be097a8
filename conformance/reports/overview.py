"""The top and the bottom of the HTML report: how far each server came, and what was graded how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..results import STATUSES
from ..spec import LEVELS
from .markup import Html, several, tag
from .read import Graded
from .signs import SIGNS, sign

_VERDICTS = {
    "pass": ("pass", "every tested MUST holds"),
    "partial": ("pass", "no MUST failed of what was selected"),
    "fail": ("fail", "some MUST does not hold"),
    "error": ("error", "could not be graded"),
}


def servers(named: Mapping[str, Graded], counted: Sequence[str], pages: Mapping[str, str]) -> Html:
    """A panel for each server."""
    panels = [
        _panel(graded, counted, pages.get(anchor), alone=len(named) == 1)
        for anchor, graded in named.items()
    ]
    return tag("section", tag("h2", "Overview", class_="unseen"), panels, class_="servers")


def _panel(graded: Graded, counted: Sequence[str], page: str | None, alone: bool) -> Html:
    status, words = _VERDICTS.get(graded.verdict, ("error", graded.verdict))
    score, most = graded.total(counted)
    name = tag("a", graded.name, href=page) if page else graded.name
    return tag(
        "article",
        None if alone else tag("h3", name),
        tag(
            "p",
            sign(status),
            tag("strong", graded.verdict),
            tag("span", _only_in_extensions(graded) or words, class_="words"),
            class_=f"verdict {status}",
        ),
        tag("pre", graded.broken, class_="broken") if graded.broken else None,
        _ladder(graded),
        tag("p", _points(graded, counted), tag("span", _counts(graded), class_="words")),
        _bar(score, most) if most else None,
        _stop(graded),
        None if graded.broken else _extensions(graded, counted),
        tag("p", f"Members were left behind after {', '.join(graded.unclean)}.")
        if graded.unclean
        else None,
        class_="panel",
    )


def _ladder(graded: Graded) -> Html | None:
    """The levels as steps, as far as they were asked for."""
    steps = []
    fell = False  # whether a level below is not reached, of those that were asked for
    for level, about in LEVELS.items():
        musts = [
            check.status
            for check in graded.checks
            if check.level == level and check.keyword == "MUST"
        ]
        if not musts:
            continue
        reached = graded.level is not None and level <= graded.level
        status = (
            "pass"
            if reached
            else next((each for each in ("error", "fail", "skip") if each in musts), "untested")
        )
        if status == "untested" and "pass" in musts:  # it holds; but what of those below?
            status = "skip" if fell else "pass"
        fell = fell or status != "pass"
        steps.append(
            tag(
                "li",
                tag("span", str(level), class_="step"),
                tag("span", about, class_="about"),
                sign(status),
                class_=status,
                title=about,
            )
        )
    if not steps:
        return None
    label = "Levels: " + graded.level_words
    return tag("ol", steps, class_="ladder", aria_label=label)


def _only_in_extensions(graded: Graded) -> str:
    """Where it fails, if all of the core holds that was tested."""
    failed = {
        check.capability
        for check in graded.checks
        if check.keyword == "MUST" and check.status in ("fail", "skip")
    }
    names = [name for name, each in graded.extensions.items() if each.verdict == "fail"]
    if graded.verdict != "fail" or None in failed or not names:
        return ""
    return f"only in {'extensions' if names[1:] else 'an extension'}: {', '.join(names)}"


def _points(graded: Graded, counted: Sequence[str]) -> Html | None:
    """Of the levels, and of what is counted with them; each other extension has its own."""
    score, most = graded.total(counted)
    if not most:
        return None
    others = any(each.offered for name, each in graded.extensions.items() if name not in counted)
    whose = " of the core" if others and not counted else ""
    return tag("span", tag("strong", str(score)), f" of {most} points{whose}", class_="points")


def _counts(graded: Graded) -> str:
    """How many requirements have each status, of those that the table shows."""
    offered = {None, *(name for name, each in graded.extensions.items() if each.offered)}
    found = [check.status for check in graded.checks if check.capability in offered]
    told = ((status, found.count(status)) for status in STATUSES)
    return ", ".join(f"{count} {SIGNS[status][1]}" for status, count in told if count)


def _bar(score: int, most: int) -> Html:
    share = 100 * score / most if most else 0
    return tag("div", tag("div", style=f"width:{share:.1f}%"), class_="bar", aria_hidden="true")


def _stop(graded: Graded) -> Html | None:
    """What stands between this server and the next level."""
    level = -1 if graded.level is None else graded.level
    missing = [
        check
        for check in graded.checks
        if check.keyword == "MUST" and check.level is not None and check.level > level
        if check.status in ("fail", "error")
    ]
    if not missing:
        return None
    first = min(check.level or 0 for check in missing)
    ids = ", ".join(check.id for check in missing if check.level == first)
    return tag("p", "Next: ", tag("strong", ids), f" ({LEVELS.get(first, '')})", class_="next")


def _extensions(graded: Graded, counted: Sequence[str]) -> Html | None:
    """The extensions that it has, each with its own score; the others in one line."""
    chips = [
        tag(
            "li",
            sign("pass" if each.verdict == "pass" else "fail"),
            f" {name} ",
            tag("span", f"{each.score}/{each.max_score}", class_="count"),
            " counted" if name in counted else None,
        )
        for name, each in graded.extensions.items()
        if each.offered
    ]
    lacking = [name for name, each in graded.extensions.items() if not each.offered]
    return several(
        tag("ul", chips, class_="chips", aria_label="Extensions") if chips else None,
        tag("p", f"Not offered: {', '.join(lacking)}", class_="lacking") if lacking else None,
    )


def facts(named: Mapping[str, Graded]) -> Html:
    """What settles an appeal: same submission, same suite, same seed."""
    return tag(
        "footer",
        tag("h2", "How this was graded"),
        tag(
            "p",
            "The same submission, suite, spec and seed come to the same verdict. Everything here "
            "was made from results.json alone.",
        ),
        [_facts(graded, alone=len(named) == 1) for graded in named.values()],
    )


def _facts(graded: Graded, alone: bool) -> Html:
    machine = ", ".join(f"{name} {value}" for name, value in graded.machine.items())
    rows = [
        ("graded", f"{graded.graded_at}, in {graded.duration:.1f} s"),
        ("suite", f"{graded.suite}, spec {graded.spec}, seed {graded.seed}"),
        ("machine", machine),
        ("command", tag("code", graded.command) if graded.command else "was running already"),
        ("sha256", tag("code", graded.sha256) if graded.sha256 else "no folder was submitted"),
    ]
    listed = tag("dl", [tag("div", tag("dt", name), tag("dd", value)) for name, value in rows])
    if alone:
        return listed
    return tag("details", tag("summary", graded.name), listed)
