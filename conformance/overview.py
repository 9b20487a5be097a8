"""What a class looks like at a glance: one page and one table, made from the results.json of all.

A row is a submission. All that a submission says of itself is escaped once more here, for HTML or
for a spreadsheet. No state.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape as html
from typing import Any

from .lines import escape
from .spec import LEVELS, Spec

#: The columns of grades.csv before those of the extensions, and what stands in them.
COLUMNS = {
    "submission": "the name of its folder",
    "server": "the name that its parley.toml gives it",
    "verdict": "pass, fail, partial (only a part was asked for, and none of it failed) or error",
    "level": "the highest level reached; empty: not even level 0, or not graded",
    "score": "points for the levels; extensions have columns of their own",
    "max_score": "the most that this score can be",
    "first_failing": "the first requirement, in the order of building, that does not hold",
    "reason": "why it was not graded",
    "duration_s": "seconds that its grade took",
    "isolation": "bubblewrap or limits: how it was kept apart from the others",
    "sha256": "SHA-256 of what was handed in",
    "report": "where its report is, beside this file",
}
#: And behind them, for each extension of the spec: its points; empty where it is not offered.
EXTENSION_COLUMN = "points for the extension; empty: not offered or not asked for"
#: With these a spreadsheet takes a cell for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%")


def printable(text: str) -> str:
    """Words of ours in which a peer's may stand, escaped already: not twice."""
    return text if text.isprintable() else escape(text)


@dataclass
class Row:
    """One submission and what came of it. `link` leads to its report from the page."""

    submission: str
    results: dict[str, Any]
    link: str

    @property
    def graded(self) -> bool:
        return bool(self.results["verdict"] != "error")

    @property
    def first_failing(self) -> str:
        """The first MUST that does not hold. One that was not judged for it comes behind it."""
        if not self.graded:
            return ""
        for status in ("fail", "error", "skip"):
            for each in self.results["requirements"]:
                if each["status"] == status and each["keyword"] == "MUST":
                    return str(each["id"])
        return ""

    @property
    def reason(self) -> str:
        errors = (each["reason"] for each in self.results["tests"] if each["status"] == "error")
        why = self.results.get("broken") or next(errors, "")
        return "\n".join(map(printable, str(why).split("\n")))

    def level_cell(self, level: int) -> tuple[str, str]:
        """Of a level: how many requirements hold, and whether it does: pass, fail or nothing."""
        mine = [each for each in self.results["requirements"] if each["level"] == level]
        if not mine:
            return "", ""
        held = sum(each["status"] == "pass" for each in mine)
        musts = [each["status"] for each in mine if each["keyword"] == "MUST"]
        sound = all(status in ("pass", "untested") for status in musts)
        begun = any(status in ("pass", "fail") for status in musts)
        return f"{held}/{len(mine)}", "pass" if sound else "fail" if begun else "none"


def as_csv(rows: Sequence[Row], spec: Spec) -> str:
    """The table, one line a submission. No cell of it is a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([*COLUMNS, *spec.capabilities])
    for row in rows:
        results = row.results
        found = {
            "submission": escape(row.submission),
            "server": results["server"]["name"],
            "verdict": results["verdict"],
            "level": results["level"],
            "score": results["score"],
            "max_score": results["max_score"],
            "first_failing": row.first_failing,
            "reason": row.reason,
            "duration_s": results["duration_s"],
            "isolation": results["class"]["isolation"],
            "sha256": results["server"]["sha256"],
            "report": row.link,
        }
        offered = results["extensions"]
        extensions = [
            offered[name]["score"] if offered.get(name, {}).get("offered") else None
            for name in spec.capabilities
        ]
        writer.writerow([_cell(each) for each in (*found.values(), *extensions)])
    return out.getvalue()


def as_page(rows: Sequence[Row], spec: Spec, notes: Sequence[str]) -> str:
    """The page: it needs no network and no other file; `notes` are sentences about the run."""
    capabilities = [
        name
        for name in spec.capabilities
        if any(row.results["extensions"].get(name, {}).get("offered") for row in rows)
    ]
    levels = [level for level in LEVELS if any(row.level_cell(level)[0] for row in rows)]
    heads = [
        "submission",
        "verdict",
        "level",
        "points",
        "first to mend",
        *(f'<abbr title="{html(LEVELS[level])}">L{level}</abbr>' for level in levels),
        *map(html, capabilities),
    ]
    graded = sum(row.graded for row in rows)
    return _PAGE.format(
        style=_STYLE,
        script=_SCRIPT,
        summary=f"{len(rows)} submissions, {graded} graded",
        notes="".join(f"<li>{html(note)}</li>" for note in notes),
        heads="".join(f'<th><button type="button">{head}</button></th>' for head in heads),
        rows="\n".join(_row(row, levels, capabilities) for row in rows),
        columns="".join(
            f"<dt>{html(name)}</dt><dd>{html(what)}</dd>"
            for name, what in (*COLUMNS.items(), ("(an extension)", EXTENSION_COLUMN))
        ),
    )


def _row(row: Row, levels: Sequence[int], capabilities: Sequence[str]) -> str:
    results = row.results
    server = str(results["server"]["name"])
    name = escape(row.submission)
    about = f"<small>{html(server)}</small>" if server != name else ""
    points = f"{results['score']} / {results['max_score']}" if row.graded else "–"
    level = "–" if results["level"] is None else str(results["level"])
    first = row.first_failing if row.graded else row.reason
    requirement = next(
        (each for each in results["requirements"] if each["id"] == row.first_failing), None
    )
    title = html(requirement["text"]) if requirement and row.graded else ""
    cells = [
        f'<th scope="row"><a href="{html(row.link)}">{html(name)}</a>{about}</th>',
        _cell_of(str(results["verdict"]), str(results["verdict"])),
        f'<td data-key="{-1 if results["level"] is None else results["level"]}">{level}</td>',
        f'<td class="number" data-key="{results["score"]}">{points}</td>',
        f'<td class="words" title="{title}">{_shortened(first)}</td>',
        *(_cell_of(*row.level_cell(each)) for each in levels),
        *(_cell_of(*_extension(results["extensions"].get(each))) for each in capabilities),
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _extension(graded: dict[str, Any] | None) -> tuple[str, str]:
    if not graded or not graded["offered"]:
        return "", ""
    return f"{graded['score']}/{graded['max_score']}", str(graded["verdict"])


def _cell_of(words: str, kind: str) -> str:
    key = words.partition("/")[0]
    return f'<td class="{html(kind)}" data-key="{html(key)}">{html(words)}</td>'


def _shortened(words: str) -> str:
    """The first line; the others, of a build for example, can be unfolded."""
    first, _, rest = words.partition("\n")
    if not rest:
        return html(first)
    return f"<details><summary>{html(first)}</summary><pre>{html(rest)}</pre></details>"


def _cell(value: object) -> object:
    """A cell that no spreadsheet calculates: text that looks like a formula is quoted."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value


_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fff; --line: #d5dade; --soft: #f3f5f6;
  --pass: #d9f2df; --fail: #fbdedb; --odd: #fdf0c8; --link: #0a5cad; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7ea; --paper: #15181b; --line: #363c42;
  --soft: #1f2428; --pass: #173d24; --fail: #50201c; --odd: #4a3c0c; --link: #7db8f5; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  margin: 2rem auto; max-width: 90rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } a { color: var(--link); } ul { padding-left: 1.2rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { border: 1px solid var(--line); padding: .3rem .5rem; text-align: left;
  vertical-align: top; }
td { white-space: nowrap; } td.words { white-space: normal; overflow-wrap: anywhere;
  min-width: 11rem; max-width: 22rem; }
.number { text-align: right; } thead th { background: var(--soft); padding: 0; }
thead button { all: unset; cursor: pointer; padding: .3rem .5rem; font-weight: 600; width: 100%;
  box-sizing: border-box; }
thead button:focus-visible { outline: 2px solid var(--link); }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
tbody th { font-weight: 500; overflow-wrap: anywhere; min-width: 9rem; max-width: 16rem;
  position: sticky; left: 0; background: var(--paper); }
small { display: block; opacity: .7; font-weight: 400; }
.pass, .partial { background: var(--pass); } .fail { background: var(--fail); }
.error { background: var(--odd); } .none { opacity: .6; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .85em; max-height: 20rem;
  overflow: auto; }
dt { font-weight: 600; float: left; clear: left; min-width: 9rem; } dd { margin-left: 9.5rem; }
@media print { body { margin: 0; font-size: 10px; } .wide { overflow: visible; } }
"""

_SCRIPT = """
const body = document.querySelector("tbody"), heads = [...document.querySelectorAll("thead th")];
heads.forEach((head, column) => head.addEventListener("click", () => {
  const up = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  heads.forEach(each => each.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up > 0 ? "ascending" : "descending");
  const key = row => row.cells[column].dataset.key ?? row.cells[column].textContent;
  const order = new Intl.Collator(undefined, { numeric: true });
  const number = word => word !== "" && isFinite(word);
  [...body.rows].sort((one, other) => up * (number(key(one)) && number(key(other))
    ? key(one) - key(other) : order.compare(key(one), key(other))))
    .forEach(row => body.append(row));
}));
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley: a class</title>
<style>{style}</style>
</head>
<body>
<h1>{summary}</h1>
<ul>{notes}</ul>
<div class="wide"><table>
<thead><tr>{heads}</tr></thead>
<tbody>
{rows}
</tbody>
</table></div>
<details><summary>The columns of <a href="grades.csv">grades.csv</a></summary>
<dl>{columns}</dl></details>
<script>{script}</script>
</body>
</html>
"""
