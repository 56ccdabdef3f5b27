"""Class and module fixtures around neighbouring tests, with unittest's meaning, inside one iteration of a layer.

unittest has these in its suites; the runner takes suites apart, so it has its own.  The order of events is unittest's: a
class's fixtures surround a run of neighbouring tests of that class, and a module's surround a run of neighbouring classes.
"""

from __future__ import annotations

import sys
import unittest
import unittest.util
from collections.abc import Callable

from zope.testrunner.core.model import Test
from zope.testrunner.execution.result import Result

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True


class Fixtures:
    """Sets up and tears down the fixtures of one iteration; `admit` before each test, `close` after the last one."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._class: type | None = None
        self._class_failed = False
        self._module_failed = False
        #: The class whose tests may run without asking `admit` again.
        self.ready_for: type | None = None
        #: Called before the fixtures of another class are made ready, with a test of that class.
        self.before_change: Callable[[Test], None] | None = None
        #: Told which fixture is called next, and None when it is over.
        self.doing: Callable[[str | None], object] | None = None
        #: Called with each fixture and its label in place of the result, which is to call it and returns what it raised.
        self.watched: Callable[[Callable[[], object], str], BaseException | None] | None = None

    def admit(self, test: Test) -> bool:
        """Make the fixtures of a test ready; False if one failed or skipped, so that the test must not run."""
        if test.__class__ is not self._class:
            if self.before_change is not None:
                self.before_change(test)
            self._change(test.__class__)
        is_ready = not (self._class_failed or self._module_failed)
        self.ready_for = self._class if is_ready else None
        return is_ready

    def close(self) -> None:
        """Tear down what the last test needed."""
        self._change(None)

    def _change(self, new: type | None) -> None:
        old, self._class = self._class, None
        if old is not None:
            self._tear_down_class(old)
        old_module = getattr(old, "__module__", None)
        new_module = getattr(new, "__module__", None)
        if new_module != old_module:
            if old is not None:
                self._tear_down_module(old_module)
            self._module_failed = False
            if new is not None and not self._result.shouldStop:
                self._set_up_module(new_module)
        self._class_failed = False
        self._class = new
        if new is not None and self._result.shouldStop:
            # With -x, a problem in the fixtures of the class before ends the iteration: nothing more is set up.
            self._class_failed = True
        elif new is not None and not self._module_failed:
            self._set_up_class(new)

    def _set_up_class(self, cls: type) -> None:
        set_up = getattr(cls, "setUpClass", None)
        if set_up is None or getattr(cls, "__unittest_skip__", False):
            return
        name = unittest.util.strclass(cls)
        if not self._call(set_up, f"setUpClass ({name})"):
            self._class_failed = True
            self._clean_class(cls, f"setUpClass ({name})")

    def _tear_down_class(self, cls: type) -> None:
        if self._class_failed or self._module_failed or getattr(cls, "__unittest_skip__", False):
            return
        label = f"tearDownClass ({unittest.util.strclass(cls)})"
        tear_down = getattr(cls, "tearDownClass", None)
        if tear_down is not None:
            self._call(tear_down, label)
        self._clean_class(cls, label)

    def _clean_class(self, cls: type, label: str) -> None:
        clean_up = getattr(cls, "doClassCleanups", None)
        if clean_up is not None:
            self._call(clean_up, label)
            problems = getattr(cls, "tearDown_exceptions", [])
            for exc_info in problems:
                self._result.fixture_problem(label, exc_info[1])
            # The class lives on, and with it the frames of these tracebacks if they stayed there.
            problems.clear()

    def _set_up_module(self, name: str | None) -> None:
        module = sys.modules.get(name or "")
        set_up = getattr(module, "setUpModule", None)
        if set_up is not None and not self._call(set_up, f"setUpModule ({name})"):
            self._module_failed = True
            self._call(unittest.doModuleCleanups, f"setUpModule ({name})")

    def _tear_down_module(self, name: str | None) -> None:
        module = sys.modules.get(name or "")
        if module is None or self._module_failed:
            return
        tear_down = getattr(module, "tearDownModule", None)
        if tear_down is not None:
            self._call(tear_down, f"tearDownModule ({name})")
        self._call(unittest.doModuleCleanups, f"tearDownModule ({name})")

    def _call(self, function: Callable[[], object], label: str) -> bool:
        if self.doing is not None:
            self.doing(label)
        watched = self.watched
        error = self._result.call_fixture(function) if watched is None else watched(function, label)
        if self.doing is not None:
            self.doing(None)
        if isinstance(error, unittest.SkipTest):
            self._result.fixture_skipped(label, str(error))
        elif error is not None:
            self._result.fixture_problem(label, error)
        self._result.fixture_over(label)
        return error is None
