"""A run where the garbage collector lacks what only CPython has, as on PyPy."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

_PROGRAM = """
import gc, sys
for name in "get_threshold set_threshold freeze unfreeze get_freeze_count is_tracked get_debug set_debug".split():
    delattr(gc, name)
for name in "getrefcount", "gettotalrefcount", "getallocatedblocks":
    if hasattr(sys, name):
        delattr(sys, name)
sys.modules["_tracemalloc"] = None
from zope.testrunner import run
run(["--path", sys.argv[1]], ["test", *sys.argv[2:]])
"""

_TESTS = """\
import unittest

kept = []

class Item: pass

class T(unittest.TestCase):
    def test_clean(self): Item()
    def test_leak(self): kept.append(Item())
"""


class TestSparseCollector(unittest.TestCase):
    def check(self, *words: str) -> str:
        """What a run of the tests prints that finds nothing wrong but leaks."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "tests.py").write_text(_TESTS)
            command = [sys.executable, "-c", _PROGRAM, folder, *words]
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        self.assertEqual("", done.stderr)
        self.assertIn("Ran 2 tests with 0 failures, 0 errors", done.stdout)
        self.assertEqual(int("--leaks" in words), done.returncode)
        return done.stdout

    def test_tests_are_found_and_run(self) -> None:
        for words in ["-vv"], ["-j2"], ["-D"], ["--gc-after-test"]:
            with self.subTest(words):
                self.check(*words)

    def test_hunts_judge_by_objects_and_name_the_holder(self) -> None:
        told = self.check("--leaks")

        self.assertIn("Leaked strings, numbers and bytes are not seen", told)
        self.assertIn("every run: +1 gc object ", told)
        self.assertIn("new each run: 1 tests.Item\n", told)
        self.assertIn("kept alive by tests.kept, a list that grew", told)
        self.assertIn("Leaks: 2 judged: 1 leak, 1 stable.", told)

    def test_repeated_layers_have_readings_of_objects(self) -> None:
        self.assertRegex(self.check("-N4", "-r"), r"gc objects=\d+ +change=1 ")
