"""The bus brings events to sinks, and knows what nobody wants to hear."""

from __future__ import annotations

import unittest

from zope.testrunner.core.bus import Bus
from zope.testrunner.core.events import Emit, Event, TestFinished, TestStarted
from zope.testrunner.report.tally import Tally
from zope.testrunner.testing import RecordingSink


class Taker:
    """A sink for some kinds of events."""

    def __init__(self, *kinds: type[Event]) -> None:
        self._kinds = kinds

    def takes(self, kind: type[Event]) -> Emit | None:
        return print if kind in self._kinds else None


class Patient(Taker):
    """One for which quick tests are not worth a word."""

    indifferent_below = 0.5


class TestInterest(unittest.TestCase):
    """What is worth making depends on who listens."""

    def test_a_kind_is_wanted_if_somebody_takes_it(self) -> None:
        bus = Bus([Taker(), Taker(TestStarted)])

        self.assertEqual((True, False), (bus.wants(TestStarted), bus.wants(TestFinished)))

    def test_passing_tests_are_told_one_by_one_to_who_does_not_say_otherwise(self) -> None:
        for sinks, expected in (
            ((RecordingSink(),), 0.0),
            ((Tally(), RecordingSink()), 0.0),
            ((Tally(), Patient(TestFinished)), 0.5),
            ((Tally(), Taker(TestStarted)), float("inf")),
            ((), 0.0),
        ):
            with self.subTest(sinks):
                self.assertEqual(expected, Bus(sinks).indifferent_below())
