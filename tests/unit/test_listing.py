"""Tests of `zope.testrunner.listing`."""

from __future__ import annotations

import types
import unittest

from zope.testrunner.core.events import TestsListed
from zope.testrunner.listing import Listing


def runner(listing):
    events = []
    return types.SimpleNamespace(
        options=types.SimpleNamespace(list_tests=listing),
        do_run_tests=True,
        failed=True,
        clock=lambda: 1.5,
        worker=0,
        emit=events.append,
        events=events,
    )


class TestListing(unittest.TestCase):
    """Tests are shown instead of run."""

    def test_is_active_on_demand(self):
        self.assertEqual((True, False), (Listing(runner(True)).active, Listing(runner(False)).active))

    def test_keeps_the_runner_from_running_tests(self):
        run = runner(True)

        Listing(run).global_setup()

        self.assertEqual((False, False), (run.do_run_tests, run.failed))

    def test_lists_the_layers_in_the_order_of_the_run(self):
        run = runner(True)
        tests = [unittest.FunctionTestCase(print), unittest.FunctionTestCase(repr)]
        run.ordered_layers = lambda: [("b", object, unittest.TestSuite(tests)), ("a", object, unittest.TestSuite())]

        Listing(run).report()

        self.assertEqual(["b", "a"], [event.layer for event in run.events])
        self.assertEqual({TestsListed}, {type(event) for event in run.events})
        self.assertEqual([[id(test) for test in tests], []], [[id(ref.live) for ref in e.tests] for e in run.events])
        self.assertEqual("b", run.events[0].tests[0].layer)
