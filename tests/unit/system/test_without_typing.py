"""Tests of `zope.testrunner.system.without_typing`: what it has does nothing, as the originals do while a program runs."""

from __future__ import annotations

import unittest

from zope.testrunner.system import without_typing


class WithoutTypingTest(unittest.TestCase):
    """What each name does."""

    def test_a_new_type_is_the_type_itself(self):
        self.assertIs(str, without_typing.NewType("LayerName", str))

    def test_a_protocol_is_an_ordinary_base(self):
        class Sink(without_typing.Protocol):
            """Two of these have nothing to do with each other."""

        self.assertEqual((Sink, object), Sink.__mro__)

    def test_a_cast_value_stays_what_it_is(self):
        value = object()

        self.assertIs(value, without_typing.cast("int", value))

    def test_a_class_stays_what_it_is(self):
        kind = type("Kind", (), {})

        self.assertIs(kind, without_typing.dataclass_transform(frozen_default=True)(kind))
