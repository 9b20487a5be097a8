"""One member under load: compares what it receives with the room's log, and notes when it came.

A listener's stream is the log itself. A speaker's has a hole at each message of its own, with
`OK SAY seq` in it. Nothing here does I/O: octets and the time come in.
"""

from __future__ import annotations

from array import array

from .roomlog import Fault, RoomLog, Speaker


class Stream:
    """What one member has received of the log so far."""

    def __init__(self, log: RoomLog, speaker: Speaker) -> None:
        self.log = log
        self.speaker = speaker
        self.at = 0  # how much of the log it has received, in octets
        self.lines = 0  # how many whole lines that is
        self.samples = array("q")  # the latency of each of those lines, in microseconds
        self.first = 0  # the line that the first sample is about
        self.sampling = True
        self.answered = 0  # its own messages that were answered
        self.pings: list[bytes] = []  # tokens of the server's PINGs that wait for a PONG
        self._rest = b""  # the beginning of a line that the log does not show yet

    def joins(self) -> None:
        """From here on it receives the log: from its present end."""
        self.at, self.lines, self.first = len(self.log.octets), len(self.log), len(self.log)

    def forget_samples(self) -> None:
        """Begins anew with the next line."""
        self.sampling = True
        self.samples = array("q")
        self.first = self.lines

    def take(self, octets: memoryview, now: int) -> None:
        """Checks the next octets of the stream, which came at `now`, in microseconds.

        Raises Fault where they leave the log.
        """
        end = self.at + len(octets)
        if not self._rest and end <= self._clear() and self.log.octets[self.at : end] == octets:
            self.at = end
        else:
            data, self._rest = self._rest + bytes(octets), b""
            self._take_in_pieces(data)
        if self.lines < len(self.log) and self.log.ends[self.lines] <= self.at:
            self._note(now)

    def _clear(self) -> int:
        """Up to where the log holds no line of this member's own that is still to be answered."""
        mine = self.speaker.lines
        if self.answered < len(mine):
            return self.log.start_of(mine[self.answered])
        return len(self.log.octets)

    def _take_in_pieces(self, data: bytes) -> None:
        """Checks octets that hold replies, or lines that nobody has received before."""
        log = self.log
        while data:
            span = min(self._clear() - self.at, len(data))
            if span and log.octets[self.at : self.at + span] == data[:span]:
                self.at += span
                data = data[span:]
                continue
            if span:
                data = self._step_back(data)
            line, ended, after = data.partition(b"\n")
            if not ended:
                self._rest = data
                return
            self._take_line(line + ended)
            data = after

    def _step_back(self, data: bytes) -> bytes:
        """To the beginning of the line in which octets and log part."""
        start = self.log.start_of(self.log.line_at(self.at))
        common = next(
            (at for at, octet in enumerate(data) if octet != self.log.octets[self.at + at]), 0
        )
        whole = self.log.line_at(self.at + common)
        if self.log.start_of(whole) > self.at:  # some lines of it are right
            data = data[self.log.start_of(whole) - self.at :]
            self.at = self.log.start_of(whole)
            return data
        data = bytes(self.log.octets[start : self.at]) + data
        self.at = start
        return data

    def _take_line(self, line: bytes) -> None:
        """Takes one line at the beginning of a line of the log."""
        log = self.log
        if line.startswith(b"PING "):
            self.pings.append(line[5:-1])
            return
        mine = self.speaker.lines
        at = log.line_at(self.at)
        if at == len(log):
            log.learn(line, self.speaker)
        if self.answered < len(mine) and mine[self.answered] == at:
            if line != log.reply_to(at):
                raise Fault("instead of a reply", log.reply_to(at).decode().strip(), line)
            self.answered += 1
        else:
            wanted = log.octets[self.at : log.ends[at]]
            if line != wanted:
                raise Fault("not what the others received", wanted.decode().strip(), line)
        self.at = log.ends[at]

    def _note(self, now: int) -> None:
        """Notes when the lines came that are now complete."""
        log = self.log
        upto = log.line_at(self.at)
        if self.sampling:
            self.samples.extend([now - due for due in log.due[self.lines : upto]])
        self.lines = upto
