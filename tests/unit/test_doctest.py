"""Tests of `zope.testrunner._doctest`."""

from __future__ import annotations

import doctest
import sys
import types
import unittest
from unittest import mock

from zope.testrunner._doctest import DocTest
from zope.testrunner.exceptions import DocTestFailureException
from zope.testrunner.options import get_options


def feature(*words):
    return DocTest(types.SimpleNamespace(options=get_options(["test", *words])))


def flags():
    """The flags in force."""
    present = doctest.set_unittest_reportflags(0)
    doctest.set_unittest_reportflags(present)
    return present


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
