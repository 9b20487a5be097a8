"""More faults of level 6: where lines end, how long they are, and which octets are none of a text.

As in octet_faults, cutters stand in place of LineCutter in the poll server.
"""

from __future__ import annotations

import re

from impl_poll.connection import Connection
from parley.hub import Hub, Member, Outcome
from parley.wire import MAX_LINE, LineCutter

from .hub_faults_words import OtherLines
from .octet_faults import OtherControls
from .registry import breaks

# Where lines end


@breaks("OCTET-3")
class CrAtTheCutIsContent(LineCutter):
    """A CR that is the last octet of a piece is taken for content, though the LF follows."""

    cr_came = False

    def feed(self, data: bytes) -> list[bytes]:
        lines = super().feed(data)
        if self.cr_came and data.startswith(b"\n"):
            lines[0] += b"\r"
        self.cr_came = len(data) > 1 and data.endswith(b"\r")
        return lines


@breaks("OCTET-2")
class TwoHundredLinesAPiece(Connection):
    """Of more than 200 lines that arrive in one piece the others wait until more arrives."""

    def receive(self) -> None:
        before = len(self.lines)
        super().receive()
        kept = [self.lines.pop() for _ in range(len(self.lines) - before - 200)]
        if kept:
            beginning = b"".join(line + b"\n" for line in reversed(kept))
            self.cutter._rest = beginning + self.cutter._rest


@breaks("OCTET-1")
class TiresOfWaiting(Connection):
    """The beginning of a line is forgotten if the rest does not come within 0.7 s."""

    last = 0.0

    def receive(self) -> None:
        if self.server.now - self.last > 0.7:
            self.cutter._rest = b""
        self.last = self.server.now
        super().receive()


class ObeysSomeUnfinished(Connection):
    """A connection that obeys some unfinished lines at the end of the stream."""

    def is_enough(self, rest: bytes) -> bool:
        raise NotImplementedError

    def receive(self) -> None:
        super().receive()
        if self.step and self.input_ended and self.is_enough(self.cutter._rest):
            self.lines.extend(self.cutter.feed(b"\n"))


@breaks("OCTET-10")
class CrIsEnough(ObeysSomeUnfinished):
    """An unfinished line is obeyed at the end of the stream if it ends with CR."""

    def is_enough(self, rest: bytes) -> bool:
        return rest.endswith(b"\r")


@breaks("OCTET-10")
class NamelessNeedNoLf(ObeysSomeUnfinished):
    """An unfinished line of a nameless connection is obeyed at the end of the stream."""

    def is_enough(self, rest: bytes) -> bool:
        return rest != b"" and self.member.name is None


# How long they are


@breaks("OCTET-6")
class CrIsForNothing(LineCutter):
    """A line of 4097 octets that ends with CR LF is obeyed."""

    def feed(self, data: bytes) -> list[bytes]:
        crlf = re.sub(rb"(?<=[^\n]{%d})\r\n" % (MAX_LINE - 1), b"\n", self._rest + data)
        if len(crlf) == len(self._rest + data):
            return super().feed(data)
        self._rest = b""
        return super().feed(crlf)


@breaks("OCTET-5")
class CrCostsTwo(LineCutter):
    """A line of 4096 octets that ends with CR LF is refused."""

    def feed(self, data: bytes) -> list[bytes]:
        lines = super().feed(data)
        longest = MAX_LINE - 1
        return [line + b"?" * (len(line) == longest and line[-1:] == b"\r") for line in lines]


@breaks("OCTET-6")
class RefusesAgain(LineCutter):
    """A line that is too long is refused once more after each 64 KiB."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped = 0

    def feed(self, data: bytes) -> list[bytes]:
        was_skipping = self._skipping
        lines = super().feed(data)
        self._skipped = self._skipped + len(data) if was_skipping and self._skipping else 0
        if self._skipped >= 64 * 1024:
            self._skipped = 0
            lines.append(b"x" * MAX_LINE)
        return lines


@breaks("ERR-5")
class DecodesBeforeItCounts(Hub):
    """A line that is too long, and no UTF-8 either, is refused with bad-line."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        both = len(line) >= MAX_LINE and line.decode(errors="ignore").encode() != line
        return super().obey(member, b"\xff" if both else line, now)


# Which octets are none of a text


@breaks("OCTET-8")
class BadPongsAreIgnored(OtherLines):
    """A line that begins with PONG and has a control character in it is not refused."""

    def change(self, line: bytes) -> bytes:
        return b"" if re.match(rb"PONG .*[\0-\x1f\x7f].", line) else line


class ReadsSome(OtherLines):
    """A hub that reads octets of one kind as a question mark, though they are no UTF-8."""

    kind = rb""

    def change(self, line: bytes) -> bytes:
        return re.sub(self.kind, b"?", line)


@breaks("OCTET-7")
class TakesOverlongFormsOfFour(ReadsSome):
    """Overlong forms of four octets are accepted."""

    kind = rb"\xf0[\x80-\x8f][\x80-\xbf]{2}"


@breaks("OCTET-7")
class TakesPairsOfSurrogates(ReadsSome):
    """A pair of surrogates is accepted for the character that it means in UTF-16."""

    kind = rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]"


@breaks("OCTET-7")
class TakesCutCharacters(ReadsSome):
    """A character of which the last octet is missing is accepted at the end of a line."""

    kind = rb"([\xe1-\xef][\x80-\xbf]|[\xf1-\xf4][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf])$"


@breaks("SAY-3")
class FormatsAreControls(OtherControls):
    """Characters that are not seen, such as U+200B and U+202E, are refused."""

    controls = "[\x00-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e]"


@breaks("SAY-3")
class ReplacementsAreBad(OtherLines):
    """U+FFFD, though well encoded, is taken for a sign of what is no UTF-8."""

    def change(self, line: bytes) -> bytes:
        return b"\xff" if "\ufffd".encode() in line else line
