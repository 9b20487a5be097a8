"""python -m impl_threads: the command line is the same for all three servers."""

import sys

from impl_threads.server import Server
from parley import launch

if __name__ == "__main__":
    sys.exit(launch.main("threads", Server))
