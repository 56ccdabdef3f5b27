"""Directories and files in which tests are looked for."""

from __future__ import annotations

import os
import sys
import textwrap
import types
from unittest import mock

from support_find import ONE_TEST, UNIT, FindCase

from zope.testrunner import find
from zope.testrunner.discovery import files
from zope.testrunner.exceptions import UsageError
from zope.testrunner.options import get_options


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
                self.assertIs(expected, files.is_identifier(name))

    def test_identifiers_are_those_of_the_expression(self):
        characters = ("", *map(chr, range(256)), "\u0130", "\u017f", "\u212a", "\u0660", "\u2119")
        for name in (first + second for first in characters for second in characters):
            if bool(find.identifier(name)) != files.is_identifier(name):
                self.fail(repr(name))

    def test_nothing_else_is_made_when_it_is_asked_for(self):
        for module in (find, files):
            with self.subTest(module.__name__), self.assertRaises(AttributeError):
                module.no_such_name


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
