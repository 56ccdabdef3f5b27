from __future__ import annotations

import sys
import types
import unittest
from unittest import mock

from zope.testrunner.pytest_plugin.examples import same_examples


class SameExamplesTest(unittest.TestCase):
    """What Hypothesis is asked to do, and what it is made to forget; it need not be installed."""

    def setUp(self) -> None:
        self.core = types.SimpleNamespace(global_force_seed=None)
        self.data = types.SimpleNamespace(STRUCTURAL_COVERAGE_CACHE={1: "old"})
        self.utils = types.SimpleNamespace(clear_strategy_cache=mock.Mock())
        modules = {
            "hypothesis.core": self.core,
            "hypothesis.internal.conjecture.data": self.data,
            "hypothesis.strategies._internal.utils": self.utils,
        }
        patch = mock.patch.dict(sys.modules, modules)  # type: ignore[arg-type]  # all that is looked at are attributes
        patch.start()
        self.addCleanup(patch.stop)

    def test_each_run_has_the_same_seed(self) -> None:
        for _ in range(2):
            with same_examples():
                self.assertEqual(0, self.core.global_force_seed)
            self.assertIsNone(self.core.global_force_seed)

    def test_a_seed_that_somebody_has_asked_for_stays(self) -> None:
        self.core.global_force_seed = 7
        with same_examples():
            self.assertEqual(7, self.core.global_force_seed)

        self.assertEqual(7, self.core.global_force_seed)

    def test_what_it_remembers_of_a_run_is_forgotten_and_nothing_else(self) -> None:
        labels = self.data.STRUCTURAL_COVERAGE_CACHE
        with self.assertRaises(KeyError), same_examples():
            labels.update({2: "new", 3: "new"})
            self.utils.clear_strategy_cache.assert_not_called()
            raise KeyError

        self.assertEqual({1: "old"}, labels)
        self.utils.clear_strategy_cache.assert_called_once_with()
        self.assertIsNone(self.core.global_force_seed)

    def test_releases_that_remember_in_other_ways_are_left_alone(self) -> None:
        self.data.STRUCTURAL_COVERAGE_CACHE = mock.sentinel.something
        del self.utils.clear_strategy_cache
        with same_examples():
            self.assertEqual(0, self.core.global_force_seed)

        self.assertIs(mock.sentinel.something, self.data.STRUCTURAL_COVERAGE_CACHE)

    def test_without_it_nothing_is_done(self) -> None:
        del sys.modules["hypothesis.core"]
        with same_examples():
            self.data.STRUCTURAL_COVERAGE_CACHE[2] = "new"

        self.assertEqual({1: "old", 2: "new"}, self.data.STRUCTURAL_COVERAGE_CACHE)


if __name__ == "__main__":
    unittest.main()
