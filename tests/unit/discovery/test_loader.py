"""From a module to its suite."""

from __future__ import annotations

import types
import unittest
from unittest import mock

from zope.testrunner.discovery import loader


class TestTheQuickLoader(unittest.TestCase):
    def module(self, **content):
        module = types.ModuleType("quick")
        vars(module).update(content)
        return module

    def test_it_finds_the_same_tests_as_the_standard_one(self):
        def wrapped(self): ...

        class Base(unittest.TestCase):
            test_value = 3
            testing = staticmethod(wrapped)

            def test_b(self): ...

            def testC(self): ...

            def tester(self): ...

            def other(self): ...

        class Derived(Base):
            test_b = None

            def test_a(self): ...

        class OnlyRunTest(unittest.TestCase):
            def runTest(self): ...

        class Meta(type):
            def __dir__(cls):
                return ["test_a", "unlisted"]

        class Listed(Derived, metaclass=Meta): ...

        module = self.module(A=Derived, B=Base, C=OnlyRunTest, D=Listed, case=unittest.TestCase)
        quick = loader.loader_for(module)

        self.assertIsNot(unittest.defaultTestLoader, quick)
        expected, found = (
            [str(test) for each in one.loadTestsFromModule(module) for test in each]
            for one in (unittest.defaultTestLoader, quick)
        )
        self.assertEqual(expected, found)
        self.assertGreater(len(found), 7)

    def test_methods_that_somebody_adds_to_all_tests_are_found(self):
        class Plain(unittest.TestCase):
            def test_a(self): ...

        quick = loader.loader_for(self.module(A=Plain))
        before = quick.getTestCaseNames(Plain)
        with mock.patch.object(unittest.TestCase, "test_common", lambda self: None, create=True):
            self.assertEqual(["test_a", "test_common"], quick.getTestCaseNames(Plain))

        self.assertEqual(["test_a"], before)
        self.assertEqual(["test_a"], quick.getTestCaseNames(Plain))

    def test_it_is_not_used_where_somebody_could_notice(self):
        standard, module = unittest.defaultTestLoader, self.module()
        self.assertIs(standard, loader.loader_for(self.module(load_tests=None)))
        changes = {
            "testMethodPrefix": "check",
            "testNamePatterns": ["*a*"],
            "sortTestMethodsUsing": staticmethod(lambda a, b: 0),
            "getTestCaseNames": lambda self, cls: [],
        }
        for name, value in changes.items():
            with mock.patch.object(unittest.TestLoader, name, value):
                self.assertIs(standard, loader.loader_for(module), name)
            with mock.patch.object(standard, name, value, create=True):
                self.assertIs(standard, loader.loader_for(module), name)
        other = type("Other", (unittest.TestLoader,), {})()
        with mock.patch.object(unittest, "defaultTestLoader", other):
            self.assertIs(other, loader.loader_for(module))

        self.assertIsNot(standard, loader.loader_for(module))
