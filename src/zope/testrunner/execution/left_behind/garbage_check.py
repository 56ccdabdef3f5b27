"""Collecting garbage after each test, and the cycles that made it garbage."""

from __future__ import annotations

from collections.abc import Callable

from zope.testrunner.core.events import Emit, Left, LeftBehind
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.digraph import DiGraph
from zope.testrunner.execution.left_behind.leftovers import repr_lines
from zope.testrunner.leaks import pristine_gc as collector

#: A cycle: its objects, each as the lines of its repr.
Cycle = list[list[str]]


class GarbageCheck:
    """Frees what a test left to the garbage collector, counts it, and with ``cycles`` finds out what it was.

    The garbage that is there when this is made is collected, so that no test is said to have left it.
    """

    def __init__(
        self, emit: Emit, clock: Callable[[], float], layer: LayerName, *, cycles: bool = False, worker: int = 0
    ) -> None:
        self._emit = emit
        self._clock = clock
        self._layer = layer
        self._wants_cycles = cycles
        self._worker = worker
        self._cycles: tuple[Cycle, ...] = ()
        collector.collect()

    def collect(self) -> int:
        """Collect garbage, and return how many objects in cycles there were."""
        if not self._wants_cycles:
            return collector.collect()
        count, self._cycles = collect_cycles()
        return count

    def without_traceback(self, error: BaseException | None) -> None:
        """Break the cycles of an exception that has been reported on.

        From Python 3.12 on, the frames of unittest that an exception has gone through refer to it, and its traceback to
        them.  That is none of the test's garbage.
        """
        seen: set[int] = set()
        chain = [error]
        while chain:
            each = chain.pop()
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                chain += [each.__cause__, each.__context__]
                each.__traceback__ = None

    def report(self, test: TestRef) -> None:
        """Tell which cycles the last collection found, if it was to find any."""
        cycles, self._cycles = self._cycles, ()
        if cycles:
            items = tuple("\n".join("\n   ".join(lines) for lines in cycle) for cycle in cycles)
            self._emit(LeftBehind(self._clock(), self._worker, self._layer, test, Left.CYCLES, items, cycles))


def collect_cycles() -> tuple[int, tuple[Cycle, ...]]:
    """Collect garbage: how many objects there were, and the cycles among them.

    The objects are saved by the collector for long enough to be looked at.  What is in `gc.garbage` already stays there.
    """
    flags = collector.get_debug()
    garbage = collector.garbage
    start = len(garbage)
    collector.set_debug(collector.DEBUG_SAVEALL)
    try:
        count = collector.collect()
    finally:
        collector.set_debug(flags)
        found = garbage[start:]
        del garbage[start:]
    cycles = cycles_among(found) if found else ()
    if found:
        found.clear()
        collector.collect()
    return count, cycles


def cycles_among(objects: list[object]) -> tuple[Cycle, ...]:
    """The cycles in which these objects refer to each other, or one of them to itself."""
    graph = DiGraph(objects)
    for each in objects:
        graph.add_neighbors(each, collector.get_referents(each))
    return tuple([repr_lines(each) for each in cycle] for cycle in graph.sccs())
