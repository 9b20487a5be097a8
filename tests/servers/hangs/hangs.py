"""Answers everybody up to the first OK NICK, then nobody, for ever."""

import signal

from .. import tiny

members: list[bytes] = []


def answer(line: bytes) -> bytes:
    """The first name is given; whoever asks next is the last whom this server hears."""
    verb, _, name = line.partition(b" ")
    if members:
        signal.pause()
    if verb.upper() != b"NICK":
        return tiny.echo(line)
    members.append(name)
    return b"OK NICK " + name + b" 1\n"


if __name__ == "__main__":
    tiny.serve(tiny.listen(), answer)
