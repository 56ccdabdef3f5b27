"""Growth that no counter shows, as as much is freed elsewhere: a list that takes in what is new, and a pool that empties."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import RUNS
from zope.testrunner.leaks.growing_containers import grown_among, known_containers
from zope.testrunner.leaks.settle import settle


def holds_more(work: Callable[[], object]) -> bool:
    """Do the work again, and say whether some container without a limit holds more after each run.

    Nothing may be hidden from the collector; it is while the work is done.  An exception of the work goes through.
    """
    settle()
    containers, caches = known_containers()
    # They refer to everything.
    del caches
    before = containers.sizes()
    gc.freeze()
    try:
        for _ in range(RUNS):
            work()
            settle()
        grown = [each for each, _, _ in grown_among(containers, before)]
        return not all(isinstance(each, deque) and each.maxlen is not None for each in grown)
    finally:
        gc.unfreeze()
