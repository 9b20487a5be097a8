"""What the suite sees of a server through /proc: descriptors, threads, memory, what it starts."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.usage import Usage, processes_of, processor_time, usage_of, wanted_processor

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="there is no /proc")

#: Does one thing for each line of its input, and says so.
PROGRAM = """
import os, sys, subprocess, threading
kept = []
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


class Program:
    """A process that does what it is told, and waits."""

    def __init__(self) -> None:
        command = [sys.executable, "-c", PROGRAM]
        pipe = subprocess.PIPE
        self.popen = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, start_new_session=True
        )
        self.does("pass")

    def does(self, statement: str) -> None:
        assert self.popen.stdin
        assert self.popen.stdout
        self.popen.stdin.write(statement + "\n")
        self.popen.stdin.flush()
        assert self.popen.stdout.readline() == "done\n"

    def usage(self) -> Usage:
        found = usage_of(processes_of(self.popen.pid))
        assert found
        return found


@pytest.fixture
def program() -> Iterator[Program]:
    program = Program()
    with program.popen:
        yield program
        assert program.popen.stdin
        program.popen.stdin.close()


def test_descriptors_are_counted(program: Program) -> None:
    before = program.usage()
    program.does("kept.extend(os.dup(0) for _ in range(7))")
    assert program.usage().descriptors == before.descriptors + 7


def test_threads_are_counted(program: Program) -> None:
    before = program.usage()
    start = "threading.Thread(target=threading.Event().wait, daemon=True).start()"
    program.does(f"kept.extend({start} for _ in range(3))")
    assert program.usage().threads == before.threads + 3


def test_memory_in_use_is_told_and_what_is_only_reserved(program: Program) -> None:
    before = program.usage()
    program.does("kept.append(b'x' * 2**24)")
    after = program.usage()
    assert 2**24 <= after.resident - before.resident < 2**25
    program.does("import mmap; kept.append(mmap.mmap(-1, 2**28))")
    assert program.usage().reserved - after.reserved >= 2**28
    assert program.usage().resident - after.resident < 2**20


def test_what_it_has_started_counts_and_what_nobody_waited_for(program: Program) -> None:
    before = program.usage()
    program.does("kept.append(subprocess.Popen(['cat'], stdin=subprocess.PIPE))")
    grown = program.usage()
    assert grown.threads == before.threads + 1
    assert grown.descriptors >= before.descriptors + 3
    # In a session of its own it is still a child; then it ends, and stays as a zombie.
    program.does("kept.append(subprocess.Popen(['true'], start_new_session=True))")
    program.does("os.waitid(os.P_PID, kept[-1].pid, os.WEXITED | os.WNOWAIT)")
    zombie = program.usage()
    assert zombie.threads == grown.threads + 1
    assert zombie.descriptors == grown.descriptors
    program.does("kept[0].stdin.close(); kept[0].wait(); kept[1].wait()")
    assert program.usage().threads == before.threads


def test_processor_time_is_that_of_all_processes(program: Program) -> None:
    """A child that spins, in a session of its own: its time is the server's."""
    spin = "import time\nwhile time.process_time() < 0.3: pass\nprint(flush=True)\ninput()"
    pipes = "stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True"
    program.does(f"kept.append(subprocess.Popen([sys.executable, '-c', {spin!r}], {pipes}))")
    program.does("kept[0].stdout.readline()")
    processes = processes_of(program.popen.pid)
    assert len(processes) == 2
    used, wanted = processor_time(processes), wanted_processor(processes)
    assert used
    assert 0.3 <= used <= wanted
    assert (processor_time(processes[:1]) or 1) < used - 0.3
    program.does("kept[0].communicate()")


def test_of_nobody_nothing_is_told() -> None:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    assert usage_of(processes_of(done.pid)) is None
    assert usage_of([done.pid]) is None
    assert processor_time([done.pid]) is None
    assert usage_of(processes_of(os.getpid())) is not None
