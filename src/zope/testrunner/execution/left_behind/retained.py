"""What tests leave on themselves, and how much memory that takes: `Retention`."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

from zope.testrunner.core.events import Retained
from zope.testrunner.core.model import TestRef
from zope.testrunner.leaks.trackers.process_memory import Heap

#: What one block of Python's own allocator counts for where only their number is known: sizes go from 16 to 512 bytes, and
#: the mean over the heaps of test suites is near this.
_BLOCK = 64


class Retention:
    """Names tests by what they leave on themselves, measured by what taking it away sets free.

    What somebody else holds as well (the class, the module, the layer) is not set free and so costs nothing.
    """

    def __init__(self, least: int, clock: Callable[[], float], worker: int = 0) -> None:
        self._least = least
        self._clock = clock
        self._worker = worker
        heap = Heap()
        self._heap = heap if heap.unavailable() is None else None

    def free(self, test: TestRef, attributes: dict[str, object], kept: dict[str, object]) -> Retained | None:
        """Take away what was not there before the test; returns what is to be said about it if it was much."""
        released: list[tuple[int, str]] = []
        for name in [name for name in attributes if name not in kept]:
            before = self._in_use()
            del attributes[name]
            # Young cycles among it go with the two young generations; a collection of everything would cost a lot for each.
            gc.collect(1)
            released.append((before - self._in_use(), name))
        size = sum(each for each, _ in released)
        if size < self._least:
            return None
        released.sort(reverse=True)
        # Those that say nothing, a few per cent, would only make the line longer.
        names = tuple(name for each, name in released if each * 20 >= size)
        return Retained(self._clock(), self._worker, test, size, names)

    def _in_use(self) -> int:
        blocks = getattr(sys, "getallocatedblocks", int)() * _BLOCK
        return blocks + (self._heap.sample().total if self._heap is not None else 0)
