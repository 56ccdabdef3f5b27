"""Tests of `zope.testrunner._doctest`."""

from __future__ import annotations

import contextlib
import doctest
import sys
import types
import unittest
from unittest import mock

import support_doctest

from zope.testrunner._doctest import DocTest
from zope.testrunner.core.events import ProblemReported, TestFinished
from zope.testrunner.core.model import LayerName, Outcome, Stats
from zope.testrunner.exceptions import DocTestFailureException
from zope.testrunner.execution.result import Result
from zope.testrunner.options import get_options
from zope.testrunner.testing import FakeClock, RecordingSink


def feature(*words):
    return DocTest(types.SimpleNamespace(options=get_options(["test", *words])))


def flags():
    """The flags in force."""
    present = doctest.set_unittest_reportflags(0)
    doctest.set_unittest_reportflags(present)
    return present


class TestNames(unittest.TestCase):
    """A doctest that is run again begins with the same names."""

    def test_names_that_were_added_after_the_case_was_made(self):
        step = feature()
        step.global_setup()
        self.addCleanup(step.global_teardown)
        examples = doctest.DocTestParser().get_doctest(">>> layer\n7\n>>> new = 1\n", {}, "name", None, 0)
        case = doctest.DocTestCase(examples)
        examples.globs["layer"] = 7
        for number in range(3):
            with self.subTest(number):
                self.assertNotIn("new", examples.globs)
                result = unittest.TestResult()
                case.run(result)
                self.assertEqual(([], []), (result.failures, result.errors))

    def test_doctest_is_as_before_after_the_run(self):
        before = doctest.DocTestCase.setUp
        step = feature()
        step.global_setup()
        self.assertIsNot(before, doctest.DocTestCase.setUp)
        step.global_teardown()
        self.assertIs(before, doctest.DocTestCase.setUp)


class TestFlags(unittest.TestCase):
    """Options become flags for the duration of the run."""

    def setUp(self):
        self.addCleanup(doctest.set_unittest_reportflags, doctest.set_unittest_reportflags(0))

    def flags_with(self, *words):
        step = feature(*words)
        step.global_setup()
        try:
            return flags()
        finally:
            step.global_teardown()

    def test_each_option_has_its_flag(self):
        for word, flag in (
            ("--ndiff", doctest.REPORT_NDIFF),
            ("--udiff", doctest.REPORT_UDIFF),
            ("--cdiff", doctest.REPORT_CDIFF),
            ("-1", doctest.REPORT_ONLY_FIRST_FAILURE),
        ):
            with self.subTest(word):
                self.assertEqual(flag, self.flags_with(word))

    def test_the_first_failure_combines_with_a_diff(self):
        self.assertEqual(doctest.REPORT_NDIFF | doctest.REPORT_ONLY_FIRST_FAILURE, self.flags_with("-1", "--ndiff"))

    def test_flags_of_others_are_reset_and_come_back(self):
        doctest.set_unittest_reportflags(doctest.REPORT_UDIFF)

        self.assertEqual(0, self.flags_with())
        self.assertEqual(doctest.REPORT_UDIFF, flags())

    def test_runs_inside_of_runs(self):
        outer, inner = feature("--ndiff"), feature("--udiff")

        outer.global_setup()
        inner.global_setup()
        self.assertEqual(doctest.REPORT_UDIFF, flags())
        inner.global_teardown()
        self.assertEqual(doctest.REPORT_NDIFF, flags())
        outer.global_teardown()

        self.assertEqual(0, flags())


class TestFailures(unittest.TestCase):
    """Failures of doctests have an exception of their own."""

    def test_during_the_run(self):
        before = doctest.DocTestCase.failureException
        step = feature()

        step.global_setup()
        during = doctest.DocTestCase.failureException
        step.global_teardown()

        self.assertEqual((DocTestFailureException, before), (during, doctest.DocTestCase.failureException))

    def test_without_doctests_nothing_is_imported(self):
        with mock.patch.dict(sys.modules):
            del sys.modules["doctest"]
            step = feature("--ndiff")

            step.global_setup()
            step.global_teardown()

            self.assertNotIn("doctest", sys.modules)

    def test_doctest_may_be_imported_during_the_run(self):
        with mock.patch.dict(sys.modules):
            del sys.modules["doctest"]
            step = feature("--ndiff")
            step.global_setup()

            import doctest as another

            self.assertIsNot(doctest, another)
            self.assertIs(DocTestFailureException, another.DocTestCase.failureException)
            step.global_teardown()
            self.assertIs(AssertionError, another.DocTestCase.failureException)


def case(text, **settings):
    """A test of a document."""
    test = doctest.DocTestParser().get_doctest(text, {}, "garden.rst", "/garden.rst", 0)
    return doctest.DocFileCase(test, **settings)


WRONG = """
>>> 1 + 1
3
>>> 'right'
'right'
>>> {}['tree']
'apple'
>>> 'last'
'first'
"""

#: The parts of the report that are the same on every version of Python.
REPORT = """\
Failed doctest test for garden.rst
  File "/garden.rst", line 0

----------------------------------------------------------------------
File "/garden.rst", line 2, in garden.rst
Failed example:
    1 + 1
Expected:
    3
Got:
    2
----------------------------------------------------------------------
File "/garden.rst", line 6, in garden.rst
Failed example:
    {}['tree']
Exception raised:
    Traceback (most recent call last):
...
    KeyError: 'tree'
----------------------------------------------------------------------
File "/garden.rst", line 8, in garden.rst
Failed example:
    'last'
Expected:
    'first'
Got:
    'last'
"""


class TestExamples(unittest.TestCase):
    """One document is one test with one report, whatever doctest makes of its examples."""

    def run_case(self, test, *words, active=True):
        """Run a test, with or without the feature, and return the sink with its events, and the counts."""
        sink = RecordingSink()
        result = Result(sink.events.append, FakeClock(), LayerName("m.L"), 1)
        step = feature(*words)
        if active:
            step.global_setup()
        try:
            result.run_test(test)
        finally:
            step.global_teardown()
        return sink, result.stats

    def test_all_examples_that_fail_are_in_one_report(self):
        for ways in (contextlib.nullcontext, support_doctest.examples_are_sub_tests):
            with self.subTest(ways.__name__), ways():
                sink, stats = self.run_case(case(WRONG))

                [report] = sink.of(ProblemReported)
                [end] = sink.of(TestFinished)
                self.assertEqual((Stats(1, 1), Outcome.FAILED), (stats, end.outcome))
                self.assertEqual((None, True, Outcome.FAILED), (report.label, report.problem.is_doctest, end.outcome))
                start, _, rest = REPORT.partition("...\n")
                self.assertTrue(report.problem.traceback.startswith(start), report.problem.traceback)
                # Python 3.14.10 leaves the last line end out.
                self.assertTrue((report.problem.traceback.rstrip() + "\n").endswith(rest), report.problem.traceback)

    def test_without_the_feature_there_would_be_several(self):
        with support_doctest.examples_are_sub_tests():
            sink, stats = self.run_case(case(WRONG), active=False)

        self.assertEqual(Stats(1, 2, 1), stats)
        self.assertEqual(
            [f"{case('')} [{number}]" for number in (0, 2, 3)],
            [event.label.removesuffix(" ") for event in sink.of(ProblemReported)],
        )

    def test_the_first_failure_only(self):
        with support_doctest.examples_are_sub_tests():
            sink, _ = self.run_case(case(WRONG), "-1")

        [report] = sink.of(ProblemReported)
        self.assertEqual(1, report.problem.traceback.count("Failed example:"))

    def test_diffs(self):
        with support_doctest.examples_are_sub_tests():
            for words in (("--udiff",), ("--ndiff",), ("--cdiff",)):
                sink, _ = self.run_case(case(">>> print('a', 'b', 'c', sep='\\n')\na\nb\nd\n"), *words)

                self.assertIn("Differences (", sink.of(ProblemReported)[0].problem.traceback)

    def test_flags_of_the_document_go_first(self):
        with support_doctest.examples_are_sub_tests():
            sink, _ = self.run_case(case(WRONG, optionflags=doctest.REPORT_ONLY_FIRST_FAILURE), "--ndiff")

        [report] = sink.of(ProblemReported)
        self.assertEqual(1, report.problem.traceback.count("Failed example:"))
        self.assertNotIn("Differences (", report.problem.traceback)

    def test_a_document_that_is_right(self):
        for ways in (contextlib.nullcontext, support_doctest.examples_are_sub_tests):
            with self.subTest(ways.__name__), ways():
                sink, stats = self.run_case(case(">>> 2 + 2\n4\n>>> 1 / 0 # doctest: +SKIP\n"))

                self.assertEqual((Stats(1), []), (stats, sink.of(ProblemReported)))

    def test_a_document_of_which_all_examples_are_skipped(self):
        with support_doctest.examples_are_sub_tests():
            sink, stats = self.run_case(case(">>> 1 / 0 # doctest: +SKIP\n"))

        self.assertEqual(Stats(1, skipped=1), stats)
        self.assertEqual(("all examples were skipped",), sink.of(TestFinished)[0].reasons)

    def test_the_globals_are_put_back(self):
        test = case(">>> x = 1\n>>> x\n1\n")
        with support_doctest.examples_are_sub_tests():
            self.run_case(test)

        self.assertEqual({}, {name: value for name, value in test._dt_test.globs.items() if name != "__builtins__"})

    def test_what_doctest_does_comes_back(self):
        with support_doctest.examples_are_sub_tests():
            self.run_case(case(""))

            self.assertIs(support_doctest.run_test, doctest.DocTestCase.runTest)
