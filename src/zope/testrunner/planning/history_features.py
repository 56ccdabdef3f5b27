"""Running a part of what was found: a shard of it, or the tests that failed last time."""

from __future__ import annotations

import contextlib
import os
import unittest
from collections.abc import Iterable
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.core.layer_order import layer_sort_key, with_bases
from zope.testrunner.core.layer_registry import current_registry, name_of
from zope.testrunner.core.model import LayerName, LayerPlan, Plan, Reason, Rejected, Test, TestRef
from zope.testrunner.exceptions import LayerError
from zope.testrunner.feature import Feature
from zope.testrunner.filter import select
from zope.testrunner.history.store import Suspects, key_of
from zope.testrunner.planning.fixture_grouping import neighbours
from zope.testrunner.planning.shards import ANSWER, Shard, Weights, part_of

if TYPE_CHECKING:
    from zope.testrunner.core.run import Run
    from zope.testrunner.history.recorder import Memory
    from zope.testrunner.history.store import History


def weights_by(history: History, layers: dict[LayerName, object]) -> Weights:
    """What tests and layers cost: microseconds if something is known of durations, otherwise the number of tests."""
    if not history.knows_durations:
        return Weights(lambda test: test.countTestCases(), lambda _: 0)

    def of_test(test: Test) -> int:
        return history.microseconds(key_of(TestRef(test, LayerName(""))))

    def of_layer(name: LayerName) -> int:
        return sum(history.of_hooks(name_of(each)) for each in with_bases([layers[name]])) if name in layers else 0

    return Weights(of_test, of_layer)


def layers_of(plan: Plan) -> dict[LayerName, object]:
    """The layers of a plan by name, except those that cannot be found."""
    found = {}
    for layer_plan in plan.layers:
        try:
            layer = current_registry().find(layer_plan.name)
            layer_sort_key(layer)
            found[layer_plan.name] = layer
        except LayerError:
            # It is reported when its turn comes.
            continue
    return found


class Sharding(Feature):
    """Leaves in the plan what belongs to one shard.

    This comes before shuffling, because shards may be shuffled differently, and before a child process drops all layers but
    its own, because the whole plan has to be divided.
    """

    active = True

    def __init__(self, runner: Run, memory: Memory) -> None:
        super().__init__(runner)
        self._memory = memory
        #: The layers of the plan with all their tests, also those of other shards.
        self.whole: tuple[LayerPlan, ...] = ()

    def global_setup(self) -> None:
        """Answer who wants to know whether tests can be divided."""
        answer = os.environ.get(ANSWER)
        if answer:
            with contextlib.suppress(OSError), open(answer, "ab"):
                pass

    def arrange(self, plan: Plan) -> Plan:
        runner = self.runner
        plan = select(plan, runner.config.select)
        self.whole = plan.layers
        layers = layers_of(plan)
        shard: Shard = runner.options.shard
        history = self._memory.history
        part = part_of(plan, layers, shard, weights_by(history, layers))
        if runner.worker == 0:
            by = f"by the durations in {self._memory.shown}" if history.knows_durations else "by the number of tests"
            text = f"Shard {shard}: {part.size} of {plan.size} tests, divided {by}"
            runner.emit(Notice(runner.clock(), 0, Importance.INFO, text))
        return part


class LastFailed(Feature):
    """Leaves in the plan the tests that failed when they were last run; all, if no such test is among those found."""

    active = True

    def __init__(self, runner: Run, memory: Memory, sharding: Sharding | None) -> None:
        super().__init__(runner)
        self._memory = memory
        self._sharding = sharding

    def arrange(self, plan: Plan) -> Plan:
        failed = self._memory.history.failed
        suspects = Suspects(failed)
        # Whether there is anything to run again is the same for all shards.
        whole = plan.layers if self._sharding is None else self._sharding.whole
        broken = suspects.modules.intersection(str(getattr(each, "module", "")) for each in plan.import_failures)
        if not broken and not any(suspects.concern(test, layer.name) for layer in whole for test in layer.suite):
            what = "None of what failed last time is among the tests" if failed else "Nothing is known to have failed"
            self._notify(f"{what}, so all are run")
            return plan
        kept = []
        for layer in plan.layers:
            tests = [test for test in layer.suite if suspects.concern(test, layer.name)]
            if tests:
                kept.append(LayerPlan(layer.name, _suite(tests)))
        part = plan.replace(layers=tuple(kept))
        number = part.size
        self._notify(f"Running {number} {'test' if number == 1 else 'tests'} that failed last time")
        return part.rejecting(Rejected(Reason.PASSED, plan.size - number))

    def _notify(self, text: str) -> None:
        if self.runner.worker == 0:
            self.runner.emit(Notice(self.runner.clock(), 0, Importance.INFO, text))


class FailedFirst(Feature):
    """Puts the tests that failed when they were last run before the others of their layer."""

    active = True

    def __init__(self, runner: Run, memory: Memory) -> None:
        super().__init__(runner)
        self._memory = memory

    def arrange(self, plan: Plan) -> Plan:
        suspects = Suspects(self._memory.history.failed)
        layers = []
        for layer in plan.layers:
            tests = sorted(layer.suite, key=lambda test: not suspects.concern(test, layer.name))
            layers.append(LayerPlan(layer.name, _suite(neighbours(tests))))
        return plan.replace(layers=tuple(layers))


class Expecting(Feature):
    """Tells whoever runs tests in several processes how long they can be expected to take."""

    active = True

    def __init__(self, runner: Run, memory: Memory) -> None:
        super().__init__(runner)
        self._memory = memory
        self._plan = Plan()

    def arrange(self, plan: Plan) -> Plan:
        self._plan = plan
        if self._memory.history.knows_durations:
            self.runner.expected = self.seconds
        return plan

    def seconds(self, name: str) -> float | None:
        """How long a test with this id will take, or all tests of the layer with this name, with its set-up."""
        history = self._memory.history
        for layer in self._plan.layers:
            if layer.name == name:
                weights = weights_by(history, layers_of(Plan((layer,))))
                return (weights.of_layer(layer.name) + sum(map(weights.of_test, layer.suite))) / 1_000_000
        return history.microseconds(name) / 1_000_000


def _suite(tests: Iterable[Test]) -> unittest.TestSuite:
    return unittest.TestSuite(tests)  # type: ignore[arg-type]  # suites take whatever can be called
