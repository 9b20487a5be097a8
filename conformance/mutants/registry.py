"""Which mutants there are, what each of them breaks, and how it is started.

A mutant is a class with one override and one line of docstring that says what is wrong with it:

    @breaks("SAY-4")
    class EchoesToSpeaker(Hub):
        '''The speaker receives its own message.'''

What it derives from says where it is put in place of the sound class. One process runs one mutant,
so that replacing an attribute of a module hurts nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from unittest import mock

import impl_asyncio.connection
import impl_asyncio.server
import impl_poll.connection
import impl_poll.server
import impl_threads.connection
import impl_threads.server
from parley import launch
from parley.channel import TlsChannel
from parley.hub import Hub
from parley.wire import LineCutter

#: Stands in place of a requirement where a fault is one that no requirement forbids.
NOTHING = "-"

#: Requirements for which there is no mutant, and why. Empty: there is one for each.
UNBREAKABLE: dict[str, str] = {}


class Launch:
    """How a server comes to life: what faults of the start override."""

    def main(self, name: str) -> int:
        """Runs the server from the command line; returns its exit status."""
        return launch.main(name, impl_poll.server.Server)


@dataclass(frozen=True)
class Mutant:
    """A faulty server."""

    name: str
    requirement: str  # the first one that fails, in the order of building; or NOTHING
    wrong: str  # one line
    start: Callable[[], int]


MUTANTS: dict[str, Mutant] = {}


def breaks(requirement: str, hub: type[Hub] = Hub) -> Callable[[type], type]:
    """Registers a class as a mutant. `hub` is for faults of a server that need another hub too."""

    def register(fault: type) -> type:
        name = re.sub(r"(?<!^)(?=[A-Z])", "-", fault.__name__).lower()
        assert name not in MUTANTS, f"two mutants are called {name}"
        wrong = (fault.__doc__ or "").strip()
        assert "\n" not in wrong, f"{fault.__name__}: say in one line what is wrong"
        MUTANTS[name] = Mutant(name, requirement, wrong, lambda: _start(name, fault, hub))
        return fault

    return register


def _start(name: str, fault: type, hub: type[Hub]) -> int:
    if issubclass(fault, Launch):
        return fault().main(name)
    if issubclass(fault, Hub):
        return launch.main(name, impl_poll.server.Server, fault)
    if issubclass(fault, (impl_poll.server.Server, impl_threads.server.Server)):
        return launch.main(name, fault, hub)
    if issubclass(fault, LineCutter):
        with mock.patch.object(impl_poll.connection, "LineCutter", fault):
            return launch.main(name, impl_poll.server.Server, hub)
    if issubclass(fault, TlsChannel):
        with mock.patch.object(launch, "TlsChannel", fault):
            return launch.main(name, impl_poll.server.Server, hub)
    if issubclass(fault, impl_poll.connection.Connection):
        with mock.patch.object(impl_poll.server, "Connection", fault):
            return launch.main(name, impl_poll.server.Server, hub)
    if issubclass(fault, impl_threads.connection.Connection):
        with mock.patch.object(impl_threads.server, "Connection", fault):
            return launch.main(name, impl_threads.server.Server, hub)
    if issubclass(fault, impl_asyncio.connection.Connection):
        with mock.patch.object(impl_asyncio.server, "Connection", fault):
            return launch.main(name, impl_asyncio.server.Server, hub)
    raise TypeError(f"{fault.__name__} derives from nothing that can be put into a server")
