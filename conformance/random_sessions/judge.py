"""Which requirement a session refutes, as far as the session can tell."""

from __future__ import annotations

import functools
import re

from ..spec import BEYOND, read_spec
from ..violation import Violation

#: The level of each verb of the core; a verb that is not here belongs to an extension.
_VERBS = {"PING": 0, "PONG": 0, "NICK": 1, "SAY": 2, "WHO": 3, "QUIT": 4, "LOCK": 5, "UNLOCK": 5}
#: What clients below level 6 send: one line of text.
_PLAIN = re.compile("[^\x00-\x1f\x7f-\x9f]+")


def level_of(line: bytes, verbs: set[str]) -> int:
    """On which level a server has to know what to do with a line (without its LF)."""
    try:
        text = line.decode()
    except UnicodeDecodeError:
        return 6
    if len(line) >= 4096 or not _PLAIN.fullmatch(text):
        return 6
    verb = text.split(" ", 1)[0].upper()
    return _VERBS.get(verb, BEYOND if verb in verbs else 1)


def judged(violation: Violation, reach: int) -> Violation:
    """The same, blamed on a rule only if the session asked for nothing beyond the rule's level.

    A message that is lost while somebody is locked does not refute that messages arrive: a server
    of level 2 knows of no locks. Then the card names the rule, but it is not said to be broken.
    """
    for name in (violation.requirement, violation.also):
        if name and levels().get(name, 0) < reach:
            violation.why += f" ({name} says what ought to happen)"
            if name == violation.requirement:
                violation.requirement = None
            if name == violation.also:
                violation.also = None
    return violation


@functools.cache
def levels() -> dict[str, int]:
    """The level of each requirement."""
    return {name: each.level for name, each in read_spec().requirements.items()}
