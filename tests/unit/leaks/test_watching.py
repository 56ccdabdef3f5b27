"""What stays after work that is done once: `zope.testrunner.leaks.watching`."""

from __future__ import annotations

import gc
import os
import re
import unittest
from collections.abc import Callable

from support import InFreshProcess
from zope.testrunner.leaks.readings import Sample, Unavailable, Unit
from zope.testrunner.leaks.watching import Watch

kept: list[object] = []


class Number:
    """A tracker of a number that the test sets."""

    unit = Unit.COUNT

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0

    def unavailable(self) -> Unavailable | None:
        """It can always be read."""
        return None

    def sample(self) -> Sample:
        """Read it."""
        return Sample(self.total)


class WatchCase(InFreshProcess):
    watch: Watch

    @classmethod
    def setUpClass(cls) -> None:
        cls.watch = Watch()

    def setUp(self) -> None:
        kept.clear()
        self.watch.is_anew = True
        # What is done only the first time.
        self.look(lambda: None)

    def look(self, work: Callable[[], object]) -> dict[str, int]:
        """What stays after this."""
        watch = self.watch
        watch.forget()
        watch.begin()
        work()
        watch.end()
        self.assertTrue(watch.is_read)
        return {name: change for name, change in watch.changes().items() if change}


class TestWhatStays(WatchCase):
    """Counters are exact, and caches that are emptied do not count."""

    def test_nothing(self) -> None:
        for _ in range(3):
            self.assertEqual({}, self.look(lambda: [[] for _ in range(1000)]))
            self.assertFalse(self.watch.has_grown)

    def test_blocks_and_objects(self) -> None:
        # The second time, what is made only once is there.
        for _ in range(2):
            kept[:] = [None]
            changes = self.look(lambda: kept.append([[], []]))

        self.assertEqual({"blocks": 4}, changes)
        self.assertEqual(3, self.watch.objects)
        self.assertTrue(self.watch.has_grown)

    def test_a_descriptor(self) -> None:
        kept.extend([None, None])
        number = os.dup(0)
        self.addCleanup(os.close, number)
        os.close(number)

        self.assertEqual(1, self.look(lambda: os.dup2(0, number)).get("descriptors"))

    def test_memory_of_c(self) -> None:
        self.assertGreaterEqual(self.look(lambda: kept.append(bytearray(10**6))).get("heap", 10**6), 10**6)

    def test_a_cache_that_is_emptied_is_no_growth(self) -> None:
        for pattern in ("more+one", "one+more", "eno+more"):
            changes = self.look(lambda pattern=pattern: re.compile(pattern))  # type: ignore[misc]

        self.assertEqual({}, changes)

    def test_garbage_that_has_become_old_is_no_growth(self) -> None:
        def work() -> None:
            cycle: list[object] = []
            cycle.append(cycle)
            gc.collect(1)
            gc.collect()
            del cycle

        self.assertEqual({}, self.look(work))

    def test_what_is_done_in_between_is_left_out(self) -> None:
        kept.extend([None, None])

        def work() -> None:
            self.watch.leave()
            kept[0] = [[]]
            self.watch.enter()
            kept[1] = []

        self.assertEqual({"blocks": 1}, self.look(work))


class TestReadings(InFreshProcess):
    """What is compared with what."""

    def watch(self) -> tuple[Watch, list[Number]]:
        numbers = [Number("first"), Number("second")]
        return Watch(numbers), numbers

    def look(self, watch: Watch, numbers: list[Number], more: int) -> dict[str, int]:
        watch.begin()
        for number in numbers:
            number.total += more
        watch.end()
        return watch.changes()

    def test_what_is_owed_counts_as_well(self) -> None:
        watch, numbers = self.watch()
        for owed, grown in ((4, True), (3, False)):
            watch.forget({"first": owed, "second": 0})
            self.assertEqual({"first": -3, "second": -3}, self.look(watch, numbers, -3))
            self.assertEqual(grown, watch.has_grown)

    def test_what_nobody_can_have_changed_is_not_read_again(self) -> None:
        watch, numbers = self.watch()
        watch.forget()
        self.look(watch, numbers, 1)
        for number in numbers:
            number.total += 10
        watch.forget()
        watch.is_continued = True

        self.assertEqual({"first": 1, "second": 11}, self.look(watch, numbers, 1))
        for number in numbers:
            number.total += 10
        self.assertEqual({"first": 1, "second": 1}, self.look(watch, numbers, 1))

    def test_nothing_is_known_of_work_that_did_not_end(self) -> None:
        watch, _ = self.watch()
        watch.forget()
        watch.end()
        watch.leave()
        watch.enter()
        self.assertFalse(watch.is_read)
        watch.begin()
        self.assertFalse(watch.is_read)
        self.assertFalse(watch.has_grown)


if __name__ == "__main__":
    unittest.main()
