"""Running tests in random order, the same for the same seed on every version of Python."""

from __future__ import annotations

import unittest
from collections.abc import Iterable
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Shuffled
from zope.testrunner.core.model import LayerPlan, Plan, Test
from zope.testrunner.feature import Feature
from zope.testrunner.planning.fixture_grouping import neighbours

if TYPE_CHECKING:
    import random

    from zope.testrunner.core.run import Run


def shuffle(plan: Plan, seed: int) -> Plan:
    """The plan with the tests of each layer in the order that belongs to the seed.

    One source of random numbers serves the layers by name, so a layer's order depends on which others were found, and
    shuffling comes before layers are filtered.  Tests with common class or module fixtures then move together.
    """
    import random

    source = random.Random(seed)
    # The seed has always been set a second time with the older method, and seeds of old are to bring the same order.
    source.seed(seed, version=1)
    shuffled: dict[str, unittest.TestSuite] = {}
    for layer in sorted(plan.layers, key=lambda layer: layer.name):
        tests = neighbours(permuted(layer.suite, source))
        shuffled[layer.name] = type(layer.suite)(tests)  # type: ignore[arg-type]  # suites take whatever can be called
    layers = (LayerPlan(layer.name, shuffled[layer.name]) for layer in plan.layers)
    return plan.replace(layers=tuple(layers))


def permuted(tests: Iterable[Test], source: random.Random) -> list[Test]:
    """The tests in random order: Fisher and Yates' exchange, from the last place to the second.

    It is written out because what `random.shuffle` does with the same seed has changed between versions of Python.
    """
    result = list(tests)
    draw = source.random
    for last in range(len(result) - 1, 0, -1):
        other = int(draw() * (last + 1))
        result[last], result[other] = result[other], result[last]
    return result


class Shuffle(Feature):
    """Shuffles the plan if the options say so, and reports the seed at the end."""

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self.active = bool(runner.options.shuffle)
        self.seed = 0

    def arrange(self, plan: Plan) -> Plan:
        seed = self.runner.options.shuffle_seed
        if seed is None:
            # 256 seeds a second: runs that start one after the other differ.
            seed = int(self.runner.clock() * 256)
            # Children are to come to the same order.
            self.runner.options.shuffle_seed = seed
        self.seed = seed
        return shuffle(plan, seed)

    def report(self) -> None:
        self.runner.emit(Shuffled(self.runner.clock(), self.runner.worker, self.seed))
