"""Running a test once more in silence."""

from __future__ import annotations

import contextlib
import gc
import io
import unittest

from zope.testrunner.core.model import LayerName
from zope.testrunner.execution.monitors.quiet_rerun import QuietRerun, WentDifferently, another
from zope.testrunner.execution.result import Hooks
from zope.testrunner.testing import FakeClock


class Sample(unittest.TestCase):
    """Tests to run, by name."""

    __test__ = False
    seen: list[unittest.TestCase] = []

    def passes(self) -> None:
        self.seen.append(self)
        print("heard by nobody")

    def fails(self) -> None:
        self.fail("this time\nat least")

    def skips(self) -> None:
        self.skipTest("no")

    @unittest.expectedFailure
    def fails_as_expected(self) -> None:
        self.fail()


class Special(Sample):
    """A test made in another way than others."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name)
        self.size = size


class Slotted:
    """A test object that is no TestCase."""

    def countTestCases(self) -> int:
        return 1

    def __call__(self, result: unittest.TestResult) -> None:
        """Nothing goes wrong."""


class TestAgain(unittest.TestCase):
    """What passes again is silent, what does not is told."""

    def setUp(self) -> None:
        self.calls: list[str] = []
        hooks = Hooks(lambda: self.calls.append("up"), lambda: self.calls.append("down"))
        self.again = QuietRerun(FakeClock(), LayerName("m.L"), (hooks,))
        self.addCleanup(Sample.seen.clear)

    def test_a_passing_test_is_silent_and_has_the_hooks_of_its_layer(self) -> None:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.again(Sample("passes"))

        self.assertEqual("", out.getvalue())
        self.assertEqual(["up", "down"], self.calls)

    def test_it_is_another_object_each_time(self) -> None:
        test = Sample("passes")

        self.again(test)
        self.again(test)

        self.assertEqual(3, len({id(test), *map(id, Sample.seen)}))

    def test_an_expected_failure_passes(self) -> None:
        self.again(Sample("fails_as_expected"))

    def test_other_outcomes_are_told_in_a_line(self) -> None:
        for name, said in (
            ("fails", "^failed when run again: AssertionError: this time$"),
            ("skips", "^skipped when run again$"),
        ):
            with self.subTest(name), self.assertRaisesRegex(WentDifferently, said):
                self.again(Sample(name))

    def test_one_bad_end_is_not_remembered_for_the_next(self) -> None:
        with self.assertRaises(WentDifferently):
            self.again(Sample("fails"))

        self.again(Sample("passes"))


class TestAnother(unittest.TestCase):
    """A test object that does the same."""

    def test_the_first_one_stays_as_it_is(self) -> None:
        """Python makes a dictionary of its attributes when somebody looks at all of them, and keeps that."""
        test = Sample("passes")
        before = len(gc.get_referents(test))
        fresh = another(test)

        self.assertEqual(test.id(), fresh.id())
        self.assertIsNot(test, fresh)
        self.assertEqual(before, len(gc.get_referents(test)))

    def test_of_a_usual_test_case_is_a_new_one(self) -> None:
        test = Sample("passes")
        test.left = []  # type: ignore[attr-defined]

        self.assertEqual(test, another(test))
        self.assertFalse(hasattr(another(test), "left"))

    def test_of_one_with_a_constructor_of_its_own_is_a_copy_that_shares_no_clean_ups(self) -> None:
        test = Special("passes", 7)

        copy = another(test)

        assert isinstance(copy, Special)
        self.assertIsNot(test, copy)
        self.assertEqual(7, copy.size)
        copy.addCleanup(print)
        self.assertEqual([], vars(test)["_cleanups"])

    def test_of_anything_else_is_the_same_object(self) -> None:
        test = Slotted()

        self.assertIs(test, another(test))
