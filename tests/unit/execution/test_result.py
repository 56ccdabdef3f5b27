"""What tests report becomes events, one test at a time."""

from __future__ import annotations

import contextlib
import io
import sys
import unittest
from collections.abc import Callable
from gc import get_referents

from zope.testrunner.core.events import Event, ProblemReported, TestFinished, TestStarted
from zope.testrunner.core.model import LayerName, Outcome, Stats
from zope.testrunner.exceptions import ReporterError
from zope.testrunner.execution.result import Hooks, Result, hooks_of
from zope.testrunner.execution.streams.capture_sys import Held
from zope.testrunner.planning.slim_tests import share
from zope.testrunner.testing import FakeClock, RecordingSink


class Sample(unittest.TestCase):
    """Tests of every kind, run by name and never collected."""

    __test__ = False

    def passes(self) -> None:
        self.kept = bytearray(10)

    def fails(self) -> None:
        self.fail("no good")

    def errs(self) -> None:
        raise ValueError("bad")

    def skips(self) -> None:
        self.skipTest("not today")

    @unittest.skip("never")
    def skipped(self) -> None:
        """Not reached."""

    @unittest.expectedFailure
    def fails_as_expected(self) -> None:
        self.fail()

    @unittest.expectedFailure
    def passes_unexpectedly(self) -> None:
        """Nothing goes wrong."""

    def has_sub_tests(self) -> None:
        for number in range(4):
            with self.subTest(number=number):
                print("sub", number)
                if number == 3:
                    raise ValueError(number)
                self.assertIn(number, (0, 2))

    def skips_in_sub_tests(self) -> None:
        for number in range(2):
            with self.subTest(number=number):
                self.skipTest(f"reason {number}")

    def fails_and_cleans_up_badly(self) -> None:
        self.addCleanup(self.errs)
        self.fail()

    def changes_attributes(self) -> None:
        self.kept = self._testMethodName = "other"

    def looks_at_itself(self) -> None:
        vars(self)["kept"] = 1

    def prints(self) -> None:
        print("to people")
        print("to the log", file=sys.stderr)

    def closes_its_output(self) -> None:
        sys.stdout.close()


class StandardOutputTest(unittest.TestCase):
    """Problems are told where the report goes, whatever a test has in the place of standard output."""

    def told_to(self, run: Callable[[unittest.TestCase], object]) -> list[object]:
        told: list[object] = []

        class Case(unittest.TestCase):
            def runTest(self) -> None:
                run(self)

        def emit(event: Event) -> None:
            if isinstance(event, ProblemReported):
                told.append(sys.stdout)

        usual = sys.stdout
        self.addCleanup(setattr, sys, "stdout", usual)
        Result(emit, FakeClock(), LayerName("layer"), 1).run_test(Case())
        return told

    def test_a_test_that_has_replaced_it(self) -> None:
        usual, other = sys.stdout, io.StringIO()

        def run(case: unittest.TestCase) -> None:
            sys.stdout = other
            with case.subTest():
                case.fail()
            case.assertIs(other, sys.stdout)
            case.fail()

        self.assertEqual([usual, usual], self.told_to(run))
        self.assertIs(other, sys.stdout)

    def test_a_test_that_has_taken_it_away(self) -> None:
        usual = sys.stdout

        def run(case: unittest.TestCase) -> None:
            del sys.stdout
            case.fail()

        self.assertEqual([usual], self.told_to(run))

    def test_what_is_closed_is_not_put_back(self) -> None:
        other, closed = io.StringIO(), io.StringIO()
        usual, sys.stdout = sys.stdout, closed
        self.addCleanup(setattr, sys, "stdout", usual)

        def run(case: unittest.TestCase) -> None:
            sys.stdout.close()
            sys.stdout = other
            case.fail()

        self.assertEqual([other], self.told_to(run))


class TestCaseless:
    """A test object that is no TestCase and never says that it started."""

    def countTestCases(self) -> int:
        return 3

    def __call__(self, result: unittest.TestResult) -> None:
        raise OSError("broken test object")

    def __str__(self) -> str:
        return "caseless"


class ResultCase(unittest.TestCase):
    """Runs samples and looks at what came out."""

    def setUp(self) -> None:
        self.sink = RecordingSink()

    def result(self, **settings: object) -> Result:
        """A result that records; ``settings`` are those of `Result`."""

        def emit(event: object) -> None:
            self.sink.events.append(event)  # type: ignore[arg-type]

        return Result(emit, FakeClock(), LayerName("mod.Layer"), 9, **settings)  # type: ignore[arg-type]

    def run_sample(self, name: str, **settings: object) -> Result:
        """Run one of the samples."""
        result = self.result(**settings)
        result.run_test(Sample(name))
        return result

    def outcome(self) -> Outcome:
        """That of the only test."""
        (finished,) = self.sink.of(TestFinished)
        return finished.outcome

    def problems(self) -> list[Outcome]:
        """Those of all problems, in order."""
        return [event.problem.outcome for event in self.sink.of(ProblemReported)]


class TestOutcomes(ResultCase):
    """Each kind of ending is told and counted."""

    def test_success(self) -> None:
        result = self.run_sample("passes")

        self.assertEqual(["TestStarted", "TestFinished"], self.sink.kinds())
        self.assertEqual(Outcome.PASSED, self.outcome())
        self.assertEqual(Stats(ran=1), result.stats)
        self.assertTrue(result.wasSuccessful())

    def test_failure(self) -> None:
        result = self.run_sample("fails")

        self.assertEqual(["TestStarted", "ProblemReported", "TestFinished"], self.sink.kinds())
        self.assertEqual([Outcome.FAILED], self.problems())
        self.assertEqual(Outcome.FAILED, self.outcome())
        self.assertEqual(Stats(ran=1, failures=1), result.stats)
        self.assertFalse(result.wasSuccessful())

    def test_error(self) -> None:
        result = self.run_sample("errs")

        self.assertEqual(Outcome.ERRORED, self.outcome())
        self.assertEqual(Stats(ran=1, errors=1), result.stats)

    def test_skips_from_inside_and_by_decorator_are_told_alike(self) -> None:
        for name, reason in (("skips", "not today"), ("skipped", "never")):
            with self.subTest(name):
                self.sink.events.clear()
                result = self.run_sample(name)

                self.assertEqual(["TestStarted", "TestFinished"], self.sink.kinds())
                self.assertEqual((reason,), self.sink.of(TestFinished)[0].reasons)
                self.assertEqual(Stats(ran=1, skipped=1), result.stats)

    def test_each_skipping_sub_test_counts(self) -> None:
        result = self.run_sample("skips_in_sub_tests")

        self.assertEqual(("reason 0", "reason 1"), self.sink.of(TestFinished)[0].reasons)
        self.assertEqual(Stats(ran=1, skipped=2), result.stats)

    def test_expected_failure_is_no_problem(self) -> None:
        result = self.run_sample("fails_as_expected")

        self.assertEqual(Outcome.EXPECTED_FAILURE, self.outcome())
        self.assertEqual(Stats(ran=1), result.stats)

    def test_unexpected_success_counts_as_a_failure(self) -> None:
        result = self.run_sample("passes_unexpectedly")

        self.assertEqual([Outcome.UNEXPECTED_SUCCESS], self.problems())
        self.assertEqual(Stats(ran=1, failures=1), result.stats)

    def test_each_failing_sub_test_is_a_problem_of_its_own(self) -> None:
        with contextlib.redirect_stdout(io.StringIO()):
            result = self.run_sample("has_sub_tests")

        self.assertEqual([Outcome.FAILED, Outcome.ERRORED], self.problems())
        labels = [event.label or "" for event in self.sink.of(ProblemReported)]
        self.assertTrue(labels[0].endswith("(number=1)"), labels)
        self.assertTrue(labels[1].endswith("(number=3)"), labels)
        self.assertEqual(Stats(ran=1, failures=1, errors=1), result.stats)

    def test_several_problems_in_one_test(self) -> None:
        result = self.run_sample("fails_and_cleans_up_badly")

        self.assertEqual([Outcome.FAILED, Outcome.ERRORED], self.problems())
        self.assertEqual(Outcome.FAILED, self.outcome())
        self.assertEqual(Stats(ran=1, failures=1, errors=1), result.stats)

    def test_a_test_object_that_raises_is_an_error_of_that_test(self) -> None:
        result = self.result()

        result.run_test(TestCaseless())

        self.assertEqual(["TestStarted", "ProblemReported", "TestFinished"], self.sink.kinds())
        self.assertEqual("caseless", self.sink.of(TestFinished)[0].test.label)
        self.assertEqual(Stats(ran=3, errors=1), result.stats)

    def test_stopping_is_asked_for_at_the_first_problem_only_if_wanted(self) -> None:
        self.assertFalse(self.run_sample("fails").shouldStop)
        self.assertFalse(self.run_sample("passes", stop_on_error=True).shouldStop)
        self.assertTrue(self.run_sample("errs", stop_on_error=True).shouldStop)

    def test_tests_are_numbered_by_test_cases(self) -> None:
        result = self.result()
        result.run_test(TestCaseless())
        result.run_test(Sample("passes"))

        self.assertEqual([3, 4], [event.index for event in self.sink.of(TestStarted)])

    def test_ctrl_c_goes_through(self) -> None:
        def press() -> None:
            raise KeyboardInterrupt

        result = self.result()
        with self.assertRaises(KeyboardInterrupt):
            result.run_test(unittest.FunctionTestCase(press))

        self.assertIsNotNone(result.running)

    def test_whatever_else_is_raised_by_a_test_object_or_a_hook_is_an_error_of_that_test(self) -> None:
        for kind in (ValueError, SystemExit, GeneratorExit, BaseException, unittest.SkipTest):

            def fail(*ignored: object, kind: type[BaseException] = kind) -> None:
                raise kind

            class Odd(TestCaseless):
                __call__ = fail

            for hooks, test in (
                ((), Odd()),
                ([Hooks(fail, None)], Sample("passes")),
                ([Hooks(None, fail)], Sample("passes")),
            ):
                with self.subTest(kind=kind, hooks=hooks):
                    result = self.result(hooks=hooks)
                    result.run_test(test)

                    self.assertEqual(1, result.stats.errors)

    def test_what_cannot_be_reported_is_no_problem_of_the_test(self) -> None:
        def emit(event: Event) -> None:
            if isinstance(event, ProblemReported):
                raise ReporterError("nobody listens")

        result = Result(emit, FakeClock(), LayerName("shop.Layer"), 1)
        with self.assertRaisesRegex(ReporterError, "nobody listens"):
            result.run_test(Sample("fails"))


class TestNobodyListens(ResultCase):
    """What nobody wants to know is counted and not told."""

    def test_starts(self) -> None:
        self.run_sample("passes", emit_starts=False)

        self.assertEqual([], self.sink.of(TestStarted))
        self.assertEqual(Outcome.PASSED, self.outcome())

    def test_passing_in_no_time(self) -> None:
        result = self.run_sample("passes", silent_below=60.0)

        self.assertEqual([], self.sink.of(TestFinished))
        self.assertEqual((1, Outcome.PASSED), (result.passed_silently, result.last))

    def test_slow_tests_are_told(self) -> None:
        result = self.run_sample("passes", silent_below=1e-9)

        self.assertEqual((0, 1), (result.passed_silently, len(self.sink.of(TestFinished))))

    def test_other_ends_are_told(self) -> None:
        for name in ("fails", "errs", "skips", "fails_as_expected", "passes_unexpectedly", "skips_in_sub_tests"):
            with self.subTest(name):
                self.sink.events.clear()
                result = self.run_sample(name, silent_below=60.0)

                self.assertEqual((0, 1), (result.passed_silently, len(self.sink.of(TestFinished))))

    def test_output_is_told(self) -> None:
        result = self.result(silent_below=60.0, held=Held())
        result.run_test(unittest.FunctionTestCase(lambda: print("said")))

        (finished,) = self.sink.of(TestFinished)
        self.assertEqual(("said\n", 0), (finished.stdout, result.passed_silently))

    def test_the_time_of_one_test_is_not_that_of_the_next(self) -> None:
        result = self.result()
        result.run_test(Sample("passes"))
        result.run_test(TestCaseless())

        self.assertEqual(0.0, self.sink.of(TestFinished)[-1].seconds)


class TestMemory(ResultCase):
    """A test gives up what it put on itself."""

    def test_new_attributes_go_and_changed_ones_come_back(self) -> None:
        for name in ("passes", "changes_attributes", "fails"):
            with self.subTest(name):
                test = Sample(name)
                before = dict(vars(test))

                self.result().run_test(test)

                self.assertEqual(before, vars(test))

    def test_so_it_is_for_tests_that_share_until_they_run(self) -> None:
        for name in ("passes", "changes_attributes", "fails", "looks_at_itself", "skips"):
            with self.subTest(name):
                test, other = Sample(name), Sample(name)
                share(test)
                share(other)
                size = len(get_referents(test))

                self.result().run_test(test)

                if name == "skips":
                    self.assertEqual(size, len(get_referents(test)), "it has a dictionary now")
                self.assertEqual(vars(other), vars(test))

    def test_a_failing_test_keeps_nothing_alive(self) -> None:
        import weakref

        class Big:
            """Something that a weak reference can watch."""

        class Failing(unittest.TestCase):
            def runTest(self) -> None:
                big = self.big = Big()
                watched.append(weakref.ref(big))
                self.assertIsNone(big)

        watched: list[weakref.ref[Big]] = []
        test = Failing()
        result = Result(lambda event: None, FakeClock(), LayerName("mod.Layer"), 1)

        result.run_test(test)

        # Without waiting for a garbage collection, though unittest leaves a cycle from Python 3.12 on.
        self.assertEqual(1, result.stats.failures)
        self.assertIsNone(watched[0]())


class TestHooks(ResultCase):
    """The per-test hooks of layers surround each test."""

    def hooks(self, *broken: str) -> tuple[Hooks, Hooks]:
        """Hooks of two layers that note their calls; those named in ``broken`` raise."""
        self.calls: list[str] = []

        def call(name: str) -> Callable[[], None]:
            def hook() -> None:
                self.calls.append(name)
                if name in broken:
                    raise LookupError(name)

            return hook

        return Hooks(call("base up"), call("base down")), Hooks(call("top up"), call("top down"))

    def test_bases_are_first_in_and_last_out(self) -> None:
        self.run_sample("passes", hooks=self.hooks())

        self.assertEqual(["base up", "top up", "top down", "base down"], self.calls)

    def test_also_around_a_test_that_is_skipped_by_decorator(self) -> None:
        self.run_sample("skipped", hooks=self.hooks())

        self.assertEqual(["base up", "top up", "top down", "base down"], self.calls)

    def test_a_failing_set_up_is_an_error_of_the_test_whose_body_is_left_out(self) -> None:
        result = self.run_sample("fails", hooks=self.hooks("top up"))

        self.assertEqual(["base up", "top up", "base down"], self.calls)
        self.assertEqual([Outcome.ERRORED], self.problems())
        self.assertEqual(["TestStarted", "ProblemReported", "TestFinished"], self.sink.kinds())
        self.assertEqual(Stats(ran=1, errors=1), result.stats)

    def test_a_failing_tear_down_is_an_error_of_a_test_that_passed(self) -> None:
        result = self.run_sample("passes", hooks=self.hooks("top down", "base down"))

        self.assertEqual(["base up", "top up", "top down", "base down"], self.calls)
        self.assertEqual(Outcome.ERRORED, self.outcome())
        self.assertEqual(Stats(ran=1, errors=2), result.stats)

    def test_layers_without_per_test_hooks_cost_nothing(self) -> None:
        class Plain:
            """Neither hook."""

        class Up:
            """One hook."""

            @staticmethod
            def testSetUp() -> None:
                """Nothing."""

        self.assertEqual((Hooks(Up.testSetUp, None),), hooks_of([Plain, Up]))


class TestHeldOutput(ResultCase):
    """With output held back, each piece of it is told once, with the report it belongs to."""

    def test_it_comes_with_the_end_of_a_test(self) -> None:
        self.run_sample("prints", held=Held())

        (finished,) = self.sink.of(TestFinished)
        self.assertEqual(("to people\n", "to the log\n"), (finished.stdout, finished.stderr))

    def test_each_failing_sub_test_gets_what_was_written_since_the_last_one(self) -> None:
        self.run_sample("has_sub_tests", held=Held())

        outputs = [event.stdout for event in self.sink.of(ProblemReported)]
        self.assertEqual("sub 0\nsub 1\nsub 2\nsub 3\n", "".join(text or "" for text in outputs))

    def test_the_real_streams_are_back_afterwards(self) -> None:
        before = sys.stdout, sys.stderr

        for name in ("prints", "fails", "has_sub_tests", "closes_its_output", "fails_and_cleans_up_badly"):
            with self.subTest(name):
                self.run_sample(name, held=Held())

                self.assertEqual(before, (sys.stdout, sys.stderr))

    def test_bytes_that_are_no_text_are_shown_as_escapes(self) -> None:
        def write() -> None:
            sys.stdout.buffer.write(b"caf\xe9")

        self.result(held=Held()).run_test(unittest.FunctionTestCase(write))

        self.assertEqual("caf\\xe9", self.sink.of(TestFinished)[0].stdout)
