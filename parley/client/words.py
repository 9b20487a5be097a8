"""What others sent, made fit to be seen and to be a file's name; numbers in a person's units.

Pure functions. A terminal obeys control characters, and bidirectional controls make a text read as
something else: what a peer sent goes through `escape` before it is shown anywhere. A filename that
a peer chose goes through `safe_filename` before a file system sees it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterator

#: What is shown as an escape: C0, DEL and C1; bidirectional controls (Unicode TR 9, and the
#: deprecated U+206A to F); line and paragraph separators; surrogates; interlinear annotation.
#: Joiners are not among them: emoji and several scripts need them.
_DANGEROUS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ud800-\udfff\ufff9-\ufffb]"
)
#: What no file's name keeps: the above, and what is a path, a stream or a wildcard on some system.
_NOT_IN_NAMES = re.compile(_DANGEROUS.pattern[:-1] + r'\u200b-\u200d\ufeff/\\:*?"<>|]')
#: Names that are devices on Windows, whatever follows a dot (WSL writes to such disks).
_DEVICE = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)
#: Octets of a name; file systems take 255, and a number or an ending may be added to it.
MAX_NAME = 200
#: Characters of an ending (".tar.gz" has 7) that survive when a name is cut.
MAX_ENDING = 16

COLOURS = 10  # so many colours for nicknames

_UNITS = ("kB", "MB", "GB", "TB", "PB")


def escape(text: str) -> str:
    """Makes what a peer sent safe to show: nothing in it can move a cursor, reorder or hide."""
    return _DANGEROUS.sub(_as_escape, text)


def fragments(text: str) -> Iterator[tuple[bool, str]]:
    """A text in pieces that are safe to show, each with whether it stands for a dangerous one."""
    start = 0
    for match in _DANGEROUS.finditer(text):
        if match.start() > start:
            yield False, text[start : match.start()]
        yield True, _as_escape(match)
        start = match.end()
    if text[start:]:
        yield False, text[start:]


def _as_escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def speakable(text: str) -> str:
    """What a person typed or pasted, as it may be sent: no control characters (OCTET-8)."""
    return re.sub("[\x00-\x1f\x7f-\x9f\ud800-\udfff]", "\ufffd", text.replace("\t", "    "))


def pieces(text: str, octets: int) -> list[str]:
    """Cuts a text into pieces of at most so many octets each, at spaces where there are any."""
    cut = []
    while len(text.encode()) > octets:
        head = text.encode()[:octets].decode(errors="ignore")
        space = head.rfind(" ")
        end = space + 1 if space > 0 else len(head)
        cut.append(text[:end])
        text = text[end:]
    return [*cut, text] if text else cut


def safe_filename(name: str) -> str:
    """A name for a file that a peer sends: no path, no device, not hidden, nothing unprintable."""
    name = unicodedata.normalize("NFC", name)
    name = _NOT_IN_NAMES.sub("_", name).strip(" .")
    if name.startswith(("-", "~")):  # an option or a home, to careless programs
        name = "_" + name[1:]
    if _DEVICE.fullmatch(name.partition(".")[0].rstrip()):
        name = "_" + name
    if len(name.encode()) > MAX_NAME:
        ending = re.search(r"(\.\w{1,8}){1,2}$", name[-MAX_ENDING:], re.ASCII)
        tail = ending[0] if ending else ""
        head = name.encode()[: MAX_NAME - len(tail)].decode(errors="ignore")
        name = head.rstrip(" .") + tail
    return name or "file"


def colour_of(name: str) -> int:
    """Which of COLOURS a nickname has: the same in every session, and on every machine."""
    return zlib.crc32(name.lower().encode()) % COLOURS


def mentions(text: str, name: str) -> bool:
    """Whether a text names somebody: the nickname as a word of its own, in whatever case."""
    if not name or name.lower() not in text.lower():
        return False
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text, re.IGNORECASE) is not None


def size(octets: float) -> str:
    """1536 is "1.5 kB": powers of 1000, as disks and networks count."""
    if octets < 1000:
        return f"{octets:.0f} B"
    for unit in _UNITS:
        octets /= 1000
        if octets < 999.5 or unit == _UNITS[-1]:
            return f"{octets:.1f} {unit}" if octets < 9.95 else f"{octets:.0f} {unit}"
    raise AssertionError


def duration(seconds: float) -> str:
    """Minutes and seconds: 0:09, 12:30, 3:02:01."""
    whole = int(seconds)
    minutes = f"{whole // 60 % 60}:{whole % 60:02d}"
    return f"{whole // 3600}:{minutes:0>5}" if whole >= 3600 else minutes


def bar(part: float, width: int) -> str:
    """A progress bar of so many characters."""
    full = round(min(max(part, 0.0), 1.0) * width)
    return "█" * full + "░" * (width - full)


def plural(count: int, thing: str, things: str = "") -> str:
    """ "1 message", "3 messages"."""
    return f"{count} {thing if count == 1 else things or thing + 's'}"
