"""``from zope.testing import testrunner``, with and without another distribution that has a package ``zope.testing``."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import zope.testrunner
from support import environment

# What another distribution may have under our name: a module that only points here.
POINTER = "from zope import testrunner\n"
PASSING_TEST = "import unittest\n\n\nclass Test(unittest.TestCase):\n    def test_passes(self):\n        pass\n"


class OldSpelling(unittest.TestCase):
    """Each test asks a fresh interpreter, since what was imported first is what matters."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def neighbour(self, **modules: str) -> None:
        """Put a regular package ``zope.testing`` with these modules into a folder that comes first on the path."""
        package = self.folder / "zope" / "testing"
        package.mkdir(parents=True)
        for name, text in {"__init__": "", **modules}.items():
            (package / f"{name}.py").write_text(text, encoding="utf-8")

    def answer(self, program: str) -> str:
        """What ``program`` prints."""
        path = os.pathsep.join([str(self.folder), *filter(None, sys.path)])
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=environment(PYTHONPATH=path),
            cwd=self.folder,
            capture_output=True,
            text=True,
        )
        self.assertEqual("", done.stderr)
        return done.stdout.strip()

    def test_it_works_alone(self) -> None:
        found = self.answer("from zope.testing import testrunner as t; print(t.run is t.run_internal, t.run.__module__)")

        self.assertEqual("True zope.testrunner", found)

    def test_run_returns_as_it_did_under_this_name(self) -> None:
        (self.folder / "tests.py").write_text(PASSING_TEST, encoding="utf-8")

        found = self.answer("from zope.testing import testrunner; print(testrunner.run(['--path', '.'], ['test', '-q']))")

        self.assertTrue(found.endswith("\nFalse"), found)

    def test_a_package_of_another_distribution_does_not_hide_it(self) -> None:
        self.neighbour(renormalizing="checker = 'theirs'")

        found = self.answer(
            "import zope.testrunner\n"
            "from zope.testing import renormalizing, testrunner\n"
            "print(renormalizing.checker, testrunner.run.__module__)"
        )

        self.assertEqual("theirs zope.testrunner", found)

    def test_a_module_of_the_same_name_elsewhere_does_not_hide_it(self) -> None:
        self.neighbour(testrunner=POINTER)

        found = self.answer(
            "import zope.testrunner; from zope.testing import testrunner; print(testrunner.__name__, testrunner.run)"
        )

        self.assertIn("zope.testing.testrunner <function run_internal", found)

    def test_such_a_module_gets_the_functions_when_it_is_imported_first(self) -> None:
        self.neighbour(testrunner=POINTER)

        found = self.answer("from zope.testing import testrunner as t; print(t.run is t.run_internal, t.run.__module__)")

        self.assertEqual("True zope.testrunner", found)

    def test_a_module_of_the_same_name_beside_it_does_not_hide_it(self) -> None:
        ours = importlib.util.find_spec("zope.testing.testrunner")
        assert ours is not None and ours.origin is not None
        self.neighbour(testrunner=POINTER)
        package = self.folder / "zope" / "testing" / "testrunner"
        package.mkdir()
        (package / "__init__.py").write_bytes(Path(ours.origin).read_bytes())

        found = self.answer("from zope.testing import testrunner; print(testrunner.__file__)")

        self.assertEqual(str(package / "__init__.py"), found)

    def test_other_names_are_not_touched(self) -> None:
        self.neighbour()

        found = self.answer(
            "import zope.testrunner, importlib.util\n"
            "print(importlib.util.find_spec('zope.testing.nothing'), importlib.util.find_spec('zope.nothing'))"
        )

        self.assertEqual("None None", found)

    def test_the_finder_is_there_once(self) -> None:
        finders = [finder for finder in sys.meta_path if getattr(finder, "__module__", "") == zope.testrunner.__name__]

        self.assertEqual(1, len(finders))


if __name__ == "__main__":
    unittest.main()
