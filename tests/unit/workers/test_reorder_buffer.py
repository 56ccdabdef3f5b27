"""One layer's part of the report, told in the order of the plan."""

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
from zope.testrunner.workers.protocol import HEAD, Places
from zope.testrunner.workers.reorder_buffer import ReorderBuffer

NAME = LayerName("m.L")
PROBLEM = Problem(Outcome.ERRORED, "ValueError", "text", "Traceback\n")


class Case(unittest.TestCase):
    def test_0(self) -> None:
        """Nothing."""

    test_1 = test_2 = test_0


class StoryCase(unittest.TestCase):
    """A story of three tests, told to a list."""

    def setUp(self) -> None:
        self.sink = RecordingSink()

    def story(self, laps: int = 1, groups: int = 3, *, split: bool = True) -> ReorderBuffer:
        suite = unittest.TestSuite(Case(f"test_{number}") for number in range(3))
        ready = ReadyLayer(LayerPlan(NAME, suite), object())
        return ReorderBuffer(ready, 1, Places(laps, groups), self.sink.events.append, FakeClock(), split=split)

    def run_test(self, story: ReorderBuffer, number: int, lap: int = 1, *, close: bool = True) -> None:
        place = story.places.group(lap, number)
        test = TestRef(story.tests[number], NAME)
        story.tell(place, TestStarted(float(number), 1, test, 0, 0))
        story.tell(place, TestFinished(number + 0.5, 1, test, Outcome.PASSED, 0.5))
        if close:
            story.close(place)

    def started(self) -> list[tuple[str, int, int]]:
        return [(event.test.id[-1], event.index, event.total) for event in self.sink.of(TestStarted)]


class TestOrder(StoryCase):
    """Whoever is ready first, the plan says who comes first."""

    def test_tests_wait_for_earlier_ones(self) -> None:
        story = self.story()
        story.open()
        story.close(HEAD)
        story.begin(1)
        self.run_test(story, 2)
        self.run_test(story, 1)
        self.assertEqual([], self.started())

        self.run_test(story, 0)

        self.assertEqual([("0", 1, 3), ("1", 2, 3), ("2", 3, 3)], self.started())

    def test_the_present_place_is_told_at_once(self) -> None:
        story = self.story()
        story.open()
        story.close(HEAD)
        story.begin(1)

        self.run_test(story, 0, close=False)

        self.assertEqual([("0", 1, 3)], self.started())

    def test_nothing_is_told_before_its_turn(self) -> None:
        story = self.story()
        story.close(HEAD)
        story.begin(1)
        self.run_test(story, 0)
        self.assertEqual([], self.sink.events)

        story.open()

        self.assertEqual(["LayerStarted", "WorkerStarted", "LapStarted", "TestStarted", "TestFinished"], self.sink.kinds())

    def test_laps_are_counted_one_by_one(self) -> None:
        story = self.story(laps=2)
        story.open()
        story.close(HEAD)
        for lap in (1, 2):
            story.begin(lap)
            for number in range(3):
                self.run_test(story, number, lap)
        story.end()

        self.assertEqual([Stats(ran=3)] * 2, [event.stats for event in self.sink.of(LapFinished)])
        self.assertEqual([2.5] * 2, [event.seconds for event in self.sink.of(LapFinished)])
        self.assertEqual([Stats(ran=3)], [event.stats for event in self.sink.of(LayerFinished)])

    def test_the_lap_of_a_single_child_takes_as_long_as_it_says(self) -> None:
        story = self.story(groups=1, split=False)
        story.open()
        story.close(HEAD)
        story.begin(1)
        story.close(story.places.group(1, 0), 7.5)
        story.end()

        self.assertEqual([7.5], [event.seconds for event in self.sink.of(LapFinished)])

    def test_what_is_left_behind_is_told_once(self) -> None:
        story = self.story()
        story.open()
        story.close(HEAD)
        story.begin(1)
        for item in ("a", "b"):
            story.tell(story.places.after(1), LeftBehind(0.0, 1, NAME, None, Left.GARBAGE, (item,)))
        for number in range(3):
            self.run_test(story, number)

        self.assertEqual([("a", "b")], [event.items for event in self.sink.of(LeftBehind)])


class TestEnd(StoryCase):
    """A story ends, whatever has come of it."""

    def test_without_a_set_up_there_is_no_lap(self) -> None:
        story = self.story()
        story.open()
        story.tell(HEAD, SetUpStarted(0.0, 1, NAME))
        story.tell(HEAD, SetUpFinished(0.0, 1, NAME, 0.1, PROBLEM))
        story.end()

        kinds = ["LayerStarted", "WorkerStarted", "SetUpStarted", "SetUpFinished", "LayerFinished"]
        self.assertEqual(kinds, self.sink.kinds())

    def test_results_after_a_gap_are_kept(self) -> None:
        story = self.story()
        story.open()
        story.close(HEAD)
        story.begin(1)
        self.run_test(story, 2)

        story.end()

        self.assertEqual([("2", 1, 3)], self.started())
        self.assertEqual(1, story.ran)
        self.assertEqual([Stats(ran=1)], [event.stats for event in self.sink.of(LapFinished)])

    def tail(self, story: ReorderBuffer, child: int, problem: Problem | None = None) -> None:
        end = TearDownEnd.DONE if problem is None else TearDownEnd.FAILED
        story.tell_tail(child, TearDownStarted(float(child), 1, NAME))
        story.tell_tail(child, TearDownFinished(float(child), 1, NAME, 0.1, end, problem))

    def test_of_several_tear_downs_one_is_told(self) -> None:
        story = self.story()
        story.open()
        self.tail(story, 2)
        self.tail(story, 1)
        story.end()

        self.assertEqual([1.0], [event.at for event in self.sink.of(TearDownFinished)])

    def test_or_those_that_went_wrong(self) -> None:
        story = self.story()
        story.open()
        self.tail(story, 1)
        self.tail(story, 2, PROBLEM)
        self.tail(story, 3, PROBLEM)
        story.end()

        self.assertEqual([2.0, 3.0], [event.at for event in self.sink.of(TearDownFinished)])
