"""Letting the user look around where a test or a layer had a problem: `PostMortem`."""

from __future__ import annotations

import sys
import unittest
from collections.abc import Callable
from types import TracebackType
from typing import Any

from zope.testrunner.core.events import Emit, Importance, Notice
from zope.testrunner.core.model import ExcInfo, LayerName, Outcome, Test
from zope.testrunner.exceptions import EndRun

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True

_NOT_HERE = "Can't post-mortem debug when running a layer as a subprocess!"


class PostMortem:
    """The debugger of one run, entered at the first problem; in a child process it is not, and a banner says so."""

    def __init__(self, emit: Emit, clock: Callable[[], float], worker: int = 0) -> None:
        self._emit = emit
        self._clock = clock
        self._worker = worker
        #: Whether the user has been in the debugger, which ends the run.
        self.ended = False

    def run(self, test: Test, result: unittest.TestResult) -> None:
        """Run a test so that problems are reported where they happen, while everything is still as it was.

        That is what a `unittest.TestCase` does anyway.  What has a ``debug`` method of its own, as doctests have, is run
        by that one, since otherwise it would report when all is over.
        """
        debug = getattr(test, "debug", None)
        if not callable(debug) or str(getattr(debug, "__module__", "")).startswith("unittest."):
            test(result)
            return
        case: unittest.TestCase = test  # type: ignore[assignment]  # or something that is used like one
        result.startTest(case)
        try:
            debug()
        except unittest.SkipTest as reason:
            result.addSkip(case, str(reason))
        except (KeyboardInterrupt, MemoryError, EndRun):
            raise
        except BaseException as error:
            exc_info: Any = (type(error), error, error.__traceback__)
            if _should_fail(case):
                result.addExpectedFailure(case, exc_info)
            else:
                result.addError(case, exc_info)
        else:
            if _should_fail(case):
                result.addUnexpectedSuccess(case)
            else:
                result.addSuccess(case)
        result.stopTest(case)

    def problem(self, outcome: Outcome, exc_info: ExcInfo) -> None:
        """A test or a fixture has reported a problem: enter the debugger, if that makes sense."""
        if self.ended:
            return
        if outcome is Outcome.UNEXPECTED_SUCCESS:
            self._banner("Can't post-mortem debug an unexpected success")
        elif self._worker:
            self._banner(_NOT_HERE)
        else:
            self._enter(exc_info)

    def layer_problem(self, layer: LayerName, exc_info: ExcInfo) -> bool:
        """The set-up or tear-down of a layer has raised something; true if the user has looked at it."""
        if self.ended:
            return False
        if self._worker:
            self._banner(f"\n{_NOT_HERE}\nTry running layer {layer!r} by itself.\n")
        else:
            self._enter(exc_info)
        return self.ended

    def _enter(self, exc_info: ExcInfo) -> None:
        kind, error, trace = exc_info
        if _has_quit(kind, trace):
            # The user has just left a debugger, and wants no other one.
            self.ended = True
            return
        if trace is None:
            self._banner("Can't post-mortem debug a problem without a traceback")
            return
        from zope.testrunner.execution.streams.debugger import post_mortem

        users = _users_frames(trace)
        if error is not None and error.__traceback__ is trace:
            error.__traceback__ = users
        try:
            post_mortem((kind, error, users))
        except EndRun:
            self.ended = True

    def _banner(self, text: str) -> None:
        self._emit(Notice(self._clock(), self._worker, Importance.BANNER, text))


def _has_quit(kind: type[BaseException], trace: TracebackType | None) -> bool:
    """Whether this was raised by a debugger that the user has quit.

    From Python 3.14 on, one that was entered by a call asks whether to end the process, and does so.
    """
    bdb = sys.modules.get("bdb")
    if bdb is not None and issubclass(kind, bdb.BdbQuit):
        return True
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return issubclass(kind, SystemExit) and trace is not None and trace.tb_frame.f_globals.get("__name__") == "pdb"


def _should_fail(test: object) -> bool:
    method = getattr(test, str(getattr(test, "_testMethodName", "runTest")), None)
    return bool(
        getattr(test, "__unittest_expecting_failure__", False) or getattr(method, "__unittest_expecting_failure__", False)
    )


def _users_frames(trace: TracebackType) -> TracebackType:
    """The traceback from the first to the last frame that is neither unittest's nor ours; all of it if there is none.

    So the debugger starts at the assertion in the test, and not inside of what unittest does to check it.
    """
    first = last = None
    each: TracebackType | None = trace
    while each is not None:
        if "__unittest" not in each.tb_frame.f_globals:
            first, last = first or each, each
        each = each.tb_next
    if first is None or last is None:
        return trace
    last.tb_next = None
    return first
