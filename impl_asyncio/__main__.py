"""python -m impl_asyncio: the command line is the same for all three servers."""

import sys

from impl_asyncio.server import Server
from parley import launch

if __name__ == "__main__":
    sys.exit(launch.main("asyncio", Server))
