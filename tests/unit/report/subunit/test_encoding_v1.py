"""The lines of subunit streams of version 1."""

from __future__ import annotations

import io
import unittest

from zope.testrunner.report.subunit.encoding_v1 import Text
from zope.testrunner.report.subunit.records import PLAIN, REASON, TRACEBACK, Attachment, Test

#: 2001-09-09 01:46:40.25 UTC
AT = 1_000_000_000.25


class TextStream(unittest.TestCase):
    def setUp(self) -> None:
        self.stream = io.BytesIO()
        self.packets = Text(self.stream)

    def written(self) -> str:
        return self.stream.getvalue().decode("utf-8")

    def test_a_test_that_passes(self) -> None:
        test = Test("pkg.T.test")
        self.packets.begin(test, AT)
        self.packets.end(test, AT + 1, "success", {})
        self.assertEqual(
            "time: 2001-09-09 01:46:40.250000Z\ntest: pkg.T.test\n"
            "time: 2001-09-09 01:46:41.250000Z\nsuccessful: pkg.T.test\n",
            self.written(),
        )

    def test_a_simple_end_has_its_text_in_brackets(self) -> None:
        self.packets.end(Test("t"), None, "skip", {"reason": Attachment.text("no\n] way", REASON)}, simple=True)
        self.assertEqual("skip: t [\nno\n ] way\n]\n", self.written())

    def test_attachments_are_in_chunks_and_sorted(self) -> None:
        details = {"traceback": Attachment.text("oops\n", TRACEBACK), "test-stdout": Attachment.text("\N{SNOWMAN}", PLAIN)}
        self.packets.end(Test("t"), None, "failure", details)
        self.assertEqual(
            "failure: t [ multipart\n"
            "Content-Type: text/plain;charset=utf8\ntest-stdout\n3\r\n\N{SNOWMAN}0\r\n"
            "Content-Type: text/x-traceback;charset=utf8,language=python\ntraceback\n5\r\noops\n0\r\n"
            "]\n",
            self.written(),
        )

    def test_what_is_long_comes_in_several_parts(self) -> None:
        self.packets.end(Test("t"), None, "error", {"out": Attachment(PLAIN, b"x" * (2**20 + 1))})
        self.assertIn("\nout\n100000\r\n", self.written())
        self.assertIn("\nout #2\n1\r\nx0\r\n", self.written())

    def test_a_simple_end_that_is_long_does_so_too(self) -> None:
        self.packets.end(Test("t"), None, "skip", {"reason": Attachment.text("x" * (2**20 + 1), REASON)}, simple=True)
        self.assertIn("\nreason #2\n1\r\nx0\r\n", self.written())

    def test_tags_are_said_when_they_change(self) -> None:
        for around in (("a",), ("a", "b"), ("b",), ("b",)):
            self.packets.tag(around)
        self.assertEqual("tags: a\ntags: b\ntags: -a\n", self.written())

    def test_an_id_stays_on_its_line(self) -> None:
        self.packets.begin(Test("t (a='\n')"), None)
        self.assertEqual("test: t (a='\\n')\n", self.written())

    def test_surrogates_are_escaped(self) -> None:
        self.packets.begin(Test("t\udcff"), None)
        self.assertEqual("test: t\\udcff\n", self.written())
