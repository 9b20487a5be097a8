"""Accepts connections and never says a word."""

from .. import tiny

if __name__ == "__main__":
    with tiny.listen() as listener:
        connections = []
        while True:
            connections.append(listener.accept())
