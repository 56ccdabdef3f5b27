"""From suites to tests with their layers."""

from __future__ import annotations

import sys
import unittest
from unittest import mock

from support_find import UNIT, Layer, OtherLayer, Sample, case, suite

from zope.testrunner import find
from zope.testrunner.core.layer_registry import current_registry, registry_of_run
from zope.testrunner.exceptions import DiscoveryError, LayerError
from zope.testrunner.layer import UnitTests
from zope.testrunner.options import get_options


class TestFlattening(unittest.TestCase):
    """tests_from_suite: from suites to tests with layers."""

    def setUp(self):
        registry = registry_of_run()
        registry.__enter__()
        self.addCleanup(registry.__exit__, None, None, None)

    def found(self, tests, *words, **more):
        options = get_options(["test", *words])
        return [(test, layer) for test, layer in find.tests_from_suite(tests, options, **more)]

    def layers(self, tests):
        return [layer and layer.rpartition(".")[2] for _, layer in self.found(tests)]

    def test_tests_without_a_layer_are_unit_tests(self):
        test = case()

        self.assertEqual([(test, UNIT)], self.found(suite(suite(test))))

    def test_order_is_kept(self):
        tests = [case(), case("test_b"), case(), case("test_b")]

        self.assertEqual(tests, [test for test, _ in self.found(suite(tests[0], suite(*tests[1:3]), tests[3]))])

    def test_the_most_specific_layer_wins(self):
        tests = suite(case(), suite(case(layer=OtherLayer), case()), suite(case(), layer=OtherLayer), case(), layer=Layer)

        self.assertEqual(["Layer", "OtherLayer", "Layer", "OtherLayer", "Layer"], self.layers(tests))

    def test_a_layer_of_the_class_counts(self):
        with mock.patch.object(Sample.Case, "layer", Layer, create=True):
            self.assertEqual(["Layer"], self.layers(suite(case(), layer=OtherLayer)))

    def test_a_layer_may_be_named(self):
        self.assertEqual("some.where.Layer", self.found(case(layer="some.where.Layer"))[0][1])

    def test_layers_are_remembered_by_name(self):
        self.found(case(layer=Layer))

        self.assertIs(Layer, current_registry().layers[f"{Layer.__module__}.Layer"])

    def test_what_cannot_be_a_layer_is_a_layer_that_cannot_be_found_and_names_its_test(self):
        class Odd:
            @property
            def __name__(self):
                raise ValueError("no name")

        class Unhashable:
            __name__ = "Unhashable"
            __hash__ = None

        for wrong in (None, 3, Odd(), Unhashable()):
            with self.subTest(type(wrong)), registry_of_run() as registry:
                name = self.found(case(layer=wrong))[0][1]

                self.assertRegex(name, r"\.layer$")
                with self.assertRaisesRegex(LayerError, r"test_a .*cannot be used as a layer"):
                    registry.find(name)

    def test_the_number_of_a_layer_does_not_depend_on_filters_of_tests(self):
        class Instance:
            __name__ = "Instance"
            __bases__ = ()

        with registry_of_run():
            tests = suite(case(layer=Instance(), level=5), case(layer=Instance()))

            self.assertEqual([f"{__name__}.Instance#2"], [layer for _, layer in self.found(tests)])

    def test_levels(self):
        tests = suite(case(), suite(case(level=1), case(), level=3), case(level=2))
        for words, expected in (
            ((), 2),
            (("-a", "2"), 3),
            (("-a", "3"), 4),
            (("-a", "0"), 4),
            (("--all",), 4),
            (("--only-level", "3"), 1),
            (("--only-level", "3", "--all"), 1),
            (("--only-level", "4"), 0),
        ):
            with self.subTest(words):
                self.assertEqual(expected, len(self.found(tests, *words)))

    def test_levels_and_layers_can_be_given_from_outside(self):
        self.assertEqual([], self.found(case(), dlevel=2))
        self.assertEqual("a.B", self.found(case(), dlayer="a.B")[0][1])
        self.assertEqual(UNIT, self.found(case(), dlayer=UnitTests)[0][1])

    def test_a_test_whose_name_cannot_be_made(self):
        class Nameless(unittest.TestCase):
            def __str__(self):
                raise ValueError("no name")

            def runTest(self):
                """Nothing."""

        for words in ((), ("-t", "a"), ("--require-unique",)):
            with (
                self.subTest(words),
                self.assertRaisesRegex(DiscoveryError, r"^A test of .*Nameless has no name: ValueError in .*; mend its"),
            ):
                self.found(suite(Nameless()), *words)

    def test_a_level_that_is_no_number(self):
        with self.assertRaisesRegex(DiscoveryError, r"test_a \(.*has level 'high', which is not a number; mend"):
            self.found(case(level="high"))

    def test_tests_are_filtered_by_name(self):
        tests = suite(case(), case("test_b"))

        self.assertEqual(["test_b"], [test._testMethodName for test, _ in self.found(tests, "-t", "test_b")])
        self.assertEqual(["test_a"], [test._testMethodName for test, _ in self.found(tests, "-t", "!test_b")])
        self.assertEqual([], self.found(tests, accept=lambda text: False))

    def test_a_test_without_a_name_is_never_selected(self):
        self.assertEqual([], self.found(Sample.Unnamed()))

    def test_standard_names_are_not_made_for_the_standard_filter(self):
        with mock.patch.object(unittest.TestCase, "id", side_effect=AssertionError), mock.patch.object(
            unittest.util, "strclass", side_effect=AssertionError
        ):
            self.assertEqual(1, len(self.found(case())))

    def test_objects_that_are_no_test_cases(self):
        class Check:
            def __call__(self, result):
                pass

            def countTestCases(self):
                return 1

            def __str__(self):
                return "a check"

        self.assertEqual(1, len(self.found(suite(Check()), "-t", "a check")))

    def test_start_up_failures_have_no_layer_and_pass_all_filters(self):
        failure = find.StartUpFailure(None, "a.b", None)

        self.assertEqual([(failure, None)], self.found(failure, "-t", "nothing", "--only-level", "5"))
        self.assertEqual([(failure, None)], self.found(suite(failure, layer=Layer)))

    def test_suites_may_be_nested_deeply(self):
        tests = suite(case())
        for _ in range(3 * sys.getrecursionlimit()):
            tests = suite(tests)

        self.assertEqual(1, len(self.found(tests)))
        while tests._tests and isinstance(tests._tests[0], unittest.TestSuite):
            tests = tests._tests.pop()

    def test_names_are_recorded_for_uniqueness(self):
        seen, twice = set(), set()
        tests = suite(case(level=9), case("test_b"), case("test_b"))
        names = {str(case()), str(case("test_b"))}

        self.found(tests, "--require-unique", "-t", "nothing", seen_test_ids=seen, duplicated_test_ids=twice)

        self.assertEqual((names, {str(case("test_b"))}), (seen, twice))

    def test_and_otherwise_not(self):
        seen = set()

        self.found(suite(case(), case()), seen_test_ids=seen)

        self.assertEqual(set(), seen)
