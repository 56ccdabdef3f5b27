"""Counting executed lines with the standard library alone: the historical `TestTrace` and `TestIgnore`.

The runner itself measures with coverage.py, see `zope.testrunner.coverage`.
"""

from __future__ import annotations

import os
import sys
import threading
import trace
from collections.abc import Callable, Iterable


class TestIgnore:
    """Tells which files are not counted: all that are outside of some directories, and code that has no module.

    ``directories`` are pairs of a path and a package, of which the path is of interest.
    """

    __test__ = False

    def __init__(self, directories: Iterable[tuple[str, str]]) -> None:
        self._test_dirs = [os.path.join(os.path.abspath(path), "") for path, _ in directories]
        self._ignored: dict[str, bool] = {}

    def names(self, filename: str, modulename: str) -> bool:
        """Whether to ignore a file; ``modulename`` is the name of the module that it is of."""
        if modulename == "<string>":
            return True
        ignored = self._ignored.get(filename)
        if ignored is None:
            path = os.path.normcase(os.path.abspath(filename))
            ignored = not any(path.startswith(os.path.normcase(directory)) for directory in self._test_dirs)
            self._ignored[filename] = ignored
        return ignored


class TestTrace(trace.Trace):
    """A `trace.Trace` that counts what is below some directories from `start` to `stop`, in all threads."""

    __test__ = False

    def __init__(
        self,
        directories: Iterable[tuple[str, str]],
        count: int = 1,
        trace: int = 1,
        countfuncs: int = 0,
        countcallers: int = 0,
        **more: object,
    ) -> None:
        super().__init__(count, trace, countfuncs, countcallers, **more)  # type: ignore[arg-type]  # it knows the rest
        self.ignore = TestIgnore(directories)  # type: ignore[assignment]  # it is used in the same way
        self.started = False
        self._undo: Callable[[], None] | None = None

    def start(self) -> None:
        """Begin to count."""
        from zope.testrunner.system.kept_tracing import keep_tracing

        assert not self.started, "can't start if already started"
        if not self.donothing:
            sys.settrace(self.globaltrace)
            threading.settrace(self.globaltrace)
            self._undo = keep_tracing()
        self.started = True

    def stop(self) -> None:
        """Count no more."""
        assert self.started, "can't stop if not started"
        if self._undo is not None:
            self._undo()
            self._undo = None
            sys.settrace(None)
            threading.settrace(None)
        self.started = False
