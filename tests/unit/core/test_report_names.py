"""Names of tests in reports by suite and class."""

from __future__ import annotations

import doctest
import os
import tempfile
import types
import unittest
from unittest import mock

from zope.testrunner.core.model import LayerName, TestRef, seen_from
from zope.testrunner.core.report_names import Names, document_parts, names_from, names_of


class Outer:
    class Inner(unittest.TestCase):
        def test_inside(self) -> None: ...


class Dotted(unittest.TestCase):
    pass


setattr(Dotted, "test_1.5", lambda self: None)


class NoTestCase:
    """An object that can be run and has no id."""

    def __str__(self) -> str:
        return "something else"


def named(test: object) -> Names:
    return TestRef(test, LayerName("m.L")).names  # type: ignore[arg-type]  # some are no tests, on purpose


class ClassTest(unittest.TestCase):
    """A test is in the suite of its class."""

    def test_a_method(self) -> None:
        owner = f"{__name__}.ClassTest"
        self.assertEqual(Names(owner, owner, "test_a_method"), named(self))

    def test_a_nested_class(self) -> None:
        owner = f"{__name__}.Outer.Inner"
        self.assertEqual(Names(owner, owner, "test_inside"), named(Outer.Inner("test_inside")))

    def test_a_name_with_a_dot(self) -> None:
        owner = f"{__name__}.Dotted"
        self.assertEqual(Names(owner, owner, "test_1.5"), named(Dotted("test_1.5")))

    def test_an_id_of_another_kind_is_kept_whole(self) -> None:
        def check() -> None: ...

        test = unittest.FunctionTestCase(check)
        self.assertEqual(("unittest.case.FunctionTestCase", test.id()), named(test)[1:])

    def test_a_test_without_id_has_its_label(self) -> None:
        self.assertEqual("something else", named(NoTestCase()).name)


class FixtureTest(unittest.TestCase):
    """A fixture is in the suite of its class or module."""

    def test_the_owner_is_in_brackets(self) -> None:
        for label, expected in (
            ("setUpClass (shop.tests.Prices)", Names("shop.tests.Prices", "shop.tests.Prices", "setUpClass")),
            ("tearDownModule (shop.tests)", Names("shop.tests", "shop.tests", "tearDownModule")),
        ):
            self.assertEqual(expected, names_from(label))
            self.assertEqual(expected, names_of(types.SimpleNamespace(), label))


class IdTest(unittest.TestCase):
    """What can be told from an id alone."""

    def test_the_last_part_is_the_name(self) -> None:
        self.assertEqual(Names("a.b", "a.b", "c"), names_from("a.b.c"))

    def test_a_single_part_is_all_there_is(self) -> None:
        self.assertEqual(Names("a", "a", "a"), names_from("a"))

    def test_nothing_is_nowhere_empty_but_for_itself(self) -> None:
        self.assertEqual(Names("a", "a", "a."), names_from("a."))


class DocumentTest(unittest.TestCase):
    """Documents are named by their paths."""

    def test_directories_count_from_the_one_in_common_on(self) -> None:
        for path, expected in (
            ("/shop/here/prices.rst", ("here", "prices.rst")),
            ("/shop/here/docs/prices.rst", ("here", "docs", "prices.rst")),
            ("/shop/other/prices.rst", ("other", "prices.rst")),
            ("/shop/here/a.egg/docs/prices.rst", ("docs", "prices.rst")),
            ("/shop/here/a.egg/prices.rst", ("prices.rst",)),
        ):
            self.assertEqual(expected, document_parts(path.replace("/", os.sep), os.sep.join(["", "shop", "here"])), path)

    def test_a_document_above_has_its_own_name(self) -> None:
        for path in ("/shop/prices.rst", "/prices.rst"):
            self.assertEqual(("prices.rst",), document_parts(path, "/shop/here")[-1:])

    def test_a_file_run_by_doctest(self) -> None:
        parsed = doctest.DocTestParser().get_doctest(">>> 1", {}, "prices.rst", os.path.abspath("docs/prices.rst"), 0)
        here = os.path.basename(os.getcwd())
        found = named(doctest.DocFileCase(parsed))

        self.assertEqual("prices.rst", found.name)
        if "." not in here:
            self.assertEqual((f"doctest-{here}-docs-prices.rst", f"{here}.docs"), found[:2])

    def test_a_docstring_is_in_what_contains_the_object(self) -> None:
        parsed = doctest.DocTestParser().get_doctest(">>> 1", {}, "shop.prices.Price.round", "prices.py", 0)

        self.assertEqual(Names("shop.prices.Price", "shop.prices.Price", "round"), named(doctest.DocTestCase(parsed)))

    def test_a_file_run_by_manuel(self) -> None:
        class TestCase(unittest.TestCase):
            regions = types.SimpleNamespace(location=os.path.abspath("prices.rst"))

            def runTest(self) -> None: ...

        module = types.ModuleType("manuel.testing")
        module.TestCase = TestCase  # type: ignore[attr-defined]
        with mock.patch.dict("sys.modules", {"manuel.testing": module}):
            found = named(TestCase())

        self.assertEqual("prices.rst", found.name)
        self.assertTrue(found.suite.startswith("manuel-") and found.suite.endswith("prices.rst"), found)


class MovedTest(unittest.TestCase):
    """Where a run goes meanwhile does not change what documents are called."""

    def setUp(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        case = doctest.DocFileSuite("test_report_names.py", package=None)._tests[0]  # type: ignore[attr-defined]
        self.names = lambda: TestRef(case, LayerName("layer")).names
        self.expected = self.names()

    def test_elsewhere(self) -> None:
        with seen_from(os.getcwd()):
            os.chdir("/")

            self.assertEqual(self.expected, self.names())
        # A runner that runs these tests says where its own run is seen from.
        with seen_from(os.path.dirname(os.path.abspath(__file__))):
            self.assertNotEqual(self.expected, self.names())

    @unittest.skipUnless(os.name == "posix", "a directory in use can be removed")
    def test_in_a_directory_that_is_gone(self) -> None:
        with seen_from(os.getcwd()):
            os.chdir(tempfile.mkdtemp())
            os.rmdir(os.getcwd())

            self.assertEqual(self.expected, self.names())


class LazyTest(unittest.TestCase):
    """Nobody pays for names that are not asked for."""

    def test_a_detached_test_keeps_the_names(self) -> None:
        found = TestRef(Dotted("test_1.5"), LayerName("m.L")).detached()

        self.assertIsNone(found.live)
        self.assertEqual("test_1.5", found.names.name)

    def test_names_are_made_once(self) -> None:
        test = TestRef(self, LayerName("m.L"))

        self.assertIs(test.names, test.names)
