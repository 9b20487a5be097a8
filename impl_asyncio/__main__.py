"""The command line, which is the same for all three servers: `python -m impl_asyncio --help`."""

import sys

from parley import launch

from .server import Server

if __name__ == "__main__":
    sys.exit(launch.main("asyncio", Server))
