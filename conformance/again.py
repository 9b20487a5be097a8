"""The command lines that repeat something: a grade, or a session that it has found. No state."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import sys
from pathlib import Path

from .target import Target

#: What this program is called where it has been installed.
SCRIPT = "parley-conformance"
#: Options that a repetition needs if they were given, and what they are if not.
REPEATED: dict[str, object] = {
    "tls": False,
    "cafile": None,
    "start_timeout": 10.0,
    "answer_timeout": 5.0,
    "random": 1,
    **dict.fromkeys(("clients", "rate", "duration")),
}


def again(target: Target, seed: int, known: argparse.Namespace) -> list[str]:
    """The command line that grades this target again, typed where this one was."""
    what = [*_words_for(target), *words_for_added(known)]
    for name, default in REPEATED.items():
        if (value := getattr(known, name, default)) != default:
            what += [f"--{name.replace('_', '-')}", *([] if value is True else [f"{value}"])]
    return [*program(), *what, "--seed", str(seed)]


def words_for_added(known: argparse.Namespace) -> list[str]:
    """The clauses and tests of somebody's own, as the command line names them."""
    added = (("--spec", known.spec), ("--tests", known.tests))
    return [word for option, paths in added for path in paths for word in (option, str(path))]


def replay(target: Target, reports: Path) -> list[str]:
    """The command line that plays a session again which a grade has written there."""
    return [*program(), "replay", str(reports / "{file}"), *_words_for(target)]


def _words_for(target: Target) -> list[str]:
    """A target as the command line names it."""
    if target.address:
        host, port = target.address
        return ["--connect", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    return [str(target.folder)] if target.folder else ["--command", target.command or ""]


def program() -> list[str]:
    """How this program was started: as the environment says, or with the words of its user.

    `nox -s conformance` starts it in an environment that its user has not: PARLEY_AGAIN says then
    what to type.
    """
    if told := os.environ.get("PARLEY_AGAIN"):
        return shlex.split(told)
    if Path(sys.argv[0]).name == SCRIPT:
        found = shutil.which(SCRIPT)
        return [SCRIPT if found and Path(found).samefile(sys.argv[0]) else sys.argv[0]]
    python = sys.orig_argv[0]
    return [python, "-m", (__package__ or "conformance").split(".")[0]]
