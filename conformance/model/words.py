"""What words look like, and when a line is refused for them (protocol.md, sections 3, 4 and 6)."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{1,64}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)


class Refused(Exception):
    """A line that is not obeyed: it is answered with `ERR code` and has no effect (ERR-4)."""

    def __init__(self, code: str, rule: str) -> None:
        super().__init__(code)
        self.code = code
        self.rule = rule


def is_name(word: str) -> bool:
    return _NAME.fullmatch(word) is not None


def same(name: str) -> str:
    """What two names have in common that differ only in case (NICK-5)."""
    return name.lower() if name.isascii() else name


def nothing(arguments: str, rule: str = "ERR-3") -> None:
    """The arguments of a verb that takes none."""
    if arguments:
        raise Refused("bad-args", rule)


def one_word(arguments: str, rule: str = "ERR-3") -> str:
    """The arguments of a verb that takes one."""
    if not arguments or " " in arguments:
        raise Refused("bad-args", rule)
    return arguments


def one_token(arguments: str, rule: str = "ERR-3") -> str:
    if not _TOKEN.fullmatch(arguments):
        raise Refused("bad-args", rule)
    return arguments


def some_words(arguments: str, count: int, rule: str) -> list[str]:
    """So many arguments, none of them empty; the last reaches to the end of the line."""
    words = arguments.split(" ", count - 1)
    if len(words) < count or not all(words):
        raise Refused("bad-args", rule)
    return words


def a_number(word: str, rule: str = "ERR-3") -> int:
    if not _NUMBER.fullmatch(word) or int(word) >= 2**53:
        raise Refused("bad-args", rule)
    return int(word)


def short_enough(text: str, rule: str) -> str:
    """A text or words: at most 3800 octets."""
    if len(text.encode()) > 3800:
        raise Refused("text-too-long", rule)
    return text
