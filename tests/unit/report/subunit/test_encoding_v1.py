"""The lines of subunit streams of version 1."""

from __future__ import annotations

import io
import re
import unittest

from zope.testrunner.report.subunit.encoding_v1 import Text
from zope.testrunner.report.subunit.library import library
from zope.testrunner.report.subunit.records import PLAIN, TRACEBACK, Attachment, Test

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
        self.packets.end(Test("t"), None, "skip", {"reason": Attachment.text("no\n] way")}, simple=True)
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
        self.packets.end(Test("t"), None, "skip", {"reason": Attachment.text("x" * (2**20 + 1))}, simple=True)
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

    def test_numbers_of_parts_sort(self) -> None:
        self.packets.end(Test("t"), None, "error", {"out": Attachment(PLAIN, b"x" * (10 * 2**20))})
        found = re.findall("^out.*", self.written(), re.MULTILINE)
        self.assertEqual(["out", *(f"out #{number:02}" for number in range(2, 11))], found)

    def test_parts_do_not_take_the_names_of_others(self) -> None:
        long = Attachment(PLAIN, b"x" * (2**20 + 1))
        self.packets.end(Test("t"), None, "error", {"out": long, "out #2": Attachment.text("other")})
        self.assertEqual(["out", "out #2", "out #2+"], re.findall("^out.*", self.written(), re.MULTILINE))

    def test_words_are_those_that_consumers_have_long_been_told(self) -> None:
        words = {
            "success": "successful", "xfail": "successful", "uxsuccess": "error", "failure": "failure", "error": "error",
            "skip": "skip",
        }  # fmt: skip
        for status, word in words.items():
            with self.subTest(status):
                stream = io.BytesIO()
                Text(stream).end(Test("t"), None, status, {})
                self.assertEqual(f"{word}: t\n".encode(), stream.getvalue())
                stream = io.BytesIO()
                Text(stream).end(Test("t"), None, status, {"a": Attachment.text("x")})
                self.assertEqual(f"{word}: t [ multipart\n".encode(), stream.getvalue().splitlines(True)[0])

    def test_each_event_is_written_at_once(self) -> None:
        written: list[bytes] = []

        class File:
            def write(self, data: bytes) -> None:
                written.append(data)

            def flush(self) -> None:
                written.append(b"flushed")

        packets = Text(File())
        packets.begin(Test("t", True, ("own",), ("around",)), AT)
        packets.end(Test("t", True, ("own",), ("around",)), AT, "failure", {"a": Attachment.text("x")})
        packets.exists(Test("u"), AT)
        self.assertEqual(6, len(written))
        self.assertEqual([b"flushed"] * 3, written[1::2])


class Readings(unittest.TestCase):
    def test_the_client_does_not_count(self) -> None:
        """A number above 256 is an object of its own, which a reading would find."""
        packets = Text(io.BytesIO())
        for _ in range(3):
            packets.begin(Test("t"), AT)
            packets.end(Test("t"), AT, "success", {})
            packets.exists(Test("t"), AT)
        self.assertEqual(0, packets._client.testsRun)


class WhatTheLibraryDoesOtherwise(unittest.TestCase):
    """Why some lines are not left to ``subunit.TestProtocolClient`` as they are: python-subunit 1.4.6 loses them."""

    def setUp(self) -> None:
        if library().version[:3] > (1, 4, 6):
            self.skipTest("a newer python-subunit: look whether it still does so")
        import subunit  # type: ignore[import-not-found,import-untyped,unused-ignore]

        self.subunit = subunit
        self.stream = io.BytesIO()
        self.client = subunit.TestProtocolClient(self.stream)

    def named(self, name: str) -> object:
        return type("Named", (), {"id": lambda self: name})()

    def read(self) -> list[tuple[str, str]]:
        """What a reader of the stream takes for outcomes, with the texts."""
        found: list[tuple[str, str]] = []

        class Reader(unittest.TestResult):
            def addError(self, test: unittest.TestCase, err: object = None, details: object = None) -> None:
                found.append((test.id(), str(err or details)))

            def addSkip(self, test: unittest.TestCase, reason: object = None, details: object = None) -> None:
                found.append((test.id(), str(reason or details)))

        self.stream.seek(0)
        server = self.subunit.TestProtocolServer(Reader(), self.subunit.DiscardStream())
        server.readFrom(self.stream)
        return found

    def test_an_id_of_two_lines_is_another_test(self) -> None:
        self.client.startTest(self.named("a\nb"))
        self.assertEqual(b"test: a\nb\n", self.stream.getvalue())

    def test_a_bracket_in_a_reason_ends_it(self) -> None:
        self.client.startTest(self.named("t"))
        self.client.addSkip(self.named("t"), "one\n]\ntwo")
        self.assertNotIn("two", str(self.read()))
        self.stream.seek(0)
        Text(self.stream).begin(Test("t"), None)
        Text(self.stream).end(Test("t"), None, "skip", {"reason": Attachment.text("one\n]\ntwo")}, simple=True)
        self.assertIn("two", str(self.read()))

    def test_a_text_in_brackets_gets_the_name_of_a_class(self) -> None:
        self.client.addFailure(self.named("t"), self.subunit.RemoteError("Traceback: no"))
        self.assertIn(b"_StringException: Traceback: no", self.stream.getvalue())

    def test_an_end_has_to_have_an_attachment(self) -> None:
        for end in (self.client.addError, self.client.addFailure, self.client.addSkip):
            with self.assertRaises(ValueError):
                end(self.named("t"))

    def test_tags_of_one_line_are_in_the_order_of_a_set(self) -> None:
        self.client.tags([str(number) for number in range(100)], [])
        written = self.stream.getvalue().split()[1:]
        self.assertNotEqual([str(number).encode() for number in range(100)], written)

    def test_surrogates_are_refused(self) -> None:
        with self.assertRaises(UnicodeEncodeError):
            self.client.startTest(self.named("\udcff"))

    def test_what_is_large_is_too_large_for_a_converter(self) -> None:
        content = library().content(library().content_type("text", "plain", {}), lambda: [b"x" * 5 * 2**20])
        self.client.startTest(self.named("t"))
        self.client.addError(self.named("t"), details={"out": content})
        self.stream.seek(0)
        with self.assertRaises(ValueError):
            self.converted()
        self.stream.seek(0)
        self.stream.truncate()
        Text(self.stream).begin(Test("t"), None)
        Text(self.stream).end(Test("t"), None, "error", {"out": Attachment(PLAIN, b"x" * 5 * 2**20)})
        self.stream.seek(0)
        self.assertGreater(len(self.converted()), 5 * 2**20)

    def converted(self) -> bytes:
        """What subunit-1to2 makes of the stream."""
        from testtools import ExtendedToStreamDecorator  # type: ignore[import-not-found,import-untyped,unused-ignore]

        made = io.BytesIO()
        result = ExtendedToStreamDecorator(self.subunit.StreamResultToBytes(made))
        result.startTestRun()
        self.subunit.TestProtocolServer(result, self.subunit.DiscardStream()).readFrom(self.stream)
        return made.getvalue()
