"""Messages on a pipe, and marks in what is printed."""

from __future__ import annotations

import os
import unittest
from unittest import mock

from zope.testrunner.system import originals
from zope.testrunner.workers.framing import FrameDecoder, NoMessage, OutputStream, mark, packed, pieces, read_message

TOKEN = b"c0ffee00"


class TestInbox(unittest.TestCase):
    """Messages come out as they went in."""

    def test_in_any_pieces(self) -> None:
        data = packed(TOKEN, (1, "text", None)) + packed(TOKEN, (2, b"bytes", 0.5))
        for size in (1, 7, len(data)):
            with self.subTest(size):
                inbox, found = FrameDecoder(TOKEN), []
                for start in range(0, len(data), size):
                    inbox.feed(data[start : start + size])
                    found += list(inbox.messages())
                self.assertEqual([(1, "text", None), (2, b"bytes", 0.5)], found)

    def test_something_else_is_noticed(self) -> None:
        for data in (b"written by a test, somewhere", TOKEN + b"\xff\xff\xff\xff", TOKEN + b"\0\0\0\2!!"):
            with self.subTest(data):
                inbox = FrameDecoder(TOKEN)
                inbox.feed(data)
                with self.assertRaises(NoMessage):
                    list(inbox.messages())

    def test_reading_one(self) -> None:
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, packed(TOKEN, (1, 2)))
        os.close(writing)

        self.assertEqual((1, 2), read_message(reading, TOKEN))
        self.assertIsNone(read_message(reading, TOKEN))


class TestPieces(unittest.TestCase):
    """What is there is read without waiting for more."""

    def setUp(self) -> None:
        self.reading, self.writing = os.pipe()
        self.addCleanup(os.close, self.reading)
        os.set_blocking(self.reading, False)

    def test_once_is_enough_where_little_is_there(self) -> None:
        os.write(self.writing, b"some")
        with mock.patch.object(originals.os, "read", wraps=os.read) as read:
            self.assertEqual([b"some"], list(pieces(self.reading)))

        self.assertEqual(1, read.call_count)
        self.assertEqual([], list(pieces(self.reading)))
        os.close(self.writing)

    def test_much_is_read_to_its_end(self) -> None:
        os.write(self.writing, b"more")
        os.close(self.writing)
        with mock.patch("zope.testrunner.workers.framing._PIECE", 2):
            self.assertEqual([b"mo", b"re", b""], list(pieces(self.reading)))


class TestPrinted(unittest.TestCase):
    """What was printed before a message is known, however it comes."""

    def test_marks_part_what_is_printed(self) -> None:
        data = b"one" + mark(TOKEN, 1) + b"two\n\x1e" + mark(TOKEN, 2) + b"three"
        for size in (1, 5, len(data)):
            with self.subTest(size):
                printed = OutputStream(TOKEN)
                for start in range(0, len(data), size):
                    printed.feed(data[start : start + size])
                self.assertEqual(
                    [b"one", b"", b"two\n\x1e", b"three"],
                    [printed.take(1), printed.take(1), printed.take(2), printed.rest()],
                )

    def test_what_looks_like_a_mark_is_none(self) -> None:
        printed = OutputStream(TOKEN)
        printed.feed(b"\x1e" * 100 + b"\x1edeadbeef00000001\n" + mark(TOKEN, 5))

        self.assertEqual(b"\x1e" * 100 + b"\x1edeadbeef00000001\n", printed.take(5))

    def test_nor_is_one_without_a_number(self) -> None:
        wrong = b"\x1e" + TOKEN + b"no digit\n"
        for size in (1, 100):
            with self.subTest(size):
                printed, data = OutputStream(TOKEN), wrong + mark(TOKEN, 5)
                for start in range(0, len(data), size):
                    printed.feed(data[start : start + size])

                self.assertEqual(wrong, printed.take(5))

    def test_a_mark_is_written_at_once(self) -> None:
        self.assertLess(len(mark(TOKEN, 2**40)), 512)
