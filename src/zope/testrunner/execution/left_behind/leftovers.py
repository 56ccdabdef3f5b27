"""Threads and uncollectable garbage that a test leaves behind."""

from __future__ import annotations

import gc
import re
from _thread import _count, get_ident
from collections.abc import Callable, Sequence

from zope.testrunner.core.events import Emit, Left, LeftBehind
from zope.testrunner.core.model import LayerName, TestRef


class Leftovers:
    """Compares what is there before and after each test.

    As long as no other thread runs and there is no garbage, `before` and `after` need not be called.

    ``ignored`` are patterns; a thread is not reported if one of them matches at the start of its name.
    """

    def __init__(
        self,
        emit: Emit,
        clock: Callable[[], float],
        layer: LayerName,
        ignored: Sequence[re.Pattern[str]] = (),
        worker: int = 0,
    ) -> None:
        self._emit = emit
        self._clock = clock
        self._layer = layer
        self._ignored = ignored
        self._worker = worker
        # Python counts only the threads that it started: with a count of 0, this one is all there is.
        self._only_this = frozenset((get_ident(),))
        self._threads = self._only_this
        #: Whether no other thread ran when `before` was last called.
        self.alone = True
        #: Whether it has been called already for what comes next, and is not to make anything.
        self.is_ready = False
        # Whoever debugs the collector wants to see all that it finds, and with the tests only what is theirs.
        # PyPy's collector has no flags.
        self._collects = hasattr(gc, "get_debug") and gc.get_debug() != 0
        if self._collects:
            gc.collect()
        self._garbage = self._garbage_before = len(gc.garbage)

    def before(self) -> None:
        """Remember what is there already."""
        if self.is_ready:
            return
        self.alone = not _count()
        self._threads = self._only_this if self.alone else _running()

    def after(self, test: TestRef) -> None:
        """Report what has come since `before`."""
        if gc.garbage:
            self._report_garbage(test)
        if _count():
            self._report_threads(test)

    def after_iteration(self) -> None:
        """Report the garbage of all tests together; with debug flags of the collector set, after a collection."""
        if self._collects:
            gc.collect()
        if len(gc.garbage) > self._garbage_before:
            self._report_garbage(None)

    def _report_garbage(self, test: TestRef | None) -> None:
        new = tuple(gc.garbage[self._garbage_before if test is None else self._garbage :])
        self._garbage = len(gc.garbage)
        if new:
            items = tuple(safe_repr(each) for each in new)
            self._emit(LeftBehind(self._clock(), self._worker, self._layer, test, Left.GARBAGE, items, new))

    def _report_threads(self, test: TestRef) -> None:
        from zope.testrunner import threadsupport

        new = tuple(
            thread
            for thread in threadsupport.enumerate()
            if thread.ident not in self._threads
            and thread.is_alive()
            and not any(pattern.match(thread.name) for pattern in self._ignored)
        )
        if new:
            items = tuple(safe_repr(each) for each in new)
            self._emit(LeftBehind(self._clock(), self._worker, self._layer, test, Left.THREADS, items, new))


def safe_repr(thing: object) -> str:
    """The repr of an object of the user's, or what can be said of it if that raises."""
    try:
        return repr(thing)
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:  # such as SystemExit
        return f"<{type(thing).__qualname__} instance at {id(thing):#x}>"


def repr_lines(obj: object, max_width: int = 75, max_lines: int = 5) -> list[str]:
    """The pretty-printed repr of an object of the user's, at most so many lines of at most so many columns.

    What was cut is marked by ``...`` at the end of a line, or by a line of its own at the end.
    """
    from pprint import pformat

    try:
        lines = pformat(obj).split("\n")
    except (KeyboardInterrupt, MemoryError):
        raise
    except BaseException:
        return [f"{type(obj)} instance at {id(obj):#x}"]
    if len(lines) > max_lines:
        lines = [*lines[:max_lines], "..."]
    return [line if len(line) <= max_width else line[: max_width - 3] + "..." for line in lines]


def _running() -> frozenset[int]:
    import sys

    return frozenset(sys._current_frames())
