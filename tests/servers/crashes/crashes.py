"""Dies with an exception at the first NICK."""

from .. import tiny


def answer(line: bytes) -> bytes:
    """Answers PING; there are no nicknames to be had."""
    if line.upper().startswith(b"NICK"):
        names: dict[str, str] = {}
        return names[line.decode()].encode()
    return tiny.echo(line)


if __name__ == "__main__":
    tiny.serve(tiny.listen(), answer)
