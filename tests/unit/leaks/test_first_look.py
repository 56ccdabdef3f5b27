"""Whether one run is enough to see that work is clean."""

from __future__ import annotations

import gc
import sys
import threading
import unittest
from collections.abc import Callable

from support import InFreshProcess
from zope.testrunner.leaks import Hunter, tracker
from zope.testrunner.leaks.finding import Finding
from zope.testrunner.leaks.first_look import Frame
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.leaks.survivors import Survivors
from zope.testrunner.leaks.trackers.refcounts import foreign_extensions

kept: list[object] = []
state: dict[str, object] = {}

#: An atom to be kept more than once.
ATOM = object()


@unittest.skipUnless(Survivors(wanted=True).is_watching_all, "young objects cannot be told apart here")
@unittest.skipIf(tracker("blocks").unavailable(), "memory blocks are not counted here")
class TestFirstLook(InFreshProcess):
    """Work whose first run is looked at."""

    def setUp(self) -> None:
        self.addCleanup(kept.clear)
        self.addCleanup(state.clear)

    def hunt(self, work: Callable[[], object]) -> Finding:
        """What is found out about work when others like it were looked at before."""
        with Hunter(clears_at_once=True) as hunter:
            for _ in range(3):
                hunter.hunt(lambda: [[] for _ in range(10)])
            return hunter.hunt(work)

    def test_what_changes_nothing_is_run_once(self) -> None:
        finding = self.hunt(lambda: [{"number": number} for number in range(100)])

        self.assertEqual((Growth.STABLE, 1), (finding.growth, finding.runs))

    def test_garbage_in_cycles_is_no_change(self) -> None:
        def work() -> None:
            cycle: list[object] = []
            cycle.append(cycle)

        finding = self.hunt(work)

        self.assertEqual((Growth.STABLE, 1), (finding.growth, finding.runs))

    def test_a_leak_is_found(self) -> None:
        self.assertIs(Growth.LEAK, self.hunt(lambda: kept.append([])).growth)

    def test_what_is_made_once_is_run_again(self) -> None:
        finding = self.hunt(lambda: state.setdefault("made", [object() for _ in range(50)]))

        self.assertEqual((Growth.STABLE, 2), (finding.growth, finding.runs))

    def test_a_fall_is_a_change(self) -> None:
        kept.extend([] for _ in range(50))

        def work() -> None:
            kept.clear()
            state.setdefault("kept", []).append([])  # type: ignore[attr-defined]

        self.assertIs(Growth.LEAK, self.hunt(work).growth)

    def test_as_much_freed_as_kept_is_a_change(self) -> None:
        state["pool"] = pool = [[] for _ in range(100)]

        def work() -> None:
            pool.pop()
            kept.append([])

        self.assertIs(Growth.LEAK, self.hunt(work).growth)

    def test_what_every_third_run_leaves_is_not_let_go(self) -> None:
        state["runs"] = 0

        def work() -> None:
            runs = state["runs"]
            assert isinstance(runs, int)
            if runs % 3 == 0:
                kept.append([])
            state["runs"] = runs + 1

        finding = self.hunt(work)

        self.assertIs(Growth.NOT_JUDGED, finding.growth)
        self.assertIn("it grew in", finding.why or "")

    def test_a_collection_of_everything_is_a_change(self) -> None:
        finding = self.hunt(gc.collect)

        self.assertEqual((Growth.STABLE, 2), (finding.growth, finding.runs))

    def test_the_collector_sees_everything_in_the_first_run(self) -> None:
        old = [[]]
        seen: list[bool] = []
        self.hunt(lambda: seen or seen.append(any(each is old for each in gc.get_objects())))

        self.assertEqual([True], seen)

    def test_work_that_leaves_the_heap_frozen_is_run_again(self) -> None:
        self.addCleanup(gc.unfreeze)

        self.assertLess(1, self.hunt(gc.freeze).runs)

    def test_what_is_done_in_between_is_not_counted(self) -> None:
        def first(frame: Frame) -> None:
            frame.begin()
            frame.leave()
            kept.append([])
            frame.enter()
            frame.end()

        with Hunter(clears_at_once=True) as hunter:
            # The list needs more room now and then, which is counted where it is made.
            findings = [hunter.hunt(lambda: None, first=first) for _ in range(5)]

        self.assertEqual([(Growth.STABLE, 1)] * 3, [(each.growth, each.runs) for each in findings[2:]])

    def test_what_is_done_before_and_after_is_not_counted(self) -> None:
        def first(frame: Frame) -> None:
            kept.append([])
            frame.begin()
            frame.end()
            kept.append([])

        with Hunter(clears_at_once=True) as hunter:
            findings = [hunter.hunt(lambda: None, first=first) for _ in range(3)]

        self.assertEqual([(Growth.STABLE, 1)] * 2, [(each.growth, each.runs) for each in findings[1:]])

    def test_a_thread_that_waits_is_in_nobodys_way(self) -> None:
        end = threading.Event()
        thread = threading.Thread(target=end.wait)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(end.set)

        self.assertIs(Growth.LEAK, self.hunt(lambda: kept.append([])).growth)
        self.assertIs(Growth.STABLE, self.hunt(lambda: [[]]).growth)

    def test_one_more_reference_is_seen_where_they_are_counted(self) -> None:
        if not hasattr(sys, "gettotalrefcount") or foreign_extensions():
            self.skipTest("all references are counted by debug builds, where all extension modules are built for them")

        self.assertIs(Growth.REFERENCES, self.hunt(lambda: kept.append(ATOM)).growth)


if __name__ == "__main__":
    unittest.main()
