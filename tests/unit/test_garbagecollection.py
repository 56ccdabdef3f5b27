"""Tests of `zope.testrunner.garbagecollection`, and of what the options for garbage do in a run."""

from __future__ import annotations

import gc
import json
import types
import unittest

import support
from zope.testrunner.core.events import Event, Importance, Notice
from zope.testrunner.garbagecollection import Debug, Threshold
from zope.testrunner.options import get_options

LEFT_BEHIND = support.SAMPLES / "left-behind"

ORDINARY = """
    import unittest

    class Layer:
        @classmethod
        def testSetUp(cls):
            if cls.broken:
                raise ValueError("no setting")
        broken = False

    class BrokenLayer(Layer):
        broken = True

    class TestOfEachKind(unittest.TestCase):
        layer = Layer
        def test_passes(self):
            pass
        def test_fails(self):
            self.fail("no good")
        def test_errs(self):
            try:
                1 / 0
            except ZeroDivisionError:
                raise KeyError("chained")
        def test_skips(self):
            self.skipTest("not today")
        @unittest.skip("never")
        def test_skipped(self):
            pass
        @unittest.expectedFailure
        def test_expected(self):
            self.fail()
        @unittest.expectedFailure
        def test_unexpected(self):
            pass
        def test_parts(self):
            for number in range(3):
                with self.subTest(number=number):
                    self.assertEqual(1, number)
        def test_skipped_part(self):
            with self.subTest("part"):
                self.skipTest("not this")
        def test_raises(self):
            with self.assertRaises(ValueError) as caught:
                int("x")
            self.addCleanup(int, "y")

    class TestBroken(unittest.TestCase):
        layer = BrokenLayer
        def test_never(self):
            pass

    class TestSetUpSkips(unittest.TestCase):
        def setUp(self):
            self.skipTest("all of them")
        def test_one(self):
            pass

    class TestCycle(unittest.TestCase):
        def test_cycle(self):
            items = []
            items.append(items)
"""


class SettingsCase(unittest.TestCase):
    """Puts the collector's settings back, whatever happens, and notes what is said."""

    def setUp(self) -> None:
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        self.addCleanup(gc.set_debug, gc.get_debug())
        self.said: list[Event] = []

    def runner(self, *words: str, worker: int = 0) -> types.SimpleNamespace:
        """What a feature needs of a runner."""
        return types.SimpleNamespace(
            options=get_options(["test", *words]), worker=worker, clock=lambda: 0.5, emit=self.said.append
        )


class TestThreshold(SettingsCase):
    """``--gc`` sets up to three thresholds for the run."""

    def during(self, *words: str, worker: int = 0) -> tuple[int, ...]:
        """The thresholds in force during a run with these words."""
        before = gc.get_threshold()
        feature = Threshold(self.runner(*words, worker=worker))
        self.assertTrue(feature.active)
        feature.global_setup()
        try:
            return gc.get_threshold()
        finally:
            feature.global_teardown()
            self.assertEqual(before, gc.get_threshold())

    def test_is_not_there_without_the_option(self) -> None:
        feature = Threshold(self.runner())
        feature.global_teardown()

        self.assertFalse(feature.active)

    def test_each_value_goes_to_its_generation(self) -> None:
        before = gc.get_threshold()

        self.assertEqual((701, *before[1:]), self.during("--gc", "701"))
        self.assertEqual((701, 11), self.during("--gc", "701", "-g", "11")[:2])

    def test_what_is_said(self) -> None:
        for words, text in (
            (("--gc", "701", "--gc", "11", "--gc", "9"), "Cyclic garbage collection threshold set to: (701, 11, 9)"),
            (("-g1",), "Cyclic garbage collection threshold set to: (1,)"),
            (("-g0", "-g5"), "Cyclic garbage collection is disabled."),
        ):
            with self.subTest(words):
                self.said.clear()
                self.during(*words)

                self.assertEqual([Notice(0.5, 0, Importance.INFO, text)], self.said)

    def test_a_child_process_does_not_say_it_again(self) -> None:
        self.assertEqual(701, self.during("--gc", "701", worker=1)[0])
        self.assertEqual([], self.said)


class TestDebug(SettingsCase):
    """``-G`` sets debug flags for the run."""

    def test_flags_add_up_and_are_taken_back(self) -> None:
        gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
        feature = Debug(self.runner("-G", "DEBUG_SAVEALL", "--gc-option", "DEBUG_COLLECTABLE"))

        feature.global_setup()
        during = gc.get_debug()
        feature.global_teardown()

        self.assertTrue(feature.active)
        self.assertEqual(
            (gc.DEBUG_SAVEALL | gc.DEBUG_COLLECTABLE, gc.DEBUG_UNCOLLECTABLE), (during, gc.get_debug())
        )

    def test_is_not_there_without_the_option(self) -> None:
        feature = Debug(self.runner())
        feature.global_teardown()

        self.assertFalse(feature.active)


class TestRuns(support.ProjectCase):
    """Whole runs with these options."""

    def numbers(self, *arguments: str) -> dict[str, int]:
        """How many objects were collected after each test, by its name, where there were any."""
        log = self.project / "log.jsonl"
        self.run_project("--gc-after-test", "--event-log", str(log), *arguments)
        events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
        ends = [event for event in events if event.get("event") == "TestFinished"]
        self.assertTrue(all(isinstance(event["collected"], int) for event in ends))
        return {event["test"]["label"].split()[0]: event["collected"] for event in ends if event["collected"]}

    def test_the_threshold_is_the_first_line(self) -> None:
        done = support.run_tests("--path", LEFT_BEHIND, "-t", "no_cycle", "--gc", "1")

        self.assertEqual((0, "Cyclic garbage collection threshold set to: (1,)"), (done.status, done.lines[0]))

    def test_it_is_said_once_although_layers_run_in_children(self) -> None:
        done = support.run_tests("--path", support.SAMPLES / "no-tear-down", "--gc", "700")

        self.assertEqual(1, done.out.count("Cyclic garbage"))
        self.assertIn("Running in a subprocess", done.out)

    def test_a_number_that_is_set_by_a_flag_in_the_tests(self) -> None:
        self.write(
            "tests.py",
            """
            import gc, unittest
            class TestFlags(unittest.TestCase):
                def test_flags(self):
                    self.assertEqual((gc.DEBUG_SAVEALL, 555), (gc.get_debug(), gc.get_threshold()[0]))
            """,
        )

        self.assertEqual(0, self.run_project("-G", "DEBUG_SAVEALL", "-g555").status)

    def test_cycles_are_counted_and_shown(self) -> None:
        arguments = ("--path", LEFT_BEHIND, "-t", "Cycles", "--gc-after-test")

        self.assertNotIn("[", support.run_tests(*arguments).out)
        self.assertIn("\n.!.!.\n", support.run_tests(*arguments, "-v").out)
        self.assertIn(
            " test_cycle (tests.Cycles.test_cycle) [2]\n"
            " test_cycle_with_itself (tests.Cycles.test_cycle_with_itself) [1]\n"
            " test_no_cycle (tests.Cycles.test_no_cycle)\n",
            support.run_tests(*arguments, "-vv").out,
        )
        self.assertIn(
            " test_cycle (tests.Cycles.test_cycle) (N.NNN s) [2]\n"
            "The following test left cyclic garbage behind:\n"
            "test_cycle (tests.Cycles.test_cycle)\n"
            "Cycle 1\n"
            " *  <tests.Node object at 0xADDR>\n"
            " *  <tests.Node object at 0xADDR>\n"
            " test_cycle_with_itself (tests.Cycles.test_cycle_with_itself) (N.NNN s) [1]\n"
            "The following test left cyclic garbage behind:\n"
            "test_cycle_with_itself (tests.Cycles.test_cycle_with_itself)\n"
            "Cycle 1\n"
            " *  <tests.Node object at 0xADDR>\n"
            " test_no_cycle (tests.Cycles.test_no_cycle) (N.NNN s)\n",
            support.run_tests(*arguments, "-vvvv").out,
        )

    def test_garbage_is_told_once_also_where_cycles_are_shown(self) -> None:
        for verbosity in ("-v", "-vvvv"):
            done = support.run_tests("--path", LEFT_BEHIND, "-t", "Garbage", "--gc-after-test", verbosity)

            with self.subTest(verbosity):
                self.assertEqual(1, done.out.count("The following test left garbage:\n"), done.out)
                self.assertEqual(1, done.out.count("Tests generated new (1) garbage:\n"))

    def test_what_is_saved_is_told_once(self) -> None:
        for verbosity in ("-vv", "-vvvv"):
            done = support.run_tests(
                "--path", LEFT_BEHIND, "-t", "Cycles", "--gc-after-test", "-G", "DEBUG_SAVEALL", verbosity
            )

            with self.subTest(verbosity):
                self.assertEqual(2, done.out.count("The following test left garbage:\n"), done.out)
                self.assertEqual((1, 1), (done.out.count("[2]\n"), done.out.count("[1]\n")))
                self.assertIn("Tests generated new (3) garbage:\n", done.out)

    def test_only_what_the_test_left_is_counted(self) -> None:
        """Neither what unittest leaves when a test fails or is skipped, nor anything of ours, in any format."""
        self.write("tests.py", ORDINARY)
        formats = ("--junit-xml", "j.xml", "--xml", "x", "--format", "subunit=s", "--format", "github=g")

        for more in ((), ("-vvvv",), formats, ("-N2",), ("--shuffle", "--buffer")):
            with self.subTest(more):
                self.assertEqual({"test_cycle": 1}, self.numbers(*more))

    def test_tests_that_meddle_with_the_collector(self) -> None:
        self.write(
            "tests.py",
            """
            import gc, unittest

            keep = []

            class TestMeddling(unittest.TestCase):
                def test_1_rebinds(self):
                    gc.garbage = []
                def test_2_switches_off(self):
                    gc.disable()
                    gc.set_threshold(1, 1, 1)
                def test_3_hides(self):
                    gc.freeze()
                    gc.collect = gc.get_referents = None
                def test_4_comes_back_to_life(self):
                    class Undead:
                        def __del__(self):
                            keep.append(self)
                    undead = Undead()
                    undead.self = undead
                def test_5_cannot_be_shown(self):
                    class Leaving:
                        __slots__ = ("self",)
                        def __repr__(self):
                            raise SystemExit(3)
                    leaving = Leaving()
                    leaving.self = leaving
                def test_6_is_called_back(self):
                    gc.callbacks.append(keep.append)
                def test_7_cycle(self):
                    gc.callbacks.clear()
                    items = []
                    items.append(items)
            """,
        )

        for verbosity in ("-vv", "-vvvv"):
            done = self.run_project("--gc-after-test", "--gc", "700", verbosity)

            with self.subTest(verbosity):
                self.assertEqual(0, done.status, done)
                self.assertIn("  Ran 7 tests with 0 failures, 0 errors and 0 skipped", done.out)
                self.assertRegex(done.out, r"test_7_cycle \(tests.TestMeddling.test_7_cycle\).* \[1\]\n")
