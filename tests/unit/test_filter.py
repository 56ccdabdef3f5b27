"""Tests of `zope.testrunner.filter`."""

from __future__ import annotations

import os
import tempfile
import types
import unittest

from zope.testrunner.core.config import Config, Execution, Selection
from zope.testrunner.core.model import LayerName, Levels, Plan, Reason, Rejected
from zope.testrunner.exceptions import UsageError
from zope.testrunner.filter import UNITTEST_LAYER, Filter, build_filtering_func, closest, explain_empty, select


def nothing():
    """A test to fill plans with."""
    return unittest.FunctionTestCase(print)


def plan_of(*names, **more):
    """A plan with one test in each layer."""
    return Plan.of({name: unittest.TestSuite([nothing()]) for name in names}, **more)


class TestPatterns(unittest.TestCase):
    """build_filtering_func"""

    def accepted(self, *patterns):
        accept = build_filtering_func(patterns)
        return [text for text in ("xy", "xz", "y", "z", "") if accept(text)]

    def test_what_one_selects_and_none_rejects_is_accepted(self):
        for patterns, expected in (
            ((), []),
            ((".",), ["xy", "xz", "y", "z"]),
            (("x",), ["xy", "xz"]),
            (("x", "z"), ["xy", "xz", "z"]),
            (("!x",), ["y", "z"]),
            (("!x", "!y"), ["z"]),
            (("x", "!y"), ["xz"]),
            (("y", "!y"), []),
            (("^z|y$",), ["xy", "y", "z"]),
            (("",), ["xy", "xz", "y", "z", ""]),
            (("!",), []),
            (("!!x",), ["xy", "xz", "y", "z"]),
        ):
            with self.subTest(patterns):
                self.assertEqual(expected, self.accepted(*patterns))

    def test_case_matters(self):
        self.assertEqual([], self.accepted("X"))

    def test_the_standard_pattern_is_that_regular_expression(self):
        accept, same = build_filtering_func(["."]), build_filtering_func([".", "."])
        for text in ("", "\n", "\n\n", "a", "a\n", "\na", " "):
            with self.subTest(text):
                self.assertEqual(same(text), accept(text))

    def test_a_bad_pattern_is_a_usage_error(self):
        with self.assertRaisesRegex(UsageError, r"filter '\[' is not a regular expression: unterminated"):
            build_filtering_func(["["])


class TestSelect(unittest.TestCase):
    """Which layers stay."""

    plan = plan_of(UNITTEST_LAYER, "a.Red", "a.Green", "b.Red")

    def names(self, resume=None, **selection):
        return list(select(self.plan, Selection(**selection), resume).names())

    def test_without_any_filter_all_stay(self):
        self.assertEqual([UNITTEST_LAYER, "a.Red", "a.Green", "b.Red"], self.names())

    def test_layers_are_chosen_by_pattern(self):
        self.assertEqual(["a.Red", "b.Red"], self.names(layer=("Red",)))
        self.assertEqual([UNITTEST_LAYER, "a.Green"], self.names(layer=("!Red",)))

    def test_unit_tests_are_left_out(self):
        self.assertEqual(["a.Red", "a.Green", "b.Red"], self.names(non_unit=True))
        self.assertEqual([], self.names(non_unit=True, layer=("UnitTests",)))

    def test_unit_tests_only(self):
        self.assertEqual([UNITTEST_LAYER], self.names(unit=True, layer=(UNITTEST_LAYER,)))

    def test_a_child_runs_its_layer_alone(self):
        self.assertEqual(["a.Red"], self.names("a.Red"))
        self.assertEqual(["a.Red"], self.names("a.Red", layer=("Green",)))
        self.assertEqual([], self.names(UNITTEST_LAYER, non_unit=True))

    def test_what_is_left_out_is_noted(self):
        found = select(self.plan, Selection(layer=("Red",), non_unit=True))

        self.assertEqual(
            (Rejected(Reason.UNIT, 1, (UNITTEST_LAYER,)), Rejected(Reason.LAYER, 1, ("a.Green",))), found.rejected
        )

    def test_the_plan_that_was_given_stays_as_it_is(self):
        select(self.plan, Selection(layer=("nothing",)))

        self.assertEqual(4, len(self.plan.layers))

    def test_the_feature_selects(self):
        config = Config(select=Selection(layer=("Red",)), execute=Execution(resume_layer=LayerName("b.Red")))
        feature = Filter(types.SimpleNamespace(config=config))

        self.assertEqual(("b.Red",), feature.arrange(self.plan).names())


class TestExplaining(unittest.TestCase):
    """The line for a run without tests."""

    def explain(self, *rejected, import_failures=(), **selection):
        return explain_empty(Plan((), import_failures, rejected), Selection(**selection))

    def test_there_is_nothing_to_explain_about_a_plan_with_tests(self):
        self.assertIsNone(explain_empty(plan_of("a.B"), Selection()))

    def test_modules_that_were_not_removed_count_as_well(self):
        modules = Rejected(Reason.MODULE, 3, ("a", "b", "c"), 5)

        self.assertIn(
            "3 of 5 modules removed by the module filter -m 'd', 2 of 2 tests",
            self.explain(modules, Rejected(Reason.TEST, 2), module=("d",), test=("x",)),
        )

    def test_a_misspelled_test(self):
        names = ("test_y0 (samples.tests.TestA.test_y0)", "test_x1 (samples.tests.TestA.test_x1)")

        self.assertEqual(
            "No test selected: 34 of 34 tests removed by the test filter -t 'tset_x1'; "
            "did you mean test_x1 (samples.tests.TestA.test_x1)?",
            self.explain(Rejected(Reason.TEST, 34, names), test=("tset_x1",)),
        )

    def test_a_misspelled_module(self):
        self.assertEqual(
            "No test selected: 1 of 1 module removed by the module filter -m 'smaples'; did you mean samples.tests?",
            self.explain(Rejected(Reason.MODULE, 1, ("samples.tests",)), module=("smaples",)),
        )

    def test_a_misspelled_layer(self):
        self.assertEqual(
            "No test selected: 2 of 2 tests removed by the layer filter --layer 'Layr' --layer '!x'; did you mean a.Layer?",
            self.explain(Rejected(Reason.LAYER, 2, ("a.Layer",)), layer=("Layr", "!x")),
        )

    def test_nothing_that_is_close(self):
        self.assertEqual(
            "No test selected: 2 of 2 tests removed by the test filter -t 'qqqqqq'; the first name left out is test_a",
            self.explain(Rejected(Reason.TEST, 2, ("test_a", "test_b")), test=("qqqqqq",)),
        )

    def test_levels(self):
        self.assertEqual(
            "No test selected: 3 of 3 tests removed by --at-level 1; --all runs the tests of all levels",
            self.explain(Rejected(Reason.LEVEL, 3, ("test_a",))),
        )
        self.assertIn(
            "removed by --only-level 7;", self.explain(Rejected(Reason.LEVEL, 3), levels=Levels(only=7))
        )

    def test_only_unit_tests_and_none_of_them(self):
        self.assertEqual(
            "No test selected: 2 of 2 tests removed by --unit",
            self.explain(Rejected(Reason.LAYER, 2, ("a.B",)), unit=True, layer=(UNITTEST_LAYER,)),
        )
        self.assertEqual(
            "No test selected: 2 of 2 tests removed by --non-unit",
            self.explain(Rejected(Reason.UNIT, 2, (UNITTEST_LAYER,)), non_unit=True),
        )

    def test_several_filters_share_the_blame(self):
        self.assertEqual(
            "No test selected: 1 of 1 module removed by the module filter -m 'x', "
            "2 of 5 tests removed by --at-level 1, 3 by the test filter -t 'test_bb'; did you mean test_b?",
            self.explain(
                Rejected(Reason.MODULE, 1, ("mod",)),
                Rejected(Reason.LEVEL, 2, ("test_a",)),
                Rejected(Reason.TEST, 3, ("test_b",)),
                module=("x",),
                test=("test_bb",),
            ),
        )

    def test_a_child_without_its_layer(self):
        self.assertIn("removed by the choice of one layer", self.explain(Rejected(Reason.OTHER_JOB, 1, ("a.B",))))

    def test_nowhere_to_look(self):
        self.assertEqual(
            "No test selected: there is no place to look for tests; name a directory with --path or --test-path",
            self.explain(),
        )

    def test_a_place_that_is_not_there(self):
        with tempfile.TemporaryDirectory() as place:
            missing = os.path.join(place, "missing")

            self.assertEqual(
                f"No test selected: {missing} (--path, --test-path) is not a directory",
                self.explain(paths=(place, missing)),
            )

    def test_nothing_in_any_place(self):
        with tempfile.TemporaryDirectory() as place:
            text = self.explain(paths=(place,), tests_pattern="^checks$", test_file_pattern="^check")
            of_package = self.explain(paths=(place,), packages=("shop",))

        self.assertIn(f"no test module found in {place};", text)
        self.assertIn("'^checks$' (--tests-pattern)", text)
        self.assertIn("'^check' (--test-file-pattern)", text)
        self.assertIn("found in shop (--package), as far as", of_package)

    def test_modules_that_could_not_be_imported(self):
        self.assertEqual(
            "No test selected: 1 module could not be imported, and there are no others",
            self.explain(import_failures=(nothing(),)),
        )
        self.assertEqual(
            "No test selected: 1 of 1 test removed by --non-unit, 2 modules could not be imported",
            self.explain(Rejected(Reason.UNIT, 1), import_failures=(nothing(), nothing()), non_unit=True),
        )


class TestCloseness(unittest.TestCase):
    """closest"""

    def test_words_and_dotted_parts_are_compared(self):
        names = ("test_alpha (pkg.deep.TestThing.test_alpha)", "test_beta (pkg.other.TestOther.test_beta)")

        self.assertEqual(names[0], closest(["TestThnig"], names))
        self.assertEqual(names[1], closest(["pkg.othr.TestOther"], names))
        self.assertEqual(names[1], closest([r"^tets_beta$"], names))

    def test_a_part_between_underscores_will_do(self):
        names = ["test_begins_without_titles (m.T.test_begins_without_titles)", "test_other (m.T.test_other)"]

        self.assertEqual(names[0], closest(["beginns"], names))

    def test_rejecting_patterns_look_for_nothing(self):
        self.assertIsNone(closest(["!test_alpha"], ["test_alpha"]))

    def test_nothing_is_close_to_a_pattern_of_signs(self):
        self.assertIsNone(closest([".*+", "^$"], ["test_alpha"]))
