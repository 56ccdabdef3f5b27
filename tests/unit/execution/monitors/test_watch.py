"""Watching tests, fixtures and layers of an ordinary run: `zope.testrunner.execution.monitors.watch`."""

from __future__ import annotations

import sys
import time
import types
import unittest

from support import InFreshProcess
from zope.testrunner.core.config import Execution, LeakPolicy
from zope.testrunner.core.events import Event, LayerKept, LeaksWatched, TestFinished
from zope.testrunner.core.layer_registry import UNIT_TESTS, LayerRegistry
from zope.testrunner.core.model import LayerName, Plan, Stayed
from zope.testrunner.execution.monitors.watch import LayerWatch, once_per_layer
from zope.testrunner.execution.serial import RunContext, Serial
from zope.testrunner.leaks.markers import no_leak_check
from zope.testrunner.testing import RecordingSink

kept: list[object] = []


class Tests(unittest.TestCase):
    __test__ = False

    def clean(self) -> None:
        self.rows = [[] for _ in range(100)]  # type: ignore[var-annotated]

    def keeps(self) -> None:
        kept.append([[] for _ in range(100)])

    def keeps_and_fails(self) -> None:
        self.keeps()
        self.fail("always")

    @no_leak_check(reason="known")
    def keeps_as_is_known(self) -> None:
        self.keeps()


class Fills(unittest.TestCase):
    """What tests leave in the data of their class goes with that."""

    __test__ = False
    data: list[object]

    @classmethod
    def setUpClass(cls) -> None:
        cls.data = [[] for _ in range(10)]

    @classmethod
    def tearDownClass(cls) -> None:
        del cls.data

    def fills(self) -> None:
        self.data.append([[] for _ in range(100)])


class LeavesData(Fills):
    @classmethod
    def tearDownClass(cls) -> None:
        pass


class CleansUp(unittest.TestCase):
    __test__ = False

    @classmethod
    def setUpClass(cls) -> None:
        cls.data = [[] for _ in range(100)]  # type: ignore[var-annotated]
        cls.addClassCleanup(delattr, cls, "data")

    def one(self) -> None:
        pass


class FailsToSetUp(Tests):
    @classmethod
    def setUpClass(cls) -> None:
        kept.append([[] for _ in range(100)])
        raise unittest.SkipTest("not here")


class WatchCase(InFreshProcess):
    def setUp(self) -> None:
        # It does not get longer.
        kept[:] = []
        kept.extend([None] * 10)
        del kept[:]

    def watch(self, *tests: unittest.TestCase, **more: object) -> list[Event]:
        sink = RecordingSink()
        setting = RunContext(
            Execution(**more), LeakPolicy(watch=True), sink.events.append, time.time, LayerRegistry(),
            announce=lambda layer: None,
        )  # fmt: skip
        executor = Serial(setting, fallback=lambda layers: False)
        executor.run(Plan.of({UNIT_TESTS: unittest.TestSuite(tests)}))
        return sink.events

    def stayed(self, *tests: unittest.TestCase, **more: object) -> dict[str, Stayed]:
        (event,) = [each for each in self.watch(*tests, **more) if isinstance(each, LeaksWatched)]
        self.read, self.unread = event.read, event.unread
        return {each.label.split(" (")[0]: each for each in event.stayed}


class TestTests(WatchCase):
    """Each test is run once."""

    def test_what_stays_is_told_and_nothing_is_run_again(self) -> None:
        events = self.watch(Tests("clean"), Tests("keeps"), Tests("clean"))
        (watched,) = [event for event in events if isinstance(event, LeaksWatched)]
        (stayed,) = watched.stayed

        self.assertEqual((3, 0), (watched.read, watched.unread))
        self.assertEqual(("keeps", True), (stayed.label.split(" ")[0], stayed.is_test))
        self.assertEqual(101, stayed.objects)
        self.assertLessEqual(102, stayed.blocks)
        self.assertLessEqual(stayed.blocks, 103)
        self.assertEqual(3, sum(isinstance(event, TestFinished) for event in events))

    def test_what_did_not_pass_or_is_known_is_not_told(self) -> None:
        self.assertEqual({}, self.stayed(Tests("keeps_and_fails"), Tests("keeps_as_is_known")))
        self.assertEqual((1, 0), (self.read, self.unread))

    def test_what_could_not_be_read_is_counted(self) -> None:
        self.assertEqual({}, self.stayed(Tests("clean"), Tests("keeps"), gc_after_test=True))
        self.assertEqual((0, 2), (self.read, self.unread))


class TestFixtures(WatchCase):
    """Set-up and tear-down are one thing."""

    def test_what_the_class_gives_back_was_not_left_by_its_tests(self) -> None:
        self.assertEqual({}, self.stayed(Fills("fills"), Fills("fills")))

    def test_what_the_class_does_not_give_back(self) -> None:
        stayed = self.stayed(LeavesData("fills"))

        self.assertEqual({"fills", f"fixtures of class {__name__}.LeavesData"}, set(stayed))

    def test_class_clean_ups_are_fixtures(self) -> None:
        self.assertEqual({}, self.stayed(CleansUp("one"), Tests("clean")))

    def test_of_fixtures_that_fail_nothing_is_said(self) -> None:
        self.assertEqual({}, self.stayed(FailsToSetUp("clean"), Tests("clean")))


class Layer:
    """Keeps a list, and may import something."""

    kept: list[object]
    imports = False

    @classmethod
    def setUp(cls) -> None:
        cls.kept = [[] for _ in range(100)]
        if cls.imports:
            sys.modules["imported_by_a_layer"] = types.ModuleType("imported_by_a_layer")

    @classmethod
    def tearDown(cls) -> None:
        pass


class TestLayers(InFreshProcess):
    """What a set-up has made and the tear-down has not given back."""

    def kept(self, layer: type[Layer]) -> list[Event]:
        sink = RecordingSink()
        watch = LayerWatch(sink.events.append, time.time, 0)
        self.assertIsNone(watch.set_up(layer, layer.setUp))
        self.assertIsNone(watch.tear_down(layer, layer.tearDown))
        watch.torn_down(layer)
        return sink.events

    def test_it_is_told_with_what_is_left(self) -> None:
        (event,) = self.kept(Layer)

        self.assertIsInstance(event, LayerKept)
        self.assertIn("still there: 10", " ".join(event.report))  # type: ignore[union-attr]  # it is one

    def test_what_is_given_back_is_not_told(self) -> None:
        class GivesBack(Layer):
            @classmethod
            def tearDown(cls) -> None:
                del cls.kept

        # The class has a place for the name from the first time on.
        self.kept(GivesBack)
        self.assertEqual([], self.kept(GivesBack))

    def test_the_memory_of_imported_modules_is_not_told(self) -> None:
        class Imports(Layer):
            imports = True

        self.addCleanup(sys.modules.pop, "imported_by_a_layer", None)
        self.assertEqual([], self.kept(Imports))


class TestOncePerLayer(unittest.TestCase):
    def test_a_layer_is_told_of_once(self) -> None:
        told: list[Event] = []
        tell = once_per_layer(told.append)
        for name in ("a.A", "b.B", "a.A"):
            tell(LayerKept(0.0, 1, LayerName(name), Stayed(name)))
        tell(LeaksWatched(0.0, 1, LayerName("a.A"), 1, 0))
        tell(LeaksWatched(0.0, 1, LayerName("a.A"), 1, 0))

        self.assertEqual(["LayerKept"] * 2 + ["LeaksWatched"] * 2, [type(event).__name__ for event in told])


if __name__ == "__main__":
    unittest.main()
