"""What stands for a fixture in results."""

from __future__ import annotations

import unittest

from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.execution.fixture_holder import FixtureHolder

LAYER = LayerName("shop.Layer")


class TestFixtureHolder(unittest.TestCase):
    """It has the text of the fixture, and is no test."""

    def test_its_text(self) -> None:
        holder = FixtureHolder("setUpClass (shop.Tests)")

        self.assertEqual("setUpClass (shop.Tests)", str(holder))
        self.assertEqual(str(holder), holder.id())
        self.assertIsNone(holder.shortDescription())
        self.assertEqual(0, holder.countTestCases())
        self.assertEqual(str(holder), holder.reference(LAYER).label)

    def test_it_cannot_be_run(self) -> None:
        with self.assertRaisesRegex(TypeError, "is a fixture"):
            FixtureHolder("setUpModule (shop)")(unittest.TestResult())

    def test_it_can_stand_for_what_is_over(self) -> None:
        over = TestRef(None, LAYER, 1, id="shop.Tests.test", label="test (shop.Tests)")

        reference = FixtureHolder.of(over).reference(LAYER)

        self.assertEqual((over.id, over.label, 0), (reference.id, reference.label, reference.size))
