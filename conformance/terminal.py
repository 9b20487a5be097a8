"""What a person at a terminal sees: the failure cards, the table, and a line for each server."""

from __future__ import annotations

import contextlib
import itertools
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from .card import text_of
from .lines import escape
from .reasons import reason_for
from .results import Result
from .spec import LEVELS, Requirement, Spec

#: Cards shown in full; the rest is in results.json and named.
CARDS = 5
#: Requirements that a line with a reason names; the table has the rest.
NAMED = 8
#: Columns of a requirement's name with its keyword, at least, and of a status.
NAME = 18
CELL = 12
#: Columns of a card on a terminal that has more.
WIDEST = 100
#: Columns of a text that goes into a file or a pipe.
FILE_WIDTH = 120

_SIGNS = {
    "pass": ("✓", "green"),
    "fail": ("✗ fail", "bold red"),
    "skip": ("○ not judged", "yellow"),
    "untested": ("– untested", "dim"),
    "error": ("! suite error", "bold magenta"),
    "untestable": ("– untestable", "dim"),
}
#: Statuses that leave a requirement open, with their words.
_OPEN = {"skip": "not judged", "untested": "untested"}


def console() -> Console:
    """Standard output, for a person or a file."""
    if not sys.stdout.isatty():
        return Console(highlight=False, markup=False, width=FILE_WIDTH)
    # A descriptor of its own: while tests run, pytest keeps what is written to standard output.
    screen = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    return Console(file=screen, highlight=False, markup=False)


@contextlib.contextmanager
def progress(console: Console, total: int) -> Iterator[Callable[[str], None]]:
    """A bar for so many steps, on a terminal only. What it gives is called with each one's name."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=total)
        done = itertools.count()
        yield lambda words: bar.update(task, description=words, completed=next(done))


def show_cards(console: Console, result: Result, most: int = CARDS) -> None:
    """The failures of one server, in the order of building; the first few in full."""
    cards: dict[str, dict[str, Any]] = {}
    for record in result.records:
        if record.status == "fail" and record.card:
            cards.setdefault(record.card["requirement"], record.card)
    levels = {name: each.level for name, each in result.spec.requirements.items()}
    # Within a level in the order in which they were met: what others build on comes first.
    shown = sorted(cards.values(), key=lambda card: levels[card["requirement"]])
    for card in shown[:most]:
        console.rule(Text(f"{result.target.name}: {card['requirement']} fails", style="bold red"))
        console.print(Text(text_of(card, min(console.width, WIDEST))), soft_wrap=True)
        console.print()
    if shown[most:]:
        rest = ", ".join(card["requirement"] for card in shown[most:])
        console.print(Text(f"{len(shown) - most} more cards are in results.json: {rest}\n"))
    if shown:
        first = shown[0]
        more = f"; {len(shown) - 1} others may go with it" if shown[1:] else ""
        words = (
            f"{result.target.name}: begin with {first['requirement']} ({first['where']}){more}\n"
        )
        console.print(Text(words, style="bold"), soft_wrap=True)
    for record in result.records:
        if record.status == "error":
            console.print(Text(f"suite error in {record.name}: {record.reason}", style="magenta"))


def show_table(console: Console, spec: Spec, results: Sequence[Result]) -> None:
    """Requirement by requirement: what each server does with it, and what it asks for."""
    statuses = [{} if result.broken else result.statuses() for result in results]
    if not any(statuses):
        return
    widths = [max(len(result.target.name), CELL) for result in results]
    longest = max([NAME - 2, *(len(_labelled(each)) for each in spec.requirements.values())])
    heading = Text(f"{'requirement':<{longest + 2}}", style="bold")
    for result, width in zip(results, widths, strict=True):
        heading.append(f"  {result.target.name:<{width}}")
    console.print(heading)
    where = None
    for name, requirement in spec.requirements.items():
        if not any(name in each for each in statuses):
            continue
        if not any(requirement.capability in (None, *result.offers) for result in results):
            continue  # an extension that nobody here has: the summary says so
        if requirement.where != where:
            where = requirement.where
            about = LEVELS.get(requirement.level, "extension")
            console.print(Text(f"{where}: {about}", style="bold cyan"))
        row = Text(f"  {_labelled(requirement):<{longest}}")
        for each, width in zip(statuses, widths, strict=True):
            sign, style = _SIGNS[each[name]] if name in each else ("", "")
            row.append(f"  {sign:<{width}}", style=style)
        row.append(f"  {requirement.text}", style="dim")
        row.truncate(console.width, overflow="ellipsis")
        console.print(row, no_wrap=True)
    console.print()


def _labelled(requirement: Requirement) -> str:
    """The id of a requirement, with its keyword where that is not MUST."""
    keyword = "" if requirement.keyword == "MUST" else f" ({requirement.keyword})"
    return requirement.id + keyword


def show_summary(console: Console, result: Result, written: Path | None) -> None:
    """One server in a line or two: the level, why not the next one, points, where the file is."""
    name = result.target.name
    if result.broken:
        notice = Text(f"{name}: not graded: {result.broken}", style="bold magenta")
        console.print(notice, soft_wrap=True)
        return
    style = {"pass": "bold green", "partial": "bold green", "fail": "bold red"}
    told = "; ".join(filter(None, (_counts(result), _points(result))))
    console.print(
        Text(f"{name}: {_verdict(result)}", style=style.get(result.verdict, "bold magenta"))
        + Text(f"  ({told}; {result.duration:.1f} s)", style="default"),
        soft_wrap=True,
    )
    for capability, graded in result.extensions.items():
        points = f"{graded['score']} of {graded['max_score']} points"
        words = graded["verdict"] + (f" ({points})" if graded["offered"] else "")
        console.print(Text(f"  {capability}: {words}"))
    if reason := _what_stops(result):
        console.print(Text(f"  {reason}"), soft_wrap=True)
    for reason in _what_is_open(result):
        console.print(Text(f"  {reason}"), soft_wrap=True)
    if result.unclean:
        more = f" and {len(result.unclean) - 1} other tests" if result.unclean[1:] else ""
        console.print(Text(f"  members were left behind after {result.unclean[0]}{more}"))
    if written:
        console.print(Text(f"  {written}", style="dim"), soft_wrap=True)


def _verdict(result: Result) -> str:
    """What came of it in a few words: the level, where whole levels were asked for."""
    level = "no level" if result.level is None else f"level {result.level}"
    if result.verdict == "partial":
        if not result.by_name:
            return f"{level} reached"
        passed = set(result.concerned().values()) <= {"pass", "untestable"}
        return "all that was selected passes" if passed else "no MUST that was selected fails"
    words = result.verdict
    failing = [name for name, each in result.extensions.items() if each["verdict"] == "fail"]
    if words == "fail" and failing and _is_core_sound(result):
        words = f"fail in {'extensions' if failing[1:] else 'an extension'} ({', '.join(failing)})"
    return words if result.by_name else f"{words}, {level}"


def _is_core_sound(result: Result) -> bool:
    """Whether what fails is a matter of extensions alone."""
    return not any(
        status in ("fail", "skip")
        for name, status in result.statuses().items()
        if (each := result.spec.requirements[name]).capability is None and each.keyword == "MUST"
    )


def _counts(result: Result) -> str:
    """How many requirements have each status, of those that the table shows."""
    words = {"pass": "passed", "fail": "failed", "skip": "not judged", "untested": "untested"}
    words["untestable"] = "not testable"
    found = list(result.concerned().values())
    return ", ".join(
        f"{found.count(status)} {word}" for status, word in words.items() if status in found
    )


def _points(result: Result) -> str:
    """The points of the levels; the line of an extension has its own."""
    if not result.max_score:
        return ""
    whose = "core " if any(each["offered"] for each in result.extensions.values()) else ""
    return f"{whose}{result.score} of {result.max_score} points"


def _what_is_open(result: Result) -> Iterator[str]:
    """Why requirements were not judged or not tested: each reason once, with what it concerns."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, status in result.concerned().items():
        if status in _OPEN:
            reason = reason_for(name, status, result.records)
            reason = reason.removeprefix("not judged: ").removeprefix("unknown: ")
            found.setdefault((_OPEN[status], reason), []).append(name)
    for (word, reason), names in sorted(found.items(), key=lambda each: each[0][0]):
        more = f" and {len(names) - NAMED} more" if names[NAMED:] else ""
        shown = reason if reason.isprintable() else escape(reason)  # a test of one's own gave it
        yield f"{word}: {', '.join(names[:NAMED])}{more}: {shown}"


def show_page(console: Console, page: Path) -> None:
    """Where all this, and more, is to be read in a browser."""
    console.print(Text(f"report: {page}"), soft_wrap=True)


def _what_stops(result: Result) -> str:
    """Which requirements stand between this server and the next level."""
    if result.verdict != "fail":
        return ""
    statuses = result.statuses()
    level = -1 if result.level is None else result.level
    for name, requirement in result.spec.requirements.items():
        if requirement.level <= level or requirement.keyword != "MUST":
            continue
        if statuses.get(name) in ("fail", "skip", "error"):
            missing = [
                other
                for other, each in result.spec.requirements.items()
                if each.where == requirement.where and statuses.get(other) == "fail"
            ]
            about = LEVELS.get(requirement.level, "extension")
            ends = "does not hold" if requirement.capability else "is not reached"
            why = ", ".join(missing) or "what it builds on fails"
            return f"{requirement.where} ({about}) {ends}: {why}"
    return ""
