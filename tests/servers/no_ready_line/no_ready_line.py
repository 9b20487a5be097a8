"""Listens, but never says so."""

import signal

from .. import tiny

if __name__ == "__main__":
    with tiny.listen(ready=False):
        signal.pause()
