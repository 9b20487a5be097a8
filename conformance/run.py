"""Runs pytest on the tests of the suite for one target; nothing of the target reaches in."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from .card import start_failure
from .grade import Grader, Options
from .own_tests import OwnTests, known_by_name
from .process import StartError
from .results import Result, Rubric
from .spec import Spec
from .target import Target, TargetError

#: Why a grade that somebody stopped is worth nothing.
INTERRUPTED = "interrupted"
LEVEL_TESTS = Path(__file__).with_name("levels")


def grade(target: Target, spec: Spec, rubric: Rubric, options: Options) -> Result:
    """Grades one target. Never raises for what a server does; broken tells what stopped it."""
    started = time.monotonic()
    grader = Grader(target, spec, options)
    broken, unstarted = "", False
    try:
        grader.servers.open()
        grader.note_capabilities()
        broken = _run_pytest(grader, options)
    except TargetError as error:
        broken = str(error)
    except StartError as error:
        unstarted = True
        broken = start_failure(error)
        if hasattr(error.process, "popen"):
            error.process.kill()
    finally:
        grader.servers.close()
    selection = bool(options.only) or options.level is not None
    return Result(
        target=target,
        spec=spec,
        rubric=rubric,
        seed=options.seed,
        records=grader.records,
        capabilities=grader.capabilities,
        offers=grader.offers,
        selected=grader.selection.requirements
        or (asked_for(spec, options) if unstarted else set()),
        selection=selection or bool(options.pytest_arguments),
        duration=time.monotonic() - started,
        broken=broken,
        servers_fault=unstarted,
        unclean=grader.servers.unclean,
        additions=dict(options.additions),
        load=grader.servers.load,
        by_name=bool(options.only) or "-k" in options.pytest_arguments,
    )


def not_built(target: Target, spec: Spec, rubric: Rubric, options: Options, why: str) -> Result:
    """The result of a server whose build fails: nothing of what was asked for can be judged."""
    asked = asked_for(spec, options)
    return Result(
        *(target, spec, rubric, options.seed, [], [], asked, False, 0.0),
        broken=why,
        servers_fault=True,
    )


def asked_for(spec: Spec, options: Options) -> set[str]:
    """The requirements that a grade with these options is about, if it takes place."""
    return {
        name
        for name, each in spec.requirements.items()
        if (options.level is None or each.level <= options.level)
        and (not options.only or name in options.only or each.capability in options.only)
    }


def grade_several(jobs: Sequence[tuple[Target, Spec, Rubric, Options]]) -> list[Result]:
    """Grades several targets at the same time, each in a process of its own; results in order.

    A grade waits more than it works, so there is one more at a time than there are processors.
    """
    at_once = min(len(jobs), (os.cpu_count() or 1) + 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, context, _interrupt_on_sigterm) as pool:
        try:
            return list(pool.map(_grade_or_die, jobs))
        except BaseException:
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def _interrupt_on_sigterm() -> None:
    signal.signal(signal.SIGTERM, _interrupt_once)
    signal.signal(signal.SIGINT, _interrupt_once)


def _interrupt_once(*_: object) -> None:
    """The first signal ends the grade; a second one must not end the ending of its servers."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def _grade_or_die(job: tuple[Target, Spec, Rubric, Options]) -> Result:
    """A grade in a process of its own, which ends with it if it is interrupted."""
    result = grade(*job)  # and has ended its servers
    if result.broken == INTERRUPTED:
        os._exit(1)
    return result


def _run_pytest(grader: Grader, options: Options) -> str:
    """Runs the tests; returns why the grade is worth nothing, or an empty string."""
    verbose = any(argument.startswith("-v") for argument in options.pytest_arguments)
    own = OwnTests(options.own_tests)
    arguments = [
        *(str(LEVEL_TESTS), *map(str, own.folders)),
        *("--continue-on-collection-errors", "--noconftest"),  # the first ends it: no test is run
        *("-c", str(LEVEL_TESTS / "pytest.ini"), "--rootdir", str(LEVEL_TESTS)),
        *("--confcutdir", str(LEVEL_TESTS), "-p", "no:cacheprovider", "--tb", "short"),
        *(() if verbose else ("-q", "-q", "--no-header", "--no-summary", "--tb", "no")),
        *options.pytest_arguments,
    ]
    with _own_environment(), known_by_name():
        status = pytest.main(arguments, plugins=[grader, grader.selection, own])
    if grader.selection.error:
        return grader.selection.error
    if status in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        return _nothing_tested(grader)
    if status == pytest.ExitCode.NO_TESTS_COLLECTED:
        return "no test was selected"
    if status == pytest.ExitCode.INTERRUPTED:
        return INTERRUPTED
    if status == pytest.ExitCode.USAGE_ERROR:
        return "pytest cannot read what one of its options says (see above)"
    return f"the suite itself failed: {status!r}"


def _nothing_tested(grader: Grader) -> str:
    """Why a run that went well has shown nothing; empty if it has shown something."""
    if not grader.records:
        return "no test was selected"
    if all(record.status == "untested" for record in grader.records):
        return f"nothing of it could be tested: {grader.records[0].reason}"
    return ""


@contextlib.contextmanager
def _own_environment() -> Iterator[None]:
    """pytest without plugins, options or modules that happen to lie about."""
    kept = {name: os.environ.pop(name, None) for name in ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")}
    path = list(sys.path)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    sys.path[:] = [entry for entry in path if entry not in ("", os.getcwd())]
    try:
        yield
    finally:
        sys.path[:] = path
        os.environ.update({name: value for name, value in kept.items() if value is not None})
