"""The packets of subunit streams of version 2."""

from __future__ import annotations

import io
import unittest
import zlib
from datetime import datetime, timezone
from importlib.util import find_spec

from zope.testrunner.report.subunit.encoding_v2 import Binary
from zope.testrunner.report.subunit.records import PLAIN, Attachment, Test

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


@unittest.skipIf(find_spec("subunit") is None, "compares with python-subunit")
class BesideTheLibrary(unittest.TestCase):
    """What `Binary` writes is what python-subunit would have written."""

    def library(self, **packet: object) -> bytes:
        from subunit import StreamResultToBytes  # type: ignore[import-not-found,unused-ignore]

        stream = io.BytesIO()
        StreamResultToBytes(stream).status(timestamp=datetime.fromtimestamp(AT, timezone.utc), **packet)
        return stream.getvalue()

    def test_packets_are_equal_byte_for_byte(self) -> None:
        for name in ("t", "pkg.T.test (i='\N{SNOWMAN}')", "x" * 63, "x" * 64, "x" * 16_384, "x" * 70_000):
            for runnable, tags in ((True, ()), (False, ("zope:layer",))):
                with self.subTest(name=name[:20], length=len(name), tags=tags):
                    stream = io.BytesIO()
                    Binary(stream).begin(Test(name, runnable, tags), AT)
                    written = self.library(
                        test_id=name, test_status="inprogress", test_tags=set(tags) or None, runnable=runnable
                    )
                    self.assertEqual(written, stream.getvalue())

    def test_attachments_are_equal_byte_for_byte(self) -> None:
        for size in (0, 1, 63, 64, 16_384, 2**20):
            with self.subTest(size):
                stream = io.BytesIO()
                Binary(stream).loose("name", Attachment(PLAIN, b"x" * size), AT)
                written = self.library(file_name="name", file_bytes=b"x" * size, mime_type=PLAIN[1], eof=True)
                self.assertEqual(written, stream.getvalue())
