"""Answers as on level 0, and leaves behind a child that ignores SIGTERM and SIGINT."""

import os
import signal

from .. import tiny


def stay() -> None:
    """Stays, deaf to every polite request; so that nobody has it for ever, for two minutes."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.alarm(120)
    signal.pause()


if __name__ == "__main__":
    listening = tiny.listen()
    if os.fork() == 0:
        stay()
        os._exit(0)
    tiny.serve(listening, tiny.echo)
