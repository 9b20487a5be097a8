"""What a server did wrong, as the tests raise it: the card of a failure is made from this."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .peer import Peer


class Violation(AssertionError):
    """The server broke a rule.

    `requirement` is its id, where it is not the one under test; `also` is that of a second rule
    that the same line breaks.
    """

    def __init__(
        self,
        why: str,
        *,
        client: Peer | None = None,
        expected: str | None = None,
        got: str | None = None,
        requirement: str | None = None,
        also: str | None = None,
        timed_out: bool = False,
    ) -> None:
        super().__init__(why)
        self.why = why
        self.client = client
        self.expected = expected
        self.got = got
        self.requirement = requirement
        self.also = also
        self.timed_out = timed_out
        #: A session that was found at random, with all that ought to be received, and how many of
        #: its last lines were not. If there is one, it stands in place of what clients have kept.
        self.session: tuple[str, ...] = ()
        self.ahead = 0


@contextlib.contextmanager
def blamed_on(requirement: str) -> Iterator[None]:
    """What the server does wrong in here is a matter of this requirement."""
    try:
        yield
    except Violation as violation:
        violation.requirement = requirement
        raise
