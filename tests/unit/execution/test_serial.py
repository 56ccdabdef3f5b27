"""Layers, laps and tests in one process."""

from __future__ import annotations

import unittest
from array import array
from collections.abc import Sequence
from unittest import mock

from support import hide_heap
from zope.testrunner.core.config import Execution, LeakPolicy
from zope.testrunner.core.events import (
    Event,
    LapFinished,
    LapMeasured,
    LapStarted,
    LayerFailed,
    LayerFinished,
    LayerStarted,
    Notice,
    TearDownFinished,
    TestFinished,
    TestsPassed,
)
from zope.testrunner.core.layer_registry import UNIT_TESTS, LayerRegistry
from zope.testrunner.core.model import Plan, Stats
from zope.testrunner.exceptions import EndRun
from zope.testrunner.execution.serial import ReadyLayer, RunContext, Serial, Subscriptions
from zope.testrunner.testing import FakeClock, RecordingSink


class Base:
    """A layer that others build on."""


class First(Base):
    """A layer."""


class Second(Base):
    """Another layer."""


class Stubborn:
    """A layer that cannot be torn down."""

    @classmethod
    def tearDown(cls) -> None:
        raise NotImplementedError


class Broken:
    """A layer that cannot be set up."""

    @classmethod
    def setUp(cls) -> None:
        raise ValueError("no database")


class Slow(Base):
    """A layer whose set-up, or whose tear-down, is interrupted."""

    interrupted = ""

    @classmethod
    def setUp(cls) -> None:
        cls.reach("setUp")

    @classmethod
    def tearDown(cls) -> None:
        cls.reach("tearDown")

    @classmethod
    def reach(cls, hook: str) -> None:
        """Press Ctrl-C if this is the hook for that."""
        if cls.interrupted == hook:
            raise KeyboardInterrupt


class Closing(unittest.TestCase):
    """A test whose class fixture is interrupted at the end."""

    __test__ = False

    @classmethod
    def tearDownClass(cls) -> None:
        raise KeyboardInterrupt

    def passes(self) -> None:
        """Nothing."""


class Tests(unittest.TestCase):
    """Tests to run, by name."""

    __test__ = False
    kept: list[float] = []

    def passes(self) -> None:
        """Nothing."""

    def fails(self) -> None:
        self.fail()

    def keeps(self) -> None:
        self.kept.append(len(self.kept) + 0.5)

    def interrupts(self) -> None:
        raise KeyboardInterrupt


class Ending:
    """A test object in which the run is ended on demand, as a debugger would."""

    def countTestCases(self) -> int:
        return 1

    def __call__(self, result: unittest.TestResult) -> None:
        raise EndRun


class SerialCase(unittest.TestCase):
    """Runs plans."""

    subscriptions: Subscriptions | None = None

    def setUp(self) -> None:
        self.sink = RecordingSink()
        self.registry = LayerRegistry()
        self.announced: list[object] = []
        self.sent: list[str] = []

    def run_plan(
        self,
        tests: dict[object, Sequence[str]],
        execute: Execution | None = None,
        leaks: LeakPolicy | None = None,
        emit_to: object = None,
    ) -> Serial:
        """Run tests, given by layer (or its name), and return the executor."""
        suites = {
            layer if isinstance(layer, str) else self.registry.remember(layer): unittest.TestSuite(
                Ending() if name == "ends" else Tests(name)  # type: ignore[misc]
                for name in names
            )
            for layer, names in tests.items()
        }
        executor = self.executor(execute, leaks, emit_to)
        executor.run(Plan.of(suites))
        return executor

    def executor(
        self, execute: Execution | None = None, leaks: LeakPolicy | None = None, emit_to: object = None
    ) -> Serial:
        """An executor whose events go to the sink."""
        context = RunContext(
            execute or Execution(),
            leaks or LeakPolicy(),
            self.sink.events.append if emit_to is None else emit_to,  # type: ignore[arg-type]
            FakeClock(),
            self.registry,
            self.announced.append,
            subscriptions=self.subscriptions,
        )
        return Serial(context, self.fallback)

    def fallback(self, layers: Sequence[ReadyLayer]) -> bool:
        """Note what was sent elsewhere."""
        self.sent.extend(ready.plan.name.rpartition(".")[2] for ready in layers)
        return False

    def names(self, kind: type[LayerStarted | LayerFailed]) -> list[str]:
        """The last part of the names of the layers in events of a kind."""
        return [event.layer.rpartition(".")[2] for event in self.sink.of(kind)]


class TestLayers(SerialCase):
    """Layers run in their order."""

    def test_unit_tests_come_first(self) -> None:
        self.run_plan({Second: ["passes"], First: ["passes"], UNIT_TESTS: ["passes"]})

        self.assertEqual(["UnitTests", "First", "Second"], self.names(LayerStarted))

    def test_features_are_told_of_each_before_it_starts(self) -> None:
        self.run_plan({Second: ["passes"], First: ["passes"]})

        self.assertEqual([First, Second], self.announced)

    def test_one_that_cannot_be_set_up_is_passed_over(self) -> None:
        self.run_plan({Broken: ["passes"], Stubborn: ["passes"]})

        self.assertEqual([Stats(), Stats(ran=1)], [event.stats for event in self.sink.of(LayerFinished)])

    def test_one_that_cannot_be_found_is_an_error_of_that_layer(self) -> None:
        self.run_plan({"no.such.Layer": ["passes"], First: ["passes"]})

        self.assertEqual(["Layer"], self.names(LayerFailed))
        self.assertEqual(["First"], self.names(LayerStarted))

    def test_one_that_is_no_layer_is_an_error_of_that_layer(self) -> None:
        self.run_plan({"sys.maxsize": ["passes"], First: ["passes"]})

        self.assertEqual(["maxsize"], self.names(LayerFailed))

    def test_the_rest_goes_elsewhere_when_a_layer_is_in_the_way(self) -> None:
        self.run_plan({First: ["passes"], Stubborn: ["passes"], UNIT_TESTS: ["passes"], "no.Layer": ["passes"]})

        self.assertEqual([], self.sent)

        self.run_plan({Stubborn: ["passes"], type("Z", (), {}): ["passes"], type("Y", (Stubborn,), {}): ["passes"]})

        self.assertEqual(["Z"], self.sent)

    def test_no_tests_no_events(self) -> None:
        self.run_plan({})

        self.assertEqual([], self.sink.events)


class TestLaps(SerialCase):
    """Tests are repeated inside their layer."""

    def test_each_lap_is_counted_by_itself(self) -> None:
        self.run_plan({First: ["passes", "fails"]}, Execution(repeat=3))

        self.assertEqual([1, 2, 3], [event.lap for event in self.sink.of(LapStarted)])
        self.assertEqual([Stats(2, 1)] * 3, [event.stats for event in self.sink.of(LapFinished)])
        self.assertEqual([Stats(2, 3)], [event.stats for event in self.sink.of(LayerFinished)])

    def test_stopping_at_the_first_problem_stops_tests_laps_and_layers(self) -> None:
        self.run_plan({First: ["fails", "passes"], Second: ["passes"]}, Execution(repeat=3, stop_on_error=True))

        self.assertEqual(1, len(self.sink.of(TestFinished)))
        self.assertEqual(1, len(self.sink.of(LapFinished)))
        self.assertEqual(["First"], self.names(LayerStarted))

    def test_a_layer_that_cannot_be_set_up_stops_the_run_as_well(self) -> None:
        self.run_plan({Broken: ["passes"], Stubborn: ["passes"]}, Execution(stop_on_error=True))

        self.assertEqual(["Broken"], self.names(LayerStarted))


class TestInterruption(SerialCase):
    """Ctrl-C ends the tests in good order."""

    def test_the_rest_is_left_out_and_layers_are_torn_down(self) -> None:
        executor = self.run_plan({First: ["passes", "interrupts", "passes"], Second: ["passes"]})

        self.assertTrue(executor.interrupted)
        self.assertEqual(["First"], self.names(LayerStarted))
        self.assertIn("Interrupted in test interrupts", self.sink.of(Notice)[0].text)
        self.assertEqual("TearDownFinished", self.sink.kinds()[-1])
        self.assertEqual(1, len(self.sink.of(LapFinished)))

    def test_it_is_told_wherever_it_happens_and_bases_are_torn_down(self) -> None:
        for hook in ("setUp", "tearDown"):
            with self.subTest(hook), mock.patch.object(Slow, "interrupted", hook):
                self.sink.events.clear()
                executor = self.run_plan({Slow: ["passes"], Stubborn: ["passes"]})

                self.assertTrue(executor.interrupted)
                self.assertEqual(["\nInterrupted."], [notice.text for notice in self.sink.of(Notice)])
                self.assertEqual("Base", self.sink.of(TearDownFinished)[-1].layer.rpartition(".")[2])
                self.assertEqual(["Slow"], [name for name in self.names(LayerStarted) if name != "Stubborn"])

    def test_in_the_last_tear_down_it_does_not_keep_the_others_from_theirs(self) -> None:
        with mock.patch.object(Slow, "interrupted", "tearDown"):
            executor = self.run_plan({Slow: ["passes"]})

        self.assertTrue(executor.interrupted)
        self.assertEqual(["\nInterrupted."], [notice.text for notice in self.sink.of(Notice)])
        self.assertEqual(["Base"], [event.layer.rpartition(".")[2] for event in self.sink.of(TearDownFinished)])

    def test_in_a_class_fixture_it_does_not_swallow_the_line_about_the_lap(self) -> None:
        suites = {self.registry.remember(First): unittest.TestSuite([Closing("passes")])}
        executor = self.executor()
        executor.run(Plan.of(suites))

        self.assertTrue(executor.interrupted)
        self.assertEqual([Stats(ran=1)], [event.stats for event in self.sink.of(LapFinished)])
        self.assertEqual(1, len(self.sink.of(Notice)))

    def test_the_end_of_the_run_on_demand_leaves_out_the_line_about_the_lap(self) -> None:
        executor = self.run_plan({First: ["ends", "passes"], Second: ["passes"]})

        self.assertFalse(executor.interrupted)
        self.assertEqual([], self.sink.of(LapFinished))
        self.assertEqual("TearDownFinished", self.sink.kinds()[-1])


class Nobody:
    """An audience without any interest."""

    def wants(self, kind: type[Event]) -> bool:
        return False

    def indifferent_below(self) -> float:
        return 60.0


class TestAudience(SerialCase):
    """Tests of which nobody wants to know are told by their number."""

    subscriptions = Nobody()

    def test_once_a_lap(self) -> None:
        self.run_plan({First: ["passes", "fails", "passes"]}, Execution(repeat=2))

        self.assertEqual([2, 2], [event.tests for event in self.sink.of(TestsPassed)])
        self.assertEqual([Stats(3, 1)] * 2, [event.stats for event in self.sink.of(LapFinished)])

    def test_before_the_lap_finishes(self) -> None:
        self.run_plan({First: ["passes"]})

        kinds = self.sink.kinds()
        self.assertEqual(kinds.index("LapFinished"), kinds.index("TestsPassed") + 1)

    def test_also_if_it_is_broken_off(self) -> None:
        for ending in ("ends", "interrupts"):
            with self.subTest(ending):
                self.sink.events.clear()
                self.run_plan({First: ["passes", "passes", ending]})

                self.assertEqual([2], [event.tests for event in self.sink.of(TestsPassed)])

    def test_not_if_there_are_none(self) -> None:
        self.run_plan({First: ["fails"]})

        self.assertEqual([], self.sink.of(TestsPassed))


class TestReadings(SerialCase):
    """With leak readings, laps are measured from the second one on, and the runner does not measure itself."""

    def readings(self, *names: str, laps: int = 5) -> list[int]:
        """The change per lap of the one tracker that this Python has, when these tests are run."""
        hide_heap(self)
        # Whatever this test keeps is growth of its own making, so it has its place beforehand.
        changes = array("q", [0] * (laps + 1))

        def emit(event: object) -> None:
            if isinstance(event, LapMeasured):
                changes[event.lap] = event.readings[0].change

        self.run_plan({First: names}, Execution(repeat=laps), LeakPolicy(report=True), emit)
        return list(changes)[2:]

    def test_a_clean_layer_reads_zero_from_the_second_lap_on(self) -> None:
        self.assertEqual([0, 0, 0, 0], self.readings("passes", "passes"))

    def test_a_failing_test_does_not_look_like_growth(self) -> None:
        self.assertEqual([0, 0, 0, 0], self.readings("fails", "passes"))

    def test_what_a_test_keeps_is_seen(self) -> None:
        self.addCleanup(Tests.kept.clear)

        self.assertEqual([1, 1, 1, 1], self.readings("keeps", "passes"))
