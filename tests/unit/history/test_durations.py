from __future__ import annotations

import unittest
from types import SimpleNamespace

from zope.testrunner.core.events import Notice, SetUpFinished, TearDownFinished, TestFinished, TestStarted
from zope.testrunner.core.model import LayerName, Outcome, TestRef
from zope.testrunner.history.durations import Slowest

LAYER = LayerName("mod.Layer")


class SlowestCase(unittest.TestCase):
    def slowest(self, shown: int) -> Slowest:
        self.events: list[Notice] = []
        options = SimpleNamespace(durations=shown)
        return Slowest(SimpleNamespace(options=options, clock=lambda: 0.0, worker=0, emit=self.events.append))

    def tell(self, slowest: Slowest, *durations: tuple[str, float]) -> None:
        for name, seconds in durations:
            test = TestRef(None, LAYER, id=name, label=name)
            slowest.takes(TestFinished)(TestFinished(0.0, 0, test, Outcome.PASSED, seconds))

    def report(self, slowest: Slowest) -> list[str]:
        slowest.report()
        return self.events[0].text.splitlines() if self.events else []


class TestReport(SlowestCase):
    def test_the_longest_come_first(self) -> None:
        slowest = self.slowest(2)
        self.tell(slowest, ("a", 0.5), ("b", 2.0), ("c", 1.0))
        self.assertEqual(["Longest durations (2):", "    2.000 s  b", "    1.000 s  c"], self.report(slowest))

    def test_hooks_of_layers_are_among_them(self) -> None:
        slowest = self.slowest(5)
        slowest.takes(SetUpFinished)(SetUpFinished(0.0, 0, LAYER, 3.0))
        slowest.takes(TearDownFinished)(TearDownFinished(0.0, 0, LAYER, 4.0))
        expected = ["Longest durations (2):", "    4.000 s  tear-down of mod.Layer", "    3.000 s  set-up of mod.Layer"]
        self.assertEqual(expected, self.report(slowest))

    def test_of_repetitions_the_longest_counts(self) -> None:
        slowest = self.slowest(0)
        self.tell(slowest, ("a", 0.5), ("a", 2.0), ("a", 1.0))
        self.assertEqual(["All durations, longest first:", "    2.000 s  a"], self.report(slowest))

    def test_of_many_tests_only_the_longest_are_kept(self) -> None:
        slowest = self.slowest(3)
        self.tell(slowest, *((f"t{number:05}", (number * 7919) % 10007 + 0.0) for number in range(10007)))
        self.assertLess(len(slowest._seconds), 1100)
        names = [line.rpartition(" ")[2] for line in self.report(slowest)[1:]]
        expected = sorted(range(10007), key=lambda number: -((number * 7919) % 10007))[:3]
        self.assertEqual([f"t{number:05}" for number in expected], names)

    def test_nothing_is_said_where_nothing_ran(self) -> None:
        self.assertEqual([], self.report(self.slowest(3)))

    def test_starts_of_tests_are_of_no_interest(self) -> None:
        self.assertIsNone(self.slowest(3).takes(TestStarted))
