"""The methods that formatters have had for many years, and streams in files."""

from __future__ import annotations

import io
import os
import types
import unittest

from zope.testrunner.core.events import TestFinished, TestStarted
from zope.testrunner.core.model import LayerName, Outcome, TestRef
from zope.testrunner.report.subunit.formatters import SubunitOutputFormatter, SubunitV2OutputFormatter
from zope.testrunner.testing import replay

TEST = TestRef(None, LayerName("shop.Layer"), id="shop.T.test", label="test (shop.T.test)")


class Formatter(unittest.TestCase):
    """The methods of old."""

    def setUp(self) -> None:
        self.stream = io.BytesIO()
        self.formatter = SubunitOutputFormatter(None, self.stream)

    def test_a_failure_reported_directly(self) -> None:
        try:
            raise ValueError("no")
        except ValueError as error:
            exc_info = (ValueError, error, error.__traceback__)
        test = unittest.FunctionTestCase(lambda: None)
        self.formatter.start_test(test, 1, 1)
        self.formatter.test_failure(test, 0.1, exc_info, stdout="out", stderr="err")
        found = self.stream.getvalue().decode()
        self.assertIn("failure: <lambda> [ multipart\n", found)
        for name in ("test-stderr", "test-stdout", "traceback"):
            self.assertIn(f"\n{name}\n", found)
        self.assertIn("ValueError: no", found)

    def test_output_in_bytes(self) -> None:
        self.formatter.test_error(self, 0.1, (ValueError, ValueError("no"), None), stdout=b"out \xc3\xa9 \xff")

        self.assertIn("out \xe9 \ufffd", self.stream.getvalue().decode())

    def test_a_subclass_is_called_through_its_methods(self) -> None:
        seen: list[object] = []

        class Mine(SubunitOutputFormatter):
            def test_success(self, test: object, seconds: float) -> None:
                seen.append(test)
                super().test_success(test, seconds)

        finished = TestFinished(2.0, 0, TEST, Outcome.PASSED, 1.0)
        replay([TestStarted(1.0, 0, TEST, 1, 1), finished], Mine(None, self.stream))
        self.assertEqual(1, len(seen))
        self.assertIn(b"successful: shop.T.test\n", self.stream.getvalue())


class InAFile(unittest.TestCase):
    @unittest.skipUnless(os.path.exists("/dev/full"), "needs a device that is always full")
    def test_a_file_that_cannot_be_written_is_closed_all_the_same(self) -> None:
        formatter = SubunitV2OutputFormatter.in_file(types.SimpleNamespace(), "/dev/full")
        below = formatter._file
        with self.assertRaises(OSError):
            below.write(b"x")
            formatter.close()
        self.assertTrue(below.closed)  # type: ignore[attr-defined]
