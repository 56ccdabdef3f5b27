"""What a stream says, in no encoding yet."""

from __future__ import annotations

import unittest

from zope.testrunner.report.subunit.records import PIECE, PLAIN, Attachment, Running, Test, moment, pieces, utf8, valid


class Times(unittest.TestCase):
    def test_microseconds_are_kept(self) -> None:
        self.assertEqual("2001-09-09T01:46:40.250001+00:00", moment(1_000_000_000.250001).isoformat())

    def test_there_is_a_first_and_a_last_one(self) -> None:
        self.assertEqual("1970-01-01T00:00:00+00:00", moment(-1.5).isoformat())
        self.assertEqual("2106-02-07T06:28:15+00:00", moment(1e12).isoformat())


class Texts(unittest.TestCase):
    def test_what_is_no_utf_8_is_escaped(self) -> None:
        self.assertEqual(("\N{SNOWMAN}", "\\udcff"), (valid("\N{SNOWMAN}"), valid("\udcff")))
        self.assertEqual(b"\\xff", utf8(b"\xff"))

    def test_bytes_that_are_none_are_replaced(self) -> None:
        self.assertEqual("\ufffd".encode(), Attachment.text(b"\xff").data)


class Pieces(unittest.TestCase):
    def test_what_is_empty_is_one(self) -> None:
        self.assertEqual([b""], pieces(b""))

    def test_none_is_too_large(self) -> None:
        self.assertEqual([PIECE, PIECE, 1], [len(piece) for piece in pieces(b"x" * (2 * PIECE + 1))])


class RunningTests(unittest.TestCase):
    def test_attachments_of_one_name_get_numbers(self) -> None:
        running = Running(Test("t"))
        for text in "abc":
            running.attach("traceback", Attachment.text(text))
        self.assertEqual(["traceback", "traceback #2", "traceback #3"], list(running.all_details()))

    def test_output_is_added_up(self) -> None:
        running = Running(Test("t"))
        running.output("one ", None)
        running.output("two", "")
        self.assertEqual({"test-stdout": Attachment(PLAIN, b"one two")}, running.all_details())
