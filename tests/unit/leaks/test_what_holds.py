"""Which holder comes first, which object is the example, and what is left out."""

from __future__ import annotations

import collections
import functools
import itertools
import logging
import sys
import unittest
import weakref
from typing import Any

from zope.testrunner.leaks import hunt
from zope.testrunner.leaks.explain import explain
from zope.testrunner.leaks.readings import Growth

numbers = itertools.count(10**6)
kept: list[object] = []
log: list[object] = []
ring: collections.deque[object] = collections.deque(maxlen=5000)
weak: weakref.WeakSet[Any] = weakref.WeakSet()


class Thing:
    def __init__(self) -> None:
        self.number = next(numbers)


class TestOrder(unittest.TestCase):
    """What grew without end comes first, and is what leads to the objects."""

    def setUp(self) -> None:
        for each in (kept, log, ring, weak):
            self.addCleanup(each.clear)

    def test_before_a_ring(self) -> None:
        def work() -> None:
            made = [Thing() for _ in range(4)]
            ring.extend(made)
            kept.append(made[0])

        self.assertEqual([f"{__name__}.kept", f"{__name__}.ring"], [row.expression for row in explain(work).holders])

    def test_before_a_log(self) -> None:
        def work() -> None:
            made = Thing()
            log.extend(logging.LogRecord("log", 10, "", line, "%s", (made,), None) for line in range(4))
            kept.append(made)

        self.assertEqual([f"{__name__}.kept", f"{__name__}.log"], [row.expression for row in explain(work).holders])

    def test_before_numbers_and_weak_references(self) -> None:
        def work() -> None:
            made = Thing()
            weak.add(made)
            log.extend([made.number + 1, made.number + 2])
            kept.append(made)

        found = explain(work)

        self.assertEqual(f"{__name__}.kept", found.holders[0].expression)
        self.assertEqual(3, len(found.holders))


class TestExample(unittest.TestCase):
    """The example is the object that the way leads to."""

    def setUp(self) -> None:
        self.addCleanup(kept.clear)

    def test_they_are_the_same(self) -> None:
        def work() -> None:
            kept.append({"number": next(numbers), "things": [Thing(), Thing()]})

        found = explain(work)

        self.assertEqual(f"{__name__}.kept[2]", found.route)
        self.assertEqual("dict", found.new[0].title)
        self.assertIn(f"'number': {kept[2]['number']}", found.new[0].example)  # type: ignore[index]  # a dictionary

    def test_what_the_collector_does_not_know(self) -> None:
        found = explain(lambda: kept.append(f"text {next(numbers)}"))

        self.assertEqual((f"{__name__}.kept[2]", repr(kept[2])), (found.route, found.new[0].example))

    def test_a_kept_exception_keeps_nothing_of_the_runner(self) -> None:
        class Failing(unittest.TestCase):
            def test(self) -> None:
                try:
                    raise ValueError(next(numbers))
                except ValueError as error:
                    kept.append(error)

        found = explain(lambda: Failing("test").run(unittest.TestResult()))

        titles = {row.title for row in found.new}
        self.assertEqual("ValueError", found.new[0].title)
        self.assertTrue(found.new[0].example.startswith("ValueError("), found)
        self.assertNotIn("unittest.result.TestResult", titles)
        self.assertNotIn("unittest.case._Outcome", titles)


@functools.lru_cache(maxsize=300)
def limited(number: int) -> list[int]:
    return [number]


class TestGrowthWithAnEnd(unittest.TestCase):
    """What is told where it is no leak."""

    def test_it_has_numbers_and_a_holder(self) -> None:
        from zope.testrunner.leaks import describe

        self.addCleanup(limited.cache_clear)
        finding = hunt(lambda: limited(next(numbers)))
        text = "\n".join(describe(finding, "work"))

        self.assertIs(Growth.BOUNDED, finding.growth)
        self.assertRegex(text, r"^Bounded growth in work: bounded at 300\n  in \d+ runs together: .*\+\d+ memory blocks")
        self.assertRegex(text, rf"by {__name__}\.limited, a functools cache of at most 300 that grew from \d+ to \d+")


@unittest.skipUnless(hasattr(sys, "gettotalrefcount"), "only a debug build counts references")
class TestReferences(unittest.TestCase):
    """On debug builds the object is named whose count grows."""

    def test_an_object_that_is_there_anyway(self) -> None:
        import ctypes

        found = explain(lambda: ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept)))

        self.assertEqual([(f"{__name__}.kept", "list", 1)], [row[:3] for row in found.counted])


if __name__ == "__main__":
    unittest.main()
