"""Random sessions against the model: people who do everything that the spec allows, in any order.

`hold` is what a test calls. The sessions of one seed are the same every time; nothing is kept on
disk. `moves` are what people do, `people` and `extended` the rules that draw them, a `conversation`
makes them and compares what comes with the model, `search` finds a failure and makes it short.
"""

from __future__ import annotations

from ..bench import Bench
from ..target import Bound
from ..violation import Violation

#: Events that a server holds which can be told so: a lock overflows now and then.
HOLD_COUNT = 5
#: Seconds before a wrong password is refused, where a server can be told.
LOGIN_DELAY = 0.02
#: Sessions, and moves of each, where nothing but the core is used: about a second.
CORE = (20, 28)
#: The same with extensions: half a second.
EXTENDED = (10, 40)


def hold(bench: Bench, rule: str, *capabilities: str) -> None:
    """Random sessions with these extensions. Raises Violation for the first that fails.

    Whichever rule that refutes, it refutes `rule` as well: that all of them hold together.
    """
    from .search import Search  # hypothesis: a quarter of a second that level 1 has no use for

    known = bench.servers.target.options
    wanted: dict[str, Bound] = {"hold-count": HOLD_COUNT}
    if "accounts" in capabilities:
        wanted["login-delay"] = LOGIN_DELAY
    told = not bench.servers.target.address
    options = {name: value for name, value in wanted.items() if told and name in known}
    sessions, moves = EXTENDED if capabilities else CORE
    try:
        Search(bench, capabilities, options).run(sessions * bench.depth, moves)
    except Violation as violation:
        if violation.requirement is not None:
            violation.also = violation.also or rule
        raise
