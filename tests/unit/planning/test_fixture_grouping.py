"""Tests of `zope.testrunner.planning.fixture_grouping`."""

from __future__ import annotations

import sys
import types
import unittest

from zope.testrunner.planning.fixture_grouping import class_with_fixtures, module_with_fixtures, neighbours


def make_class(name, module="plain_module", **attributes):
    """A class of three tests."""
    methods = {f"test_{letter}": lambda self: None for letter in "abc"}
    return type(name, (unittest.TestCase,), {"__module__": module, **methods, **attributes})


class Sample:
    """Classes of tests that nobody is to run."""

    Plain = make_class("Plain")
    Other = make_class("Other")
    SetsUp = make_class("SetsUp", setUpClass=classmethod(lambda cls: None))
    TearsDown = make_class("TearsDown", tearDownClass=classmethod(lambda cls: None))
    InModule = make_class("InModule", "module_with_fixture", setUpClass=classmethod(lambda cls: None))
    InModuleToo = make_class("InModuleToo", "module_with_fixture")


def made(text):
    """The tests named in a text, ``Class.letter`` each."""
    return [getattr(Sample, word[:-2])(f"test_{word[-1]}") for word in text.split()]


def named(tests):
    """The text for tests."""
    return " ".join(f"{type(test).__name__}.{test._testMethodName[-1]}" for test in tests)


class WithModule(unittest.TestCase):
    def setUp(self):
        module = types.ModuleType("module_with_fixture")
        module.setUpModule = lambda: None
        sys.modules["module_with_fixture"] = module
        self.addCleanup(sys.modules.pop, "module_with_fixture")


class TestPredicates(WithModule):
    """Which classes and modules have fixtures."""

    def test_a_class_that_overrides_a_fixture_has_one(self):
        self.assertIs(Sample.SetsUp, class_with_fixtures(Sample.SetsUp("test_a")))
        self.assertIs(Sample.TearsDown, class_with_fixtures(Sample.TearsDown("test_a")))

    def test_an_inherited_fixture_counts(self):
        derived = type("Derived", (Sample.SetsUp,), {})

        self.assertIs(derived, class_with_fixtures(derived("test_a")))

    def test_a_static_method_counts(self):
        cls = make_class("Static", setUpClass=staticmethod(lambda: None))

        self.assertIs(cls, class_with_fixtures(cls("test_a")))

    def test_a_class_with_what_unittest_gives_it_has_none(self):
        self.assertIsNone(class_with_fixtures(Sample.Plain("test_a")))

    def test_a_cleanup_registered_beforehand_counts(self):
        cls = make_class("Cleans")
        cls.addClassCleanup(print)

        self.assertIs(cls, class_with_fixtures(cls("test_a")))

    def test_other_objects_have_none(self):
        self.assertIsNone(class_with_fixtures(object()))
        self.assertIsNone(module_with_fixtures(object()))

    def test_modules(self):
        self.assertEqual("module_with_fixture", module_with_fixtures(Sample.InModule("test_a")))
        self.assertIsNone(module_with_fixtures(Sample.Plain("test_a")))


class TestNeighbours(WithModule):
    """Only what has common fixtures moves."""

    def arranged(self, text):
        return named(neighbours(made(text)))

    def test_without_fixtures_the_order_stays(self):
        self.assertEqual("Plain.b Other.a Plain.a", self.arranged("Plain.b Other.a Plain.a"))

    def test_tests_of_a_class_with_fixtures_follow_the_first(self):
        self.assertEqual(
            "Plain.b SetsUp.c SetsUp.a Other.a TearsDown.a TearsDown.b Plain.a",
            self.arranged("Plain.b SetsUp.c Other.a TearsDown.a SetsUp.a Plain.a TearsDown.b"),
        )

    def test_classes_of_a_module_with_fixtures_follow_each_other(self):
        self.assertEqual(
            "Plain.a InModuleToo.a InModule.b InModule.a InModuleToo.b Other.a",
            self.arranged("Plain.a InModuleToo.a Other.a InModule.b InModuleToo.b InModule.a"),
        )

    def test_any_iterable_will_do(self):
        self.assertEqual([], neighbours(iter(())))
