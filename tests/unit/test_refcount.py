"""The historical face of the table by type."""

from __future__ import annotations

import contextlib
import io
import unittest

from support import hide_heap
from zope.testrunner.refcount import TrackRefs, type_or_class_title


class Thing:
    """One of its kind."""


class TestTrackRefs(unittest.TestCase):
    """Updates and tables."""

    def output(self, tracker: TrackRefs) -> str:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            tracker.output()
        return stream.getvalue()

    def test_it_begins_with_nothing_to_tell(self) -> None:
        tracker = TrackRefs()

        self.assertIsNone(tracker.delta)
        self.assertGreater(tracker.n, 1000)
        self.assertEqual("", self.output(tracker))

    def test_nothing_new_is_an_empty_delta(self) -> None:
        hide_heap(self)
        tracker = TrackRefs()
        tracker.update()

        self.assertEqual([], tracker.delta)

    def test_the_table_has_rows_and_a_total(self) -> None:
        hide_heap(self)
        title = f"{__name__}.Thing"
        tracker = TrackRefs()
        things = [Thing(), Thing()]
        tracker.update()
        lines = self.output(tracker).splitlines()

        self.assertEqual("    Leak details, changes in instances and refcounts by type/class:", lines[0])
        self.assertEqual("    " + "type/class".ljust(55) + "  insts   refs", lines[1])
        self.assertEqual("    " + "-" * 55 + "  -----   ----", lines[2])
        self.assertIn(f"    {title:<55} {2:>6} {2:>6}", lines)
        self.assertEqual(lines[2], lines[-2])
        self.assertTrue(lines[-1].startswith("    total "))
        self.assertIsNone(tracker.delta)
        self.assertEqual(len(things), tracker.type2count[title])
        self.assertEqual(2, tracker.type2all[title])


class TestTitles(unittest.TestCase):
    """Names of classes."""

    def test_built_in_types_are_bare(self) -> None:
        self.assertEqual("dict", type_or_class_title(dict))

    def test_others_have_their_module(self) -> None:
        self.assertEqual(f"{__name__}.Thing", type_or_class_title(Thing))


if __name__ == "__main__":
    unittest.main()
