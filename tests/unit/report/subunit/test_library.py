"""The library that writes subunit streams, apart from that of the tests."""

from __future__ import annotations

import subprocess
import sys
import unittest

from support import ProjectCase, environment, run_tests
from zope.testrunner.report.subunit.library import library

MISSING = (
    "Subunit is not installed. Please install Subunit to generate subunit output: pip install 'zope.testrunner[subunit]'\n"
)


class Library(unittest.TestCase):
    def test_it_is_imported_once(self) -> None:
        self.assertIs(library(), library())

    def test_what_is_imported_already_stays_as_it_is(self) -> None:
        code = (
            "import subunit, sys\nbefore = {name: each for name, each in sys.modules.items() if 'subunit' in name}\n"
            "from zope.testrunner.report.subunit.library import library\n"
            "print(library().lines is not subunit.TestProtocolClient,"
            " all(sys.modules.get(name) is each for name, each in before.items()))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment())
        self.assertEqual(("True True\n", ""), (done.stdout, done.stderr))

    def test_nobody_is_warned_of_what_is_in_it(self) -> None:
        code = "from zope.testrunner.report.subunit.library import library; library()"
        done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, env=environment())
        self.assertEqual((0, b""), (done.returncode, done.stderr))


class Runs(ProjectCase):
    TESTS = "import unittest\nclass T(unittest.TestCase):\n    def test(self): pass\n"

    def test_without_it_a_line_says_how_to_get_it(self) -> None:
        self.write("tests.py", self.TESTS)
        run_tests("--path", ".", "--event-log", "log", cwd=self.project)
        # It is found first, since -m puts the current directory there.
        self.write("subunit.py", "raise ImportError('no')\n")
        for words in (
            *("--path . --subunit", "--path . --subunit-v2", "--path . --subunit-v2 -j2", "--path . --subunit --list-tests"),
            *("--path . --format subunit=out", "--path . --format subunit-v2=out", "replay log --subunit"),
        ):
            with self.subTest(words):
                done = run_tests(*words.split(), cwd=self.project)
                self.assertEqual((1, MISSING, ""), (done.status, done.out, done.err))

    def test_a_broken_one_is_named(self) -> None:
        self.write("tests.py", self.TESTS)
        self.write("subunit.py", "raise ValueError('broken')\n")
        done = run_tests("--path", ".", "--subunit-v2", cwd=self.project)
        self.assertEqual((2, ""), (done.status, done.out))
        self.assertIn("--subunit-v2: this format cannot be used: ValueError: broken", done.err)

    def test_no_run_without_a_stream_imports_it(self) -> None:
        self.write("tests.py", self.TESTS)
        self.write("subunit.py", "raise ImportError('no')\n")
        self.assertEqual(0, run_tests("--path", ".", "--junit-xml", "out", cwd=self.project).status)

    def test_tests_have_modules_of_their_own(self) -> None:
        """Also one that has the name of a package that testtools makes use of."""
        for folder in ("", "more/"):
            for option in ("--subunit", "--subunit-v2"):
                with self.subTest(option, folder=folder):
                    self.write(f"{folder}fixtures/__init__.py", "import sys\nEARLY = 'tests' not in sys.modules\n")
                    self.write(
                        f"{folder}tests.py",
                        """
                        import sys, unittest

                        seen = [name for name in ("subunit", "testtools", "iso8601", "fixtures") if name in sys.modules]
                        import fixtures

                        class T(unittest.TestCase):
                            def test_nothing_is_imported(self):
                                self.assertEqual([], seen)
                            def test_own_modules_are_found(self):
                                self.assertFalse(fixtures.EARLY)
                        """,
                    )
                    done = run_tests("--path", folder or ".", option, cwd=self.project, raw=True)
                    self.assertEqual((0, ""), (done.status, done.err), done.out)
