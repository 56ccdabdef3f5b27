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
from zope.testrunner import run
run(["--path", sys.argv[1]], ["test", "-vv"])
"""


class TestSparseCollector(unittest.TestCase):
    def test_tests_are_found_and_run_without_functions_that_only_cpython_has(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "tests.py").write_text(
                "import unittest\n\nclass T(unittest.TestCase):\n    def test_it(self): pass\n"
            )
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, folder], capture_output=True, text=True, check=False, timeout=120
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("Ran 1 tests with 0 failures", done.stdout)
        self.assertNotIn("Traceback", done.stdout + done.stderr)
