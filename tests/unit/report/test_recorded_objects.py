from __future__ import annotations

import traceback
import unittest

from support_streams import ERROR, problem, ref

from zope.testrunner import tb_format
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.recorded_objects import (
    RecordedError,
    RecordedFailure,
    RecordedTest,
    ReportedExcInfo,
    cycle_lines,
    shown,
)


class ReportedExcInfoTest(unittest.TestCase):
    """An exc_info knows the report that was made of it."""

    def test_a_live_exception_is_handed_over(self) -> None:
        error = ValueError("why")
        live = ERROR.replace(live=(ValueError, error, None))

        kind, value, trace = ReportedExcInfo.of(live)
        self.assertEqual((ValueError, None), (kind, trace))
        self.assertIs(error, value)

    def test_the_report_is_not_made_again(self) -> None:
        live = ERROR.replace(live=(ValueError, ValueError("why"), None))

        self.assertEqual(ERROR.traceback, OutputFormatter(None).format_traceback(ReportedExcInfo.of(live)))

    def test_an_exception_of_another_process_is_its_report(self) -> None:
        kind, value, trace = ReportedExcInfo.of(ERROR)

        self.assertIs(RecordedError, kind)
        self.assertEqual(ERROR.traceback, str(value))
        self.assertEqual([ERROR.traceback], tb_format.format_exception(kind, value, trace))

    def test_whoever_uses_the_standard_library_sees_the_report_too(self) -> None:
        self.assertIn(ERROR.traceback, "".join(traceback.format_exception(*ReportedExcInfo.of(ERROR))))

    def test_doctests_are_told_apart(self) -> None:
        self.assertFalse(ReportedExcInfo.of(ERROR).is_doctest)
        self.assertTrue(ReportedExcInfo.of(problem(is_doctest=True)).is_doctest)


class RecordedTestTest(unittest.TestCase):
    """A test of another process has its names."""

    def test_names(self) -> None:
        test = RecordedTest.of(ref("test_x", size=3))

        self.assertEqual("test_x (shop.tests.Prices.test_x)", str(test))
        self.assertEqual("shop.tests.Prices.test_x", test.id())
        self.assertEqual("<test_x (shop.tests.Prices.test_x)>", repr(test))
        self.assertEqual((3, None), (test.countTestCases(), test.shortDescription()))

    def test_the_id_of_a_part_has_its_description(self) -> None:
        part = RecordedTest.part(ref("test_x"), "test_x (shop.tests.Prices.test_x) [odd] (i=1)")

        self.assertEqual("test_x (shop.tests.Prices.test_x) [odd] (i=1)", str(part))
        self.assertEqual("shop.tests.Prices.test_x [odd] (i=1)", part.id())

    def test_a_fixture_has_one_name(self) -> None:
        part = RecordedTest.part(ref("test_x"), "setUpClass (shop.tests.Prices)")

        self.assertEqual(["setUpClass (shop.tests.Prices)"] * 2, [str(part), part.id()])


class OtherStandInTest(unittest.TestCase):
    """Modules and things have what is shown of them."""

    def test_failures(self) -> None:
        self.assertEqual(("shop", None), (RecordedFailure("shop").module, RecordedFailure("shop").exc_info))

    def test_things(self) -> None:
        self.assertEqual("[<Till>, [1]]", repr(shown(["<Till>", "[1]"])))

    def test_cycles(self) -> None:
        self.assertEqual([["{'a': 1,", " 'b': 2}"], ["<Till>"]], cycle_lines("{'a': 1,\n    'b': 2}\n<Till>"))
        self.assertEqual([["   odd"]], cycle_lines("   odd"))
