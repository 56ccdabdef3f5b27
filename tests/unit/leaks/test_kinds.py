"""Leaks that are held by the same container and allocated by the same line."""

from __future__ import annotations

import unittest

from zope.testrunner.leaks import Hunter, describe, tracker
from zope.testrunner.leaks.finding import Explanation, Holder, Place
from zope.testrunner.leaks.kinds import kind_of
from zope.testrunner.leaks.readings import Growth

kept: list[object] = []
others: list[object] = []


def leak() -> None:
    kept.append([])


def leak_twice() -> None:
    leak()
    leak()


def leak_elsewhere() -> None:
    others.append([])


class TestKindOf(unittest.TestCase):
    """What they have in common, in words."""

    known = Explanation(
        places=(Place("a.py", 3, 1, "x"), Place("b.py", 4, 1, "y")),
        holders=(Holder("cache", "dict"), Holder("tests.kept", "list", 3, 6)),
        allocator=("lib.py", 7),
    )

    def test_the_holder_that_grew_and_the_first_line(self) -> None:
        self.assertEqual("kept alive by tests.kept, allocated at lib.py:7", kind_of(self.known))

    def test_none_without_either(self) -> None:
        for lesser in (
            None,
            self.known._replace(allocator=None),
            self.known._replace(holders=self.known.holders[:1]),
            self.known._replace(bound=100),
        ):
            self.assertIsNone(kind_of(lesser), lesser)


@unittest.skipIf(tracker("blocks").unavailable(), "memory blocks are not counted here")
class TestKnownKinds(unittest.TestCase):
    """Hunts for several leaks."""

    def setUp(self) -> None:
        self.addCleanup(kept.clear)
        self.addCleanup(others.clear)

    def test_a_leak_like_others_takes_fewer_runs(self) -> None:
        with Hunter() as hunter:
            first, second, third, another = map(hunter.hunt, (leak, leak, leak_twice, leak_elsewhere))

        self.assertEqual({Growth.LEAK}, {each.growth for each in (first, second, third, another)})
        self.assertIsNone(first.like)
        self.assertEqual([first.kind, first.kind, None], [each.like for each in (second, third, another)])
        self.assertGreater(first.runs, second.runs)
        self.assertEqual(first.runs, another.runs)
        self.assertEqual(3, second.again)

    def test_looking_for_others_is_not_seen_by_the_readings(self) -> None:
        with Hunter() as hunter:
            hunter.hunt(leak)
            finding = hunter.hunt(lambda: kept.append([]))

        self.assertEqual((Growth.LEAK, None), (finding.growth, finding.like))
        self.assertEqual({1}, {delta for each in finding.grown if each.tracker == "blocks" for delta in each.deltas})

    def test_it_is_told_in_three_lines(self) -> None:
        with Hunter() as hunter:
            hunter.hunt(leak)
            lines = describe(hunter.hunt(leak_twice), "test b")

        self.assertEqual(3, len(lines), lines)
        self.assertEqual("Leak in test b", lines[0])
        self.assertIn("(3 of 3 runs after 1 warm-up, 3 more when looking for what holds it)", lines[1])
        self.assertIn(f"like others that were explained before: kept alive by {__name__}.kept, allocated at ", lines[2])

    def test_growth_that_ends_is_no_leak_though_others_leak_there(self) -> None:
        def ends() -> None:
            if len(kept) < limit:
                leak()

        with Hunter() as hunter:
            hunter.hunt(leak)
            limit = len(kept) + 2
            ended = hunter.hunt(ends)
            limit = len(kept)
            stable = hunter.hunt(ends)

        self.assertFalse(ended.is_leak, ended)
        self.assertEqual(Growth.STABLE, stable.growth)


if __name__ == "__main__":
    unittest.main()
