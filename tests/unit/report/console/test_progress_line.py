from __future__ import annotations

import unittest

from zope.testrunner.report.console.progress_line import counter, short_description, wipe


class CounterTest(unittest.TestCase):
    """A counter says how far a lap is."""

    def test_it_is_indented(self) -> None:
        self.assertEqual("    3/12 (25.0%)", counter(3, 12))

    def test_nothing_of_nothing_is_all(self) -> None:
        self.assertEqual("    0/0 (100.0%)", counter(0, 0))


class WipeTest(unittest.TestCase):
    """Wiping leaves the cursor in the first column."""

    def test_wipe(self) -> None:
        self.assertEqual("\r   \r", wipe(3))


class ShortDescriptionTest(unittest.TestCase):
    """A name that is too long loses what tells least."""

    def check(self, expected: str, text: str, room: int) -> None:
        self.assertEqual(expected, short_description(text, room))

    def test_what_fits_stays(self) -> None:
        self.check(" short", "short", 6)

    def test_the_class_loses_its_beginning(self) -> None:
        self.check(" test_x1 (....TestA)", "test_x1 (sample1.sampletests.test122.TestA)", 20)

    def test_a_path_loses_its_beginning(self) -> None:
        self.check(" ... f/g/h/i/jkl.rst", "/a/b/c/d/e/f/g/h/i/jkl.rst", 20)

    def test_a_long_method_loses_its_end(self) -> None:
        self.check(" abcdefghijk...", "abcdefghijklmnopqrs (uvwxyz)", 15)

    def test_it_never_takes_more_than_its_room(self) -> None:
        texts = ("test_x (pkg.mod.Class.test_x)", "/a/long/path/to/a/file.rst", "x", "", " (", "a (")
        for text in texts:
            for room in range(1, 40):
                shown = short_description(text, room)

                self.assertLessEqual(len(shown), room, (text, room))
                self.assertTrue(shown.startswith(" "))

    def test_without_room_there_is_nothing(self) -> None:
        for room in (0, -1, -10):
            self.check(" ", "anything (at.all)", room)
