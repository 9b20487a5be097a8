"""Exits with status 3 and a message before it listens."""

import sys

if __name__ == "__main__":
    print("never_starts: cannot find my configuration", file=sys.stderr)
    sys.exit(3)
