"""The ready line goes where logs go."""

from __future__ import annotations

import socket
import sys

from .on_threads import Server


class Logged(Server):
    def listen(self) -> socket.socket:
        listener = socket.create_server((sys.argv[2], int(sys.argv[4])))
        print("listening on", *listener.getsockname(), file=sys.stderr, flush=True)
        return listener


if __name__ == "__main__":
    Logged().run()
