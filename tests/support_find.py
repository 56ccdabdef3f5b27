"""Projects to find tests in."""

from __future__ import annotations

import os
import sys
import unittest

import support
from zope.testrunner import find
from zope.testrunner.core.layer_registry import registry_of_run
from zope.testrunner.options import get_options

UNIT = "zope.testrunner.layer.UnitTests"


ONE_TEST = """
    import unittest
    class TestThing(unittest.TestCase):
        def test_one(self): pass
"""


class FindCase(support.ProjectCase):
    """A project to find tests in; what is imported from it is forgotten afterwards."""

    def setUp(self):
        super().setUp()
        modules, path = set(sys.modules), list(sys.path)

        def forget():
            sys.path[:] = path
            for name in set(sys.modules) - modules:
                if str(self.project) in str(getattr(sys.modules[name], "__path__", "")) + str(
                    getattr(sys.modules[name], "__file__", "")
                ):
                    del sys.modules[name]
            sys.path_importer_cache.clear()

        self.addCleanup(forget)
        registry = registry_of_run()
        registry.__enter__()
        self.addCleanup(registry.__exit__, None, None, None)

    def options(self, *words):
        return get_options(["test", "--path", str(self.project), *words])

    def files(self, *words):
        """The test files, relative to the project."""
        found = find.find_test_files(self.options(*words))
        return [os.path.relpath(path, self.project).replace(os.sep, "/") for path, _ in found]

    def package(self, name):
        """Make a package with everything above it."""
        parts = name.split("/")
        for length in range(1, len(parts) + 1):
            self.write("/".join([*parts[:length], "__init__.py"]), "")

    def touch(self, *names):
        for name in names:
            self.write(name, "")


class Sample:
    """Tests that nobody is to run."""

    class Case(unittest.TestCase):
        def test_a(self):
            pass

        def test_b(self):
            pass

    class Unnamed(unittest.TestCase):
        def runTest(self):
            pass

        def __str__(self):
            return ""


class Layer:
    pass


class OtherLayer:
    pass


def case(method="test_a", **attributes):
    test = Sample.Case(method)
    vars(test).update(attributes)
    return test


def suite(*tests, **attributes):
    made = unittest.TestSuite(tests)
    vars(made).update(attributes)
    return made
