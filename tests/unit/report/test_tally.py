from __future__ import annotations

import gc
import json
import subprocess
import sys
import unittest
from array import array
from collections.abc import Callable
from itertools import pairwise

import support_streams
from support_streams import ERROR, LAYER, SURPRISE, Recorder, problem, ref

from support import hide_heap
from zope.testrunner.core.events import (
    Discovered,
    Event,
    FixtureSkipped,
    LapStarted,
    LayerFailed,
    LayerStarted,
    LeaksWatched,
    ProblemReported,
    ResultsCounted,
    SetUpFinished,
    TearDownFinished,
    TestFinished,
    TestsPassed,
    TestStarted,
    WorkerLost,
)
from zope.testrunner.core.model import ImportFailure, LayerName, Outcome, Stats, Stayed, TearDownEnd, TestRef
from zope.testrunner.report.tally import Tally
from zope.testrunner.testing import replay


def tallied(events: list[Event], resolve: Callable[[int], object | None] | None = None) -> Tally:
    tally = Tally(resolve)
    replay(events, tally)
    return tally


class Case(unittest.TestCase):
    def test_one(self) -> None:
        """Something to count."""


class RecordedRunTest(unittest.TestCase):
    """The counts of recorded runs are those that were recorded with them."""

    def test_stats(self) -> None:
        expected = {
            "one_layer": Stats(3),
            "problems": Stats(10, 5, 2, 3),
            "layers": Stats(1, 0, 4),
            "repeated": Stats(1),
            "imports": Stats(),
            "listing": Stats(),
            "children": Stats(1, 0, 3),
            "leftovers": Stats(3),
            "fixtures": Stats(1, 0, 1, 1),
            "notices": Stats(),
            "debugged": Stats(0, 0, 1),
            "watched": Stats(),
        }

        found = {stream.__name__: tallied(stream()).stats for stream in support_streams.STREAMS}
        self.assertEqual(expected, found)


class LabelTest(unittest.TestCase):
    """Names of problems come in order of occurrence."""

    def test_tests(self) -> None:
        tally = tallied(support_streams.problems())

        failed = (
            "test_fails (shop.tests.Prices.test_fails)",
            "test_errs_twice (shop.tests.Prices.test_errs_twice)",
            "test_parts (shop.tests.Prices.test_parts) (amount=3)",
            "test_bug_is_gone (shop.tests.Prices.test_bug_is_gone)",
            "/shop/prices.rst",
        )
        self.assertEqual(failed, tally.failed)
        errored = (failed[1], "test_parts (shop.tests.Prices.test_parts) [odd] (amount=4)")
        self.assertEqual(errored, tally.errored)

    def test_layers_and_children(self) -> None:
        note = Recorder()
        note(SetUpFinished, LAYER, 0.5, ERROR)
        note(SetUpFinished, LAYER, 0.5)
        note(LayerFailed, LAYER, ERROR)
        note(TearDownFinished, LAYER, 0.5, TearDownEnd.FAILED, ERROR)
        note(TearDownFinished, LAYER, 0.5, TearDownEnd.UNSUPPORTED)
        note(WorkerLost, LAYER, (), "It went away.")
        note(ResultsCounted, LAYER, 7, ("f1", "f2"), ("e1",))
        tally = tallied(note.events)

        names = (f"Layer: {LAYER}.setUp", f"Layer: {LAYER}", f"Layer: {LAYER}.tearDown", f"subprocess for {LAYER}", "e1")
        self.assertEqual(names, tally.errored)
        self.assertEqual(("f1", "f2"), tally.failed)
        self.assertEqual(Stats(7, 2, 5), tally.stats)

    def test_a_set_up_is_named_by_the_layer_whose_tests_are_not_run_for_it(self) -> None:
        note = Recorder()
        note(LayerStarted, LayerName("shop.On Top"), 3, False)
        note(SetUpFinished, LAYER, 0.5, ERROR)

        self.assertEqual(("Layer: shop.On Top.setUp",), tallied(note.events).errored)


class EntryTest(unittest.TestCase):
    """The lists of the runner have pairs of a test and a text."""

    def setUp(self) -> None:
        self.live = Case("test_one")
        self.ref = TestRef(self.live, LAYER)

    def resolve(self, identity: int) -> object | None:
        return self.live if identity == id(self.live) else None

    def reported(self, *reports: tuple[object, ...]) -> list[Event]:
        note = Recorder()
        for report in reports:
            note(ProblemReported, *report)
        return note.events

    def test_live_tests(self) -> None:
        events = self.reported((self.ref, problem(), 0.5), (self.ref, ERROR, 0.5), (self.ref, SURPRISE, 0.5))
        tally = tallied(events, self.resolve)

        self.assertEqual([(self.live, problem().traceback), (self.live, None)], tally.failures)
        self.assertEqual([(self.live, ERROR.traceback)], tally.errors)
        self.assertIs(self.live, tally.errors[0][0])

    def test_tests_that_are_gone_have_names(self) -> None:
        tally = tallied(self.reported((self.ref, ERROR, 0.5)), lambda identity: None)

        self.assertEqual([(str(self.live), ERROR.traceback)], tally.errors)

    def test_the_place_of_a_test_may_be_taken_by_another(self) -> None:
        tally = tallied(self.reported((self.ref, ERROR, 0.5)), lambda identity: "somebody else")

        self.assertEqual(str(self.live), tally.errors[0][0])

    def test_without_a_resolver_there_are_names(self) -> None:
        tally = tallied(self.reported((self.ref, ERROR, 0.5)))

        self.assertEqual(str(self.live), tally.errors[0][0])

    def test_parts_of_a_test_have_names(self) -> None:
        tally = tallied(self.reported((self.ref, ERROR, 0.5, f"{self.live} (i=1)")), self.resolve)

        self.assertEqual(f"{self.live} (i=1)", tally.errors[0][0])

    def test_skips(self) -> None:
        note = Recorder()
        note(TestFinished, self.ref, Outcome.SKIPPED, 0.5, ("one", "two"))
        note(FixtureSkipped, TestRef(None, LAYER, id="setUpClass (m.C)", label="setUpClass (m.C)"), "three")
        tally = tallied(note.events, self.resolve)

        self.assertEqual([(self.live, "one"), (self.live, "two"), ("setUpClass (m.C)", "three")], tally.skipped)
        self.assertEqual(3, tally.stats.skipped)

    def test_names_and_reports_may_be_anything(self) -> None:
        class Fancy(str):
            __slots__ = ()

        odd = ("", "a\nb", "caf\xe9", "\udc80", Fancy("fancy"))
        events = self.reported(*((TestRef(None, LAYER, id="x", label=text), ERROR, 0.5) for text in odd))

        self.assertEqual(odd, tallied(events).errored)


class LapTest(unittest.TestCase):
    """A test that is repeated counts once, its problems each time."""

    def lap(self, note: Recorder, number: int, of: int) -> None:
        test = ref("test_x")
        note(LapStarted, LAYER, number, of, 2)
        note(TestStarted, test, 1, 1)
        note(ProblemReported, test, problem(), 0.5)
        note(TestFinished, test, Outcome.FAILED, 0.5, ("why",))

    def test_in_this_process(self) -> None:
        note = Recorder()
        for number in (1, 2, 3):
            self.lap(note, number, 3)
        self.lap(note, 1, 3)

        self.assertEqual(Stats(2, 4, 0, 4), tallied(note.events).stats)

    def test_those_that_are_told_by_number(self) -> None:
        note = Recorder()
        for worker in (0, 1):
            note.worker = worker
            for number in (1, 2):
                note(LapStarted, LAYER, number, 2, 5)
                note(TestsPassed, LAYER, 5)

        self.assertEqual(Stats(10), tallied(note.events).stats)

    def test_in_children_at_the_same_time(self) -> None:
        note = Recorder()
        for worker, number in ((1, 1), (2, 1), (1, 2), (2, 2), (3, 1)):
            note.worker = worker
            self.lap(note, number, 2)

        self.assertEqual(3, tallied(note.events).stats.ran)


class SuccessTest(unittest.TestCase):
    """A run is successful until something goes wrong."""

    def test_passing(self) -> None:
        self.assertTrue(tallied(support_streams.one_layer()).is_successful)

    def test_problems(self) -> None:
        for stream in (support_streams.problems, support_streams.layers, support_streams.imports):
            self.assertFalse(tallied(stream()).is_successful)

    def test_import_failures_are_counted_apart(self) -> None:
        tally = tallied(support_streams.imports())

        self.assertEqual((2, Stats(), ()), (tally.import_failures, tally.stats, tally.errored))

    def test_children_find_the_same_import_failures_again(self) -> None:
        note = Recorder(worker=1)
        note(Discovered, 0, 0, (ImportFailure("shop", ERROR),))

        self.assertEqual(0, tallied(note.events).import_failures)


class WatchTest(unittest.TestCase):
    """What several processes have watched is one list for each layer."""

    def test_rows_are_merged(self) -> None:
        note = Recorder()
        base = Stayed("layer shop.Base", blocks=3)
        note(LeaksWatched, LAYER, 3, 1, (Stayed("small", blocks=1), Stayed("imports", blocks=90, modules=2), base))
        note(LeaksWatched, LAYER, 2, 0, (Stayed("large", blocks=9), base.replace(blocks=4)))
        (watched,) = tallied(note.events).watched

        self.assertEqual((5, 1), (watched.read, watched.unread))
        self.assertEqual(
            [("large", 9), ("layer shop.Base", 4), ("small", 1), ("imports", 90)],
            [(each.label, each.blocks) for each in watched.stayed],
        )

    def test_it_is_no_problem(self) -> None:
        self.assertTrue(tallied(support_streams.watched()).is_successful)
        self.assertEqual((), Tally().watched)


class GrowthTest(unittest.TestCase):
    """What is remembered of a failure makes no object that stays."""

    LAPS = 12

    def setUp(self) -> None:
        hide_heap(self)

    def lap(self, tally: Tally, number: int) -> None:
        test = TestRef(Case("test_one"), LAYER)
        self.tell(tally, LapStarted(0.0, 0, LAYER, number, self.LAPS, 40))
        for index in range(40):
            self.tell(tally, TestStarted(0.0, 0, test, index, 40))
            report = f"{ERROR.traceback}{number}.{index}\n"
            for each in (ERROR, problem(), SURPRISE):
                self.tell(tally, ProblemReported(0.0, 0, test, each.replace(traceback=report), 0.5))
            self.tell(tally, ProblemReported(0.0, 0, test, ERROR, 0.5, f"part {number} {index}"))
            self.tell(tally, TestFinished(0.0, 0, test, Outcome.ERRORED, 0.5, (f"reason {number} {index}",)))

    def tell(self, tally: Tally, event: Event) -> None:
        take = tally.takes(type(event))
        if take is not None:
            take(event)

    def measured(self, measure: Callable[[], int]) -> list[int]:
        """The changes of a number over many laps, after one that may allocate what is needed once."""
        tally = Tally()
        readings = array("q", bytes(8 * self.LAPS))
        for lap in range(self.LAPS):
            self.lap(tally, lap + 1)
            gc.collect()
            readings[lap] = measure()
        self.assertEqual(self.LAPS * 80, tally.stats.errors)
        self.assertEqual(self.LAPS * 40, len(tally.skipped))
        return [later - earlier for earlier, later in pairwise(readings[1:])]

    def test_no_block_is_allocated(self) -> None:
        self.assertEqual([0] * (self.LAPS - 2), self.measured(sys.getallocatedblocks))

    def test_nothing_is_tracked_by_the_collector(self) -> None:
        self.assertEqual([0] * (self.LAPS - 2), self.measured(lambda: len(gc.get_objects())))

    @unittest.skipUnless(hasattr(sys, "gettotalrefcount"), "needs a debug build")
    def test_nothing_is_referred_to(self) -> None:
        self.assertEqual([0] * (self.LAPS - 2), self.measured(sys.gettotalrefcount))

    def test_nothing_is_imported_by_the_first_problem(self) -> None:
        program = (
            "import json, sys\n"
            "from zope.testrunner import events, model\n"
            "from zope.testrunner.report.tally import Tally\n"
            "tally, before = Tally(), set(sys.modules)\n"
            "problem = model.Problem(model.Outcome.ERRORED, 'E', 'e', 'text')\n"
            "test = model.TestRef(None, 'L', id='a', label='b')\n"
            "tally.takes(events.ProblemReported)(events.ProblemReported(0.0, 0, test, problem, 0.5))\n"
            "print(json.dumps([tally.errors, sorted(set(sys.modules) - before)]))\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

        self.assertEqual([[["b", "text"]], []], json.loads(done.stdout))
