"""Tests of `zope.testrunner.find`."""

from __future__ import annotations

import io
import os
import sys
import textwrap
import traceback
import types
import unittest
from unittest import mock

import support
from zope.testrunner import find
from zope.testrunner.core.events import Discovered, ImportsSummed, Notice
from zope.testrunner.core.layer_registry import current_registry, registry_of_run
from zope.testrunner.core.model import Plan, Reason
from zope.testrunner.discovery import loader
from zope.testrunner.exceptions import DiscoveryError, DuplicateTestIDError, EndRun, LayerError, UsageError
from zope.testrunner.layer import UnitTests
from zope.testrunner.options import get_options
from zope.testrunner.testing import FakeClock, RecordingSink

UNIT = "zope.testrunner.layer.UnitTests"

ONE_TEST = """
    import unittest
    class TestThing(unittest.TestCase):
        def test_one(self): pass
"""


class FindCase(support.ProjectCase):
    """A project to find tests in; what is imported from it is forgotten afterwards."""

    def setUp(self):
        super().setUp()
        modules, path = set(sys.modules), list(sys.path)

        def forget():
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if str(self.project) in str(getattr(sys.modules[name], "__path__", "")) + str(
                    getattr(sys.modules[name], "__file__", "")
                ):
                    del sys.modules[name]
            sys.path_importer_cache.clear()

        self.addCleanup(forget)
        registry = registry_of_run()
        registry.__enter__()
        self.addCleanup(registry.__exit__, None, None, None)

    def options(self, *words):
        return get_options(["test", "--path", str(self.project), *words])

    def files(self, *words):
        """The test files, relative to the project."""
        found = find.find_test_files(self.options(*words))
        return [os.path.relpath(path, self.project).replace(os.sep, "/") for path, _ in found]

    def package(self, name):
        """Make a package with everything above it."""
        parts = name.split("/")
        for length in range(1, len(parts) + 1):
            self.write("/".join([*parts[:length], "__init__.py"]), "")

    def touch(self, *names):
        for name in names:
            self.write(name, "")


class TestWalk(FindCase):
    """walk_with_symlinks"""

    def walked(self, *words):
        options = self.options(*words)
        return [
            (os.path.relpath(path, self.project).replace(os.sep, "/"), list(dirs), files)
            for path, dirs, files in find.walk_with_symlinks(options, str(self.project))
        ]

    def test_names_are_sorted_and_directories_come_before_what_is_in_them(self):
        self.touch("b/y.py", "b/x.py", "a/deep/z.py", "top.py")

        self.assertEqual(
            [(".", ["a", "b"], ["top.py"]), ("a", ["deep"], []), ("a/deep", [], ["z.py"]), ("b", [], ["x.py", "y.py"])],
            self.walked(),
        )

    def test_ignored_directories_are_left_out_at_every_level(self):
        self.touch(".git/x", "a/.git/x", "a/skipped/x", "skipped/x", "{arch}/x")

        self.assertEqual([(".", ["a"], []), ("a", [], [])], self.walked("--ignore_dir", "skipped"))

    def test_links_come_first(self):
        self.touch("a/x", "z/y")
        (self.project / "link").symlink_to("z")

        self.assertEqual([".", "link", "a", "z"], [path for path, _, _ in self.walked()])

    def test_links_in_circles_are_not_followed(self):
        self.touch("a/b/x")
        (self.project / "a" / "loop").symlink_to(".")
        (self.project / "a" / "b" / "up").symlink_to(self.project)

        self.assertEqual([".", "a", "a/b"], [path for path, _, _ in self.walked()])

    def test_links_to_each_other_are_followed_once_each(self):
        self.touch("a/x", "b/y")
        (self.project / "a" / "to_b").symlink_to("../b")
        (self.project / "b" / "to_a").symlink_to("../a")

        self.assertEqual([".", "a", "a/to_b", "b", "b/to_a"], [path for path, _, _ in self.walked()])

    def test_dangling_links_are_files(self):
        (self.project / "dangling").symlink_to("nothing")

        self.assertEqual([(".", [], ["dangling"])], self.walked())

    def test_the_consumer_can_keep_the_walk_out(self):
        self.touch("a/x", "b/x")
        found = []
        for path, dirs, _ in find.walk_with_symlinks(self.options(), str(self.project)):
            found.append(os.path.basename(path))
            dirs[:] = [name for name in dirs if name != "a"]

        self.assertEqual(["b"], found[1:])

    def test_what_is_not_there_is_empty(self):
        self.assertEqual([], list(find.walk_with_symlinks(self.options(), str(self.project / "missing"))))


class TestFiles(FindCase):
    """Which files hold tests."""

    def test_modules_of_the_name_anywhere(self):
        self.touch("tests.py", "plain/deep/tests.py", "plain/test_x.py", "plain/mytests.py")

        self.assertEqual(["tests.py", "plain/deep/tests.py"], self.files())

    def test_test_files_in_packages_of_the_name(self):
        self.touch("p/tests/__init__.py", "p/tests/test_b.py", "p/tests/test_a.py", "p/tests/helper.py", "p/tests/tests.py")
        self.touch("q/tests/test_c.py", "q/tests/tests.py")

        self.assertEqual(
            ["p/tests/test_a.py", "p/tests/test_b.py", "p/tests/tests.py", "q/tests/tests.py"], self.files()
        )

    def test_patterns_may_match_anywhere_in_a_name(self):
        self.touch("my_checks/__init__.py", "my_checks/it_works.py", "my_checks/other.py", "checks_too.py")

        self.assertEqual(
            ["checks_too.py", "my_checks/it_works.py"],
            self.files("--tests-pattern", "checks", "--test-file-pattern", "works$"),
        )

    def test_names_of_files_need_not_be_identifiers(self):
        self.touch("gc-after.py")

        self.assertEqual(["gc-after.py"], self.files("--tests-pattern", "^gc-"))

    def test_names_of_directories_have_to_be_identifiers(self):
        names = ("CamelCase", "_x", "unicöde", "x1")
        self.touch(*(f"{name}/tests.py" for name in (*names, "with-dash", "with blank", "1x", "ünder", "egg-1.2-py3.egg")))
        self.touch("node_modules/tests.py", "__pycache__/tests.py", ".git/tests.py")

        self.assertEqual(sorted(f"{name}/tests.py" for name in names), sorted(self.files()))

    def test_a_file_that_is_reached_twice_is_used_once(self):
        self.touch("a/tests.py")

        self.assertEqual(["a/tests.py"], self.files("--path", str(self.project / "a"), "--test-path", str(self.project)))

    def test_compiled_files_count_if_asked_for(self):
        self.touch("p/tests/__init__.pyc", "p/tests/test_a.pyc", "p/tests/test_b.py", "p/tests/test_b.pyc")

        self.assertEqual([], self.files())
        self.assertEqual(["p/tests/test_a.pyc", "p/tests/test_b.py"], self.files("--usecompiled"))

    def test_extensions(self):
        options = self.options()
        compiled = self.options("--usecompiled")

        self.assertEqual("/a/b", find.strip_py_ext(options, "/a/b.py"))
        self.assertIsNone(find.strip_py_ext(options, "/a/b.txt"))
        self.assertIsNone(find.strip_py_ext(options, "/a/b.pyc"))
        self.assertEqual("/a/b", find.strip_py_ext(compiled, "/a/b.pyc"))

    def test_packages(self):
        self.assertTrue(find.contains_init_py(self.options(), ["a.py", "__init__.py"]))
        self.assertFalse(find.contains_init_py(self.options(), ["a.py", "__init__.pyc"]))
        self.assertTrue(find.contains_init_py(self.options("--usecompiled"), ["__init__.pyc"]))

    def test_identifiers(self):
        for name, expected in (("a", True), ("_", True), ("A9é", True), ("9a", False), ("a-b", False), ("a ", False)):
            with self.subTest(name):
                self.assertIs(expected, bool(find.identifier(name)))


class TestRoots(FindCase):
    """test_dirs: where the search starts."""

    def roots(self, *words):
        return list(find.test_dirs(self.options(*words), {}))

    def test_without_packages_these_are_the_search_paths(self):
        options = types.SimpleNamespace(package=None, test_path=[("/a", ""), ("/b", "pkg")])

        self.assertEqual([("/a", ""), ("/b", "pkg")], list(find.test_dirs(options, {})))

    def test_with_packages_these_are_their_directories(self):
        self.package("pk_a/sub")
        self.package("pk_b")

        self.assertEqual(
            [(str(self.project / "pk_b"), ""), (str(self.project / "pk_a" / "sub"), "")],
            self.roots("-s", "pk_b", "-s", "pk_a.sub", "-s", "pk_b"),
        )

    def test_a_directory_can_name_a_package(self):
        self.package("pk_c/sub")

        self.assertEqual([(str(self.project / "pk_c" / "sub"), "")], self.roots("-s", f"{self.project}/pk_c/sub/"))

    def test_a_namespace_package_has_several_directories(self):
        self.touch("one/pk_ns/a/__init__.py", "two/pk_ns/b/__init__.py")

        found = self.roots("--path", f"{self.project}/one", "--path", f"{self.project}/two", "-s", "pk_ns")

        self.assertEqual({str(self.project / "one/pk_ns"), str(self.project / "two/pk_ns")}, {path for path, _ in found})

    def test_a_package_outside_of_the_search_paths_has_no_tests(self):
        self.touch("in/x.py")
        self.package("out/pk_out")
        sys.path.insert(0, str(self.project / "out"))
        options = get_options(["test", "--path", f"{self.project}/in", "-s", "pk_out"])

        self.assertEqual([], list(find.test_dirs(options, {})))

    def test_unless_search_paths_are_extended(self):
        self.touch("in/x.py", "out/pk_auto/tests.py")
        self.package("out/pk_auto")
        sys.path.insert(0, str(self.project / "out"))
        options = get_options(["test", "--path", f"{self.project}/in", "-s", "pk_auto", "--auto-path"])

        self.assertEqual([(str(self.project / "out/pk_auto"), "pk_auto")], list(find.test_dirs(options, {})))
        self.assertIn((str(self.project / "out/pk_auto") + os.sep, "pk_auto"), options.prefix)

    def test_what_cannot_be_imported_is_one_clear_line(self):
        self.write("pk_bad/__init__.py", "import no_such_module_at_all")
        self.write("pk_module.py", "")
        for name, text in (
            ("pk_missing", "Cannot import package 'pk_missing' (--package): ModuleNotFoundError: No module named"),
            ("pk_bad", f"no_such_module_at_all' ({self.project}/pk_bad/__init__.py, line 1); give"),
            ("pk_module", "'pk_module' (--package) is a module and not a package; use --module '^pk_module$'"),
            ("./pk_bad", "'..pk_bad' (--package): its directory is not below a search path"),
            (str(self.project), "without a name (--package): a search path itself was given; name a package below it"),
        ):
            with self.subTest(name):
                with self.assertRaises(UsageError) as caught:
                    self.roots("-s", name)

                self.assertEqual(1, caught.exception.status)
                self.assertIn(text, str(caught.exception))
                self.assertNotIn("\n", str(caught.exception))

    def test_paths_are_put_in_front_in_their_order_and_once(self):
        first, second, there = (str(self.project / name) for name in ("a", "b", "c"))
        sys.path.append(there)
        options = get_options(["test", "--path", first, "--path", there, "--path", second, "--test-path", "/x"])

        list(find.test_dirs(options, {}))
        list(find.test_dirs(options, {}))

        self.assertEqual([first, second], sys.path[:2])
        self.assertEqual(1, sys.path.count(there))
        self.assertNotIn("/x", sys.path)


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


class TestStartUpFailures(FindCase):
    """Modules that have no suite to give."""

    def failure(self, text):
        name = f"failing_{self.id().rsplit('.', 1)[-1]}"
        self.write(f"{name}/tests.py", text)
        (failure,) = find.find_suites(self.options())
        self.assertIsInstance(failure, find.StartUpFailure)
        self.assertEqual(f"{name}.tests", failure.module)
        # Not by `traceback.format_exception`, which the runner replaces while it runs these tests.
        return failure, "".join(traceback.TracebackException(*failure.exc_info).format())

    def test_import_problems_show_the_users_frames(self):
        failure, text = self.failure("import nothing_of_this_name\n")

        self.assertIs(ModuleNotFoundError, failure.exc_info[0])
        self.assertIn("tests.py", failure.exc_info[2].tb_frame.f_code.co_filename)
        self.assertIn("import nothing_of_this_name", text)
        self.assertNotIn("find.py", text)

    def test_exits_are_problems(self):
        self.assertIs(SystemExit, self.failure("raise SystemExit(3)")[0].exc_info[0])

    def test_interruptions_are_not_caught(self):
        self.write("interrupted/tests.py", "raise KeyboardInterrupt")

        with self.assertRaises(KeyboardInterrupt):
            list(find.find_suites(self.options()))

    def test_no_tests(self):
        failure, text = self.failure("")

        self.assertEqual(f"TypeError: Module {failure.module} does not define any tests\n", text)
        self.assertIsNone(failure.exc_info[2])

    def test_a_suite_that_is_none(self):
        failure, text = self.failure("def test_suite(): return [1]")

        self.assertEqual(f"TypeError: Invalid test_suite, [1], in {failure.module}\n", text)

    def test_a_problem_while_the_suite_is_made_shows_where(self):
        _, text = self.failure("def test_suite():\n    return 1 / 0")

        self.assertIn("in test_suite\n    return 1 / 0", text)
        self.assertNotIn("find.py", text)

    def test_a_debugger_is_entered_and_nothing_is_cut(self):
        self.write("cut/tests.py", "import nothing_of_this_name")
        options = self.options()
        options.post_mortem = True
        commands, said = io.StringIO("where\ncontinue\n"), io.StringIO()

        with mock.patch("sys.stdin", commands), mock.patch("sys.stdout", said), self.assertRaises(EndRun):
            list(find.find_suites(options))

        self.assertIn("ModuleNotFoundError: No module named 'nothing_of_this_name'\n\n> ", said.getvalue())
        self.assertIn("find_suites()\n", said.getvalue())
        self.assertIn("import_name()\n", said.getvalue())

    def test_its_texts(self):
        failure = find.StartUpFailure(None, "a.b", None)

        self.assertEqual("<StartUpFailure module=a.b>", repr(failure))
        self.assertEqual("StartUpFailure: import errors in a.b.", failure.shortDescription())

    def test_under_another_runner_it_raises_what_happened(self):
        try:
            raise ValueError("cause")
        except ValueError:
            failure = find.StartUpFailure(None, "a.b", sys.exc_info())
        result = unittest.TestResult()

        failure.run(result)

        self.assertIn("ValueError: cause", result.errors[0][1])

    def test_or_fails_when_it_does_not_know(self):
        for exc_info in (None, (None, None, None), (ValueError, ValueError(), None)):
            with self.subTest(exc_info):
                result = unittest.TestResult()

                find.StartUpFailure(None, "a.b", exc_info).run(result)

                self.assertIn("could not import a.b", result.failures[0][1])

    def test_for_a_debugger_it_needs_to_know(self):
        options = types.SimpleNamespace(post_mortem=True)

        with self.assertRaisesRegex(TypeError, "full exc_info must be passed!"):
            find.StartUpFailure(options, "a.b", (None, None, None))


class Sample:
    """Tests that nobody is to run."""

    class Case(unittest.TestCase):
        def test_a(self):
            pass

        def test_b(self):
            pass

    class Unnamed(unittest.TestCase):
        def runTest(self):
            pass

        def __str__(self):
            return ""


class Layer:
    pass


class OtherLayer:
    pass


def case(method="test_a", **attributes):
    test = Sample.Case(method)
    vars(test).update(attributes)
    return test


def suite(*tests, **attributes):
    made = unittest.TestSuite(tests)
    vars(made).update(attributes)
    return made


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

        self.assertIs(Layer, current_registry().layers[f"{__name__}.Layer"])

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


class TestFindTests(FindCase):
    """find_tests: everything together."""

    def test_suites_per_layer(self):
        tests = suite(case(), case(layer=Layer), case("test_b"))

        found = find.find_tests(get_options(["test"]), [tests])

        self.assertEqual([UNIT, f"{__name__}.Layer"], list(found))
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


class TestStaleBytecode(FindCase):
    """remove_stale_bytecode"""

    def names(self):
        return sorted(str(path.relative_to(self.project)) for path in self.project.rglob("*") if path.is_file())

    def test_compiled_files_without_source_are_deleted(self):
        self.touch("a/x.pyc", "a/x.py", "a/y.pyc", "a/z.pyo", "no-identifier/w.pyc", "__pycache__/v.pyc", ".git/u.pyc")
        options = self.options()
        options.output = mock.Mock()

        find.remove_stale_bytecode(options)

        self.assertEqual([".git/u.pyc", "__pycache__/v.pyc", "a/x.py", "a/x.pyc"], self.names())
        self.assertEqual(
            [
                mock.call(f"Removing stale bytecode file {self.project / name}")
                for name in ("a/y.pyc", "a/z.pyo", "no-identifier/w.pyc")
            ],
            options.output.info.mock_calls,
        )

    def test_unless_they_are_to_stay(self):
        self.touch("a/y.pyc")
        for word in ("--keepbytecode", "--usecompiled"):
            find.remove_stale_bytecode(self.options(word))

        self.assertEqual(["a/y.pyc"], self.names())

    def test_a_file_that_cannot_be_deleted_does_not_stop_the_run(self):
        self.touch("y.pyc")
        options = self.options()
        options.output = mock.Mock()
        with mock.patch.object(os, "unlink", side_effect=PermissionError(13, "Permission denied")):
            find.remove_stale_bytecode(options)

        self.assertIn("Permission denied", str(options.output.info.mock_calls[-1]))

    def test_directories_are_read_once_for_this_and_for_tests(self):
        self.write("deep/tests.py", ONE_TEST)
        self.touch("y.pyc")
        with mock.patch.object(os, "scandir", wraps=os.scandir) as read:
            found = find.find_tests(self.options())

        self.assertEqual(1, found[UNIT].countTestCases())
        self.assertEqual([mock.call(str(self.project)), mock.call(str(self.project / "deep"))], read.mock_calls)

    def test_what_a_package_makes_when_it_is_imported_is_found(self):
        tests = str(self.project / "maker" / "tests.py")
        text = textwrap.dedent(ONE_TEST)
        self.write("maker/__init__.py", f"with open({tests!r}, 'w') as file: file.write({text!r})")

        found = find.find_tests(self.options("-s", "maker"))

        self.assertEqual([UNIT], list(found))

    def test_there_need_not_be_anybody_to_tell(self):
        self.touch("y.pyc")

        find.remove_stale_bytecode(self.options())

        self.assertEqual([], self.names())


class TestNames(unittest.TestCase):
    """Names of layers and modules."""

    def test_import_name_returns_the_innermost_module(self):
        self.assertIs(os.path, find.import_name("os.path"))

    def test_layers_by_name_are_those_of_the_run(self):
        with registry_of_run():
            name = find.name_from_layer(Layer)
            cache = find._layer_name_cache

            self.assertEqual(f"{__name__}.Layer", name)
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

        self.assertEqual((f"{__name__}.Layer",), runner.plan.names())

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


class TestTheQuickLoader(unittest.TestCase):
    def module(self, **content):
        module = types.ModuleType("quick")
        vars(module).update(content)
        return module

    def test_it_finds_the_same_tests_as_the_standard_one(self):
        def wrapped(self): ...

        class Base(unittest.TestCase):
            test_value = 3
            testing = staticmethod(wrapped)

            def test_b(self): ...

            def testC(self): ...

            def tester(self): ...

            def other(self): ...

        class Derived(Base):
            test_b = None

            def test_a(self): ...

        class OnlyRunTest(unittest.TestCase):
            def runTest(self): ...

        class Meta(type):
            def __dir__(cls):
                return ["test_a", "unlisted"]

        class Listed(Derived, metaclass=Meta): ...

        module = self.module(A=Derived, B=Base, C=OnlyRunTest, D=Listed, case=unittest.TestCase)
        quick = loader.loader_for(module)

        self.assertIsNot(unittest.defaultTestLoader, quick)
        expected, found = (
            [str(test) for each in one.loadTestsFromModule(module) for test in each]
            for one in (unittest.defaultTestLoader, quick)
        )
        self.assertEqual(expected, found)
        self.assertGreater(len(found), 7)

    def test_methods_that_somebody_adds_to_all_tests_are_found(self):
        class Plain(unittest.TestCase):
            def test_a(self): ...

        quick = loader.loader_for(self.module(A=Plain))
        before = quick.getTestCaseNames(Plain)
        with mock.patch.object(unittest.TestCase, "test_common", lambda self: None, create=True):
            self.assertEqual(["test_a", "test_common"], quick.getTestCaseNames(Plain))

        self.assertEqual(["test_a"], before)
        self.assertEqual(["test_a"], quick.getTestCaseNames(Plain))

    def test_it_is_not_used_where_somebody_could_notice(self):
        standard, module = unittest.defaultTestLoader, self.module()
        self.assertIs(standard, loader.loader_for(self.module(load_tests=None)))
        changes = {
            "testMethodPrefix": "check",
            "testNamePatterns": ["*a*"],
            "sortTestMethodsUsing": staticmethod(lambda a, b: 0),
            "getTestCaseNames": lambda self, cls: [],
        }
        for name, value in changes.items():
            with mock.patch.object(unittest.TestLoader, name, value):
                self.assertIs(standard, loader.loader_for(module), name)
            with mock.patch.object(standard, name, value, create=True):
                self.assertIs(standard, loader.loader_for(module), name)
        other = type("Other", (unittest.TestLoader,), {})()
        with mock.patch.object(unittest, "defaultTestLoader", other):
            self.assertIs(other, loader.loader_for(module))

        self.assertIsNot(standard, loader.loader_for(module))


class TestImporters(FindCase):
    """Directories with tests are not taken for zip files."""

    def asked(self, *hooks):
        """The directories of which these path hooks were asked after one that refuses and the one for zip files."""
        seen = []

        def refuse(path):
            seen.append(os.path.relpath(path, self.project))
            raise ImportError

        self.write("deep/deeper/tests.py", ONE_TEST)
        usual = [hook for hook in sys.path_hooks if hook is not find.zipimporter]
        with mock.patch.object(sys, "path_hooks", [*hooks, refuse, *usual]):
            found = find.find_tests(self.options())
        self.assertEqual(1, found[UNIT].countTestCases())
        return [path for path in seen if not path.startswith("..")]

    def test_the_other_hooks_are_asked_as_ever(self):
        zipped = mock.Mock(wraps=find.zipimporter)
        with mock.patch.object(find, "zipimporter", zipped):
            asked = self.asked(zipped)

        self.assertEqual(["deep", "deep/deeper"], sorted(path.replace(os.sep, "/") for path in asked if path != "."))
        self.assertNotIn(mock.call(str(self.project / "deep")), zipped.mock_calls)
        self.assertIn(str(self.project / "deep"), sys.path_importer_cache)

    def test_nothing_is_made_ready_where_another_hook_comes_first(self):
        first = mock.Mock(side_effect=ImportError)

        self.asked(first, find.zipimporter)

        self.assertIn(mock.call(str(self.project / "deep")), first.mock_calls)


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
