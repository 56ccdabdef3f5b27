"""Which time limit counts for a test."""

from __future__ import annotations

import unittest

from zope.testrunner.execution.timeouts import Limits


class Plain(unittest.TestCase):
    def test_a(self) -> None:
        """Nothing."""


class WithLimit(unittest.TestCase):
    timeout = 5

    def test_a(self) -> None:
        """Nothing."""

    def test_b(self) -> None:
        """Nothing."""

    test_b.timeout = 0.5

    def test_c(self) -> None:
        """Nothing."""

    test_c.timeout = 0


class WithSomethingElse(unittest.TestCase):
    timeout = True

    def test_a(self) -> None:
        """Nothing."""


class TestLimits(unittest.TestCase):
    """The limit of a test method goes before that of its class, and that before the one for all."""

    def test_which_counts(self) -> None:
        limits = Limits(60.0)
        for test, limit in (
            (Plain("test_a"), 60.0),
            (WithLimit("test_a"), 5.0),
            (WithLimit("test_b"), 0.5),
            (WithLimit("test_c"), None),
            (WithSomethingElse("test_a"), 60.0),
        ):
            with self.subTest(str(test)):
                self.assertEqual(limit, limits.of(test))

    def test_a_test_that_is_no_test_case(self) -> None:
        self.assertIsNone(Limits().of(lambda result: None))
