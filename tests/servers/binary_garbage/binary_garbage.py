"""Replies with control characters, escape sequences and octets that are no UTF-8."""

from .. import tiny

GARBAGE = b"\x1b[2J\x1b[31m\x1b]0;a title for your terminal\x07\x00\x08\x7f\xc0\xaf\xff\xfe"


def answer(line: bytes) -> bytes:
    """Whatever is asked, this clears the terminal of who shows it unescaped."""
    return b"PONG " + GARBAGE + line + b"\n"


if __name__ == "__main__":
    tiny.serve(tiny.listen(), answer)
