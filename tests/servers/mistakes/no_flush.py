"""The ready line waits in the buffer of standard output, which is a pipe."""

from __future__ import annotations

import socket
import sys

from .on_threads import Server


class Unflushed(Server):
    def listen(self) -> socket.socket:
        listener = socket.create_server((sys.argv[2], int(sys.argv[4])))
        print("listening on", *listener.getsockname())
        return listener


if __name__ == "__main__":
    Unflushed().run()
