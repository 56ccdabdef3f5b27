"""What stays together when tests are divided."""

from __future__ import annotations

import sys
import types
import unittest

from zope.testrunner.core.layer_registry import UNIT_TESTS
from zope.testrunner.core.model import LayerName, LayerPlan
from zope.testrunner.layer import UnitTests
from zope.testrunner.planning.work_groups import Group, groups_of, is_splittable, none_known, seconds_of


class Plain(unittest.TestCase):
    def test_a(self) -> None:
        """Nothing."""

    def test_b(self) -> None:
        """Nothing."""


class WithFixture(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        """Nothing."""

    def test_a(self) -> None:
        """Nothing."""

    def test_b(self) -> None:
        """Nothing."""


class Splittable:
    splittable = True


class OnTop(Splittable):
    pass


def plan_of(*tests: unittest.TestCase, layer: str = UNIT_TESTS) -> LayerPlan:
    return LayerPlan(LayerName(layer), unittest.TestSuite(tests))


def keys(groups: list[Group]) -> list[str]:
    return [group.key.replace(f"{__name__}.", "") for group in groups]


class TestGroups(unittest.TestCase):
    """`groups_of` divides as far as it may."""

    def test_unit_tests_are_on_their_own(self) -> None:
        groups = groups_of(plan_of(Plain("test_a"), Plain("test_b")), UnitTests)

        self.assertEqual(["Plain.test_a", "Plain.test_b"], keys(groups))
        self.assertEqual([(0,), (1,)], [group.positions for group in groups])

    def test_a_class_with_fixtures_stays_together_wherever_its_tests_are(self) -> None:
        plan = plan_of(WithFixture("test_a"), Plain("test_a"), WithFixture("test_b"))

        groups = groups_of(plan, UnitTests)

        self.assertEqual(["class WithFixture", "Plain.test_a"], keys(groups))
        self.assertEqual([(0, 2), (1,)], [group.positions for group in groups])

    def test_a_module_with_fixtures_stays_together(self) -> None:
        module = types.ModuleType("module_with_fixtures")
        module.setUpModule = lambda: None
        sys.modules[module.__name__] = module
        self.addCleanup(sys.modules.pop, module.__name__)
        one = type("One", (Plain,), {"__module__": module.__name__})
        two = type("Two", (WithFixture,), {"__module__": module.__name__})

        groups = groups_of(plan_of(one("test_a"), two("test_a")), UnitTests)

        self.assertEqual(["module module_with_fixtures"], keys(groups))

    def test_a_layer_is_one_group(self) -> None:
        groups = groups_of(plan_of(Plain("test_a"), Plain("test_b"), layer="m.L"), OnTop)

        self.assertEqual(["m.L"], keys(groups))
        self.assertEqual((0, 1), groups[0].positions)

    def test_but_not_one_that_can_be_split(self) -> None:
        self.assertEqual(2, len(groups_of(plan_of(Plain("test_a"), Plain("test_b"), layer="m.L"), Splittable)))

    def test_without_tests_there_is_no_group(self) -> None:
        self.assertEqual([], groups_of(plan_of(layer="m.L"), OnTop))


class TestSplittable(unittest.TestCase):
    """A layer says by itself whether it can be split."""

    def test_what_a_base_says_does_not_count(self) -> None:
        self.assertTrue(is_splittable(LayerName("m.L"), Splittable))
        self.assertFalse(is_splittable(LayerName("m.L"), OnTop))

    def test_layers_that_are_no_classes(self) -> None:
        layer = types.SimpleNamespace(splittable=True)

        self.assertTrue(is_splittable(LayerName("m.L"), layer))
        self.assertFalse(is_splittable(LayerName("m.L"), types.SimpleNamespace()))

    def test_only_true_is_true(self) -> None:
        self.assertFalse(is_splittable(LayerName("m.L"), types.SimpleNamespace(splittable="no")))


class TestSeconds(unittest.TestCase):
    """`seconds_of` adds up what is known."""

    def test_nothing_is_known(self) -> None:
        (group, _) = groups_of(plan_of(Plain("test_a"), Plain("test_b")), UnitTests)

        self.assertIsNone(seconds_of(group, none_known))

    def test_unknown_tests_count_like_the_others(self) -> None:
        (group,) = groups_of(plan_of(WithFixture("test_a"), WithFixture("test_b")), UnitTests)
        known = {WithFixture("test_a").id(): 1.5}

        self.assertEqual(3.0, seconds_of(group, known.get))

    def test_a_whole_layer_is_known_by_its_name(self) -> None:
        (group,) = groups_of(plan_of(Plain("test_a"), layer="m.L"), OnTop)

        self.assertEqual(7.0, seconds_of(group, {"m.L": 7.0}.get))
