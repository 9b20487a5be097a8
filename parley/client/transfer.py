"""One file on its way, and what it is read from or written to.

A Source, a Sink and the Downloads may raise OSError, which ends that transfer and nothing else.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

#: Octets that the receiver lets the sender have under way (protocol.md, FILE-16).
WINDOW = 262144


class Source(Protocol):
    """A file to be sent. Raises OSError."""

    def read(self, octets: int) -> bytes: ...
    def close(self) -> None: ...


class Sink(Protocol):
    """A file that arrives. Nothing of it is under its name before `keep`. Raises OSError."""

    def write(self, data: bytes) -> None: ...
    def keep(self) -> str:
        """All has arrived: gives the file its name, and returns where it is."""

    def discard(self) -> None: ...


class Downloads(Protocol):
    """Where files arrive."""

    def create(self, filename: str, size: int) -> Sink:
        """A file of this size, under this name or one like it. Raises OSError."""


@dataclass(eq=False, slots=True)
class Transfer:
    """One file. `done` counts the octets that have arrived at the other end (or here)."""

    number: int
    other: str  # the nickname at the other end
    filename: str  # as the sender gave it
    size: int
    digest: str
    done: int = 0
    began: float | None = None  # when it was accepted

    def rate(self, now: float) -> float:
        """Octets a second, so far."""
        return self.done / max(now - self.began, 0.001) if self.began is not None else 0.0


@dataclass(eq=False, slots=True)
class Outgoing(Transfer):
    source: Source | None = None
    credit: int = 0
    sent: int = 0
    finishing: bool = False  # DONE is on its way


@dataclass(eq=False, slots=True)
class Incoming(Transfer):
    sink: Sink | None = None
    window: int = WINDOW
    credit: int = 0  # granted and not used
    hash: hashlib._Hash = field(default_factory=hashlib.sha256)
