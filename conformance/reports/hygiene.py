"""What a peer said, made harmless for the place where a report shows it.

`read.py` passes everything through `printable` once; what a single format needs besides is done
where that format is written. No state.
"""

from __future__ import annotations

from typing import Any

from ..lines import escape

#: With these a spreadsheet takes a cell for a formula.
_FORMULA = ("=", "+", "-", "@")


def printable(text: str) -> str:
    """One line in which nothing moves a cursor, hides, or ends the line; backslashes stay."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else escape(each) for each in text)


def cleaned(value: Any) -> Any:
    """A value out of JSON with every string in it printable."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [cleaned(each) for each in value]
    if isinstance(value, dict):
        return {printable(key): cleaned(each) for key, each in value.items()}
    return value


def cell(text: str) -> str:
    """A cell that no spreadsheet calculates."""
    return f"'{text}" if text.startswith(_FORMULA) else text
