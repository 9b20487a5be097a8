"""The one stream of a room, as every listener receives it, and when each line of it was due.

Lines are learned from whoever receives them first; from then on they are what everybody else must
receive. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field

from ..lines import escape


class Fault(Exception):
    """A delivery that should not have been: what a client received, and what it ought to have."""

    def __init__(self, why: str, expected: str, got: bytes) -> None:
        self.why = why
        self.expected = expected
        self.got = got.removesuffix(b"\n").decode(errors="surrogateescape")
        super().__init__(f"{why}: expected {escape(expected)}, got {escape(self.got)}")


@dataclass
class Speaker:
    """What one member has said and the room's log does not show yet, oldest first."""

    name: str
    said: deque[tuple[str, int]] = field(default_factory=deque)  # text, and when it was due
    lines: list[int] = field(default_factory=list)  # its own lines, as indexes into the log


class RoomLog:
    """The messages of a room in the order of their `seq`."""

    def __init__(self, room: str = "lobby") -> None:
        self.room = room
        self.octets = bytearray()
        self.ends = array("Q")  # where each line ends, in octets
        self.due = array("q")  # when each message ought to have been sent, in microseconds
        self.seqs = array("q")  # 0 for a line that is no message
        self.speakers: dict[str, Speaker] = {}
        self.may_leave: set[str] = set()  # members whose LEFT is no fault, once each
        self._next_seq: int | None = None

    def add_speaker(self, name: str) -> Speaker:
        """A member that may say something."""
        self.speakers[name] = speaker = Speaker(name)
        return speaker

    def __len__(self) -> int:
        return len(self.ends)

    def start_of(self, line: int) -> int:
        """Where a line of the log begins, in octets."""
        return self.ends[line - 1] if line else 0

    def line_at(self, octet: int) -> int:
        """The line that an octet belongs to; len(self) at the end of the log."""
        return bisect_right(self.ends, octet)

    def reply_to(self, line: int) -> bytes:
        """What the speaker of a line receives in its place."""
        return b"OK SAY %d\n" % self.seqs[line]

    def learn(self, line: bytes, receiver: Speaker) -> None:
        """Takes a line (with its LF) that nobody has received before as the next of the log.

        Raises Fault if it is not what somebody has said, once, in that somebody's order.
        """
        words = line[:-1].decode(errors="surrogateescape").split(" ", 4)
        if words[:2] == ["OK", "SAY"] and len(words) == 3:
            self._add_message(words[2], receiver, line)
        elif words[:2] == ["LEFT", self.room] and len(words) > 3 and words[2] in self.may_leave:
            self.may_leave.remove(words[2])
            self._append(line, due=0, seq=0)
        elif words[:2] == ["MSG", self.room] and len(words) == 5:
            seq, name, text = words[2:]
            self._check_message(seq, name, text, receiver, line)
            self._add_message(seq, self.speakers[name], line)
        else:
            raise Fault("a line that nothing has caused", "a message", line)

    def _check_message(
        self, seq: str, name: str, text: str, receiver: Speaker, line: bytes
    ) -> None:
        speaker = self.speakers.get(name)
        if speaker is None or speaker is receiver:
            raise Fault("a message of somebody who has said nothing", "a message", line)
        if speaker.said and text != speaker.said[0][0]:
            wanted = f"MSG {self.room} {seq} {name} {speaker.said[0][0]}"
            raise Fault("a message other than the speaker's next", wanted, line)

    def _add_message(self, word: str, speaker: Speaker, line: bytes) -> None:
        if not (word.isascii() and word.isdigit()):
            raise Fault("a seq that is no number", "digits", line)
        seq = int(word)
        if self._next_seq not in (None, seq):
            raise Fault("a seq that does not follow the last", f"the seq {self._next_seq}", line)
        if not speaker.said:
            raise Fault("a message more than its speaker has said", "(nothing)", line)
        self._next_seq = seq + 1
        text, due = speaker.said.popleft()
        speaker.lines.append(len(self))
        self._append(f"MSG {self.room} {seq} {speaker.name} {text}\n".encode(), due, seq)

    def _append(self, line: bytes, due: int, seq: int) -> None:
        self.octets += line
        self.ends.append(len(self.octets))
        self.due.append(due)
        self.seqs.append(seq)
