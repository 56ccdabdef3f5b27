"""Tests of `zope.testrunner.find`."""

from __future__ import annotations

import os
import sys
import types
import unittest
from unittest import mock

from support_find import ONE_TEST, UNIT, FindCase, Layer, OtherLayer, case, suite

from zope.testrunner import find
from zope.testrunner.core.events import Discovered, ImportsSummed, Notice
from zope.testrunner.core.layer_registry import current_registry, registry_of_run
from zope.testrunner.core.model import Plan, Reason
from zope.testrunner.exceptions import DuplicateTestIDError
from zope.testrunner.options import get_options
from zope.testrunner.testing import FakeClock, RecordingSink


class TestSuites(FindCase):
    """find_suites: from files to suites."""

    def suites(self, *words):
        return list(find.find_suites(self.options(*words)))

    def test_modules(self):
        self.write("own_2/tests.py", ONE_TEST)

        (suite,) = self.suites()

        self.assertEqual(1, suite.countTestCases())

    def test_names_are_relative_to_the_innermost_search_path(self):
        self.write("deep/mod_a/tests.py", ONE_TEST)
        found = list(find.find_tests(self.options("--path", f"{self.project}/deep"))[UNIT])

        self.assertEqual(["mod_a.tests"], [type(test).__module__ for test in found])

    def test_names_have_the_package_of_their_search_path(self):
        self.write("real/pk_stitched/__init__.py", f"__path__.append({str(self.project / 'more')!r})")
        self.write("more/tests.py", ONE_TEST)
        sys.path.insert(0, str(self.project / "real"))
        options = get_options(["test", "--package-path", f"{self.project}/more", "pk_stitched"])

        self.assertEqual(["pk_stitched.tests"], [type(test).__module__ for test in find.find_tests(options)[UNIT]])

    def test_a_function_can_make_the_suite(self):
        self.write(
            "own_0/tests.py",
            """
            import unittest
            def checks(): return unittest.TestSuite([unittest.FunctionTestCase(checks)] * 3)
            """,
        )

        self.assertEqual(3, self.suites("--suite-name", "checks")[0].countTestCases())

    def test_modules_that_are_filtered_are_not_imported(self):
        self.write("mod_b/tests.py", "raise SystemExit")

        self.assertEqual([], self.suites("-m", "!mod_b"))
        self.assertNotIn("mod_b.tests", sys.modules)

    def test_a_predicate_replaces_the_filter(self):
        self.write("mod_c/tests.py", ONE_TEST)
        seen = []

        found = list(find.find_suites(self.options(), accept=seen.append))

        self.assertEqual(([], ["mod_c.tests"]), (found, seen))

    def test_load_tests_is_honoured(self):
        self.write(
            "own_1/tests.py",
            """
            import unittest
            def load_tests(loader, tests, pattern):
                return unittest.TestSuite([unittest.FunctionTestCase(load_tests)] * 2)
            """,
        )

        self.assertEqual(2, self.suites()[0].countTestCases())


class TestFindTests(FindCase):
    """find_tests: everything together."""

    def test_suites_per_layer(self):
        tests = suite(case(), case(layer=Layer), case("test_b"))

        found = find.find_tests(get_options(["test"]), [tests])

        self.assertEqual([UNIT, f"{Layer.__module__}.Layer"], list(found))
        self.assertIs(unittest.TestSuite, type(found[UNIT]))
        self.assertEqual([2, 1], [each.countTestCases() for each in found.values()])

    def test_few_options_will_do_for_given_suites(self):
        options = types.SimpleNamespace(
            keepbytecode=True, test=["."], module=["."], at_level=1, only_level=None, require_unique_ids=False
        )

        self.assertEqual([UNIT], list(find.find_tests(options, [suite(case())])))

    def test_start_up_failures_are_under_none(self):
        self.write("failing_a/tests.py", "")
        self.write("working_a/tests.py", ONE_TEST)

        found = find.find_tests(self.options())

        self.assertEqual({None: 1, UNIT: 1}, {name: each.countTestCases() for name, each in found.items()})

    def test_one_name_in_two_modules_is_not_unique(self):
        for name in ("unique_a", "unique_b"):
            self.write(
                f"{name}/tests.py",
                """
                import unittest
                class Named(unittest.TestCase):
                    def runTest(self): pass
                    def __str__(self): return "the name"
                """,
            )

        with self.assertRaises(DuplicateTestIDError) as caught:
            find.find_tests(self.options("--require-unique"))

        self.assertEqual("Duplicate test IDs found:\n  the name", str(caught.exception))
        self.assertEqual(2, find.find_tests(self.options())[UNIT].countTestCases())

    def test_nothing_is_found_in_no_place(self):
        self.assertEqual({}, find.find_tests(get_options(["test"])))


class TestNames(unittest.TestCase):
    """Names of layers and modules."""

    def test_import_name_returns_the_innermost_module(self):
        self.assertIs(os.path, find.import_name("os.path"))

    def test_layers_by_name_are_those_of_the_run(self):
        with registry_of_run():
            name = find.name_from_layer(Layer)
            cache = find._layer_name_cache

            self.assertEqual(f"{Layer.__module__}.Layer", name)
            self.assertEqual({name: Layer}, dict(cache))
            cache["x"] = OtherLayer
            self.assertIs(OtherLayer, current_registry().layers["x"])
            cache.clear()
            self.assertEqual({}, current_registry().layers)
            with self.assertRaises(KeyError):
                cache["x"]

        self.assertNotIn(name, find._layer_name_cache)


class TestFeature(FindCase):
    """The step in a run."""

    def runner(self, *words, found_suites=None):
        sink = RecordingSink()
        return types.SimpleNamespace(
            options=self.options(*words),
            found_suites=found_suites,
            clock=FakeClock(),
            worker=0,
            plan=Plan(),
            emit=sink.events.append,
            events=sink.events,
            of=sink.of,
        )

    def arrange(self, runner, plan=None):
        feature = find.Find(runner)
        feature.global_setup()
        runner.plan = feature.arrange(plan or Plan())
        return feature

    def test_tests_come_into_the_plan(self):
        self.write("own_3/tests.py", ONE_TEST)
        runner = self.runner()

        self.arrange(runner)

        self.assertEqual(((UNIT,), 1), (runner.plan.names(), runner.plan.size))
        (event,) = runner.events
        self.assertEqual((1, 1, ()), (event.tests, event.layers, event.import_failures))

    def test_given_suites_replace_the_search(self):
        self.write("own_4/tests.py", ONE_TEST)
        runner = self.runner(found_suites=[suite(case(layer=Layer))])

        self.arrange(runner)

        self.assertEqual((f"{Layer.__module__}.Layer",), runner.plan.names())

    def test_what_is_planned_already_stays_unless_it_has_the_same_name(self):
        runner = self.runner(found_suites=[suite(case())])

        self.arrange(runner, Plan.of({"a.B": suite(case()), UNIT: suite(case(), case())}))

        self.assertEqual({"a.B": 1, UNIT: 1}, {layer.name: layer.size for layer in runner.plan.layers})

    def test_import_problems_are_said_once_and_summed_up_at_the_end(self):
        self.write("broken_a/tests.py", "import nothing_of_this_name")
        runner = self.runner()

        self.arrange(runner).report()

        (discovered,) = runner.of(Discovered)
        (failure,) = discovered.import_failures
        self.assertEqual("broken_a.tests", failure.module)
        self.assertIn("import nothing_of_this_name", failure.problem.traceback)
        self.assertEqual(runner.plan.import_failures, discovered.live)
        self.assertEqual([("broken_a.tests",)], [event.modules for event in runner.of(ImportsSummed)])

    def test_without_import_problems_there_is_no_sum(self):
        runner = self.runner()

        self.arrange(runner).report()

        self.assertEqual([], runner.of(ImportsSummed))

    def test_what_filters_leave_out_is_counted_and_named_if_nothing_is_left(self):
        self.write("counted_a/tests.py", ONE_TEST)
        self.write("counted_b/tests.py", ONE_TEST)
        runner = self.runner("-m", "_b", "-t", "nothing")

        self.arrange(runner)

        self.assertEqual(
            [
                (Reason.MODULE, 1, ("counted_a.tests",)),
                (Reason.TEST, 1, (str(sys.modules["counted_b.tests"].TestThing("test_one")),)),
            ],
            [(entry.reason, entry.count, entry.names) for entry in runner.plan.rejected],
        )

    def test_and_only_counted_otherwise(self):
        runner = self.runner(found_suites=[suite(case(level=2), case(), case("test_b", level=3))])

        self.arrange(runner)

        self.assertEqual(
            [(Reason.LEVEL, 2, ())], [(entry.reason, entry.count, entry.names) for entry in runner.plan.rejected]
        )

    def test_the_function_of_the_module_may_be_replaced(self):
        failure = find.StartUpFailure(None, "a.b", None)
        runner = self.runner()
        with mock.patch.object(find, "find_tests", return_value={"x.Y": suite(case()), None: suite(failure)}):
            self.arrange(runner)

        self.assertEqual((("x.Y",), (failure,)), (runner.plan.names(), runner.plan.import_failures))

    def test_start_up_failures_of_others_count_as_well(self):
        strange = case()
        runner = self.runner()
        with mock.patch.object(find, "find_tests", return_value={None: suite(strange)}):
            self.arrange(runner).report()

        self.assertEqual([str(strange)], [failure.module for failure in runner.of(Discovered)[0].import_failures])
        self.assertEqual([(str(strange),)], [event.modules for event in runner.of(ImportsSummed)])

    def test_removed_bytecode_is_said(self):
        self.touch("y.pyc")
        runner = self.runner()

        self.arrange(runner)

        (notice,) = runner.of(Notice)
        self.assertEqual(f"Removing stale bytecode file {self.project / 'y.pyc'}", notice.text)

    def test_paths_are_importable_before_anything_is_searched(self):
        find.Find(self.runner()).global_setup()

        self.assertEqual(str(self.project), sys.path[0])


class TestCollections(unittest.TestCase):
    def test_what_was_found_counts_as_old_afterwards(self):
        import gc

        with find._rare_collections():
            found = [[] for _ in range(5000)]

        young = {id(each) for each in gc.get_objects(generation=0)}
        self.assertFalse(any(id(each) in young for each in found))

    def test_what_a_project_has_frozen_stays_frozen(self):
        import gc

        gc.freeze()
        self.addCleanup(gc.unfreeze)
        with find._rare_collections():
            pass

        self.assertGreater(gc.get_freeze_count(), 0)
