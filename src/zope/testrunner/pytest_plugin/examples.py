"""Tests of Hypothesis that are run again: the same examples every time, and nothing of what Hypothesis remembers of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def same_examples() -> Iterator[None]:
    """Have Hypothesis draw the same examples whenever a test is run again, if it is there and nobody has asked for a seed.

    Others every time are other work: what it remembers of them (labels, intervals, its trees of choices) takes more
    than twenty runs of some tests to be complete.
    """
    core = sys.modules.get("hypothesis.core")
    if core is None or getattr(core, "global_force_seed", 0) is not None:
        yield
        return
    vars(core)["global_force_seed"] = 0
    labels = _labels()
    number = len(labels)
    try:
        yield
    finally:
        vars(core)["global_force_seed"] = None
        # It keeps a thousand strategies, which some tests make a few dozen of in each run.
        clear = getattr(sys.modules.get("hypothesis.strategies._internal.utils"), "clear_strategy_cache", None)
        if clear is not None:
            clear()
        # And a label for each strategy that was made, without any limit.
        while len(labels) > number:
            labels.popitem()


def _labels() -> dict[object, object]:
    """The dictionary of labels; an empty one where Hypothesis has none."""
    found = getattr(sys.modules.get("hypothesis.internal.conjecture.data"), "STRUCTURAL_COVERAGE_CACHE", None)
    return found if type(found) is dict else {}
