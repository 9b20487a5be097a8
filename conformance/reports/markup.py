"""HTML that cannot be broken from outside: text becomes HTML in `tag` alone, where it is escaped.

`document` makes one page that needs nothing else: no font, script, style or picture from anywhere,
and a policy that forbids whatever is not its own. No state.
"""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

#: Elements that have no end.
_VOID = {"br", "input", "meta"}

#: What can stand in an element: HTML as it is, text (escaped), nothing, or several of these.
Content: TypeAlias = "Html | str | Iterable[Content] | None"


class Html(str):
    """HTML already. Only this module makes it from text."""

    __slots__ = ()


def tag(element: str, /, *content: Content, **attributes: str | int | bool | None) -> Html:
    """An element. `class_` is the attribute class, `data_row` is data-row; None leaves one out."""
    words = [element]
    for key, value in attributes.items():
        key = key.removesuffix("_").replace("_", "-")
        if value is True:
            words.append(key)
        elif value is not None and value is not False:
            words.append(f'{key}="{html.escape(str(value))}"')
    opening = f"<{' '.join(words)}>"
    return Html(opening if element in _VOID else f"{opening}{_inner(content)}</{element}>")


def several(*content: Content) -> Html:
    """Content without an element around it."""
    return Html(_inner(content))


def prose(text: str) -> Html:
    """A sentence of the spec: what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick without its fellow is itself
        return several(text)
    return several([tag("code", part) if at % 2 else part for at, part in enumerate(parts)])


def document(title: str, *body: Content, style: str = "") -> str:
    """A whole page with the style and the script beside this module, and more style of its own."""
    style, script = _file("style.css") + style, _file("script.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(style)),
    )
    inner = several(*body, tag("script", Html(script)))
    return f"<!doctype html>\n{tag('html', head, tag('body', inner), lang='en')}\n"


def _inner(content: Iterable[Content]) -> str:
    out = []
    for each in content:
        if isinstance(each, Html):
            out.append(str(each))
        elif isinstance(each, str):
            out.append(html.escape(each))
        elif each is not None:
            out.append(_inner(each))
    return "".join(out)


def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
