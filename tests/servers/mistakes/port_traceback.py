"""Mistake 7 again: a port in use is a traceback."""

from __future__ import annotations

import socket
import sys

from .on_threads import Server


class NoExcept(Server):
    def listen(self) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((sys.argv[2], int(sys.argv[4])))
        listener.listen(128)
        print("listening on", *listener.getsockname(), flush=True)
        return listener


if __name__ == "__main__":
    NoExcept().run()
