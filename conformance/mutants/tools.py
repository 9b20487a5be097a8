"""What several mutants are made of: putting things off, changing the order of what is queued."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from parley.hub import Hub, Limits, Member

#: Seconds that no test waits.
FOR_GOOD = 3600.0


class DelayingHub(Hub):
    """A hub that can do something later: the only clock is the one that the server tells it."""

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        super().__init__(name, limits)
        self._put_off: list[tuple[float, Callable[[], None]]] = []

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Does something at the end of the first turn that is so many seconds away."""
        self._put_off.append((self._now + seconds, do))

    #: Between two portions: not at all, but the next waits for the end of the next turn.
    pause = 1e-6

    def deliver_in_portions(
        self, size: int, members: list[Member], but: Member | None, *fields: str | int
    ) -> None:
        """Delivers an event to so many members at once, to the others later, as many at a time."""
        for member in members[:size]:
            if member.here and member is not but:
                self.deliver(member, *fields)
        rest = members[size:]
        if rest:
            self.later(self.pause, lambda: self.deliver_in_portions(size, rest, but, *fields))

    def next_deadline(self) -> float | None:
        deadlines = [super().next_deadline(), *(due for due, _ in self._put_off)]
        return min((due for due in deadlines if due is not None), default=None)

    def tick(self, now: float) -> None:
        super().tick(now)
        put_off, self._put_off = self._put_off, []
        for due, do in put_off:
            if due <= now:
                do()
            else:
                self._put_off.append((due, do))


class OtherLimits(Hub):
    """A hub whose limits are not those that it was given."""

    other: dict[str, float] = {}  # noqa: RUF012  # each mutant has its own

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        changed = dataclasses.replace(limits or Limits(), **self.other)  # type: ignore[arg-type]  # int or float as the field has it
        super().__init__(name, changed)


class InATenth(Hub):
    """A hub that counts some of its times ten times too fast."""

    times: tuple[str, ...] = ()

    def __init__(self, name: str, limits: Limits | None = None) -> None:
        limits = limits or Limits()
        shorter = {each: getattr(limits, each) / 10 for each in self.times}
        super().__init__(name, dataclasses.replace(limits, **shorter))


def swap(member: Member, first: bytes, second: bytes) -> None:
    """Swaps the first two neighbours in an outbox that begin with these words."""
    outbox = member.outbox
    for index in range(len(outbox) - 1):
        if outbox[index].startswith(first) and outbox[index + 1].startswith(second):
            outbox[index : index + 2] = [outbox[index + 1], outbox[index]]
            return
