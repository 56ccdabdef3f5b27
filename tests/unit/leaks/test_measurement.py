"""Sessions: laps measured exactly, with nothing of the session's own."""

from __future__ import annotations

import gc
import io
import re
import sys
import time
import unittest
import warnings
from array import array
from collections.abc import Callable
from unittest import mock

from support import hide_heap
from zope.testrunner.leaks import tracker, trackers_for_repeat
from zope.testrunner.leaks.measurement import Session, differences
from zope.testrunner.leaks.readings import Change, Growth, Reading, Sample, Unavailable, Unit

LAPS = 6
#: What tests leave behind on purpose; long enough that appending to it makes no difference but the element.
kept: list[object] = [None] * 1000


def exact_trackers() -> list[str]:
    """The trackers that count exactly on this build."""
    return [name for name in ("refcounts", "blocks", "objects") if tracker(name).unavailable() is None]


def first_exact() -> int:
    """The first lap that reads exactly, from 0.

    From Python 3.12 on, a process in which coverage.py has been used has one block more in the lap after a baseline.
    """
    return 1 if "coverage" in sys.modules and sys.version_info >= (3, 12) else 0


class Laps:
    """Laps of the same work, measured into arrays made beforehand, so that measuring the session adds nothing."""

    def __init__(self, names: list[str], *, details: bool = False, keep: bool = False) -> None:
        self.session = Session([tracker(name) for name in names], details=details)
        self.changes = [array("q", [0] * len(names)) for _ in range(LAPS)]
        self.totals = [array("q", [0] * len(names)) for _ in range(LAPS)]
        self.rows: list[tuple[Change, ...]] = []
        self.readings: list[object] = [self.changes] * LAPS if keep else []

    def measure(self, work: Callable[[], object]) -> list[list[int]]:
        places = iter(range(LAPS))
        place = within = 0
        readings: object = self.changes
        reading: object = self.changes
        self.session.baseline()
        for place in places:
            work()
            readings = self.session.lap()
            for within, reading in enumerate(readings):
                self.changes[place][within] = reading.change
                self.totals[place][within] = reading.total
            if self.readings:
                self.readings[place] = readings
            # Whatever the variables refer to now, they do so with as many references as before the lap.
            readings = reading = self.changes
        return [list(row) for row in self.changes]


class TestExactness(unittest.TestCase):
    """What nobody does reads as 0, what somebody does as what it is."""

    def setUp(self) -> None:
        self.first = first_exact()
        hide_heap(self)

    def tearDown(self) -> None:
        del kept[1000:]

    def assertQuiet(self, measured: list[list[int]], first: int = 0) -> None:
        first = max(first, self.first)
        expected = [[0] * len(measured[0])] * (LAPS - first)

        self.assertEqual(expected, measured[first:])

    def test_nothing_reads_as_nothing_from_the_first_lap(self) -> None:
        self.assertQuiet(Laps(exact_trackers()).measure(lambda: None))

    def test_each_tracker_alone_reads_nothing(self) -> None:
        for name in exact_trackers():
            with self.subTest(name):
                self.assertQuiet(Laps([name]).measure(lambda: None))

    def test_totals_of_a_quiet_session_stand_still(self) -> None:
        laps = Laps(exact_trackers())
        laps.measure(lambda: None)

        self.assertEqual(1, len({row.tobytes() for row in laps.totals}))

    def test_a_caller_may_keep_the_readings(self) -> None:
        self.assertQuiet(Laps(["blocks"], keep=True).measure(lambda: None))

    @unittest.skipUnless(hasattr(sys, "gettotalrefcount"), "needs a debug build")
    def test_references_to_kept_readings_are_subtracted(self) -> None:
        """Each takes the place of a reference to something else, which is one less."""
        measured = Laps(["refcounts"], keep=True).measure(lambda: None)

        self.assertEqual([[0]] + [[-1]] * (LAPS - 1), measured)

    def test_a_kept_float_is_one_block(self) -> None:
        for name, change in (("blocks", 1), ("refcounts", 1), ("objects", 0)):
            if name in exact_trackers():
                with self.subTest(name):
                    measured = Laps([name]).measure(lambda: kept.append(1.5 + len(kept)))

                    self.assertEqual(([[change]] * LAPS)[self.first :], measured[self.first :])

    def test_output_between_laps_is_flushed(self) -> None:
        stream, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO(bytes(1 << 20)))
        try:
            measured = Laps(exact_trackers()).measure(lambda: sys.stdout.write("a line of output\n" * 20))
        finally:
            sys.stdout = stream

        self.assertQuiet(measured, 1)

    def changes_of(self, tell: Callable[[object], None], work: Callable[[], object] = list) -> list[list[int]]:
        """What laps read that are told."""
        session = Session([tracker(name) for name in exact_trackers()])
        rows = [array("q", [0] * len(exact_trackers())) for _ in range(12)]
        laps = iter(rows)
        session.baseline()
        for row in laps:
            work()
            for place, reading in enumerate(session.lap(tell)):
                row[place] = reading.change
            del reading
        return [list(row) for row in rows]

    def test_what_a_report_leaves_in_the_buffer_of_standard_output_is_not_read(self) -> None:
        stream, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO(bytes(1 << 20)))
        try:
            changes = self.changes_of(lambda _: print("a line of the report"))
        finally:
            sys.stdout = stream

        self.assertEqual([[0] * len(exact_trackers())] * 9, changes[3:])

    def test_what_a_report_leaves_is_not_read_however_old_it_became(self) -> None:
        gc.unfreeze()

        def tell(_: object) -> None:
            cycle: list[object] = []
            cycle.append(cycle)
            for generation in (0, 1, 1, 0):
                gc.collect(generation)

        changes = self.changes_of(tell, lambda: kept.append([]))

        place = exact_trackers().index("objects")
        self.assertEqual([1] * 9, [row[place] for row in changes[3:]])

    def test_caches_that_a_report_fills_are_not_read(self) -> None:
        gc.unfreeze()

        def tell(_: object) -> None:
            re.compile(f"pattern {len(kept)} (.*)")

        changes = self.changes_of(tell, lambda: kept.append([]))

        place = exact_trackers().index("objects")
        self.assertEqual([1] * 9, [row[place] for row in changes[3:]])

    def test_old_garbage_is_no_growth(self) -> None:
        def work() -> None:
            cycle: list[object] = []
            cycle.append(cycle)
            # Twice survived, which makes it old: the quick collection does not find it.
            gc.collect()
            gc.collect()

        self.assertQuiet(Laps(exact_trackers()).measure(work))

    def test_old_garbage_that_goes_hides_no_growth(self) -> None:
        def work() -> None:
            kept.append([])
            cycle: list[object] = []
            cycle.append(cycle)
            gc.collect()

        self.assertEqual([[1]] * LAPS, Laps(["objects"]).measure(work))

    def test_a_quiet_lap_needs_no_collection_of_everything(self) -> None:
        gc.unfreeze()
        session = Session([tracker(name) for name in exact_trackers()])
        all_collected, frozen = gc.collect, gc.freeze
        # In an array, as a list of the calls would grow, which is seen.
        calls = array("q", (0, 0))

        def collect(*generation: int) -> None:
            calls[0] += not generation
            all_collected(*generation)

        def freeze() -> None:
            calls[1] += 1
            frozen()

        with (
            mock.patch("zope.testrunner.leaks.pristine_gc.collect", collect),
            mock.patch("zope.testrunner.leaks.pristine_gc.freeze", freeze),
        ):
            session.baseline()
            # Python adapts functions that are called often, which debug builds see in the number of references.
            for _ in range(20):
                calls[0] = calls[1] = 0
                session.lap()

        self.assertEqual(calls[1], calls[0])
        self.assertLess(0, calls[0])

    def test_caches_of_the_standard_library_are_emptied(self) -> None:
        def work() -> None:
            re.compile(f"pattern {len(kept)} (.*)")
            time.strptime("2020-01-01", "%Y-%m-%d")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                warnings.warn("something to remember", stacklevel=1)

        # The collector stops to watch an emptied dictionary when it comes by, so the number of objects is
        # left out.
        names = [name for name in exact_trackers() if name != "objects"]

        self.assertQuiet(Laps(names).measure(work), 2)

    def test_failing_tests_leave_nothing(self) -> None:
        class Failing(unittest.TestCase):
            def test(self) -> None:
                with self.subTest(part=1):
                    raise ValueError("on purpose")
                self.assertEqual({"a": 1}, {"a": 2})

        def work() -> None:
            Failing("test").run(unittest.TestResult())

        names = [name for name in exact_trackers() if name != "objects"]

        self.assertQuiet(Laps(names).measure(work), 1)


class TestDetails(unittest.TestCase):
    """The table by type."""

    def tearDown(self) -> None:
        del kept[1000:]

    def rows(self, work: Callable[[], object]) -> list[tuple[Change, ...]]:
        session = Session(trackers_for_repeat(), details=True)
        session.baseline()
        rows = []
        for _ in range(4):
            work()
            rows.append(session.lap()[0].changes)
        return rows

    def test_a_clean_lap_has_no_rows(self) -> None:
        laps = Session(trackers_for_repeat(), details=True)
        places = iter(range(4))
        readings: tuple[Reading, ...] = ()
        laps.baseline()
        for _ in range(first_exact()):
            laps.lap()
        for _ in places:
            readings = laps.lap()
            self.assertEqual((), readings[0].changes)

    def test_the_classic_leak_reads_as_what_it_is(self) -> None:
        """One of each, and one more reference to each class: ``x`` itself is of a kind that is never freed."""
        hide_heap(self)

        # After that, as references to them are counted.
        class ClassicLeakable:
            def __init__(self) -> None:
                self.x = "x"

        class Leakable:
            def __init__(self) -> None:
                self.x = "x"

        expected = {
            "float": (1, 1),
            f"{__name__}.{ClassicLeakable.__qualname__}": (1, 1),
            f"{__name__}.{Leakable.__qualname__}": (1, 1),
            "tuple": (1, 1),
            "type": (0, 2),
        }

        def work() -> None:
            kept.append((ClassicLeakable(), Leakable(), time.time()))

        for changes in self.rows(work)[2:]:
            found = {row.title: (row.instances, row.references) for row in changes}
            # The list of rows that this test itself collects.
            for own in ("tuple", "zope.testrunner.leaks.readings.Change"):
                found.setdefault(own, (1, 1))
            self.assertEqual(expected, {title: found.get(title) for title in expected})
            self.assertEqual(set(expected), {title for title in found if "leaks.readings" not in title})

    def test_the_sum_is_less_than_all_references(self) -> None:
        session = Session(trackers_for_repeat(), details=True)
        session.baseline()
        (reading,) = session.lap()

        self.assertIsNotNone(reading.detail_total)
        self.assertGreater(reading.detail_total or 0, 1000)

    def test_without_details_there_are_none(self) -> None:
        session = Session(trackers_for_repeat())
        session.baseline()
        (reading,) = session.lap()

        self.assertIsNone(reading.detail_total)
        self.assertEqual((), reading.changes)

    def test_differences_name_what_came_and_went(self) -> None:
        expected = (Change("came", 2, 3), Change("more", 1, 0), Change("went", -1, -1))
        before = {"went": (1, 1), "more": (1, 5), "same": (7, 7)}
        after = {"came": (2, 3), "more": (2, 5), "same": (7, 7)}

        self.assertEqual(expected, differences(before, after))
        self.assertEqual((), differences(None, after))


class Scripted:
    """A tracker that says what it is told to."""

    name = "scripted"
    unit = Unit.COUNT

    def __init__(self) -> None:
        self.total = 0
        self.missing: Unavailable | None = None
        self.names: dict[str, tuple[int, int]] | None = None

    def unavailable(self) -> Unavailable | None:
        return self.missing

    def sample(self) -> Sample:
        return Sample(self.total, self.names)


class TestProtocol(unittest.TestCase):
    """What a session asks of its caller, and of trackers."""

    def setUp(self) -> None:
        hide_heap(self)

    def test_a_lap_needs_a_baseline(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "call baseline"):
            Session([Scripted()]).lap()

    def test_an_unavailable_tracker_is_refused_with_its_reason(self) -> None:
        missing = Scripted()
        missing.missing = Unavailable("it rains")

        with self.assertRaisesRegex(ValueError, "'scripted' cannot be used here: it rains"):
            Session([missing])

    def test_readings_carry_names_units_and_details(self) -> None:
        scripted = Scripted()
        scripted.names = {"a": (1, 0)}
        session = Session([scripted])
        session.baseline()
        scripted.total = 5
        scripted.names = {"a": (1, 0), "b": (4, 0)}
        expected = (Reading("scripted", Unit.COUNT, 5, 5, None, (Change("b", 4, 0),)),)

        self.assertEqual(expected, session.lap())
        self.assertEqual(0, session.lap()[0].change)

    def test_a_new_baseline_forgets_earlier_laps(self) -> None:
        scripted = Scripted()
        session = Session([scripted])
        for total in (10, 20):
            session.baseline()
            scripted.total = total
            session.lap()

        self.assertEqual((), session.verdicts()[0].deltas)

    def test_verdicts_judge_the_laps_after_the_first(self) -> None:
        scripted = Scripted()
        session = Session([scripted])
        session.baseline()
        for total in (100, 101, 102, 103):
            scripted.total = total
            session.lap()
        (verdict,) = session.verdicts()

        self.assertEqual((1, 1, 1), verdict.deltas)
        self.assertIs(Growth.LEAK, verdict.growth)


if __name__ == "__main__":
    unittest.main()
