"""All that a test of one's own may import: docs/own-clauses.md tells what each is for.

What is not named here may change without notice. In the wheel this package is called
parley_conformance; while a grade runs, `conformance.api` is this module there as well.
"""

from .bench import Bench, needs, untested
from .chat import Chat
from .client import ANY_NUMBER, ANY_VERB, Client
from .inbox import Answer
from .lines import Line
from .violation import Violation

__all__ = [
    "ANY_NUMBER",
    "ANY_VERB",
    "Answer",
    "Bench",
    "Chat",
    "Client",
    "Line",
    "Violation",
    "needs",
    "untested",
]
