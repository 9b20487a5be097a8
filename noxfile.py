#!/usr/bin/env python3
# /// script
# requires-python = ">=3.11"
# dependencies = ["nox"]
# ///
"""Every task of the project: `python3 noxfile.py --list` names them, `-s NAME` runs one.

Nothing needs to be installed first. Started as a program without nox at hand, this file builds a
small environment for nox under .nox/ and starts again inside it; `nox -s NAME`, `uv run noxfile.py
-s NAME` and `pipx run nox -s NAME` do the same. What a session installs is pinned with hashes in
requirements/ (docs/decisions/0002-lock-without-hosts.md).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
REQUIREMENTS = ROOT / "requirements"
GROUPS = ("client", "suite", "tests", "lint", "docs", "build", "nox", "uv")
OLDEST_PYTHON = "3.11"


def digest(*files: Path) -> str:
    """What a stamp file holds: installed from exactly these bytes."""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


# --- without nox: an environment for it, built with the standard library alone ----------------


def start_in_own_environment() -> NoReturn:
    """Start this program again where nox is installed; build that environment when there is none.

    One environment per Python version, so that `python3.13 noxfile.py` runs the sessions on 3.13.
    The stamp is written last: an environment without it was left half-built, and is built anew.
    """
    home = ROOT / ".nox" / f"nox-{sys.implementation.cache_tag}"
    python, stamp, pins = home / "bin" / "python", home / "stamp", REQUIREMENTS / "nox.txt"
    home.parent.mkdir(exist_ok=True)
    with open(home.with_suffix(".lock"), "w") as lock:  # closing it releases the lock
        fcntl.flock(lock, fcntl.LOCK_EX)  # two terminals at once: the second one waits and reuses
        whole = python.exists() and stamp.is_file() and stamp.read_text() == digest(pins)
        if not whole:
            print("noxfile.py: setting up nox, once …", file=sys.stderr)
            build_environment(home, python, pins)
            stamp.write_text(digest(pins))
    os.execv(python, [str(python), "-m", "nox", "-f", str(ROOT / "noxfile.py"), *sys.argv[1:]])


def build_environment(home: Path, python: Path, pins: Path) -> None:
    """Fill `home` with a Python that has nox, or exit with one line that says what is missing.

    Debian ships venv without ensurepip unless python3-venv is installed; there the pip of the
    system, when it has one, installs from outside.
    """
    venv = [sys.executable, "-m", "venv", "--clear"]
    install = ["install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r"]
    ways = (
        ([*venv, str(home)], [str(python), "-m", "pip", *install, str(pins)]),
        (
            [*venv, "--without-pip", str(home)],
            [sys.executable, "-m", "pip", "--python", str(python), *install, str(pins)],
        ),
    )
    said = ""
    try:
        for commands in ways:
            for command in commands:
                done = subprocess.run(command, capture_output=True, text=True, errors="replace")
                if done.returncode != 0:
                    said = " ".join((done.stderr or done.stdout).split())[-300:]
                    break
            else:
                return
            shutil.rmtree(home, ignore_errors=True)
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    sys.exit(
        "noxfile.py: cannot set up nox: it takes a network and either python3-venv or python3-pip"
        f" (apt install python3-venv), or start with `uv run noxfile.py`. Last words: {said}"
    )


if __name__ == "__main__" and sys.version_info < (3, 11):
    sys.exit(
        f"noxfile.py: Parley needs Python {OLDEST_PYTHON} or newer, and {sys.executable} is"
        f" {sys.version.split()[0]}; `uv run noxfile.py` brings its own."
    )

try:
    import nox
except ModuleNotFoundError:
    if __name__ != "__main__":
        raise
    start_in_own_environment()

# --- with nox: one function a session ---------------------------------------------------------

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv" if shutil.which("uv") else "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["conformance", "tests", "lint"]


def install(session: nox.Session, group: str) -> None:
    """Install requirements/GROUP.txt, unless this environment was made from exactly that file."""
    pins = REQUIREMENTS / f"{group}.txt"
    stamp = Path(session.virtualenv.location) / f"{group}.stamp"
    if stamp.is_file() and stamp.read_text() == digest(pins):
        return
    stamp.unlink(missing_ok=True)
    session.install("--quiet", "--require-hashes", "-r", str(pins))
    stamp.write_text(digest(pins))


@nox.session
def conformance(session: nox.Session) -> None:
    """Grade servers: `-- FOLDER…` or `-- --command "…"`; alone, the three reference servers."""
    install(session, "suite")
    # The suite starts where its user stands, so that paths on the command line mean what they
    # mean in the shell. -P: nothing in that folder can be imported in place of a module.
    here = Path(os.path.relpath(ROOT / "noxfile.py", session.invoked_from))
    again = shlex.join(["python3", str(here), "-s", "conformance", "--"])
    with session.chdir(session.invoked_from):
        session.run(
            *("python", "-P", "-m", "conformance", *session.posargs),
            env={"PYTHONPATH": str(ROOT), "PARLEY_AGAIN": again},
        )


@nox.session
def chat(session: nox.Session) -> None:
    """Chat in the terminal: `-- HOST PORT`; `-- --help` lists more."""
    install(session, "client")
    with session.chdir(session.invoked_from):  # where files are that one wants to send
        session.run("python", "-P", "-m", "parley", *session.posargs, env={"PYTHONPATH": str(ROOT)})


@nox.session
def mutants(session: nox.Session) -> None:
    """Prove that each faulty server of conformance/mutants/ fails, for the right reason."""
    install(session, "suite")
    session.run("python", "-m", "conformance.matrix", *session.posargs)


@nox.session
def stability(session: nox.Session) -> None:
    """Grade the same servers fifty times, half of the times under load: no verdict may change."""
    install(session, "suite")
    session.run("python", "-m", "conformance.stability", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the reference servers beside a plain C server, in one run."""
    install(session, "suite")
    session.run("python", "-m", "conformance.load.bench", *session.posargs)


@nox.session
def mutation(session: nox.Session) -> None:
    """Change the reference servers one thing at a time: which changes does no test notice? Long."""
    install(session, "suite")
    session.run("python", "-m", "conformance.mutation", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Test the project itself: pytest on tests/, several files at a time."""
    install(session, "tests")
    # Most tests wait more than they work; what a file sets up for its tests is set up once.
    at_once = ("-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile")
    arguments = session.posargs or at_once
    session.run("python", "-m", "pytest", *arguments, env={"PYTEST_TIMEOUT": "300"})


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, types and the direction of imports."""
    install(session, "lint")
    project = nox.project.load_toml(ROOT / "pyproject.toml")
    if project["project"]["dependencies"] != project["dependency-groups"]["suite"]:
        session.error("pyproject.toml: project.dependencies and the group `suite` differ")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("mypy")
    session.run("lint-imports")


@nox.session
def docs(session: nox.Session) -> None:
    """Build the course notes into site/; `-- serve` shows them while they are being written."""
    install(session, "docs")
    arguments = session.posargs or ["build", "--strict"]
    session.run("python", "-m", "mkdocs", *arguments, env={"NO_MKDOCS_2_WARNING": "1"})


@nox.session
def wheel(session: nox.Session) -> None:
    """Build the wheel into dist/, and prove that it grades a server far from this checkout."""
    install(session, "build")
    version = nox.project.load_toml(ROOT / "pyproject.toml")["project"]["version"]
    built = ROOT / "dist" / f"parley_kit-{version}-py3-none-any.whl"
    session.run("python", "-m", "build", "--wheel", "--no-isolation", "--outdir", str(built.parent))
    with tempfile.TemporaryDirectory() as elsewhere, session.chdir(elsewhere):
        session.run("python", "-m", "virtualenv", "--quiet", "installed")
        python = Path(elsewhere, "installed", "bin", "python")
        pip = (str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
        suite = str(REQUIREMENTS / "suite.txt")
        session.run(*pip, "--require-hashes", "-r", suite, external=True)
        # --no-index: the pins above are all that the wheel may ask for.
        session.run(*pip, "--no-index", str(built), external=True)
        server = f"{python} -m impl_poll --host {{host}} --port {{port}}"
        grade = str(python.with_name("parley-conformance"))
        session.run(grade, "--level", "0", "--command", server, external=True)


@nox.session
def lock(session: nox.Session) -> None:
    """Write requirements/ anew from pyproject.toml; `-- --upgrade` takes the newest releases."""
    install(session, "uv")
    everything = [f"--group={group}" for group in GROUPS]
    compile_pins(session, "lock", *everything, *session.posargs)
    for group in GROUPS:
        one = (f"--group={group}", "--constraints=requirements/lock.txt", "--no-annotate")
        compile_pins(session, group, *one)


def compile_pins(session: nox.Session, name: str, *arguments: str) -> None:
    """Resolve for every platform and Python at once; the file names neither hosts nor paths."""
    written = REQUIREMENTS / f"{name}.txt"
    session.run(
        *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", OLDEST_PYTHON),
        *("--generate-hashes", "--no-header", *arguments),
        *("--output-file", str(written.relative_to(ROOT))),
        silent=True,
    )
    pins = written.read_text()
    if "://" in pins or "\n-" in pins or str(ROOT) in pins:
        session.error(f"{written.name} names a host, an option or a path of this machine")
    written.write_text(f"# Written by `nox -s lock`: change pyproject.toml, not this file.\n{pins}")


if __name__ == "__main__":
    if not hasattr(nox, "main"):  # some distribution's nox, older than what is needed here
        start_in_own_environment()
    sys.argv[1:1] = ["-f", str(ROOT / "noxfile.py")]  # wherever it was called from
    nox.main()
