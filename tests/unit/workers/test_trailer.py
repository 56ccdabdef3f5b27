"""Counts and names at the end of a child's standard error."""

from __future__ import annotations

import unittest

from zope.testrunner.workers.trailer import Trailer, find_trailer


class TestTrailer(unittest.TestCase):
    """Counts and names at the end of standard error."""

    def test_names_fit_a_line_each(self) -> None:
        self.assertEqual(["5 1 1", "two lines", "e"], Trailer(5, (" two\nlines ",), ("e",)).lines())

    def test_it_is_found_again_behind_other_text(self) -> None:
        trailer = Trailer(5, ("f1", "f2"), ("e",))

        self.assertEqual((trailer, ["warning", "1 2 3 4"]), find_trailer(["warning", "1 2 3 4", *trailer.lines()]))

    def test_three_numbers_that_a_test_wrote_are_not_mistaken_for_it(self) -> None:
        trailer = Trailer(5, (), ("e",))

        self.assertEqual((trailer, ["1 0 0"]), find_trailer(["1 0 0", *trailer.lines()]))
        self.assertIsNone(find_trailer(["7 8 9", "not enough names"]))

    def test_none(self) -> None:
        self.assertIsNone(find_trailer([]))
        self.assertIsNone(find_trailer(["Traceback", "-1 0 0", "1 2"]))
