"""Markers: found where they are put, and compared with what is there."""

from __future__ import annotations

import unittest

from zope.testrunner.leaks import expected_leak, no_leak_check
from zope.testrunner.leaks.markers import Agreement, Expected, compare, marker_for
from zope.testrunner.leaks.readings import Growth, Unit, Verdict

BLOCKS = Verdict("blocks", Unit.COUNT, Growth.LEAK, (6, 6, 6), 6)
QUIET = Verdict("blocks", Unit.COUNT, Growth.STABLE, (0,), 0)


class TestMarkers(unittest.TestCase):
    """Putting them on."""

    def test_the_marked_thing_stays_itself(self) -> None:
        def test() -> None:
            """Nothing."""

        self.assertIs(test, expected_leak(reason="known")(test))
        self.assertEqual(Expected("known"), marker_for(test))

    def test_the_first_marker_counts(self) -> None:
        @no_leak_check(reason="all of it is strange")
        class Case(unittest.TestCase):
            @expected_leak(kind="blocks", max=6, reason="a cache")
            def test(self) -> None:
                """Nothing."""

        self.assertEqual(Expected("a cache", "blocks", 6), marker_for(Case.test, Case))
        self.assertEqual(Expected("all of it is strange", judged=False), marker_for(object(), Case))
        self.assertIsNone(marker_for(object(), None))

    def test_a_reason_is_needed(self) -> None:
        for marker in (expected_leak, no_leak_check):
            with self.assertRaisesRegex(ValueError, "say in words why"):
                marker(reason=" ")

    def test_a_leak_grows(self) -> None:
        with self.assertRaisesRegex(ValueError, "at least 1 per run"):
            expected_leak(max=0, reason="nothing")

    def test_a_tracker_that_does_not_exist_is_told(self) -> None:
        with self.assertRaisesRegex(ValueError, r"no leak tracker is called so; there are refcounts, blocks, .*references"):
            expected_leak(kind="bloks", reason="a cache")


class TestCompare(unittest.TestCase):
    """Are they still true."""

    def agreement(self, expected: Expected, *verdicts: Verdict) -> Agreement:
        return compare(expected, verdicts)[0]

    def test_a_known_leak_is_known(self) -> None:
        self.assertIs(Agreement.KNOWN, self.agreement(Expected("known"), BLOCKS))
        self.assertIs(Agreement.KNOWN, self.agreement(Expected("known", "blocks", 6), BLOCKS))

    def test_a_leak_that_is_gone_makes_the_marker_stale(self) -> None:
        agreement, words = compare(Expected("a cache", "blocks"), [QUIET])

        self.assertIs(Agreement.STALE, agreement)
        self.assertEqual(
            "a leak of blocks was expected (a cache), and there is none: remove the marker", words
        )

    def test_a_larger_leak_is_worse(self) -> None:
        agreement, words = compare(Expected("a cache", "blocks", 5), [BLOCKS])

        self.assertIs(Agreement.WORSE, agreement)
        self.assertEqual("every run adds 6 to blocks, and 5 were expected (a cache)", words)

    def test_a_marker_for_memory_does_not_cover_descriptors(self) -> None:
        objects = BLOCKS._replace(tracker="objects")
        descriptors = BLOCKS._replace(tracker="descriptors", per_run=1)

        self.assertIs(Agreement.KNOWN, self.agreement(Expected("a cache", "blocks"), BLOCKS, objects))
        self.assertIs(Agreement.KNOWN, self.agreement(Expected("a file", "descriptors"), BLOCKS, descriptors))
        self.assertIs(Agreement.KNOWN, self.agreement(Expected("anything"), BLOCKS, descriptors))
        agreement, words = compare(Expected("a cache", "blocks"), [BLOCKS, descriptors])
        self.assertIs(Agreement.WORSE, agreement)
        self.assertEqual("every run adds 1 to descriptors, and only a leak of blocks was expected (a cache)", words)

    def test_what_cannot_be_counted_here_makes_no_marker_stale(self) -> None:
        untrusted = Verdict("refcounts", Unit.COUNT, Growth.NOT_JUDGED, (6, 6, 6), 0)

        for verdicts in ((QUIET,), (BLOCKS,), (QUIET, untrusted)):
            self.assertIs(Agreement.UNCHECKED, self.agreement(Expected("known", "refcounts"), *verdicts))

    def test_references_count_against_the_limit_if_nothing_else_shows_the_leak(self) -> None:
        references = Verdict("references", Unit.COUNT, Growth.LEAK, (9, 9, 9), 9)

        self.assertIs(Agreement.KNOWN, self.agreement(Expected("a cache", None, 6), BLOCKS, references))
        self.assertIs(Agreement.WORSE, self.agreement(Expected("a cache", None, 6), QUIET, references))
        self.assertIs(Agreement.WORSE, self.agreement(Expected("a cache", "references", 6), BLOCKS, references))

    def test_what_is_not_to_be_judged_is_not(self) -> None:
        self.assertIs(Agreement.UNCHECKED, self.agreement(Expected("strange", judged=False), BLOCKS))


if __name__ == "__main__":
    unittest.main()
