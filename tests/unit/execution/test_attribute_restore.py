"""What tests have put on themselves is taken away."""

from __future__ import annotations

import unittest

from zope.testrunner.execution.attribute_restore import own_attributes, restore_attributes


class Bare:
    """A test object that can have no attributes."""

    __slots__ = ()


class Plain:
    """A test object with attributes."""


class TestAttributes(unittest.TestCase):
    """They are as before, the same objects in the same dictionary."""

    def test_what_differs_is_undone(self) -> None:
        test = Plain()
        test.__dict__.update(same=[1], changed=[2], gone=[3])
        attributes = test.__dict__
        before = dict(attributes)

        kept = own_attributes(test)  # type: ignore[arg-type]  # enough of a test
        assert kept is not None
        test.changed, test.new, test.newer = 4, 5, 6  # type: ignore[attr-defined]  # as tests do
        del test.gone  # type: ignore[attr-defined]  # as above
        restore_attributes(attributes, kept)

        self.assertIs(attributes, test.__dict__)
        self.assertEqual(before, attributes)
        self.assertIs(before["same"], attributes["same"])

    def test_there_are_none(self) -> None:
        self.assertIsNone(own_attributes(Bare()))  # type: ignore[arg-type]  # enough of a test
