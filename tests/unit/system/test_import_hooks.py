"""Tests of `zope.testrunner.system.import_hooks`."""

from __future__ import annotations

import importlib
import importlib.machinery
import inspect
import sys

import support
from zope.testrunner.system.import_hooks import when_imported


class TestWhenImported(support.ProjectCase):
    """An action waits for a module."""

    def setUp(self):
        super().setUp()
        self.name = f"awaited_{self._testMethodName}"
        self.write(f"{self.name}.py", "value = 1\n")
        sys.path.insert(0, str(self.project))
        self.addCleanup(sys.path.remove, str(self.project))
        self.addCleanup(sys.modules.pop, self.name, None)
        importlib.invalidate_caches()
        self.finders = list(sys.meta_path)
        self.calls = []

    def act(self):
        self.calls.append(getattr(sys.modules[self.name], "value", None))

    def test_the_action_comes_after_the_module_has_been_executed(self):
        when_imported(self.name, self.act)
        self.assertEqual([], self.calls)

        importlib.import_module(self.name)

        self.assertEqual([1], self.calls)
        self.assertEqual(self.finders, sys.meta_path)

    def test_the_module_is_the_same_as_without(self):
        when_imported(self.name, self.act)

        module = importlib.import_module(self.name)

        self.assertIs(importlib.machinery.SourceFileLoader, type(module.__spec__.loader))
        self.assertIs(module.__spec__.loader, module.__loader__)
        self.assertEqual("value = 1\n", inspect.getsource(module))
        importlib.reload(module)
        self.assertEqual([1], self.calls)

    def test_a_module_that_is_there_is_not_waited_for(self):
        importlib.import_module(self.name)

        when_imported(self.name, self.act)()

        self.assertEqual(([1], self.finders), (self.calls, sys.meta_path))

    def test_other_modules_pass(self):
        self.write("awaited_other.py", "")
        self.addCleanup(sys.modules.pop, "awaited_other", None)
        give_up = when_imported(self.name, self.act)

        importlib.import_module("awaited_other")
        give_up()

        self.assertEqual([], self.calls)

    def test_giving_up(self):
        give_up = when_imported(self.name, self.act)
        give_up()
        give_up()

        importlib.import_module(self.name)

        self.assertEqual(([], self.finders), (self.calls, sys.meta_path))

    def test_a_module_that_does_not_exist(self):
        give_up = when_imported("awaited_nothing", self.act)

        with self.assertRaises(ModuleNotFoundError):
            importlib.import_module("awaited_nothing")
        give_up()

        self.assertEqual([], self.calls)

    def test_a_module_that_fails(self):
        self.write(f"{self.name}.py", "raise ValueError('no')")
        when_imported(self.name, self.act)

        with self.assertRaises(ValueError):
            importlib.import_module(self.name)

        self.assertEqual([], self.calls)
