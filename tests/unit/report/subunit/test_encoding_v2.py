"""The packets of subunit streams of version 2."""

from __future__ import annotations

import io
import unittest
import zlib
from datetime import UTC, datetime

from zope.testrunner.report.subunit.encoding_v2 import Binary
from zope.testrunner.report.subunit.library import library
from zope.testrunner.report.subunit.records import PLAIN, TRACEBACK, Attachment, Test

#: 2001-09-09 01:46:40.25 UTC
AT = 1_000_000_000.25


class BinaryStream(unittest.TestCase):
    def setUp(self) -> None:
        self.stream = io.BytesIO()
        self.packets = Binary(self.stream)

    def test_a_status_byte_for_byte(self) -> None:
        self.packets.begin(Test("t"), AT)
        body = bytes.fromhex("b3 2b02 12 3b9aca00 ce e6b280 01 74".replace(" ", ""))
        packet = self.stream.getvalue()
        self.assertEqual(body.hex(), packet[:-4].hex())
        self.assertEqual(zlib.crc32(packet[:-4]).to_bytes(4, "big"), packet[-4:])

    def test_the_length_counts_itself(self) -> None:
        for size in (1, 40, 50, 60, 70, 16_360, 16_370, 16_380, 16_390, 2**20):
            with self.subTest(size):
                self.stream.seek(0)
                self.stream.truncate()
                self.packets.loose("n", Attachment(PLAIN, b"x" * size), AT)
                packet = self.stream.getvalue()
                kind, first = packet[3] >> 6, packet[3] & 0x3F
                length = int.from_bytes(bytes([first]) + packet[4 : 4 + kind], "big")
                self.assertEqual(len(packet), length)

    def test_a_large_attachment_is_split(self) -> None:
        self.packets.loose("n", Attachment(PLAIN, b"x" * (3 * 2**20)), AT)
        self.assertEqual(3, self.stream.getvalue().count(b"text/plain"))

    def test_an_empty_attachment_is_there(self) -> None:
        self.packets.loose("name", Attachment(PLAIN, b""), AT)
        self.assertIn(b"name", self.stream.getvalue())

    def test_an_attachment_byte_for_byte(self) -> None:
        self.packets.loose("n", Attachment(PLAIN, b"xy"), AT)
        body = bytes.fromhex("b3 2370 2f 3b9aca00 ce e6b280 19") + b'text/plain; charset="utf8"' + b"\x01n\x02xy"
        packet = self.stream.getvalue()
        self.assertEqual(body[:3].hex(), packet[:3].hex())
        self.assertEqual(body[12:].removeprefix(b"\x19"), packet[13:-4])

    def test_content_types(self) -> None:
        details = {"reason": Attachment(PLAIN, b"r"), "traceback": Attachment(TRACEBACK, b"t")}
        self.packets.end(Test("t"), AT, "skip", details)
        self.assertIn(b"text/plain; charset=utf8\x06reason\x01r", self.stream.getvalue())
        self.assertIn(b'text/x-traceback; charset="utf8"; language="python"\x09traceback\x01t', self.stream.getvalue())

    def test_each_word_becomes_a_status(self) -> None:
        numbers = {"success": 3, "uxsuccess": 4, "skip": 5, "failure": 6, "error": 6, "xfail": 7}
        for word, number in numbers.items():
            with self.subTest(word):
                stream = io.BytesIO()
                Binary(stream).end(Test("t"), None, word, {})
                self.assertEqual(number, stream.getvalue()[2] & 7)

    def test_tags_keep_their_order(self) -> None:
        self.packets.begin(Test("t", True, ("own",), ("b", "a")), AT)
        self.assertIn(b"\x03\x01b\x01a\x03own", self.stream.getvalue())

    def test_each_event_reaches_the_file_when_it_happens(self) -> None:
        written = []

        class File(io.BytesIO):
            def flush(self) -> None:
                written.append(len(self.getvalue()))

        packets = Binary(File())
        packets.begin(Test("t"), AT)
        packets.end(Test("t"), AT, "success", {"a": Attachment(PLAIN, b"x"), "b": Attachment(PLAIN, b"y")})
        packets.exists(Test("u"), AT)
        packets.loose("n", Attachment(PLAIN, b"x"), AT)
        self.assertEqual(4, len(written))
        self.assertEqual(sorted(set(written)), written)


class WhatTheLibraryRefuses(unittest.TestCase):
    """What has to be seen to before packets are written: python-subunit 1.4.6 raises errors for it."""

    def setUp(self) -> None:
        self.stream = io.BytesIO()
        self.packets = Binary(self.stream)

    def refused(self, error: type[Exception], **packet: object) -> None:
        if library().version[:3] > (1, 4, 6):
            self.skipTest("a newer python-subunit: look whether it still does so")
        with self.assertRaises(error):
            library().packets(io.BytesIO()).status(**packet)

    def test_surrogates_are_escaped(self) -> None:
        self.packets.begin(Test("t\udcff", True, ("\udcff",)), AT)
        self.assertEqual(2, self.stream.getvalue().count(rb"\udcff"))
        self.refused(UnicodeEncodeError, test_id="t\udcff")

    def test_an_id_that_is_too_long_is_cut(self) -> None:
        self.packets.begin(Test("\N{SNOWMAN}" * 2**21), AT)
        self.assertEqual(2**20 // 3, self.stream.getvalue().count("\N{SNOWMAN}".encode()))
        self.refused(ValueError, test_id="t" * 2**22)

    def test_an_attachment_that_is_too_large_comes_in_several_packets(self) -> None:
        self.packets.loose("n", Attachment(PLAIN, b"x" * 5 * 2**20), AT)
        self.assertEqual(5, self.stream.getvalue().count(b"text/plain"))
        self.refused(ValueError, file_name="n", file_bytes=b"x" * 5 * 2**20)

    def test_a_time_before_all_times_is_the_first_one(self) -> None:
        self.packets.begin(Test("t"), -1.0)
        self.assertEqual(bytes(5), self.stream.getvalue()[4:9])
        self.refused(Exception, timestamp=datetime(1969, 1, 1, tzinfo=UTC))
