"""Tests of `zope.testrunner.selftest`."""

from __future__ import annotations

import pdb  # noqa: T100
import sys
import types
import unittest
from unittest import mock

from zope.testrunner import selftest


class TestSetTrace(unittest.TestCase):
    """Every run starts with the real debugger."""

    def setUp(self):
        patch = mock.patch.dict(vars(selftest))
        patch.start()
        self.addCleanup(patch.stop)
        vars(selftest).pop("real_pdb_set_trace", None)
        self.feature = selftest.SelfTest(types.SimpleNamespace())

    def test_the_real_function_is_published(self):
        found = selftest.real_pdb_set_trace

        self.assertEqual(("pdb", "set_trace"), (found.__module__, found.__name__))

    def test_a_replacement_is_undone(self):
        real = selftest.real_pdb_set_trace
        with mock.patch.object(pdb, "set_trace", print):
            self.feature.global_setup()

            self.assertIs(real, pdb.set_trace)

    def test_a_replacement_that_was_there_first_is_undone_too(self):
        with mock.patch.object(pdb, "set_trace", print):
            self.feature.global_setup()

            self.assertEqual(("pdb", "set_trace"), (pdb.set_trace.__module__, pdb.set_trace.__name__))

    def test_what_tests_import_is_noted_before_they_can_replace_it(self):
        def real():
            pass

        # pytest replaces the function as well, so a real one has to be made up.
        real.__module__, real.__qualname__ = "pdb", "set_trace"
        with mock.patch.object(pdb, "set_trace", real):
            self.feature.late_setup()
            pdb.set_trace = print
            self.feature.global_setup()

            self.assertIs(real, pdb.set_trace)

    def test_the_debugger_is_not_imported_for_this(self):
        with mock.patch.dict(sys.modules):
            del sys.modules["pdb"]

            self.feature.global_setup()
            self.feature.late_setup()

            self.assertNotIn("pdb", sys.modules)

    def test_there_is_nothing_else_to_ask_for(self):
        with self.assertRaisesRegex(AttributeError, "no attribute 'nothing'"):
            selftest.nothing
