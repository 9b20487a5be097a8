"""Line charts as SVG within the page: no script, no picture from elsewhere, sharp on paper.

Lines differ in colour and in their dashes, so that they can be told apart in print. No state.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .markup import Html, several, tag

WIDTH, HEIGHT = 640, 300
LEFT, RIGHT, TOP, BOTTOM = 64, 28, 12, 40
#: Lines that can be told apart; a chart of more begins again.
KINDS = 6

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Axis:
    """From which value to which, where its ticks are, and whether it is logarithmic."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    name: str
    logarithmic: bool = False

    def place(self, value: float) -> float:
        """Where a value is, from 0 to 1."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log(low), math.log(high), math.log(max(value, self.low))
        return min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.0


def logarithmic(values: Sequence[float], name: str) -> Axis:
    """An axis of powers of ten around positive values."""
    low = math.floor(math.log10(max(1e-3, min(values))))
    high = max(low + 1, math.ceil(math.log10(max(values))))
    ticks = [(10.0**power, f"{10.0**power:,.10g}") for power in range(low, high + 1)]
    return Axis(10.0**low, 10.0**high, ticks, name, logarithmic=True)


def linear(values: Sequence[float], name: str) -> Axis:
    """An axis from 0 to a round number above all values, in about five steps."""
    most = max(values, default=1.0) or 1.0
    power = 10.0 ** math.floor(math.log10(most))
    step = next(each * power for each in (0.2, 0.5, 1, 2) if most / (each * power) <= 6)
    count = math.ceil(most / step)
    ticks = [(step * at, f"{step * at:,.6g}") for at in range(count + 1)]
    return Axis(0.0, step * count, ticks, name)


def line_chart(title: str, lines: Mapping[str, Points], x: Axis, y: Axis) -> Html:
    """A chart with a legend below; `lines` by what they are called."""
    width, height = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def across(value: float) -> float:
        return round(LEFT + x.place(value) * width, 1)

    def down(value: float) -> float:
        return round(TOP + (1 - y.place(value)) * height, 1)

    drawn = [
        tag(
            "polyline",
            points=" ".join(f"{across(one)},{down(other)}" for one, other in points),
            class_=f"line k{number % KINDS}",
        )
        for number, points in enumerate(lines.values())
    ]
    picture = tag(
        "svg",
        tag("title", title),
        [_rule(LEFT, down(value), WIDTH - RIGHT, down(value)) for value, _ in y.ticks],
        [_words(LEFT - 8, down(value) + 4, words, "end") for value, words in y.ticks],
        [_words(across(value), HEIGHT - BOTTOM + 18, words, "middle") for value, words in x.ticks],
        _words(LEFT + width / 2, HEIGHT - 4, x.name, "middle"),
        drawn,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )
    caption = tag("figcaption", title, tag("small", y.name))
    return tag("figure", caption, picture, _legend(list(lines)), class_="chart")


def _legend(names: Sequence[str]) -> Html:
    items = []
    for number, name in enumerate(names):
        sample = tag(
            "svg",
            tag("line", x1=0, y1=5, x2=32, y2=5, class_=f"line k{number % KINDS}"),
            viewBox="0 0 32 10",
            width=32,
            height=10,
            aria_hidden="true",
        )
        items.append(tag("li", several(sample, " "), name))
    return tag("ul", items, class_="legend")


def _rule(x1: float, y1: float, x2: float, y2: float) -> Html:
    return tag("line", x1=str(x1), y1=str(y1), x2=str(x2), y2=str(y2), class_="rule")


def _words(x: float, y: float, words: str, anchor: str) -> Html:
    return tag("text", words, x=str(x), y=str(y), text_anchor=anchor)
