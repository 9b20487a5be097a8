"""The suite's own reading of what a server may send: octets to lines, lines to kinds and fields.

Written from protocol.md alone. A line that is none of the tables of the spec is a fault of the
server, wherever it is met: LINE-1 or LINE-2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

MAX_LINE = 4096

_NAME = r"[A-Za-z][A-Za-z0-9_-]{0,19}"
_NUMBER = r"(?:0|[1-9][0-9]{0,15})"
_TOKEN = r"[!-~]{1,64}"
_TEXT = r".+"

#: Kind -> (what it is, how it reads). A kind is the first word, or two for an OK.
_FORMS: dict[str, tuple[str, str]] = {
    "HELLO": ("greeting", rf"HELLO parley/1 (?P<name>{_TOKEN})(?P<capabilities>(?: {_TOKEN})*)"),
    "PONG": ("reply", rf"PONG (?P<token>{_TOKEN})"),
    "ERR": ("reply", r"ERR (?P<code>[a-z-]{1,20}) (?P<verb>-|[A-Z]{1,16}|X-[A-Z0-9-]{1,14}) .+"),
    "OK NICK": ("reply", rf"OK NICK (?P<name>{_NAME}) (?P<number>{_NUMBER})"),
    "OK SAY": ("reply", rf"OK SAY (?P<seq>{_NUMBER})"),
    "OK REGISTER": ("reply", r"OK REGISTER"),
    "OK LOGIN": ("reply", rf"OK LOGIN (?P<name>{_NAME}) (?P<number>{_NUMBER})"),
    "OK WHO": ("reply", rf"OK WHO (?P<count>{_NUMBER})"),
    "OK LOCK": ("reply", r"OK LOCK"),
    "OK UNLOCK": ("reply", rf"OK UNLOCK (?P<count>{_NUMBER})"),
    "OK QUIT": ("reply", r"OK QUIT"),
    "OK TELL": ("reply", rf"OK TELL (?P<name>{_NAME})"),
    "OK JOIN": ("reply", rf"OK JOIN (?P<room>{_NAME}) (?P<count>{_NUMBER})"),
    "OK ROOMS": ("reply", rf"OK ROOMS (?P<count>{_NUMBER})"),
    "OK HISTORY": ("reply", rf"OK HISTORY (?P<count>{_NUMBER})"),
    "PAST": (
        "item",
        rf"PAST (?P<room>{_NAME}) (?P<seq>{_NUMBER}) (?P<time>{_NUMBER}) (?P<name>{_NAME}) "
        rf"(?P<text>{_TEXT})",
    ),
    "ROOM": ("item", rf"ROOM (?P<room>{_NAME}) (?P<count>{_NUMBER})"),
    "TOLD": ("event", rf"TOLD (?P<name>{_NAME}) (?P<text>{_TEXT})"),
    "OK OFFER": ("reply", rf"OK OFFER (?P<id>{_NUMBER})"),
    "OK ACCEPT": ("reply", rf"OK ACCEPT (?P<id>{_NUMBER})"),
    "OK DECLINE": ("reply", rf"OK DECLINE (?P<id>{_NUMBER})"),
    "OK MORE": ("reply", rf"OK MORE (?P<id>{_NUMBER})"),
    "OK CHUNK": ("reply", rf"OK CHUNK (?P<id>{_NUMBER}) (?P<octets>{_NUMBER})"),
    "OK DONE": ("reply", rf"OK DONE (?P<id>{_NUMBER})"),
    "OK ABORT": ("reply", rf"OK ABORT (?P<id>{_NUMBER})"),
    "OFFERED": (
        "event",
        rf"OFFERED (?P<id>{_NUMBER}) (?P<name>{_NAME}) (?P<size>{_NUMBER}) "
        rf"(?P<sha256>[0-9a-f]{{64}}) (?P<filename>{_TEXT})",
    ),
    "ACCEPTED": ("event", rf"ACCEPTED (?P<id>{_NUMBER})"),
    "DECLINED": ("event", rf"DECLINED (?P<id>{_NUMBER})"),
    "MORE": ("event", rf"MORE (?P<id>{_NUMBER}) (?P<octets>{_NUMBER})"),
    "DATA": ("event", rf"DATA (?P<id>{_NUMBER}) (?P<data>[A-Za-z0-9+/=]{{1,4000}})"),
    "DONE": ("event", rf"DONE (?P<id>{_NUMBER})"),
    "ABORTED": (
        "event",
        rf"ABORTED (?P<id>{_NUMBER}) (?P<cause>[a-z]{{1,16}})",
    ),
    "HERE": ("item", rf"HERE (?P<name>{_NAME}) (?P<number>{_NUMBER})"),
    "JOINED": ("event", rf"JOINED (?P<room>{_NAME}) (?P<name>{_NAME}) (?P<number>{_NUMBER})"),
    "MSG": (
        "event",
        rf"MSG (?P<room>{_NAME}) (?P<seq>{_NUMBER}) (?P<name>{_NAME}) (?P<text>{_TEXT})",
    ),
    "LEFT": (
        "event",
        rf"LEFT (?P<room>{_NAME}) (?P<name>{_NAME}) "
        rf"(?P<cause>[a-z]{{1,16}})(?: (?P<words>{_TEXT}))?",
    ),
    "UNLOCKED": ("event", r"UNLOCKED (?P<cause>[a-z]{1,16})"),
    "BYE": ("event", r"BYE (?P<words>.+)"),
    "PING": ("ping", rf"PING (?P<token>{_TOKEN})"),
}
_COMPILED = {kind: (role, re.compile(form, re.ASCII)) for kind, (role, form) in _FORMS.items()}
_OK = re.compile(rf"OK [A-Za-z]{{1,16}}(?: {_TOKEN})*", re.ASCII)
#: The requirement that a malformed line of a kind breaks, where that is not LINE-2.
_RULES = {"HELLO": "HELLO-1", "ERR": "ERR-1"}
#: The fields that are numbers, and therefore below 2^53.
_NUMERIC = {"number", "seq", "count", "time", "id", "octets", "size"}
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
#: Lines whose reading is remembered: a crowd receives each of them many times.
KEPT = 1024


class Malformed(Exception):
    """A line that no server may send; `requirement` says which rule it breaks."""

    def __init__(self, requirement: str, why: str, line: str | bytes) -> None:
        super().__init__(why)
        self.requirement = requirement
        self.why = why
        self.line = line.decode(errors="surrogateescape") if isinstance(line, bytes) else line


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a server. `role` is greeting, reply, item, event, ping or private."""

    text: str
    kind: str
    role: str
    fields: dict[str, str]

    def __getitem__(self, field: str) -> str:
        return self.fields[field]

    def number(self, field: str) -> int:
        """A field that is a number."""
        return int(self.fields[field])


@lru_cache(KEPT)
def decode(octets: bytes) -> str:
    """A server's line, without its LF, as text. Raises Malformed (LINE-1)."""
    if len(octets) >= MAX_LINE:
        raise Malformed("LINE-1", f"a line of more than {MAX_LINE} octets", octets)
    if octets.endswith(b"\r"):
        octets = octets[:-1]
    try:
        text = octets.decode()
    except UnicodeDecodeError:
        raise Malformed("LINE-1", "a line that is not UTF-8", octets) from None
    if _CONTROL.search(text):
        raise Malformed("LINE-1", "a line with a control character in it", octets)
    return text


@lru_cache(KEPT)
def parse(text: str) -> Line:
    """Reads one line of a server. Raises Malformed for what the grammar of the spec does not allow.

    An `OK` that the grammar allows, but that is not what its verb's section asks for, is a line of
    the kind `OK VERB?`: whoever expects the right one finds the difference.
    """
    kind = text.split(" ", 1)[0]
    if kind.startswith("X-"):
        return Line(text, kind, "private", {})
    if kind == "OK":
        kind = " ".join(text.split(" ", 2)[:2])
        if kind.startswith("OK X-"):
            return Line(text, kind, "reply", {})
    role, form = _COMPILED.get(kind, ("", None))
    match = form.fullmatch(text) if form else None
    if match and all(int(match[name]) < 2**53 for name in match.groupdict() if name in _NUMERIC):
        return Line(text, kind, role, match.groupdict())
    if _OK.fullmatch(text):
        if kind != kind.upper():
            raise Malformed("CMD-1", "a reply names its verb in capitals", text)
        return Line(text, f"{kind}?", "reply", {})
    if form:
        raise Malformed(_RULES.get(kind, "LINE-2"), f"this is not the form of {kind}", text)
    raise Malformed("LINE-2", "this is not a line of the protocol", text)


def masked(command: str) -> str:
    """A command as sessions, cards and reports show it: without its password."""
    verb, _, arguments = command.partition(" ")
    name, space, _ = arguments.partition(" ")
    if verb.upper() == "REGISTER" and arguments:
        return f"{verb} ***"
    if verb.upper() == "LOGIN" and space:
        return f"{verb} {name} ***"
    return command


def is_name(word: str) -> bool:
    """Whether a word is a well-formed nickname."""
    return re.fullmatch(_NAME, word, re.ASCII) is not None


def escape(text: str | bytes) -> str:
    """Makes what a peer sent safe to show: nothing in it can move a cursor or hide.

    Backslash, control characters, bidirectional controls, line and paragraph separators and octets
    that are no UTF-8 become escapes as in a Python string.
    """
    if isinstance(text, bytes):
        text = text.decode(errors="surrogateescape")
    if text.isprintable() and "\\" not in text:
        return text
    return "".join(map(_escape_character, text))


def _escape_character(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    if 0xDC80 <= code <= 0xDCFF:  # an octet that is no UTF-8
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable():
        return character
    if code < 0x80:
        return character.encode("unicode_escape").decode()
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
