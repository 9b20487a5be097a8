"""Faults of storing what is said: what becomes of a file that is no history."""

from __future__ import annotations

import os
import sqlite3
import sys

from parley.hub import Limits
from parley.store import _TABLES, APPLICATION, Store, StoreError

from .registry import breaks
from .store_faults import in_place


@breaks("HIST-11")
@in_place
class MovesIn(Store):
    """The database of another program gets the tables of the history."""

    def _open(self, full_sync: bool) -> None:
        assert self._file is not None
        if ("room",) not in self._file.execute("SELECT name FROM sqlite_schema").fetchall():
            self._file.executescript(_TABLES)
            self._file.execute(f"PRAGMA application_id = {APPLICATION}")
        super()._open(full_sync)


@breaks("HIST-11")
@in_place
class ReplacesOthers(Store):
    """A file that is no history is replaced by one."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        try:
            super().__init__(path, limits, full_sync)
        except StoreError:
            os.unlink(path)
            super().__init__(path, limits, full_sync)


@breaks("HIST-11")
@in_place
class GoesOnWithout(Store):
    """If the file is no history, the server goes on without one."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        try:
            super().__init__(path, limits, full_sync)
        except StoreError:
            super().__init__("", limits, full_sync)


@breaks("HIST-11")
@in_place
class WritesBeforeItLooks(Store):
    """A database is changed to WAL before it is looked at."""

    def _open(self, full_sync: bool) -> None:
        assert self._file is not None
        self._file.execute("PRAGMA journal_mode = WAL")
        super()._open(full_sync)


@breaks("HIST-11")
@in_place
class ForeignIsATraceback(Store):
    """If the file is no history, standard error shows a traceback."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        try:
            super().__init__(path, limits, full_sync)
        except StoreError as error:
            raise sqlite3.DatabaseError(str(error)) from error


@breaks("HIST-11")
@in_place
class ForeignIsStatusTwo(Store):
    """If the file is no history, the exit status is 2."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        try:
            super().__init__(path, limits, full_sync)
        except StoreError as error:
            print(error, file=sys.stderr)
            sys.exit(2)


@breaks("HIST-11")
@in_place
class ForeignIsSilent(Store):
    """If the file is no history, the exit status is 1, and nothing is said."""

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        try:
            super().__init__(path, limits, full_sync)
        except StoreError:
            sys.exit(1)
