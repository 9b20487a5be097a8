"""The command line, which is that of all three servers and --loop: `python -m impl_asyncio --help`.

uvloop is never required: it is faster, and harder to look into.
"""

import argparse
import importlib
import sys

from parley import launch

from .server import Server


def loop_named(name: str) -> str:
    """Has the server use this event loop. Raises ArgumentTypeError if there is none such."""
    if name == "uvloop":
        try:
            Server.new_loop = importlib.import_module("uvloop").new_event_loop
        except ImportError:
            raise argparse.ArgumentTypeError("uvloop is not installed") from None
    elif name != "asyncio":
        raise argparse.ArgumentTypeError(f"{name!r} is neither asyncio nor uvloop")
    return name


if __name__ == "__main__":
    options = argparse.ArgumentParser(add_help=False)
    options.add_argument("--loop", type=loop_named, metavar="NAME", help="asyncio or uvloop")
    sys.exit(launch.main("asyncio", Server, options=options))
