"""The line of the user, where a library allocates."""

from __future__ import annotations

import itertools
import json
import os
import sysconfig
import unittest
from collections.abc import Callable
from typing import Any

import zope.testrunner
from zope.testrunner.leaks import describe
from zope.testrunner.leaks.callers import Site, Sites
from zope.testrunner.leaks.explain import explain
from zope.testrunner.leaks.finding import Call, Explanation, Finding, Place
from zope.testrunner.leaks.owners import below_packages, holds_tests, is_installed, is_users
from zope.testrunner.leaks.readings import Growth, Unit, Verdict

PACKAGES = os.path.join(sysconfig.get_path("purelib"), "")
RUNNER = (os.path.join(os.path.dirname(zope.testrunner.__file__), "execution", "serial.py"), 9)
UNITTEST = (unittest.case.__file__, 600)
CLIENT = (f"{PACKAGES}client/core.py", 33)
TESTS = ("/home/me/app/tests.py", 16)
APP = ("/home/me/app/app.py", 5)

kept: list[object] = []
numbers = itertools.count(10**6)


def library(source: str, path: str) -> dict[str, Any]:
    """Functions of an installed package."""
    space: dict[str, Any] = {}
    exec(compile(source, path, "exec"), space)
    return space


class TestSites(unittest.TestCase):
    """What the callers of an allocation say, the innermost one first."""

    def assertSite(self, expected: Site, *frames: tuple[str, int]) -> None:
        self.assertEqual(expected, Sites().of((*frames, UNITTEST, RUNNER, ("/home/me/start.py", 1))))

    def test_the_users_own_line_is_enough(self) -> None:
        self.assertSite(Site(TESTS), TESTS)

    def test_a_library_in_the_middle_is_named_as_well(self) -> None:
        self.assertSite(Site(TESTS, CLIENT), (json.__file__, 3), CLIENT, (f"{PACKAGES}other/x.py", 1), TESTS)

    def test_the_test_is_named_where_other_code_of_the_user_called(self) -> None:
        self.assertSite(Site(APP, CLIENT, TESTS), CLIENT, APP, TESTS, ("/home/me/app/tests.py", 3))

    def test_a_package_that_is_installed_with_its_tests(self) -> None:
        own = (f"{PACKAGES}client/tests/test_core.py", 7)

        self.assertSite(Site(CLIENT, None, own), CLIENT, own)
        self.assertSite(Site(own), own)

    def test_nothing_but_the_standard_library(self) -> None:
        self.assertSite(Site((json.__file__, 3)), (json.__file__, 3))

    def test_pytest_is_nobodys_test(self) -> None:
        pytest = (f"{PACKAGES}_pytest/python.py", 7)

        self.assertSite(Site(CLIENT, None, (f"{PACKAGES}client/x.py", 1)), CLIENT, (f"{PACKAGES}client/x.py", 1), pytest)

    def test_whether_there_are_more(self) -> None:
        self.assertTrue(Sites().is_cut((CLIENT, TESTS)))
        self.assertFalse(Sites().is_cut((CLIENT, RUNNER)))


class TestOwners(unittest.TestCase):
    """Whose a file is."""

    def test_installed_in_any_way(self) -> None:
        for path in (CLIENT[0], "/eggs/client-1.0-py3.11.egg/client.py", "/other/lib/site-packages/client.py", "<string>"):
            with self.subTest(path):
                self.assertTrue(is_installed(path))
                self.assertFalse(is_users(path))
        self.assertTrue(is_users("<doctest page.rst[3]>"))

    def test_names_of_files(self) -> None:
        self.assertEqual("client/core.py", below_packages(CLIENT[0]))
        self.assertEqual(TESTS[0], below_packages(TESTS[0]))
        self.assertTrue(holds_tests(os.path.join("client", "tests", "common.py")))
        self.assertTrue(holds_tests("core_test.py"))
        self.assertFalse(holds_tests("contest.py"))


class TestWithCallers(unittest.TestCase):
    """The work is done again for it."""

    def setUp(self) -> None:
        self.addCleanup(kept.clear)

    def place_of(self, work: Callable[[], object]) -> Place:
        return explain(work).places[0]

    def test_a_library_is_passed_by(self) -> None:
        make = library("def make(number):\n    return [number]", CLIENT[0])["make"]

        place = self.place_of(lambda: kept.append(make(next(numbers))))

        self.assertEqual((__file__, True), (place.path, "make(next(numbers))" in place.source))
        self.assertEqual(Call(CLIENT[0], 2, ""), place.inside)

    def test_deep_below(self) -> None:
        make = library("def make(depth):\n    return make(depth - 1) if depth else [[], [], []]", CLIENT[0])["make"]

        place = self.place_of(lambda: kept.append(make(100)))

        self.assertEqual(__file__, place.path)

    def test_in_words(self) -> None:
        verdict = Verdict("blocks", Unit.COUNT, Growth.LEAK, (1,), 1)
        core = "/lib/site-packages/client/core.py"
        cases = {
            Place(*APP, 1, "load()", Call(*CLIENT, ""), Call(*TESTS, "run()")): [
                f"  allocated at {APP[0]}:5", "      load()", f"      by client/core.py:33, called from {TESTS[0]}:16",
            ],
            Place(core, 33, 1, "return []", None, Call(*TESTS, "run()")): [
                f"  allocated at {core}:33", "      return []", f"  called from {TESTS[0]}:16", "      run()",
            ],
            Place(*TESTS, 1, "", Call(*CLIENT, "")): [f"  allocated at {TESTS[0]}:16", "      by client/core.py:33"],
        }
        for place, expected in cases.items():
            with self.subTest(place):
                finding = Finding(Growth.LEAK, (verdict,), 2, None, Explanation(places=(place,)))

                self.assertEqual(expected, list(describe(finding, "work"))[2:])


if __name__ == "__main__":
    unittest.main()
