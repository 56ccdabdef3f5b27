"""Tests of `zope.testrunner.shuffle`."""

from __future__ import annotations

import random
import types
import unittest

from zope.testrunner.core.events import Shuffled
from zope.testrunner.core.model import Plan
from zope.testrunner.shuffle import Shuffle, permuted, shuffle


class Sample:
    """Tests that are told apart by a number, and that nobody is to run."""

    class Numbered(unittest.TestCase):
        def __init__(self, number):
            super().__init__()
            self.number = number

        def runTest(self):
            pass

    class Fixed(Numbered):
        @classmethod
        def setUpClass(cls):
            pass


class Suite(unittest.TestSuite):
    pass


def suite(count, kind=Sample.Numbered):
    return Suite(kind(number) for number in range(count))


def order(plan):
    return [[test.number for test in layer.suite] for layer in plan.layers]


class TestOrder(unittest.TestCase):
    """Seeds bring the orders that they have always brought."""

    def test_published_vectors(self):
        for seed, count, expected in (
            (0, 10, [9, 4, 0, 5, 2, 7, 1, 3, 6, 8]),
            (42, 10, [9, 7, 8, 5, 3, 4, 1, 2, 0, 6]),
            (5, 3, [0, 2, 1]),
        ):
            with self.subTest(seed):
                self.assertEqual([expected], order(shuffle(Plan.of({"a": suite(count)}), seed)))

    def test_layers_draw_by_name_and_stay_in_their_places(self):
        one = order(shuffle(Plan.of({"a": suite(8), "b": suite(9)}), 3))
        other = order(shuffle(Plan.of({"b": suite(9), "a": suite(8)}), 3))

        self.assertEqual(one, other[::-1])

    def test_layers_share_one_source(self):
        alone = order(shuffle(Plan.of({"b": suite(9)}), 3))
        second = order(shuffle(Plan.of({"a": suite(8), "b": suite(9)}), 3))

        self.assertNotEqual(alone[0], second[1])

    def test_it_is_a_permutation(self):
        for seed in range(20):
            self.assertEqual(list(range(30)), sorted(permuted(range(30), random.Random(seed))))

    def test_suites_keep_their_class(self):
        found = shuffle(Plan.of({"a": suite(3)}), 1)

        self.assertIs(Suite, type(found.layers[0].suite))

    def test_an_empty_plan_stays_empty(self):
        self.assertEqual(Plan(), shuffle(Plan(), 1))

    def test_tests_with_common_fixtures_stay_together(self):
        mixed = Suite([*suite(10, Sample.Fixed), *suite(10)])
        for seed in range(10):
            kinds = [type(test) for test in shuffle(Plan.of({"a": mixed}), seed).layers[0].suite]
            first = kinds.index(Sample.Fixed)

            self.assertEqual([Sample.Fixed] * 10, kinds[first : first + 10])


class TestFeature(unittest.TestCase):
    """The step in a run."""

    def runner(self, **options):
        events = []
        options = types.SimpleNamespace(**{"shuffle": True, "shuffle_seed": None, **options})
        return types.SimpleNamespace(
            options=options, clock=lambda: 2.5, worker=0, emit=events.append, events=events
        )

    def test_is_active_on_demand(self):
        self.assertTrue(Shuffle(self.runner()).active)
        self.assertFalse(Shuffle(self.runner(shuffle=False, shuffle_seed=3)).active)

    def test_uses_and_reports_the_seed(self):
        runner = self.runner(shuffle_seed=42)
        feature = Shuffle(runner)

        found = feature.arrange(Plan.of({"a": suite(10)}))
        feature.report()

        self.assertEqual([[9, 7, 8, 5, 3, 4, 1, 2, 0, 6]], order(found))
        self.assertEqual([Shuffled(2.5, 0, 42)], runner.events)

    def test_draws_a_seed_from_the_clock_and_leaves_it_for_children(self):
        runner = self.runner()
        feature = Shuffle(runner)

        feature.arrange(Plan())
        feature.report()

        self.assertEqual(640, runner.options.shuffle_seed)
        self.assertEqual([Shuffled(2.5, 0, 640)], runner.events)

    def test_zero_is_a_seed(self):
        runner = self.runner(shuffle_seed=0)

        found = Shuffle(runner).arrange(Plan.of({"a": suite(10)}))

        self.assertEqual([[9, 4, 0, 5, 2, 7, 1, 3, 6, 8]], order(found))
