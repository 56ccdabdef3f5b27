"""Numbers of bytes as people write and read them."""

from __future__ import annotations

import unittest

from zope.testrunner.system.byte_sizes import bytes_of, in_words


class TestSizes(unittest.TestCase):
    """Sizes have three digits or four, and a unit."""

    def test_each_unit(self) -> None:
        for size, words in ((0, "0B"), (999, "999B"), (1000, "1.0kB"), (12_400_000, "12.4MB"), (712_300_000, "712MB")):
            with self.subTest(size):
                self.assertEqual(words, in_words(size))

    def test_large_and_negative_ones(self) -> None:
        self.assertEqual("1.5GB", in_words(1_500_000_000))
        self.assertEqual("-2.0kB", in_words(-2000))


class TestReading(unittest.TestCase):
    """Sizes are read as people write them."""

    def test_units_are_decimal_or_binary(self) -> None:
        for text, size in (("10MB", 10_000_000), ("1.5 GiB", 1_610_612_736), ("17", 17), ("2kb", 2000), (" 1 B ", 1)):
            with self.subTest(text):
                self.assertEqual(size, bytes_of(text))

    def test_what_is_no_size_is_told(self) -> None:
        for text in ("", "MB", "ten MB", "0", "-1MB", "10 TB", "nan", "inf"):
            with self.subTest(text), self.assertRaisesRegex(ValueError, "is not a size such as 10MB"):
                bytes_of(text)
