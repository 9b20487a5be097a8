"""What is kept of accounts: hashes, and the file in which they outlive a server (section 19)."""

from __future__ import annotations

import base64
import sqlite3
from pathlib import Path

import pytest

from parley import passwords
from parley.hub import Account, Limits
from parley.store import VERSION, Store, StoreError

RIGHT = "correct-horse"
#: RFC 7914, section 12: password "pleaseletmein", salt "SodiumChloride", N=2^14, r=8, p=1.
RFC = bytes.fromhex(
    "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
    "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
)


def test_hashes_are_salted_and_tell_their_parameters() -> None:
    """ACCT-24: two of one password differ, and both match."""
    one, other = passwords.hashed(RIGHT), passwords.hashed(RIGHT)
    assert one != other
    for kept in (one, other):
        assert kept.startswith("$scrypt$ln=15,r=8,p=1$")
        assert passwords.matches(RIGHT, kept)
        assert not passwords.matches(RIGHT.upper(), kept)


def test_hashes_with_other_parameters_stay_valid() -> None:
    """What was kept with a lower cost is checked with that cost."""
    words = [base64.b64encode(octets).decode() for octets in (b"SodiumChloride", RFC)]
    kept = "$".join(["", "scrypt", "ln=14,r=8,p=1", *words])
    assert passwords.matches("pleaseletmein", kept)
    assert not passwords.matches("pleaseletmeout", kept)


def test_nothing_matches_what_is_nobodys() -> None:
    assert not passwords.matches(RIGHT, passwords.nobodys())
    assert not passwords.matches(RIGHT, "(no hash)")


def test_accounts_are_stored_and_loaded(tmp_path: Path) -> None:
    """ACCT-22: together with what was said."""
    store = Store(str(tmp_path / "h"), Limits())
    store.commit([], [Account("alice", "(a hash)"), Account("Bob", "(another)")])
    store.close()
    store = Store(str(tmp_path / "h"), Limits())
    assert store.accounts() == [Account("alice", "(a hash)"), Account("Bob", "(another)")]
    with pytest.raises(StoreError, match="cannot write"):
        store.commit([], [Account("ALICE", "(one more)")])
    store.close()
    assert Store("", Limits()).accounts() == []


def test_a_file_of_version_1_gets_accounts(tmp_path: Path) -> None:
    """HIST-11: it is ours, and everything in it stays."""
    path = tmp_path / "h"
    Store(str(path), Limits()).close()
    with sqlite3.connect(path) as file:
        file.executescript("DROP TABLE account; INSERT INTO room VALUES ('lobby', 7);")
        file.execute("PRAGMA user_version = 1")
    file.close()
    for _ in range(2):
        store = Store(str(path), Limits())
        assert store.load() == ([("lobby", 7)], [])
        assert store.accounts() == []
        store.close()
    with sqlite3.connect(path) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (VERSION,) == (2,)
    file.close()
