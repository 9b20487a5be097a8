"""What a class may hand in besides homework: submissions that attack the grade or the others.

Each is a program of a few lines that does its worst, within bounds, and then answers like a server
on level 0. Its command line carries a token by which its processes can be found.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

STARTER = Path(__file__).resolve().parent.parent / "starters" / "python"
#: Seconds after which whatever an attack has left behind ends by itself, should a test fail.
LIFE = 150

_BEFORE = f"""\
import os, signal, socket, sys, threading
from pathlib import Path
signal.alarm({LIFE})
first = not Path("begun").exists()  # of the servers of this grade
Path("begun").touch()

POLITE = [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]

def wait():
    signal.alarm({LIFE})
    while True:
        signal.pause()

def findings(words):
    import server
    said = server.Client.send
    server.Client.send = lambda self, line: said(
        self, " ".join([line, *words]) if line.startswith("HELLO") else line)
"""
_AFTER = """
sys.argv[1:] = sys.argv[2:]  # without the token
import server
server.main()
"""


@dataclass(frozen=True)
class Attack:
    """A submission. `why`: how its not being graded is told, with and without a sandbox."""

    program: str = ""
    toml: str = ""  # more of it, or (with a command) instead of it
    why: str | None = None
    without: str | None = None  # without a sandbox, if it is different then


ATTACKS = {
    "forks": Attack(
        """
for number in range(300):
    if os.fork() == 0:
        os.setsid()  # out of the group, and, its parent gone, out of the family
        if os.fork() == 0: wait()
        os._exit(0)
""",
        why="more than 100 processes",
    ),
    "memory": Attack(
        "hoard = [bytearray(os.urandom(1) * 2**25) for number in range(60)]",  # 1.9 GiB
        why="more than 500 MiB of memory",
    ),
    "disk": Attack(
        """
for number in range(60):
    try: Path(f"big{number}").write_bytes(bytes(2**22))  # 240 MiB
    except OSError: break
""",
        without="it wrote more than 64 MiB",
    ),
    "deep": Attack(
        """
for number in range(3000 if first else 0):
    os.mkdir("d"); os.chdir("d")
os.chmod(".", 0o700 if not first else 0)
os.chdir(sys.path[0])
"""
    ),
    "kills-parent": Attack(
        "os.kill(os.getppid(), signal.SIGKILL)\nwait()", why="its grader was ended"
    ),
    "kills-group": Attack(
        "os.kill(os.getppid(), signal.SIGTERM)\nos.killpg(0, signal.SIGKILL)",
        why="the server does not start: it ended before it was ready (killed by signal 9",
    ),
    "toml": Attack(toml="command = {", why="is not TOML"),
    "names": Attack(toml='name = "../../\\u001b[2J\\u202e=cmd()"\n'),
    "cwd": Attack(
        toml='command = "./server {port}"\ncwd = "../no\\u001b[2J"', why="there is no folder"
    ),
    "ports": Attack(
        """
held = []
for number in range(500):
    try: held.append(socket.create_server(("127.0.0.1", 0)))
    except OSError: break
"""
    ),
    "logs": Attack(
        """
def log():
    for number in range(100 if first else 0):
        os.write(2, b"x" * 999_999 + b"\\n")
threading.Thread(target=log, daemon=True).start()
"""
    ),
    "deaf": Attack(
        """
if os.fork() == 0:
    os.setsid()
    signal.pthread_sigmask(signal.SIG_BLOCK, POLITE)
    wait()
signal.pthread_sigmask(signal.SIG_BLOCK, POLITE)
"""
    ),
    "spoils": Attack(
        """
for name in ("conftest.py", "pytest.ini", "sitecustomize.py", "pytest.py", "conformance.py"):
    Path(name).write_text("raise SystemExit(0)")
    Path("..", name).write_text("raise SystemExit(0)")
Path("parley.toml").write_text("nonsense")
"""
    ),
}
#: Only for a sandbox that is known to hold: without one, this would end all that the user runs.
KILLS_ALL = """
if os.readlink("/proc/self/ns/pid") != {namespace!r}:
    os.kill(-1, signal.SIGKILL)
wait()
"""
#: What the program can reach that it must not; told as capabilities, which results.json has.
REACHES = """
found = []
def tries(what, action):
    try: action()
    except OSError: return
    found.append(what)

parent = os.getppid()
for name in {paths!r}:
    tries(f"sees-{{Path(name).name}}", lambda: os.stat(name))
    tries(f"wrote-{{Path(name).name}}", lambda: Path(name, "spoiled").write_text("x"))
tries("network", lambda: socket.create_connection(("127.0.0.1", {port})))
tries("abroad", lambda: socket.socket(type=socket.SOCK_DGRAM).connect(("192.0.2.1", 9)))
tries("memory", lambda: open(f"/proc/{{parent}}/mem", "rb"))
tries("environment", lambda: Path(f"/proc/{{parent}}/environ").read_bytes())
for number in range(32):
    tries("pipe", lambda: open(f"/proc/{{parent}}/fd/{{number}}", "wb"))
findings(found)
"""


def hand_in(folder: Path, attack: Attack, token: str) -> None:
    """Writes a submission with this attack."""
    folder.mkdir()
    (folder / "attack.py").write_text(_BEFORE + attack.program + _AFTER)
    shutil.copy(STARTER / "server.py", folder)
    toml = attack.toml
    if "command" not in toml:
        toml += f'\ncommand = "{{python}} attack.py {token} --host {{host}} --port {{port}}"\n'
    (folder / "parley.toml").write_text(toml)


def processes_with(token: str) -> list[str]:
    """The command lines of processes that carry the token (Linux; elsewhere none is found)."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if token.encode() in words and int(path.parent.name) != os.getpid():
            found.append(words.decode(errors="replace").replace("\0", " "))
    return found
