"""Where hypothesis takes its choices from: one generator with our seed, and nothing else.

By itself hypothesis repeats parts of what it has tried, and looks for numbers in the source of all
modules that happen to be loaded, which it keeps in a folder. Here each session is new, the same
seed is the same sessions whatever has been imported, and nothing is written to disk.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any

from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, PrimitiveProvider

#: The name under which hypothesis knows this source.
BACKEND = "parley"


@contextlib.contextmanager
def choices_from(seed: int) -> Iterator[None]:
    """Makes BACKEND draw from a generator with this seed, for so long."""
    generator = random.Random(seed)

    class Choices(PrimitiveProvider):
        """What the rules of our sessions draw: truths, and numbers within bounds."""

        def draw_boolean(self, p: float = 0.5) -> bool:
            return generator.random() < p

        def draw_integer(
            self, min_value: int | None = None, max_value: int | None = None, **_: Any
        ) -> int:
            assert min_value is not None
            assert max_value is not None
            return generator.randint(min_value, max_value)

        def draw_float(self, **_: Any) -> float:
            raise NotImplementedError

        def draw_string(self, *_: Any, **__: Any) -> str:
            raise NotImplementedError

        def draw_bytes(self, *_: Any, **__: Any) -> bytes:
            raise NotImplementedError

    AVAILABLE_PROVIDERS[BACKEND] = Choices
    try:
        yield
    finally:
        del AVAILABLE_PROVIDERS[BACKEND]
