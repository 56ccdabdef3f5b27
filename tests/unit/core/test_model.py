"""Values between the stages: `zope.testrunner.core.model`."""

from __future__ import annotations

import unittest

from zope.testrunner.core.model import Stayed, rank


class StayedTest(unittest.TestCase):
    """By how much counters were higher after something."""

    def test_a_set_up_and_a_tear_down_together(self) -> None:
        both = Stayed("L").plus({"blocks": 10, "descriptors": 1}).plus({"blocks": -10, "threads": -1})

        self.assertEqual(Stayed("L", descriptors=1, threads=-1), both)
        self.assertEqual(Stayed("L", descriptors=1), both.grown())
        self.assertTrue(both.is_something)
        self.assertFalse(both.replace(descriptors=0).is_something)

    def test_what_is_given_back(self) -> None:
        tests = [Stayed("a", blocks=3), Stayed("b", blocks=4)]

        self.assertTrue(Stayed("C", blocks=-7, heap=5).gives_back(tests))
        self.assertFalse(Stayed("C", blocks=-6).gives_back(tests))
        self.assertFalse(Stayed("C", blocks=-7).gives_back([*tests, Stayed("c", threads=1)]))

    def test_the_largest_first_and_imports_last(self) -> None:
        rows = [
            Stayed("imports", blocks=10**6, modules=1),
            Stayed("b", blocks=2),
            Stayed("a", blocks=2),
            Stayed("buffer", heap=10**6),
            Stayed("thread", threads=1),
            Stayed("file", files=1),
        ]

        self.assertEqual(
            ["buffer", "thread", "file", "a", "b", "imports"], [each.label for each in sorted(rows, key=rank)]
        )


if __name__ == "__main__":
    unittest.main()
