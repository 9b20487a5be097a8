"""Faults of servers that take a text, a name or a line for something else than it is."""

from __future__ import annotations

from parley.extensions import ExtendedHub
from parley.hub import Hub, Member, Outcome, Room
from parley.wire import Refusal

from .registry import breaks


class OtherTexts(Hub):
    """A hub that changes what is said."""

    def change(self, text: str) -> str:
        raise NotImplementedError

    def do_say(self, member: Member, arguments: str) -> None:
        super().do_say(member, self.change(arguments))


@breaks("SAY-3")
class ZeroIsNothing(OtherTexts):
    """The text 0 is taken for none."""

    def change(self, text: str) -> str:
        return "" if text == "0" else text


@breaks("SAY-3")
class NumbersAreNumbers(OtherTexts):
    """The text 007 arrives as 7."""

    def change(self, text: str) -> str:
        return str(int(text)) if text.isascii() and text.isdigit() else text


@breaks("SAY-3")
class FormatsTexts(OtherTexts):
    """Two percent signs arrive as one."""

    def change(self, text: str) -> str:
        return text.replace("%%", "%")


@breaks("SAY-3")
class TrimsAllBlanks(OtherTexts):
    """Blanks of other alphabets at the ends of a text are cut off."""

    def change(self, text: str) -> str:
        return text.strip("\u00a0\u2003\u3000")


@breaks("SAY-3")
class SlashIsACommand(OtherTexts):
    """A text that begins with a slash is refused."""

    def change(self, text: str) -> str:
        if text.startswith("/"):
            raise Refusal("bad-args", "no such command")
        return text


@breaks("SAY-2")
class TiresOfRepetition(Hub):
    """Who says the same a second time in a row is not heard."""

    last = ""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        line = str(fields[3:])
        if fields[0] != "MSG" or line != self.last:
            super().publish(room, *fields, but=but)
        self.last = line


@breaks("SAY-12")
class CutsLongLines(Hub):
    """A MSG of more than 3830 octets is cut."""

    def publish(self, room: Room, *fields: str | int, but: Member | None = None) -> None:
        room_for_text = 3830 - len(" ".join(map(str, fields[:-1])).encode())
        if fields[0] == "MSG" and len(str(fields[-1])) > room_for_text:
            fields = (*fields[:-1], str(fields[-1])[:room_for_text])
        super().publish(room, *fields, but=but)


@breaks("PING-1")
class TokensAreNumbers(Hub):
    """PING 007 is answered with PONG 7."""

    def do_ping(self, member: Member, arguments: str) -> None:
        super().do_ping(member, str(int(arguments)) if arguments.isdigit() else arguments)


@breaks("QUIT-2")
class LastWordsWithEscapes(Hub):
    """A backslash and an n in the last words of a member become a space."""

    def leave(self, member: Member, cause: str, now: float, words: str = "") -> None:
        super().leave(member, cause, now, words.replace("\\n", " "))


@breaks("QUIT-5")
class NamelessMayGoOnAndOn(Hub):
    """The last words of a connection without a name may be of any length."""

    def do_quit(self, member: Member, arguments: str) -> Outcome:
        return super().do_quit(member, arguments if member.name else "")


class OtherNames(Hub):
    """A hub that finds some free names in use."""

    def resembles(self, name: str, other: str) -> bool:
        raise NotImplementedError

    def admit(self, member: Member, name: str) -> None:
        if any(self.resembles(name, other) for other in self.names):
            raise Refusal("nick-in-use", "somebody has this nickname")
        super().admit(member, name)


@breaks("NICK-2")
class SixteenCharactersCount(OtherNames):
    """Names with the same sixteen characters at their beginning are the same."""

    def resembles(self, name: str, other: str) -> bool:
        return name.lower()[:16] == other[:16]


@breaks("NICK-2")
class BeginningsAreNames(OtherNames):
    """Nobody may have a name that begins with the name of another."""

    def resembles(self, name: str, other: str) -> bool:
        return name.lower().startswith(other)


@breaks("NICK-2")
class DashesAreUnderscores(OtherNames):
    """Names that differ in a dash and an underscore are the same."""

    def resembles(self, name: str, other: str) -> bool:
        return name.lower().replace("-", "_") == other.replace("-", "_")


@breaks("NICK-2")
class BornWithConstructors(Hub):
    """The name constructor is always in use."""

    def admit(self, member: Member, name: str) -> None:
        if name == "constructor":
            raise Refusal("nick-in-use", "somebody has this nickname")
        super().admit(member, name)


class OtherLines(Hub):
    """A hub that takes some lines for others."""

    def change(self, line: bytes) -> bytes:
        raise NotImplementedError

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, self.change(line), now)


@breaks("ERR-2")
class BlanksAreEmpty(OtherLines):
    """A line of spaces is ignored like an empty one."""

    def change(self, line: bytes) -> bytes:
        return line if line.strip(b" ") else b""


@breaks("ERR-2")
class SkipsByteOrderMarks(OtherLines):
    """A byte order mark at the beginning of a line is skipped."""

    def change(self, line: bytes) -> bytes:
        return line.removeprefix("\ufeff".encode())


@breaks("OCTET-8")
class TabsAreSpaces(OtherLines):
    """A tab in the words of QUIT is a space."""

    def change(self, line: bytes) -> bytes:
        return line.replace(b"\t", b" ") if line.startswith(b"QUIT") else line


@breaks("OCTET-8")
class NulEndsTheLine(OtherLines):
    """A NUL at the end of a line is cut off."""

    def change(self, line: bytes) -> bytes:
        return line.removesuffix(b"\0")


@breaks("OCTET-7")
class BeyondUnicode(OtherLines):
    """Octets that would be characters above U+10FFFF are replaced, and the line is obeyed."""

    def change(self, line: bytes) -> bytes:
        return line.replace(b"\xf5\x80\x80\x80", "\ufffd".encode())


@breaks("WHO-1")
class WhoMindsSpaces(Hub):
    """WHO with a space behind it has too many arguments."""

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        return super().obey(member, b"WHO is here" if line.upper() == b"WHO " else line, now)


@breaks("TELL-5")
class AnyAlphabet(ExtendedHub):
    """A name that is a member's in small letters of whichever alphabet is that member's."""

    def do_tell(self, member: Member, arguments: str) -> None:
        name, space, text = arguments.partition(" ")
        known = self.names.get(name.lower())
        super().do_tell(member, f"{known.name if known else name}{space}{text}")


class OtherLocks(Hub):
    """A hub in which some lines end a lock."""

    def ends(self, line: bytes) -> bool:
        raise NotImplementedError

    def obey(self, member: Member, line: bytes, now: float) -> Outcome | None:
        if member.held is not None and self.ends(line):
            self.release(member)
        return super().obey(member, line, now)


@breaks("LOCK-1")
class RefusalsUnlock(OtherLocks):
    """WHO with too many arguments ends the lock."""

    def ends(self, line: bytes) -> bool:
        return line.startswith(b"WHO ") and len(line.split(b" ")) > 2


@breaks("LOCK-1")
class PongsUnlock(OtherLocks):
    """PONG ends the lock."""

    def ends(self, line: bytes) -> bool:
        return line.startswith(b"PONG")


@breaks("OCTET-4")
class EmptyLinesUnlock(OtherLocks):
    """An empty line ends the lock."""

    def ends(self, line: bytes) -> bool:
        return not line.strip(b"\r")


@breaks("LOCK-4")
class CountsInAnOctet(Hub):
    """OK UNLOCK tells the number of held events modulo 256."""

    def release(self, member: Member) -> int:
        return super().release(member) % 256


@breaks("LOCK-15")
class StopsAtTheFirstLock(Hub):
    """When the server stops, only the first who is locked receives what is held."""

    def shutdown(self, words: str, now: float, discard: bool = False) -> None:
        locked = [member for member in self.connections if member.held is not None]
        for member in locked[1:]:
            member.held = []
        super().shutdown(words, now, discard)
