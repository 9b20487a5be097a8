"""How tests of one's own (--tests DIR) get into a grade, and nothing else from around them.

pytest would import the __init__.py of every folder above a test, read conftest.py files and put
folders on sys.path; a folder above may be the target's. Here a file of tests is read, and that is
all. It finds the suite under the name `conformance`, also in the wheel, where it has another.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

from . import api  # noqa: F401  # is there before a test asks for it under another name

#: What this package is called here, and what tests of one's own know it by.
PACKAGE = (__package__ or "conformance").split(".")[0]
NAME_FOR_TESTS = "conformance"


class OwnTests:
    """The plugin: takes these folders out of the hands of pytest's own importing."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = [folder.resolve() for folder in folders]

    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        """A folder is only a folder, whether it has an __init__.py or not."""
        if Path(__file__).parent in (path, *path.parents):
            return None
        return pytest.Dir.from_parent(parent, path=path)

    def pytest_pycollect_makemodule(
        self, module_path: Path, parent: pytest.Collector
    ) -> pytest.Module | None:
        if any(folder in module_path.parents for folder in self.folders):
            return OwnModule.from_parent(parent, path=module_path)
        return None


class OwnModule(pytest.Module):
    """A file of tests: compiled and run anew each time, since it may have changed."""

    def _getobj(self) -> ModuleType:
        module = ModuleType(f"own_tests.{self.path.stem}")
        module.__file__ = str(self.path)
        sys.modules[module.__name__] = module  # a dataclass looks its module up there
        try:
            exec(compile(self.path.read_bytes(), self.path, "exec"), module.__dict__)
        except (Exception, SystemExit) as error:
            raise self.CollectError(str(error)) from error
        return module


@contextmanager
def known_by_name() -> Iterator[None]:
    """While this lasts, `conformance` and its modules are those of this package."""
    if PACKAGE == NAME_FOR_TESTS:
        yield
        return
    aliases = {
        NAME_FOR_TESTS + name.removeprefix(PACKAGE): module
        for name, module in sys.modules.items()
        if name == PACKAGE or name.startswith(f"{PACKAGE}.")
    }
    sys.modules.update(aliases)
    try:
        yield
    finally:
        for name in aliases:
            del sys.modules[name]
