"""How pages show a status: a sign, a word and a colour, never the colour alone; and the filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .markup import Html, several, tag

#: Status -> its sign and its word.
SIGNS = {
    "pass": ("✓", "passed"),
    "fail": ("✗", "failed"),
    "skip": ("○", "not judged"),
    "untested": ("–", "untested"),
    "untestable": ("–", "not testable"),
    "error": ("!", "suite error"),
    # of the kill matrix
    "right": ("✓", "rightly blamed"),
    "misblamed": ("≈", "misblamed"),
    "survived": ("✗", "survived"),
}


def sign(status: str, word: bool = False) -> Html:
    """A status as a small mark; its word is there for those who do not see it."""
    glyph, name = SIGNS[status]
    if not word:
        return tag("span", glyph, class_=f"sign {status}", role="img", aria_label=name, title=name)
    return tag("span", tag("span", glyph, aria_hidden="true"), name, class_=f"sign {status}")


def filters(counts: Sequence[tuple[str, int]], rows: int) -> Html:
    """Radio buttons that leave rows of one status; the style does it, without a script."""
    choices = [_choice("all", "all", rows, checked=True)]
    choices += [_choice(status, SIGNS[status][1], count) for status, count in counts if count]
    return tag(
        "fieldset",
        tag("legend", "Show", class_="unseen"),
        choices,
        class_="filters",
    )


def filter_style(statuses: Iterable[str]) -> str:
    """The rules for it. Rows have a class has-STATUS; a group without any row left goes too."""
    return "".join(
        f"body:has(#show-{status}:checked) [data-row]:not(.has-{status}),"
        f"body:has(#show-{status}:checked) [data-group]:not(:has(.has-{status}))"
        "{display:none}"
        for status in statuses
    )


def _choice(status: str, name: str, count: int, checked: bool = False) -> Html:
    mark = f"show-{status}"
    button = tag("input", type="radio", name="show", id=mark, checked=checked)
    glyph = "" if status == "all" else SIGNS[status][0]
    label = tag(
        "label",
        tag("span", glyph, aria_hidden="true", class_=f"glyph {status}") if glyph else None,
        f" {name} ",
        tag("span", str(count), class_="count"),
        for_=mark,
    )
    return several(button, label)
