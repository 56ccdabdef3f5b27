"""Immutable values."""

from __future__ import annotations

import copy
import pickle
import unittest
from typing import ClassVar

from zope.testrunner.system.value_class import Record, often_made


class Point(Record):
    """A value with a default."""

    UNITS: ClassVar[str] = "metres"

    x: int
    y: int = 2

    @property
    def sum(self) -> int:
        """Values may have behaviour."""
        return self.x + self.y


class Other(Record):
    """A value with the same fields."""

    x: int
    y: int = 2


@often_made
class Quick(Record):
    """A value with an initialiser of its own."""

    x: int
    y: int = 2


class TestConstruction(unittest.TestCase):
    """Fields are given by place or by name, and the quick kind behaves like the common one."""

    def test_by_place_and_by_name(self) -> None:
        for kind in (Point, Quick):
            with self.subTest(kind):
                self.assertEqual(kind(1, 2), kind(1))
                self.assertEqual(kind(1, 3), kind(y=3, x=1))

    def test_wrong_numbers_of_values_are_refused(self) -> None:
        for kind in (Point, Quick):
            with self.subTest(kind):
                self.assertRaises(TypeError, kind)
                self.assertRaises(TypeError, kind, 1, 2, 3)
                self.assertRaises(TypeError, kind, 1, x=1)
                self.assertRaises(TypeError, kind, 1, z=1)

    def test_there_is_no_room_for_anything_else(self) -> None:
        with self.assertRaises(AttributeError):
            Point(1).z = 3  # type: ignore[attr-defined]

    def test_class_variables_are_no_fields(self) -> None:
        self.assertEqual(("x", "y"), Point.FIELDS)
        self.assertEqual("metres", Point.UNITS)


class TestValue(unittest.TestCase):
    """Records are values."""

    def test_equality_goes_by_class_and_fields(self) -> None:
        self.assertEqual(Point(1), Point(1))
        self.assertNotEqual(Point(1), Point(2))
        self.assertNotEqual(Point(1), Other(1))
        self.assertEqual(1, len({Point(1), Point(1)}))

    def test_replacing_makes_another_one(self) -> None:
        point = Point(1)

        self.assertEqual(Point(1, 5), point.replace(y=5))
        self.assertEqual(Point(1), point)

    def test_repr_shows_the_fields(self) -> None:
        self.assertEqual("Point(x=1, y=2)", repr(Point(1)))

    def test_it_can_be_copied_and_pickled(self) -> None:
        self.assertEqual(Point(1), copy.deepcopy(Point(1)))
        self.assertEqual(Quick(1), pickle.loads(pickle.dumps(Quick(1))))

    def test_properties_work(self) -> None:
        self.assertEqual(3, Point(1).sum)
