"""Faults of level 6: how octets become lines, and which of them are refused.

Cutters stand in place of LineCutter in the poll server; the hubs see lines that are already cut.
"""

from __future__ import annotations

import re
from unittest import mock

from impl_poll.connection import Connection
from parley import wire
from parley.hub import CLOSE, Hub, Limits, Member, Outcome
from parley.wire import MAX_LINE, LineCutter

from .registry import breaks


@breaks("OCTET-1")
class OneRecvOneLine(LineCutter):
    """What one call of recv returns is taken for one line."""

    def feed(self, data: bytes) -> list[bytes]:
        return [data.removesuffix(b"\n")]


@breaks("OCTET-1")
class ForgetsBeginnings(LineCutter):
    """The beginning of a line whose end has not arrived yet is thrown away."""

    def feed(self, data: bytes) -> list[bytes]:
        lines = super().feed(data)
        self._rest = b""
        return lines


@breaks("OCTET-1")
class DecodesEachPiece(LineCutter):
    """Each piece is decoded by itself: a character cut in two is lost."""

    def feed(self, data: bytes) -> list[bytes]:
        if data[:1] >= b"\x80" or b"\n" not in data:
            data = data.decode(errors="replace").encode()
        return super().feed(data)


@breaks("OCTET-2")
class OneLineAPiece(LineCutter):
    """Of several lines that arrive together only the first is obeyed."""

    def feed(self, data: bytes) -> list[bytes]:
        return super().feed(data)[:1]


@breaks("OCTET-2")
class ObeysLastFirst(LineCutter):
    """Several lines that arrive together are obeyed in the reverse order."""

    def feed(self, data: bytes) -> list[bytes]:
        return super().feed(data)[::-1]


@breaks("OCTET-3")
class RefusesCr(Hub):
    """The CR before the LF is taken for content, and refused."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, line + b"\r" if line.endswith(b"\r") else line, now)


@breaks("OCTET-4")
class AnswersEmptyLines(Hub):
    """An empty line is refused."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, line if line.strip(b"\r") else b"?", now)


@breaks("OCTET-5")
class LinesOf4095(LineCutter):
    """A line of 4096 octets is refused."""

    def feed(self, data: bytes) -> list[bytes]:
        lines = super().feed(data)
        return [line + b"?" if len(line) == MAX_LINE - 1 else line for line in lines]


@breaks("OCTET-6")
class ClosesOnLongLines(Hub):
    """A line that is too long is refused, and the connection closed."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        outcome = super().obey(member, line, now)
        return CLOSE if len(line) >= MAX_LINE else outcome


@breaks("OCTET-6")
class ObeysTheRest(LineCutter):
    """What follows the first 4096 octets of a line is taken for a line of its own."""

    def feed(self, data: bytes) -> list[bytes]:
        lines = super().feed(data)
        self._skipping = False
        return lines


@breaks("OCTET-6")
class SkipsOneTooMany(LineCutter):
    """The line after one that is too long is skipped as well."""

    skip = False

    def feed(self, data: bytes) -> list[bytes]:
        obeyed = []
        for line in super().feed(data):
            if not self.skip:
                obeyed.append(line)
            self.skip = len(line) >= MAX_LINE
        return obeyed


@breaks("OCTET-6")
class ObeysTheBeginning(LineCutter):
    """Of a line that is too long the first 4095 octets are obeyed."""

    def feed(self, data: bytes) -> list[bytes]:
        return [line[: MAX_LINE - 1] for line in super().feed(data)]


@breaks("OCTET-7")
class ReadsLatin1(Hub):
    """A line that is not UTF-8 is read as Latin-1."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        try:
            line.decode()
        except UnicodeDecodeError:
            line = line.decode("latin-1").encode()
        return super().obey(member, line, now)


@breaks("OCTET-7")
class IgnoresInvalidOctets(Hub):
    """Octets that are not UTF-8 are left out, and the rest is obeyed."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, line.decode(errors="ignore").encode(), now)


@breaks("OCTET-7")
class TakesOverlongForms(Hub):
    """Overlong forms of two octets are accepted."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, re.sub(rb"[\xc0\xc1][\x80-\xbf]", b"?", line), now)


@breaks("OCTET-7")
class TakesSurrogates(Hub):
    """Surrogates are accepted."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, re.sub(rb"\xed[\xa0-\xbf][\x80-\xbf]", b"?", line), now)


@breaks("OCTET-7")
class TakesTooHighCodePoints(Hub):
    """Code points above U+10FFFF are accepted."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        too_high = rb"(\xf4[\x90-\xbf]|[\xf5-\xf7][\x80-\xbf])[\x80-\xbf]{2}"
        return super().obey(member, re.sub(too_high, b"?", line), now)


class OtherControls(Hub):
    """Takes other characters for control characters than it should."""

    controls = ""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        mock.patch.object(wire, "_CONTROL", re.compile(self.controls)).start()


@breaks("OCTET-8")
class TakesTabs(OtherControls):
    """A tab is not taken for a control character."""

    controls = "[\x00-\x08\x0a-\x1f\x7f-\x9f]"


@breaks("OCTET-8")
class TakesNul(OtherControls):
    """NUL is not taken for a control character."""

    controls = "[\x01-\x1f\x7f-\x9f]"


@breaks("OCTET-8")
class TakesDelete(OtherControls):
    """DEL is not taken for a control character."""

    controls = "[\x00-\x1f\x80-\x9f]"


@breaks("OCTET-8")
class TakesC1(OtherControls):
    """U+0080 to U+009F are not taken for control characters."""

    controls = "[\x00-\x1f\x7f]"


@breaks("OCTET-8")
class TakesCrInside(OtherControls):
    """A CR in the middle of a line is not taken for a control character."""

    controls = "[\x00-\x0c\x0e-\x1f\x7f-\x9f]"


@breaks("OCTET-8")
class StripsEveryCr(Hub):
    """Several CR before the LF are taken for the line's end."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, re.sub(rb"\r{2,}$", b"", line), now)


@breaks("OCTET-8")
class LeavesOutControls(Hub):
    """Control characters are left out, and the rest is obeyed."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, re.sub(rb"[\x00-\x0c\x0e-\x1f\x7f]", b"", line), now)


@breaks("OCTET-9")
class PassesOnBadLines(Hub):
    """Of a line with control characters the others hear what can be read, though it is refused."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        refused = re.search(rb"[\x00-\x1f\x7f]", line.removesuffix(b"\r"))
        if refused and member.name is not None and line.upper().startswith(b"SAY "):
            text = "".join(filter(str.isprintable, line[4:400].decode(errors="ignore")))
            heard = ("MSG", "lobby", self.lobby.seq + 1, member.name, text)
            self.publish(self.lobby, *heard, but=member)
        return super().obey(member, line, now)


@breaks("OCTET-10")
class ObeysUnfinishedLines(Connection):
    """An unfinished line at the end of the stream is obeyed."""

    def receive(self) -> None:
        super().receive()
        if self.step and self.input_ended:
            self.lines.extend(self.cutter.feed(b"\n"))


@breaks("OCTET-5")
class RefusesBeforeItIsTooLong(LineCutter):
    """A line is refused as too long when it has 4095 octets and an LF could still come."""

    def feed(self, data: bytes) -> list[bytes]:
        lines = super().feed(data)
        if len(self._rest) == MAX_LINE - 1:
            lines += super().feed(b"x")
        return lines
