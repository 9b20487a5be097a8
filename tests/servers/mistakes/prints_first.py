"""A word for the owner comes before the ready line."""

from __future__ import annotations

from .on_threads import Server

if __name__ == "__main__":
    print("*** My chat server 1.0 ***")
    Server().run()
