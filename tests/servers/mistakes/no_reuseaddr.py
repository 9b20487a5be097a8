"""Mistake 7: no SO_REUSEADDR, so that the port stays taken for a minute."""

from __future__ import annotations

import socket
import sys

from .on_threads import Server


class NoReuse(Server):
    def listen(self) -> socket.socket:
        listener = socket.socket()
        try:
            listener.bind((sys.argv[2], int(sys.argv[4])))
        except OSError as error:
            print(f"cannot listen: {error}", file=sys.stderr)
            sys.exit(1)
        listener.listen(128)
        print("listening on", *listener.getsockname(), flush=True)
        return listener


if __name__ == "__main__":
    NoReuse().run()
