"""Files, classes and tests that are named instead of patterns: `zope.testrunner.planning.targets`."""

from __future__ import annotations

import os
import unittest
from pathlib import Path
from tempfile import TemporaryDirectory

from support import ProjectCase, run_tests
from zope.testrunner.planning.targets import Target, resolve

TESTS = """
    import unittest

    class First(unittest.TestCase):
        def test_a(self):
            pass

        def test_ab(self):
            pass

    class Second(unittest.TestCase):
        def test_a(self):
            pass
"""


class ResolveTest(unittest.TestCase):
    """What words mean, given the places that are searched."""

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name).resolve()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.root)
        names = "src/app/__init__.py", "src/app/tests.py", "src/app/suite/__init__.py", "flat/check_x.py", "readme.txt"
        for name in names:
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("class First: pass\n" if "suite" in name else "")
        self.places = [(f"{self.root}/src/", "")]

    def resolve(self, word: str, places: list[tuple[str, str]] | None = None) -> Target | None:
        return resolve(word, self.places if places is None else places)

    def test_a_file(self) -> None:
        expected = Target(r"^app\.tests$", stem="tests")

        self.assertEqual(expected, self.resolve("src/app/tests.py"))
        self.assertEqual(expected, self.resolve("./src/app/../app/tests.py"))
        self.assertEqual(expected, self.resolve(f"{self.root}/src/app/tests.py"))

    def test_a_file_outside_of_what_is_searched(self) -> None:
        self.assertEqual(Target("^check_x$", None, "check_x", f"{self.root}/flat"), self.resolve("flat/check_x.py"))

    def test_a_file_of_a_package_outside_of_what_is_searched(self) -> None:
        self.assertEqual(Target(r"^app\.tests$", None, "tests", f"{self.root}/src"), self.resolve("src/app/tests.py", []))

    def test_a_file_in_a_place_that_belongs_to_a_package(self) -> None:
        places = [(f"{self.root}/src/app/", "site.app")]

        self.assertEqual(Target(r"^site\.app\.tests$", stem="tests"), self.resolve("src/app/tests.py", places))
        self.assertEqual(
            Target(r"^site\.app\.tests$", r"\(site\.app\.tests\.First[.)]", "tests"),
            self.resolve("site.app.tests.First", places),
        )

    def test_the_file_of_a_package(self) -> None:
        self.assertEqual(Target(r"^app\.suite$", stem="suite"), self.resolve("src/app/suite/__init__.py"))

    def test_a_directory(self) -> None:
        self.assertEqual(Target(r"^app(\.|$)"), self.resolve("src/app/"))
        self.assertEqual(Target("."), self.resolve("src/"))
        self.assertEqual(Target(".", path=f"{self.root}/flat"), self.resolve("flat/"))

    def test_a_class_and_a_test(self) -> None:
        self.assertEqual(Target(r"^app\.tests$", r"\(app\.tests\.First[.)]", "tests"), self.resolve("app.tests.First"))
        self.assertEqual(
            Target(r"^app\.tests$", r"\(app\.tests\.First\.test_a[.)]", "tests"), self.resolve("app.tests.First.test_a")
        )
        self.assertEqual(
            Target(r"^app\.tests$", r"\(app\.tests\.First\.test_a[.)]", "tests"),
            self.resolve("src/app/tests.py::First::test_a"),
        )

    def test_a_class_in_a_package(self) -> None:
        self.assertEqual(Target(r"^app\.suite$", r"\(app\.suite\.First[.)]", "suite"), self.resolve("app.suite.First"))

    def test_what_is_a_pattern_stays_one(self) -> None:
        for word in ("app", "app.tests", "app.te", "app.suite", "app.suite.fi", "other.tests.T", "no/such.py", "readme.txt",
                     "^app.tests.T$", "!app.tests.T", ".", "app.", "tests.py", "src"):
            with self.subTest(word):
                self.assertIsNone(self.resolve(word))


class RunTest(ProjectCase):
    """They select just what is named."""

    def setUp(self) -> None:
        super().setUp()
        self.write("src/app/__init__.py", "")
        self.write("src/app/tests.py", TESTS)
        self.write("src/flat/test_x.py", TESTS)

    def names(self, *words: str) -> list[str]:
        done = run_tests(*words, "--list-tests", cwd=self.project)
        self.assertEqual((0, ""), (done.status, done.err), done)
        return [line.split()[-1] for line in done.lines[1:]]

    def test_in_each_spelling(self) -> None:
        first = ["(app.tests.First.test_a)", "(app.tests.First.test_ab)"]
        module = [*first, "(app.tests.Second.test_a)"]
        for expected, words in (
            (module, ("src/app/tests.py",)),
            (module, ("--path", "src", "src/app/")),
            (first, ("--path", "src", "app.tests.First")),
            (first[:1], ("--path", "src", "-m", "app.tests.First.test_a")),
            (first[:1], ("src/app/tests.py::First::test_a",)),
            (["(test_x.First.test_a)", "(test_x.First.test_ab)"], ("src/flat/test_x.py::First",)),
        ):
            with self.subTest(words):
                self.assertEqual(expected, self.names(*words))

    def test_in_processes_of_their_own(self) -> None:
        for words in (("-j2",), ("-j2", "--start-method", "spawn"), ("--isolate",)):
            with self.subTest(words):
                done = run_tests("src/flat/test_x.py::First", *words, cwd=self.project)

                self.assertIn("Ran 2 tests with 0 failures, 0 errors", done.out, done)

    def test_a_module_that_is_called_otherwise_is_offered(self) -> None:
        done = run_tests("--path", "src/flat", cwd=self.project)

        hint = "; src/flat/test_x.py is named like one of the latter: name it, or give --tests-pattern '^test'"
        self.assertIn(hint, done.err)
