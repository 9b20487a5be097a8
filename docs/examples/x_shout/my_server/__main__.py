"""The command line of the copy: that of impl_threads, with the hub of hub.py."""

import sys

from parley import launch

from .hub import ShoutingHub
from .server import Server

if __name__ == "__main__":
    sys.exit(launch.main("my-server", Server, ShoutingHub))
