"""Hunts: what leaks is found, what does not is not, whatever the work does to the process."""

from __future__ import annotations

import contextlib
import functools
import gc
import heapq
import itertools
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
import types
import unittest
import weakref
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from zope.testrunner.leaks import CannotRepeat, Hunter, Policy, describe, fixed, hunt, tracker
from zope.testrunner.leaks.finding import Explanation, Holder, New
from zope.testrunner.leaks.not_repeatable import CannotGoOn
from zope.testrunner.leaks.readings import Growth, Sample, Unavailable, Unit
from zope.testrunner.leaks.settle import empty_caches

kept: list[object] = []
numbers = itertools.count(10**6)


def leaking() -> None:
    kept.append([next(numbers)])


def clean() -> None:
    garbage = [next(numbers)]
    garbage.append(garbage)  # type: ignore[arg-type]  # a cycle


class Steady:
    """Counts references that never change."""

    name = "refcounts"
    unit = Unit.COUNT

    def unavailable(self) -> Unavailable | None:
        return None

    def sample(self) -> Sample:
        return Sample(7)


class Churned(Steady):
    """Counts what grows whenever it is looked at, whatever has been done meanwhile."""

    name = "blocks"

    def __init__(self) -> None:
        self.total = 0

    def sample(self) -> Sample:
        self.total += 1
        return Sample(self.total)


class Node:
    """An object that is garbage for the collector only once it is not needed."""

    def __init__(self, *others: object) -> None:
        self.me = self
        self.others = others


@contextlib.contextmanager
def waiting_thread() -> Iterator[None]:
    """A thread that does nothing."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


class HuntCase(unittest.TestCase):
    """Whatever was kept is dropped, and nothing stays frozen."""

    def setUp(self) -> None:
        kept.clear()
        self.addCleanup(kept.clear)
        self.addCleanup(gc.set_debug, gc.get_debug())
        self.addCleanup(gc.enable)
        self.frozen = gc.get_freeze_count()

    def tearDown(self) -> None:
        self.assertLess(gc.get_freeze_count(), 1000)


class TestOutcomes(HuntCase):
    """What a hunt can end with."""

    def test_clean_work_is_done_twice(self) -> None:
        finding = hunt(clean)

        self.assertEqual((Growth.STABLE, 2, None), (finding.growth, finding.runs, finding.explanation))
        self.assertFalse(finding.is_leak)

    def test_a_leak_is_confirmed_before_it_is_called_one(self) -> None:
        finding = hunt(leaking, explain=False)

        self.assertEqual((Growth.LEAK, 12), (finding.growth, finding.runs))
        self.assertIn(
            "blocks" if tracker("blocks").unavailable() is None else "objects",
            [v.tracker for v in finding.grown],
        )

    def test_every_counter_has_its_verdict(self) -> None:
        finding = hunt(leaking, explain=False)
        by_name = {verdict.tracker: verdict for verdict in finding.verdicts}

        self.assertEqual((1,) * 11, by_name["objects"].deltas)
        self.assertIs(Growth.STABLE, by_name["threads"].growth)

    def test_growth_that_ends_is_bounded(self) -> None:
        def work() -> None:
            if len(kept) < 6:
                leaking()

        self.assertIs(Growth.BOUNDED, hunt(work).growth)

    @unittest.skipIf(tracker("heap").unavailable(), "the C heap is not measured here")
    def test_a_buffer_that_grows_in_place_is_a_leak(self) -> None:
        buffer = bytearray()

        def work() -> None:
            buffer.extend(bytes(64 * 1024))

        finding = hunt(work)

        self.assertEqual((Growth.LEAK, ["heap"]), (finding.growth, [verdict.tracker for verdict in finding.grown]))
        self.assertRegex(describe(finding, "work")[1], r"^  on average: \+\d\d,\d{3} bytes on the C heap  \(\d of 11 runs")

    def test_growth_of_the_first_run_does_not_count(self) -> None:
        self.assertIs(Growth.STABLE, hunt(functools.cache(leaking)).growth)

    def test_growth_of_one_later_run_is_one_time(self) -> None:
        runs = itertools.count()

        def work() -> None:
            if next(runs) == 1:
                leaking()

        self.assertIs(Growth.ONE_TIME, hunt(work).growth)

    def test_a_limited_cache_is_bounded_at_its_size(self) -> None:
        @functools.lru_cache(maxsize=128)
        def answer(number: int) -> list[int]:
            return [number]

        finding = hunt(lambda: answer(next(numbers)))

        self.assertEqual((Growth.BOUNDED, "bounded at 128"), (finding.growth, finding.why))

    def test_the_cursors_that_a_database_remembers_are_no_growth(self) -> None:
        kept.append(database := sqlite3.connect(":memory:"))
        self.addCleanup(database.close)

        finding = hunt(lambda: database.execute("select 1").fetchall())

        self.assertEqual((Growth.STABLE, None), (finding.growth, finding.why))

    @unittest.skipIf(tracker("heap").unavailable(), "the C heap is not measured here")
    def test_rows_that_fill_a_database_in_memory_are_a_leak(self) -> None:
        kept.append(database := sqlite3.connect(":memory:"))
        self.addCleanup(database.close)
        database.execute("create table rows (text)")

        self.assertTrue(hunt(lambda: database.execute("insert into rows values (?)", ("x" * 40_000,))).is_leak)

    def test_references_alone_are_a_class_of_their_own(self) -> None:
        held: dict[str, list[object]] = {}

        def work() -> None:
            held.setdefault("list", []).append(clean)

        finding = hunt(work)

        self.assertIs(Growth.REFERENCES, finding.growth)
        self.assertTrue(finding.is_leak)

    def test_a_first_failure_goes_through(self) -> None:
        with self.assertRaisesRegex(ZeroDivisionError, "division"):
            hunt(lambda: 1 / 0)

    def test_a_later_failure_cannot_be_repeated(self) -> None:
        runs = itertools.count()

        def work() -> None:
            if next(runs):
                raise ValueError("there is a row already")

        finding = hunt(work)

        self.assertIs(Growth.NOT_REPEATABLE, finding.growth)
        self.assertEqual("ValueError when run again: there is a row already", finding.why)

    def test_the_work_can_say_that_it_went_differently(self) -> None:
        runs = itertools.count()

        def work() -> None:
            if next(runs):
                raise CannotRepeat("it passed, and failed when run again")

        self.assertEqual("it passed, and failed when run again", hunt(work).why)

    def test_a_fixed_number_of_runs_is_done_whatever_happens(self) -> None:
        policy = fixed("3:2")

        finding = hunt(clean, policy=policy, adaptive=False)
        self.assertEqual((Growth.STABLE, 5), (finding.growth, finding.runs))
        finding = hunt(leaking, policy=policy, adaptive=False, explain=False)
        self.assertEqual((Growth.LEAK, 5), (finding.growth, finding.runs))

    def test_without_warm_up_the_first_run_counts(self) -> None:
        finding = hunt(functools.cache(leaking), policy=Policy(0, 1, 0), adaptive=False, explain=False)

        self.assertEqual((Growth.LEAK, 1), (finding.growth, finding.runs))

    def test_trackers_can_be_chosen(self) -> None:
        class Rising:
            name = "rising"
            unit = Unit.BYTES
            total = 0

            def unavailable(self) -> Unavailable | None:
                return None

            def sample(self) -> Sample:
                self.total += 10
                return Sample(self.total)

        finding = hunt(clean, trackers=[Rising()], explain=False)

        self.assertEqual(["rising"], [verdict.tracker for verdict in finding.grown])

    def test_what_the_work_returns_is_dropped(self) -> None:
        self.assertIs(Growth.STABLE, hunt(lambda: [next(numbers)]).growth)


class TestFrozenHeap(HuntCase):
    """Hunting one after the other."""

    def test_a_hunter_finds_the_same_again_and_again(self) -> None:
        with Hunter(explain=False) as hunter:
            growths = [hunter.hunt(work).growth for work in (clean, leaking, clean, leaking, clean)]

        self.assertEqual([Growth.STABLE, Growth.LEAK, Growth.STABLE, Growth.LEAK, Growth.STABLE], growths)

    def test_only_while_the_work_is_done_again_the_heap_is_hidden(self) -> None:
        hunter = Hunter()
        cycle: list[object] = []
        cycle.append(cycle)
        seen: list[int] = []

        def work() -> None:
            seen.append(gc.get_freeze_count())
            cycle.clear()

        hunter.hunt(work)
        seen.append(gc.get_freeze_count())

        self.assertEqual([False, True, False], [count > 1000 for count in (seen[0], seen[1], seen[-1])])

    def test_the_first_run_sees_all_objects_and_collects_what_was_there(self) -> None:
        with Hunter(explain=False) as hunter:
            for _ in range(3):
                cycle = Node()
                seen: list[bool] = []
                reference = weakref.ref(cycle)
                kept.append(marker := Node())

                def work(cycle: list[Node] = [cycle], marker: Node = marker) -> None:
                    cycle.clear()
                    gc.collect()
                    seen.append(reference() is None)
                    seen.append(any(each is marker for each in gc.get_objects()))
                    seen.append(bool(gc.get_referrers(marker)))

                del cycle
                hunter.hunt(work)

                self.assertEqual([True] * 3, seen[:3])

    def test_work_that_fails_where_objects_are_hidden_is_judged_where_they_are_not(self) -> None:
        marker = Node()

        def looks() -> None:
            if not any(each is marker for each in gc.get_objects()):
                raise AssertionError("it is not there")

        def looks_and_keeps() -> None:
            looks()
            leaking()

        self.assertIs(Growth.STABLE, hunt(looks).growth)
        finding = hunt(looks_and_keeps, explain=False)
        self.assertEqual((Growth.LEAK, 13), (finding.growth, finding.runs))

    def test_work_that_fails_either_way_cannot_be_repeated_for_the_first_reason(self) -> None:
        runs = itertools.count(1)

        def work() -> None:
            if (number := next(runs)) > 1:
                raise ValueError(number)

        finding = hunt(work)

        self.assertEqual((Growth.NOT_REPEATABLE, "ValueError when run again: 2"), (finding.growth, finding.why))
        self.assertEqual(4, next(runs))

    def test_work_that_cannot_go_on_is_not_tried_once_more(self) -> None:
        runs = itertools.count(1)

        def work() -> None:
            if next(runs) > 1:
                raise CannotGoOn("it is the end")

        self.assertEqual("it is the end", hunt(work).why)
        self.assertEqual(3, next(runs))

    def test_everything_is_shown_again_however_a_hunt_ends(self) -> None:
        runs = itertools.count(1)

        def interrupted() -> None:
            if next(runs) == 2:
                raise KeyboardInterrupt

        hunter = Hunter(explain=False)
        with self.assertRaises(KeyboardInterrupt):
            hunter.hunt(interrupted)
        self.assertLess(gc.get_freeze_count(), 1000)
        hunter.hunt(leaking)
        self.assertLess(gc.get_freeze_count(), 1000)

    def test_what_somebody_had_frozen_stays_so(self) -> None:
        hunter = Hunter(explain=False)
        gc.freeze()
        try:
            frozen = gc.get_freeze_count()
            growths = [hunter.hunt(work).growth for work in (clean, leaking, clean)]

            self.assertGreater(gc.get_freeze_count(), frozen / 2)
            self.assertEqual([Growth.STABLE, Growth.LEAK, Growth.STABLE], growths)
        finally:
            gc.unfreeze()

    def test_what_is_replaced_by_each_run_is_stable_whatever_it_is(self) -> None:
        def plain() -> None:
            kept[:] = [[next(numbers)], {next(numbers): 1}]

        def cyclic() -> None:
            kept[:] = [Node(), Node()]

        for work in (plain, cyclic):
            with self.subTest(work.__name__):
                self.assertIs(Growth.STABLE, hunt(work).growth)

    def test_a_leak_beside_what_is_replaced_is_one(self) -> None:
        registry: dict[str, list[object]] = {}

        def work() -> None:
            registry["last"] = [Node(), [next(numbers)], {}]
            registry.setdefault("all", []).append([next(numbers)])

        self.assertIs(Growth.LEAK, hunt(work, explain=False).growth)

    def test_what_was_replaced_is_not_held_until_the_next_run_but_one(self) -> None:
        class Kept(list[object]):
            pass

        references: list[weakref.ref[Kept]] = []
        alive: list[list[bool]] = []

        def work() -> None:
            gc.collect()
            alive.append([reference() is not None for reference in references])
            kept[:] = [new := Kept()]
            references.append(weakref.ref(new))
            del references[:-3]

        hunt(work)

        self.assertIn([True, False, True][-len(alive[2]) :], [alive[2], [False, True]])

    def test_garbage_does_not_pile_up_where_nobody_thaws(self) -> None:
        with mock.patch("zope.testrunner.leaks.hunting._GROWTH_TO_COLLECT", 1.01):
            hunter = Hunter(explain=False)
            references = []
            for _ in range(20):
                cycles = [Node(*[[] for _ in range(5_000)])]
                references.append(weakref.ref(cycles[0]))
                # It is old when it becomes garbage, in the first run.
                gc.collect(1)
                hunter.hunt(cycles.clear)

        self.assertLess(sum(reference() is not None for reference in references), 15)

    def test_a_hunter_does_not_look_at_the_whole_heap_to_begin_with(self) -> None:
        kept: list[object] = [[] for _ in range(200_000)]
        seen: list[int] = []
        with mock.patch("zope.testrunner.leaks.trackers.objects._refcount", lambda found: seen.append(1) or len(seen)):
            Hunter()

        self.assertLess(len(seen), len(kept))

    def test_extension_modules_are_looked_at_when_others_are_loaded(self) -> None:
        with Hunter(trackers=[Steady()], explain=False) as hunter:
            self.assertIs(Growth.STABLE, hunter.hunt(lambda: None).growth)
            foreign = mock.Mock(return_value=("strange",))
            with mock.patch("zope.testrunner.leaks.counters.foreign_extensions", foreign):
                name = "module_of_a_test"
                sys.modules[name] = types.ModuleType(name)
                try:
                    self.assertIs(Growth.NOT_JUDGED, hunter.hunt(lambda: None).verdicts[0].growth)
                    hunter.hunt(lambda: None)
                finally:
                    del sys.modules[name]

        self.assertEqual(1, foreign.call_count)

    def test_clean_work_is_settled_once(self) -> None:
        # No double that remembers its calls: that would be growth.
        times = array("q", [0])

        def counted() -> None:
            times[0] += 1
            empty_caches()

        with Hunter() as hunter:
            hunter.hunt(clean)
            with (
                mock.patch("zope.testrunner.leaks.hidden_heap.empty_caches", counted),
                mock.patch("zope.testrunner.leaks.settle.empty_caches", counted),
            ):
                finding = hunter.hunt(clean)

        self.assertEqual((2, 1), (finding.runs, times[0]))

    def test_a_list_that_is_replaced_by_a_copy_holds_nothing_back(self) -> None:
        # As loggers do with their handlers, from Python 3.14.10 on.
        holder = [[0, 0]]

        def work() -> None:
            holder[0].append(next(numbers))
            holder[0].append(0)
            holder[0] = holder[0][:2]

        with Hunter() as hunter:
            hunter.hunt(work)
            finding = hunter.hunt(work)

        [blocks] = [each.deltas for each in finding.verdicts if each.tracker == "blocks"]
        self.assertEqual((Growth.STABLE, 0), (finding.growth, sum(blocks)))
        self.assertLessEqual(finding.runs, 3)

    def test_what_python_may_keep_itself_is_not_judged(self) -> None:
        kept: list[object] = []
        bases = New("tuple", 1, "(<class 'm.Made'>, <class 'object'>)")
        for found, expected in (
            (Explanation(), Growth.NOT_JUDGED),
            (Explanation(new=(bases,)), Growth.NOT_JUDGED),
            (Explanation(new=(New("list", 1, "[1]"),)), Growth.LEAK),
            (Explanation(new=(bases,), holders=(Holder("m.kept", "list", 1, 9),)), Growth.LEAK),
        ):
            with (
                self.subTest(found),
                mock.patch("zope.testrunner.leaks.explain.explain", lambda *_, found=found: found),
                mock.patch("zope.testrunner.leaks.pristine_gc.keeps_functions", lambda: True),
            ):
                finding = hunt(lambda: kept.append([next(numbers)]))

                self.assertIs(expected, finding.growth)
                if expected is Growth.NOT_JUDGED:
                    self.assertRegex(str(finding.why), "this Python keeps all new functions, classes and modules for good")

    def test_what_only_fills_a_cache_of_the_library_is_clean_after_two_runs(self) -> None:
        with Hunter() as hunter:
            finding = hunter.hunt(lambda: re.compile(f"[a]{next(numbers)}"))

        self.assertEqual((Growth.STABLE, 2), (finding.growth, finding.runs))

    def test_it_works_without_freezing(self) -> None:
        self.assertIs(Growth.STABLE, hunt(clean, freeze=False).growth)
        self.assertIs(Growth.LEAK, hunt(leaking, freeze=False, explain=False).growth)

    def test_what_one_run_leaves_and_the_next_replaces_is_no_leak(self) -> None:
        def work() -> None:
            cycle: list[object] = [next(numbers)]
            cycle.append(cycle)
            kept[:] = [cycle]

        self.assertIs(Growth.STABLE, hunt(work).growth)


WAYS: dict[str, dict[str, Any]] = {
    "adaptive": {},
    "fixed": {"policy": fixed("5:4"), "adaptive": False},
    "fixed and confirmed": {"policy": fixed("5:4")._replace(confirm=8), "adaptive": False},
    "not explained": {"explain": False},
    "not frozen": {"freeze": False},
}


class Link:
    """One of a chain."""

    def __init__(self, before: object) -> None:
        self.before = before
        self.me = self


@unittest.skipIf(tracker("blocks").unavailable(), "memory blocks are not counted here")
class TestReplacing(HuntCase):
    """What takes the place of something older is no growth, however that is counted."""

    def growths(self, begin: Callable[[], Callable[[], object]]) -> dict[str, Growth]:
        found = {}
        for way, options in WAYS.items():
            work = begin()
            found[way] = hunt(work, **options).growth
        return found

    def check(self, begin: Callable[[], Callable[[], object]], expected: Growth) -> None:
        self.assertEqual(dict.fromkeys(WAYS, expected), self.growths(begin))

    def test_in_a_list(self) -> None:
        def begin() -> Callable[[], object]:
            pool = [[number] for number in range(60)]
            return lambda: pool.__setitem__(next(numbers) % 60, [next(numbers)])

        self.check(begin, Growth.STABLE)

    def test_cycles_that_only_the_collector_can_free(self) -> None:
        def begin() -> Callable[[], object]:
            pool = [Link(None) for _ in range(60)]
            return lambda: pool.__setitem__(next(numbers) % 60, Link(None))

        self.check(begin, Growth.STABLE)

    def test_numbers_in_place_of_smaller_ones(self) -> None:
        def begin() -> Callable[[], object]:
            best = [(number, [number]) for number in range(60)]
            return lambda: heapq.heapreplace(best, (number := next(numbers), [number]))

        self.check(begin, Growth.STABLE)

    def test_what_is_kept_besides_is_a_leak(self) -> None:
        for keep in (lambda: [next(numbers)], lambda: f"text {next(numbers)}", lambda: float(next(numbers))):

            def begin(keep: Callable[[], object] = keep) -> Callable[[], object]:
                pool = [[number] for number in range(60)]

                def work() -> None:
                    pool[next(numbers) % 60] = [next(numbers)]
                    kept.append(keep())

                return work

            with self.subTest(keep()):
                self.check(begin, Growth.LEAK)

    def test_what_grows_inside_of_what_is_replaced_is_a_leak(self) -> None:
        def begin() -> Callable[[], object]:
            pool: list[list[str]] = [[] for _ in range(5)]

            def work() -> None:
                place = next(numbers) % 5
                pool[place] = [*pool[place], f"text {next(numbers)}"]

            return work

        self.check(begin, Growth.LEAK)

    def test_a_chain_behind_a_ring_is_a_leak(self) -> None:
        for begin_of_chain, length, limit in ((Link(None), 60, 60), (Link(None), 1, 900), (Link(None), 1, 1), ((), 60, 60)):

            def begin(first: object = begin_of_chain, length: int = length, limit: int = limit) -> Callable[[], object]:
                ring = deque([first] * length, maxlen=limit)
                if first == ():
                    return lambda: ring.append((next(numbers), ring[-1]))
                return lambda: ring.append(Link(ring[-1]))

            with self.subTest(kind=type(begin_of_chain).__name__, length=length, limit=limit):
                self.check(begin, Growth.LEAK)

    def test_a_ring_with_room_is_bounded(self) -> None:
        ring: deque[object] = deque(maxlen=300)

        finding = hunt(lambda: ring.append([next(numbers)]))

        self.assertEqual((Growth.BOUNDED, "bounded at 300"), (finding.growth, finding.why))

    def test_a_chain_behind_a_limited_cache_is_a_leak(self) -> None:
        last: list[object] = [None]

        @functools.lru_cache(maxsize=1000)
        def remember(number: int) -> object:
            last[0] = Link(last[0])
            return last[0]

        self.assertIs(Growth.LEAK, hunt(lambda: remember(next(numbers))).growth)


class TestGivenBack(HuntCase):
    """What some run makes and the next one gives back hides no growth."""

    def leaks_after(self, made: int) -> Callable[[], object]:
        runs = itertools.count(1)
        table: list[object] = []

        def work() -> None:
            run = next(runs)
            if run == made:
                table.extend([number] for number in range(100))
            elif run == made + 1:
                table.clear()
            kept.append([next(numbers)])

        return work

    def test_in_each_of_the_first_runs(self) -> None:
        for made in range(1, 9):
            for way in ("adaptive", "not explained", "not frozen"):
                with self.subTest(made=made, way=way):
                    self.assertIs(Growth.LEAK, hunt(self.leaks_after(made), **WAYS[way]).growth)

    def test_without_growth_it_is_none(self) -> None:
        table: list[object] = []
        runs = itertools.count(1)

        def work() -> None:
            table[:] = [[] for _ in range(100)] if next(runs) in (1, 3, 4) else []

        self.assertFalse(hunt(work).is_leak)


class TestGrowthWithPauses(HuntCase):
    """Growth that comes every second or third run is never stable once it was seen."""

    def test_it_is_not_judged(self) -> None:
        for period in (2, 3):
            runs = itertools.count(1)

            def work(period: int = period, runs: Iterator[int] = runs) -> None:
                if next(runs) % period == 2 % period:
                    kept.append([next(numbers)])

            with self.subTest(period):
                finding = hunt(work)

                self.assertIs(Growth.NOT_JUDGED, finding.growth)
                self.assertRegex(finding.why or "", r"^\w+: it grew in \d of 1\d runs, by [\d.]+ a run on average$")
                self.assertIn("Not judged in work: ", describe(finding, "work")[0])


class TestHostileWork(HuntCase):
    """The work does things to the process; the verdicts are as if it had not."""

    def assertJudgedRightly(self, spoil: Callable[[], object]) -> None:
        def spoiled(work: Callable[[], None]) -> Callable[[], None]:
            def both() -> None:
                work()
                spoil()

            return both

        with Hunter(explain=False) as hunter:
            found = hunter.hunt(spoiled(clean))
            self.assertIn(found.growth, (Growth.STABLE, Growth.ONE_TIME), found)
            self.assertIs(Growth.LEAK, hunter.hunt(spoiled(leaking)).growth)

    def test_it_freezes_the_heap(self) -> None:
        try:
            self.assertJudgedRightly(gc.freeze)

            self.assertGreater(gc.get_freeze_count(), 1000, "what it did once is not undone")
        finally:
            gc.unfreeze()

    def test_it_unfreezes_the_heap(self) -> None:
        self.assertJudgedRightly(gc.unfreeze)

    def test_it_disables_the_collector(self) -> None:
        self.assertJudgedRightly(gc.disable)

    def test_it_saves_all_garbage(self) -> None:
        self.assertJudgedRightly(lambda: gc.set_debug(gc.DEBUG_SAVEALL))

    def test_it_replaces_what_counts(self) -> None:
        names = {"getrefcount": lambda thing: 7, "getallocatedblocks": lambda: next(numbers)}
        with mock.patch.multiple(sys, **names), mock.patch.object(gc, "get_referents", lambda *things: []):
            self.assertJudgedRightly(lambda: None)

    def test_it_replaces_the_functions_of_the_collector(self) -> None:
        names = [
            *("collect", "freeze", "unfreeze", "get_freeze_count", "get_objects", "get_referents", "get_referrers"),
            *("is_tracked", "get_debug", "set_debug"),
        ]
        with mock.patch.multiple(gc, **dict.fromkeys(names, mock.Mock(side_effect=RuntimeError("replaced")))):
            found = hunt(leaking)

        self.assertIs(Growth.LEAK, found.growth)
        self.assertIsNone(found.explanation and found.explanation.why)

    def test_flags_of_the_collector_are_as_before_the_hunt(self) -> None:
        """The explanation does the work as well."""

        def work() -> None:
            leaking()
            gc.set_debug(gc.DEBUG_SAVEALL)

        self.addCleanup(gc.garbage.clear)
        self.addCleanup(gc.set_debug, gc.get_debug())
        hunt(work)

        self.assertEqual(0, gc.get_debug())

    def test_garbage_of_the_warm_up_that_takes_two_collections_is_gone_by_then(self) -> None:
        """Its end leaves garbage again: the next collection finds it, with hundreds of objects."""

        class Late:
            def __init__(self, rest: object) -> None:
                self.me, self.rest = self, rest

            def __del__(self) -> None:
                if self.rest is not None:
                    Late(None).more = [[] for _ in range(100)]  # type: ignore[attr-defined]

        def work() -> None:
            leaking()
            if not started:
                started.append(Late(1) and None)

        started: list[None] = []
        found = hunt(work, policy=fixed("3:5"), adaptive=False, explain=False)

        self.assertIs(Growth.LEAK, found.growth, found)

    def test_it_makes_and_forgets_a_million_objects(self) -> None:
        finding = hunt(lambda: [[] for _ in range(10**5)], explain=False)

        self.assertIs(Growth.STABLE, finding.growth)

    def test_its_threads_end_late(self) -> None:
        def work() -> None:
            threading.Thread(target=time.sleep, args=(0.005,)).start()

        finding = hunt(work)

        self.assertFalse(finding.is_leak, describe(finding, "work"))

    def test_what_another_thread_makes_is_not_the_work_s_doing(self) -> None:
        with waiting_thread():
            finding = hunt(clean, trackers=[Churned()])

        self.assertIs(Growth.NOT_JUDGED, finding.growth)
        self.assertIn("another thread", finding.why or "")

    def test_a_thread_that_waits_excuses_nothing(self) -> None:
        with waiting_thread():
            self.assertIs(Growth.LEAK, hunt(leaking, explain=False).growth)

    def test_saving_of_all_garbage_from_before_is_not_judged(self) -> None:
        gc.set_debug(gc.DEBUG_SAVEALL)
        finding = hunt(clean)
        gc.set_debug(0)
        gc.garbage.clear()

        self.assertEqual((Growth.NOT_JUDGED, 1), (finding.growth, finding.runs))
        self.assertIn("DEBUG_SAVEALL", finding.why or "")


class TestPlainScript(unittest.TestCase):
    """Outside of any runner."""

    def test_a_script_needs_a_few_lines(self) -> None:
        program = (
            "from zope.testrunner.leaks import describe, hunt\n"
            "drops = []\n"
            "def work(): drops.append({})\n"
            "print('\\n'.join(describe(hunt(work), 'work')))\n"
        )
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PATH": ""}
        done = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, env=environment
        )

        self.assertEqual("", done.stderr)
        self.assertIn("Leak in work\n  every run: +", done.stdout)
        self.assertIn("  kept alive by __main__.drops, a list that grew from 14 to 17\n", done.stdout)
        self.assertEqual(1, done.stdout.count("allocated at"), "what the hunt itself allocates is not the script's")


if __name__ == "__main__":
    unittest.main()
