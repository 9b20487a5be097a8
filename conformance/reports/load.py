"""The part of a report about load: latency as curves, and what each server delivers.

Made from what results.json keeps of level 7, or from what `conformance load` has measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from .charts import Axis, line_chart, linear, logarithmic
from .markup import Html, document, tag

#: Measurements under one name, as `load` of results.json has them: one for each round or rate.
Spans = Sequence[Mapping[str, Any]]
#: Percentiles on the axis of a curve: each stands for ten times as rare an event as the last.
RARE = (("0", 0.0), ("90", 90.0), ("99", 99.0), ("99.9", 99.9), ("99.99", 99.99))


def section(measured: Mapping[str, Mapping[str, Spans]]) -> Html | None:
    """All of it, for servers by name; None if nothing was measured."""
    if not any(measured.values()):
        return None
    return tag(
        "section",
        tag("h2", "Under load"),
        _table(measured),
        tag(
            "div",
            _curves(measured),
            _over_time(measured),
            _sweeps(measured),
            _processor(measured),
            _memory(measured),
            class_="charts",
        ),
        class_="load",
    )


def page(measured: Mapping[str, Mapping[str, Spans]]) -> str:
    """A page with nothing else."""
    title = f"Load: {', '.join(measured)}"
    return document(title, tag("main", section(measured) or tag("p", "Nothing was measured.")))


def _lines(measured: Mapping[str, Mapping[str, Spans]], key: str) -> dict[str, Spans]:
    """What was measured under a name, by server; of the bare server, the last one's."""
    found = {name: load[key] for name, load in measured.items() if load.get(key)}
    bare = [load["reflector"] for load in measured.values() if load.get("reflector")]
    if key == "server" and bare:
        found["bare server"] = bare[-1]
    return found


def _median_round(spans: Spans) -> Mapping[str, Any]:
    """The round whose p99 is in the middle."""
    return sorted(spans, key=lambda span: span["latency"].get("99", 0))[(len(spans) - 1) // 2]


def _curves(measured: Mapping[str, Mapping[str, Spans]]) -> Html | None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, spans in _lines(measured, "server").items():
        curve = _median_round(spans)["curve"]
        points = [(float(percentile), value / 1000) for percentile, value in curve.items()]
        lines[name] = [(_rarity(percentile), value) for percentile, value in points]
    values = [value for points in lines.values() for _, value in points]
    if not values:
        return None
    ticks = [(_rarity(percentile), f"p{words}") for words, percentile in RARE]
    x = Axis(1.0, _rarity(99.99), ticks, "of all deliveries", logarithmic=True)
    title = "How late the latest deliveries are"
    return line_chart(title, lines, x, logarithmic(values, "milliseconds"))


def _rarity(percentile: float) -> float:
    """One in how many deliveries is later."""
    return 100 / max(0.01, 100 - percentile)


def _over_time(measured: Mapping[str, Mapping[str, Spans]]) -> Html | None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, spans in _lines(measured, "server").items():
        points, start = [], 0.0
        for span in spans:
            points += [(start + each["at"], each["max"] / 1000) for each in span["over_time"]]
            start += span["seconds"]
        lines[name] = points
    values = [value for points in lines.values() for _, value in points]
    if not values:
        return None
    end = max(at for points in lines.values() for at, _ in points)
    x = linear([end], "seconds of measuring")
    title = "The latest delivery of each moment"
    return line_chart(title, lines, x, logarithmic(values, "milliseconds"))


def _sweeps(measured: Mapping[str, Mapping[str, Spans]]) -> Html | None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, spans in _lines(measured, "sweep").items():
        lines[name] = [
            (span["deliveries"] / span["seconds"] / 1000, span["latency"]["99"] / 1000)
            for span in spans
            if span["latency"]
        ]
    values = [value for points in lines.values() for _, value in points]
    if not values:
        return None
    x = linear([at for points in lines.values() for at, _ in points], "thousand deliveries/s")
    return line_chart("Where latency bends (p99)", lines, x, logarithmic(values, "milliseconds"))


def _looks(load: Mapping[str, Spans]) -> list[Mapping[str, float]]:
    """What the server took, from look to look, in the order of time."""
    looks = (look for span in _all(load) for look in span["server"])
    # Results of earlier versions told less, under other names.
    found = {look["at"]: look for look in looks if "processor" in look}
    return [found[at] for at in sorted(found)]


def _processor(measured: Mapping[str, Mapping[str, Spans]]) -> Html | None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, load in measured.items():
        looks = _looks(load)
        lines[name] = [
            (after["at"] - looks[0]["at"], 100 * used / (after["at"] - before["at"]))
            for before, after in pairwise(looks)
            if (used := after["processor"] - before["processor"]) >= 0  # else threads have ended
        ]
    return _resource("What the server takes of a processor", lines, "per cent")


def _memory(measured: Mapping[str, Mapping[str, Spans]]) -> Html | None:
    lines: dict[str, list[tuple[float, float]]] = {}
    for name, load in measured.items():
        looks = _looks(load)
        lines[name] = [(each["at"] - looks[0]["at"], each["resident"] / 2**20) for each in looks]
    return _resource("What it takes of memory", lines, "MiB")


def _resource(title: str, lines: Mapping[str, list[tuple[float, float]]], unit: str) -> Html | None:
    points = [point for line in lines.values() for point in line]
    if not points:
        return None
    x = linear([at for at, _ in points], "seconds since the first clients came")
    shown = {name: line for name, line in lines.items() if line}
    return line_chart(title, shown, x, linear([value for _, value in points], unit))


def _most(load: Mapping[str, Spans], what: str) -> str:
    return f"{max((look[what] for look in _looks(load)), default=0):,.0f}" if _looks(load) else "–"


def _table(measured: Mapping[str, Mapping[str, Spans]]) -> Html:
    heads = ("", "clients", "p50", "p99", "max", "as fast as it goes", "threads", "descriptors")
    rows = [tag("tr", [tag("th", head, scope="col") for head in heads])]
    shown = _lines(measured, "server") or _lines(measured, "sweep")
    for name, spans in shown.items():
        span = _median_round(spans)
        latency = span["latency"]
        cells = [f"{latency[each] / 1000:.1f} ms" for each in ("50", "99", "100") if latency]
        saturated = measured.get(name, {}).get("saturated", ())
        rate = [f"{each['deliveries'] / each['seconds']:,.0f} deliveries/s" for each in saturated]
        cells = [str(span["clients"]), *cells, rate[0] if rate else "–"]
        cells += [_most(measured.get(name, {}), what) for what in ("threads", "descriptors")]
        rows.append(tag("tr", tag("th", name, scope="row"), [tag("td", cell) for cell in cells]))
    spans = [span for each in measured.values() for span in _all(each)]
    limited = [span["limited"] for span in spans if span["limited"]]
    busy = f"In {len(limited)} of {len(spans)} measurements the machine was too busy to tell: "
    return tag(
        "div",
        tag("table", rows, class_="figures"),
        tag("p", busy + limited[-1], class_="words") if limited else None,
        class_="scroll",
    )


def _all(load: Mapping[str, Spans]) -> list[Mapping[str, Any]]:
    return [span for spans in load.values() for span in spans]
