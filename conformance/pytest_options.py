"""The options of pytest that a grade takes, by name: so a typo is not taken for one. No state."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

#: How pytest can show where a test fails.
_TRACEBACKS = ("auto", "long", "short", "line", "native", "no")


class ForPytest(argparse.Action):
    """An option of pytest's: it goes there as it stands. Others do not: a typo is none of them."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, "pytest", default=[], **settings)

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        words = [option_string, *([] if self.nargs == 0 else [str(values)])]
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), *words])


def add_pytests(group: argparse._ArgumentGroup) -> None:
    """Options that pytest knows: those that help one who looks into a failure."""

    def add(*names: str, **settings: Any) -> None:
        group.add_argument(*names, action=ForPytest, **settings)

    add("-x", "--exitfirst", nargs=0, help="stop at the first failure")
    add("--maxfail", type=int, metavar="N", help="stop after N failures")
    add("-v", "--verbose", nargs=0, help="name each test, and show where one fails")
    add("-l", "--showlocals", nargs=0, help="with -v: and what the variables were there")
    add("--tb", metavar="STYLE", choices=_TRACEBACKS, help=f"with -v: {', '.join(_TRACEBACKS)}")
    add("--durations", type=int, metavar="N", help="with -v: the N tests that take longest")
    add("-s", nargs=0, help="show what tests print, while they run")
    add("--pdb", nargs=0, help="stop in the debugger where a test fails")
    add("--trace", nargs=0, help="stop in the debugger where a test begins")
