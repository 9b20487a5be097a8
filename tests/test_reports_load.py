"""Charts and figures of load: what conformance/reports/load.py makes of what was measured."""

from __future__ import annotations

import re
from typing import Any

from conformance.reports import load


def look(at: float, processor: float, mebibytes: int, threads: int = 3) -> dict[str, float]:
    size = mebibytes * 2**20
    return {"at": at, "processor": processor, "resident": size} | {
        "threads": threads,
        "descriptors": 108,
        "reserved": 2**30,
    }


def span(**more: Any) -> dict[str, Any]:
    """A measurement of half a second with 100 clients, as results.json keeps it."""
    latency = {"50": 1000, "90": 2000, "99": 4000, "99.9": 9000, "100": 9900}
    measured = {"clients": 100, "seconds": 0.5, "deliveries": 5000, "latency": latency}
    rest = {"curve": latency, "over_time": [{"at": 0.1, "p50": 1000, "max": 9900}], "limited": ""}
    return measured | rest | {"server": []} | more


def points_of(page: str, title: str) -> list[tuple[float, float]]:
    """Where the first line of a chart goes, from left to right."""
    _, _, chart = page.partition(f"<title>{title}</title>")
    found = re.search(r'<polyline points="([^"]*)"', chart)
    assert found, f"there is no {title!r}"
    pairs = (pair.split(",") for pair in found[1].split())
    return [(float(x), float(y)) for x, y in pairs]


def test_processor_and_memory_are_drawn_over_time() -> None:
    """Looks of all measurements once each; where threads have ended there is no processor time."""
    looks = [look(10, 1.0, 20), look(11, 1.5, 20), look(12, 1.4, 40), look(13, 2.4, 20, threads=9)]
    page = load.page({"mine": {"server": [span(server=looks[:3]), span(server=looks)]}})
    half, whole = points_of(page, "What the server takes of a processor")
    assert half[0] < whole[0]
    assert half[1] > whole[1]  # 50 per cent is lower on the page than 100
    memory = points_of(page, "What it takes of memory")
    assert [x for x, _ in memory] == sorted(x for x, _ in memory)
    heights = [y for _, y in memory]
    assert heights[0] == heights[1] == heights[3] > heights[2]
    assert "<td>9</td>" in page
    assert "<td>108</td>" in page


def test_where_the_system_tells_nothing_there_is_no_chart_of_it() -> None:
    page = load.page({"mine": {"server": [span()]}})
    assert "How late the latest deliveries are" in page
    assert "What the server takes" not in page
    assert "What it takes of memory" not in page
    assert page.count("<td>–</td>") == 3  # nor threads, descriptors, or a run as fast as it goes
