"""One layer's part of the report, in the order of the plan."""

from __future__ import annotations

import unittest

from zope.testrunner.core.events import (
    LapFinished,
    LayerFinished,
    Left,
    LeftBehind,
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TearDownStarted,
    TestFinished,
    TestStarted,
)
from zope.testrunner.core.model import LayerName, LayerPlan, Outcome, Problem, Stats, TearDownEnd, TestRef
from zope.testrunner.execution.serial import ReadyLayer
from zope.testrunner.testing import FakeClock, RecordingSink
from zope.testrunner.workers.protocol import HEAD, Sections
from zope.testrunner.workers.reorder_buffer import ReorderBuffer

NAME = LayerName("m.L")
PROBLEM = Problem(Outcome.ERRORED, "ValueError", "text", "Traceback\n")


class Case(unittest.TestCase):
    def test_0(self) -> None:
        """Nothing."""

    test_1 = test_2 = test_0


class StoryCase(unittest.TestCase):
    """A buffer of three tests, which emits to a list."""

    def setUp(self) -> None:
        self.sink = RecordingSink()

    def buffer(self, iterations: int = 1, groups: int = 3, *, split: bool = True) -> ReorderBuffer:
        suite = unittest.TestSuite(Case(f"test_{number}") for number in range(3))
        ready = ReadyLayer(LayerPlan(NAME, suite), object())
        return ReorderBuffer(ready, 1, Sections(iterations, groups), self.sink.events.append, FakeClock(), split=split)

    def run_test(self, buffer: ReorderBuffer, number: int, iteration: int = 1, *, close: bool = True) -> None:
        section = buffer.sections.group(iteration, number)
        test = TestRef(buffer.tests[number], NAME)
        buffer.add(section, TestStarted(float(number), 1, test, 0, 0))
        buffer.add(section, TestFinished(number + 0.5, 1, test, Outcome.PASSED, 0.5))
        if close:
            buffer.close(section)

    def started(self) -> list[tuple[str, int, int]]:
        return [(event.test.id[-1], event.index, event.total) for event in self.sink.of(TestStarted)]


class TestOrder(StoryCase):
    """Whoever is ready first, the plan says who comes first."""

    def test_tests_wait_for_earlier_ones(self) -> None:
        buffer = self.buffer()
        buffer.open()
        buffer.close(HEAD)
        buffer.begin(1)
        self.run_test(buffer, 2)
        self.run_test(buffer, 1)
        self.assertEqual([], self.started())

        self.run_test(buffer, 0)

        self.assertEqual([("0", 1, 3), ("1", 2, 3), ("2", 3, 3)], self.started())

    def test_the_present_place_is_told_at_once(self) -> None:
        buffer = self.buffer()
        buffer.open()
        buffer.close(HEAD)
        buffer.begin(1)

        self.run_test(buffer, 0, close=False)

        self.assertEqual([("0", 1, 3)], self.started())

    def test_nothing_is_told_before_its_turn(self) -> None:
        buffer = self.buffer()
        buffer.close(HEAD)
        buffer.begin(1)
        self.run_test(buffer, 0)
        self.assertEqual([], self.sink.events)

        buffer.open()

        self.assertEqual(["LayerStarted", "WorkerStarted", "LapStarted", "TestStarted", "TestFinished"], self.sink.kinds())

    def test_iterations_are_counted_one_by_one(self) -> None:
        buffer = self.buffer(iterations=2)
        buffer.open()
        buffer.close(HEAD)
        for iteration in (1, 2):
            buffer.begin(iteration)
            for number in range(3):
                self.run_test(buffer, number, iteration)
        buffer.end()

        self.assertEqual([Stats(ran=3)] * 2, [event.stats for event in self.sink.of(LapFinished)])
        self.assertEqual([2.5] * 2, [event.seconds for event in self.sink.of(LapFinished)])
        self.assertEqual([Stats(ran=3)], [event.stats for event in self.sink.of(LayerFinished)])

    def test_the_iteration_of_a_single_worker_takes_as_long_as_it_says(self) -> None:
        buffer = self.buffer(groups=1, split=False)
        buffer.open()
        buffer.close(HEAD)
        buffer.begin(1)
        buffer.close(buffer.sections.group(1, 0), 7.5)
        buffer.end()

        self.assertEqual([7.5], [event.seconds for event in self.sink.of(LapFinished)])

    def test_what_is_left_behind_is_told_once(self) -> None:
        buffer = self.buffer()
        buffer.open()
        buffer.close(HEAD)
        buffer.begin(1)
        for item in ("a", "b"):
            buffer.add(buffer.sections.after(1), LeftBehind(0.0, 1, NAME, None, Left.GARBAGE, (item,)))
        for number in range(3):
            self.run_test(buffer, number)

        self.assertEqual([("a", "b")], [event.items for event in self.sink.of(LeftBehind)])


class TestEnd(StoryCase):
    """A buffer ends, whatever has come of it."""

    def test_without_a_set_up_there_is_no_lap(self) -> None:
        buffer = self.buffer()
        buffer.open()
        buffer.add(HEAD, SetUpStarted(0.0, 1, NAME))
        buffer.add(HEAD, SetUpFinished(0.0, 1, NAME, 0.1, PROBLEM))
        buffer.end()

        kinds = ["LayerStarted", "WorkerStarted", "SetUpStarted", "SetUpFinished", "LayerFinished"]
        self.assertEqual(kinds, self.sink.kinds())

    def test_results_after_a_gap_are_kept(self) -> None:
        buffer = self.buffer()
        buffer.open()
        buffer.close(HEAD)
        buffer.begin(1)
        self.run_test(buffer, 2)

        buffer.end()

        self.assertEqual([("2", 1, 3)], self.started())
        self.assertEqual(1, buffer.ran)
        self.assertEqual([Stats(ran=1)], [event.stats for event in self.sink.of(LapFinished)])

    def tail(self, buffer: ReorderBuffer, worker: int, problem: Problem | None = None) -> None:
        end = TearDownEnd.DONE if problem is None else TearDownEnd.FAILED
        buffer.add_tail(worker, TearDownStarted(float(worker), 1, NAME))
        buffer.add_tail(worker, TearDownFinished(float(worker), 1, NAME, 0.1, end, problem))

    def test_of_several_tear_downs_one_is_reported(self) -> None:
        buffer = self.buffer()
        buffer.open()
        self.tail(buffer, 2)
        self.tail(buffer, 1)
        buffer.end()

        self.assertEqual([1.0], [event.at for event in self.sink.of(TearDownFinished)])

    def test_or_those_that_went_wrong(self) -> None:
        buffer = self.buffer()
        buffer.open()
        self.tail(buffer, 1)
        self.tail(buffer, 2, PROBLEM)
        self.tail(buffer, 3, PROBLEM)
        buffer.end()

        self.assertEqual([2.0, 3.0], [event.at for event in self.sink.of(TearDownFinished)])
