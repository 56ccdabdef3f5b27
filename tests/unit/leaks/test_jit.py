"""Readings where Python compiles to machine code while it runs."""

from __future__ import annotations

import subprocess
import sys
import unittest
from types import SimpleNamespace
from unittest import mock

from support import ProjectCase, environment, run_tests
from zope.testrunner import leaks
from zope.testrunner.leaks.verdict import jit_is_enabled

HAS_JIT = getattr(sys, "_jit", None) is not None and sys._jit.is_available()  # type: ignore[attr-defined]

HOT = """
    import unittest

    class Hot(unittest.TestCase):
        def test_loops(self):
            total = 0
            for number in range(20_000):
                total += number * number % 7
            self.assertGreater(total, 0)
"""


class EnabledTest(unittest.TestCase):
    def test_pythons_without_it(self) -> None:
        with mock.patch.object(sys, "_jit", None, create=True):
            self.assertFalse(jit_is_enabled())

    def test_it_is_told_to_disturb(self) -> None:
        with mock.patch.object(sys, "_jit", SimpleNamespace(is_enabled=lambda: True), create=True):
            self.assertIn("PYTHON_JIT=0 switches it off", leaks.what_disturbs() or "")


@unittest.skipUnless(HAS_JIT, "needs a Python with a JIT compiler")
class RunTest(ProjectCase):
    """The command does without it where memory is read."""

    def test_readings(self) -> None:
        self.write("tests.py", HOT)
        for words, expected in ((("-N8", "-r"), ["0"] * 7), (("--leaks",), [])):
            with self.subTest(words):
                done = run_tests("--path", ".", *words, cwd=self.project, PYTHON_JIT="1")

                changes = [line.partition("change=")[2].strip() for line in done.lines if "change=" in line]
                self.assertEqual((0, expected), (done.status, changes), done)
                self.assertNotIn("affected", done.out)

    def test_other_runs_keep_it(self) -> None:
        self.write("tests.py", HOT + "            import sys\n            print('jit', sys._jit.is_enabled())\n")
        enabled = subprocess.run(
            [sys.executable, "-c", "import sys; print('jit', sys._jit.is_enabled())"],
            env=environment(PYTHON_JIT="1"), capture_output=True, text=True, check=True,
        ).stdout

        self.assertIn(enabled, run_tests("--path", ".", cwd=self.project, PYTHON_JIT="1").out)
