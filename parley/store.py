"""The history and the accounts on disk: a SQLite file, written once per turn of a server.

One transaction takes all messages and registrations of a turn, before any reply of that turn is
sent: what has been answered with OK is in the file. In WAL mode that survives the death of the
process at any moment; with `synchronous=FULL` the death of the machine as well, for about 0.3 ms
per turn instead of 0.01.
A Store is not thread-safe: whoever calls the hub calls it, under the same rules.
Source: https://www.sqlite.org/wal.html and https://www.sqlite.org/pragma.html#pragma_synchronous
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from parley.hub import Account, Limits, Message

#: Tells our files from others: PRAGMA application_id, the letters "Prly".
APPLICATION = 0x50726C79
#: The form of the tables below: PRAGMA user_version.
VERSION = 2
#: Each so many messages of a room, the oldest beyond the bound are deleted.
PRUNE_EVERY = 100
DAY = 86400.0

_TABLES = """
CREATE TABLE room (name TEXT PRIMARY KEY COLLATE NOCASE, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE message (
    room TEXT NOT NULL COLLATE NOCASE,
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (room, seq)
) WITHOUT ROWID;
"""
#: What version 2 has added.
_ACCOUNTS = """
CREATE TABLE account (
    name TEXT PRIMARY KEY COLLATE NOCASE,
    password TEXT NOT NULL
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The file cannot be used, or not any more. The message is one line for people."""


class Store:
    """What was said and who registered, in a file; or nowhere, if `path` is empty.

    Raises StoreError throughout.
    """

    def __init__(self, path: str, limits: Limits, full_sync: bool = False) -> None:
        self._limits = limits
        self._path = path
        self._file: sqlite3.Connection | None = None
        if not path:
            return
        try:
            self._file = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._open(full_sync)
        except sqlite3.Error as error:
            raise StoreError(f"cannot use the history {path}: {error}") from None

    def load(self) -> tuple[list[tuple[str, int]], list[Message]]:
        """The rooms with their last seq, and the messages in order; the too old are forgotten."""
        if self._file is None:
            return [], []
        try:
            oldest = time.time() - self._limits.history_days * DAY
            self._file.execute("DELETE FROM message WHERE time < ?", (oldest,))
            rooms = self._file.execute("SELECT name, seq FROM room").fetchall()
            rows = self._file.execute(
                "SELECT room, seq, time, name, text FROM message ORDER BY room, seq"
            )
            return rooms, [Message(*row) for row in rows]
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the history {self._path}: {error}") from None

    def accounts(self) -> list[Account]:
        """The registered nicknames."""
        if self._file is None:
            return []
        try:
            rows = self._file.execute("SELECT name, password FROM account")
            return [Account(*row) for row in rows]
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the accounts in {self._path}: {error}") from None

    def commit(self, messages: Sequence[Message], accounts: Sequence[Account] = ()) -> None:
        """Stores what was said and who registered in a turn: all of it, or nothing: StoreError."""
        if self._file is None or not (messages or accounts):
            return
        last = {message.room: message.seq for message in messages}
        prune = [
            (message.room, message.seq - self._limits.history_count)
            for message in messages
            if message.seq % PRUNE_EVERY == 0
        ]
        try:
            self._file.execute("BEGIN IMMEDIATE")
            self._file.executemany("INSERT INTO message VALUES (?, ?, ?, ?, ?)", messages)
            self._file.executemany(
                "INSERT INTO room VALUES (?, ?)"
                " ON CONFLICT (name) DO UPDATE SET seq = excluded.seq",
                last.items(),
            )
            self._file.executemany("DELETE FROM message WHERE room = ? AND seq <= ?", prune)
            self._file.executemany("INSERT INTO account VALUES (?, ?)", accounts)
            self._file.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"cannot write the history {self._path}: {error}") from None

    def close(self) -> None:
        """Closes the file; everything in it is already safe."""
        if self._file is not None:
            self._file.close()

    def _open(self, full_sync: bool) -> None:
        """Checks whose file this is before anything is written; a new one gets its tables."""
        assert self._file is not None
        (application,) = self._file.execute("PRAGMA application_id").fetchone()
        (version,) = self._file.execute("PRAGMA user_version").fetchone()
        (tables,) = self._file.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        if application != APPLICATION and (application or tables):
            raise StoreError(f"{self._path} is a database of another program")
        if version > VERSION:
            raise StoreError(f"{self._path} is of a newer version ({version}; this is {VERSION})")
        if self._file.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise StoreError(f"{self._path} is damaged (PRAGMA integrity_check tells more)")
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute(f"PRAGMA synchronous = {'FULL' if full_sync else 'NORMAL'}")
        if not tables:
            self._file.executescript(
                f"BEGIN IMMEDIATE; {_TABLES} {_ACCOUNTS} PRAGMA application_id = {APPLICATION};"
                f" PRAGMA user_version = {VERSION}; COMMIT;"
            )
        elif version < VERSION:
            self._file.executescript(
                f"BEGIN IMMEDIATE; {_ACCOUNTS} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        # Fails now, and not with the first message, if the file cannot be written.
        self._file.execute("BEGIN IMMEDIATE")
        self._file.execute(f"PRAGMA user_version = {VERSION}")
        self._file.execute("COMMIT")
