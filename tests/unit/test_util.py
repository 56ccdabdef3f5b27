"""Tests of `zope.testrunner.util`."""

from __future__ import annotations

import platform
import unittest

from zope.testrunner import util


class TestInterpreter(unittest.TestCase):
    """Which interpreter this is."""

    def test_names(self):
        self.assertEqual(
            (platform.python_implementation() == "PyPy", platform.python_implementation() == "Jython"),
            (util.is_pypy, util.is_jython),
        )

    def test_reference_counts(self):
        self.assertEqual(platform.python_implementation() not in ("PyPy", "Jython"), util.uses_refcounts)
