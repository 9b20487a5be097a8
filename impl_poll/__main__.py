"""python -m impl_poll: the command line is the same for all three servers."""

import sys

from impl_poll.server import Server
from parley import launch

if __name__ == "__main__":
    sys.exit(launch.main("poll", Server))
