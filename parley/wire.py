"""The words on the wire: octets to lines, lines to commands, words to lines.

Nothing here keeps state except LineCutter, which belongs to one connection and is used by whoever
reads from it. There is no I/O, no clock and no thread. protocol.md, sections 3, 4 and 11, is the
source of every rule and figure.
"""

from __future__ import annotations

import re

PROTOCOL = "parley/1"

#: Octets of a line with its LF (and CR), in both directions.
MAX_LINE = 4096
#: Octets of a text, or of the words of a QUIT.
MAX_TEXT = 3800

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")
_VERB = re.compile(r"[A-Za-z]{1,16}|[Xx]-[A-Za-z0-9-]{1,14}", re.ASCII)
_TOKEN = re.compile(r"[!-~]{1,64}", re.ASCII)
_NUMBER = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,19}", re.ASCII)


class Refusal(Exception):
    """A line that is not obeyed: becomes `ERR code VERB words`.

    `code` is one of the table in protocol.md, section 13; `words` are for people.
    """

    def __init__(self, code: str, words: str) -> None:
        super().__init__(code, words)
        self.code = code
        self.words = words


class LineCutter:
    """Cuts what arrives from one connection into lines, however TCP divided it.

    Keeps at most one unfinished line of MAX_LINE octets. A line that grows longer is handed out
    once, cut off at MAX_LINE octets, for `parse` to refuse; the rest of it is skipped up to its LF.
    """

    __slots__ = ("_rest", "_skipping")

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, in order and without their LF."""
        lines = (self._rest + data).split(b"\n")
        rest = lines.pop()
        if self._skipping and lines:
            del lines[0]  # the end of the line that was handed out, and refused, before
            self._skipping = False
        if self._skipping:
            rest = b""
        elif len(rest) >= MAX_LINE:
            lines.append(rest[:MAX_LINE])
            self._skipping = True
            rest = b""
        self._rest = rest
        return lines


def parse(line: bytes) -> tuple[str, str] | None:
    """Reads a command: its verb in capitals and its arguments, both possibly empty.

    None for an empty line, which is no command. Where no verb can be read, the verb is "".
    `line` comes without its LF. Raises Refusal for octets that are no line of text.
    """
    if len(line) >= MAX_LINE:
        raise Refusal("line-too-long", f"a line has at most {MAX_LINE} octets")
    if line.endswith(b"\r"):
        line = line[:-1]
    if not line:
        return None
    try:
        text = line.decode()  # strict: overlong forms and surrogates are errors in Python's decoder
    except UnicodeDecodeError:
        raise Refusal("bad-line", "this is not UTF-8") from None
    if not text.isprintable() and _CONTROL.search(text):  # the first is much faster
        raise Refusal("bad-line", "control characters are not allowed")
    verb, _, arguments = text.partition(" ")
    return (verb.upper() if _VERB.fullmatch(verb) else ""), arguments


def no_arguments(arguments: str) -> None:
    """Checks that a verb which takes no argument got none. Raises Refusal."""
    if arguments:
        raise Refusal("bad-args", "this takes no argument")


def one_argument(arguments: str) -> str:
    """The only argument of a verb that takes one. Raises Refusal if there is none, or another."""
    if not arguments or " " in arguments:
        raise Refusal("bad-args", "this takes one argument")
    return arguments


def token(arguments: str) -> str:
    """The only argument of a verb that takes a token of up to 64 visible ASCII characters."""
    if not _TOKEN.fullmatch(one_argument(arguments)):
        raise Refusal("bad-args", "a token is up to 64 visible ASCII characters")
    return arguments


def text(arguments: str) -> str:
    """The text that a verb takes, spaces and all. Raises Refusal if it is empty or too long."""
    if not arguments:
        raise Refusal("bad-args", "this takes a text")
    return words(arguments)


def words(arguments: str) -> str:
    """The words that a verb may take: a text that may be empty. Raises Refusal if too long."""
    if len(arguments) * 4 > MAX_TEXT and len(arguments.encode()) > MAX_TEXT:
        raise Refusal("text-too-long", f"a text has at most {MAX_TEXT} octets")
    return arguments


def number(word: str) -> int:
    """A word that has to be a number below 2^53. Raises Refusal if it is none."""
    if not _NUMBER.fullmatch(word) or int(word) >= 2**53:
        raise Refusal("bad-args", "this takes a number")
    return int(word)


def is_name(word: str) -> bool:
    """Whether `word` is a well-formed nickname (or name of a room)."""
    return _NAME.fullmatch(word) is not None


def fold(name: str) -> str:
    """The form in which two names are equal if they are the same name (NICK-5).

    What is no name stays what it is: the lower case of the Kelvin sign is a k.
    """
    return name.lower() if name.isascii() else name


def line(*fields: str | int) -> bytes:
    """One line for a client: the fields with single spaces between them, and LF."""
    return (" ".join(map(str, fields)) + "\n").encode()
