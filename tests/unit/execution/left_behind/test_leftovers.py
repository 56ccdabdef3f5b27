"""Threads and garbage that tests leave behind."""

from __future__ import annotations

import gc
import re
import threading
import unittest

from zope.testrunner.core.events import Left, LeftBehind
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.execution.left_behind.leftovers import Leftovers, repr_lines, safe_repr
from zope.testrunner.testing import FakeClock, RecordingSink

TEST = TestRef(None, LayerName("m.L"), id="a", label="a")


class LeftoverCase(unittest.TestCase):
    """Records what is reported."""

    def setUp(self) -> None:
        self.sink = RecordingSink()
        self.left = self.leftovers()

    def leftovers(self, *ignored: str) -> Leftovers:
        """What compares before and after."""
        patterns = [re.compile(pattern) for pattern in ignored]
        return Leftovers(self.sink.events.append, FakeClock(), LayerName("m.L"), patterns)

    def reports(self, kind: Left) -> list[tuple[str | None, tuple[str, ...]]]:
        """Label of the test, or None for the layer, and items, of each report of a kind."""
        found = [event for event in self.sink.of(LeftBehind) if event.kind is kind]
        return [(event.test.label if event.test else None, event.items) for event in found]


class TestThreads(LeftoverCase):
    """A thread that is new after a test is reported once."""

    def start(self, name: str) -> threading.Thread:
        """A thread that runs until the end of the test."""
        stop = threading.Event()
        thread = threading.Thread(target=stop.wait, args=(60,), name=name, daemon=True)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)
        return thread

    def test_nothing_new(self) -> None:
        self.left.before()
        self.left.after(TEST)

        self.assertEqual([], self.sink.events)

    def test_what_was_remembered_is_kept_while_it_is_ready(self) -> None:
        self.left.before()
        self.left.is_ready = True
        thread = self.start("background")
        self.left.before()
        self.left.after(TEST)

        self.assertEqual([("a", (repr(thread),))], self.reports(Left.THREADS))

    def test_a_new_one_and_nothing_else(self) -> None:
        self.left.before()
        thread = self.start("background")
        self.left.after(TEST)

        self.assertEqual([("a", (repr(thread),))], self.reports(Left.THREADS))

    def test_one_that_was_there_before(self) -> None:
        self.start("old")
        self.left.before()
        thread = self.start("new")
        self.left.after(TEST)
        self.left.before()
        self.left.after(TEST)

        self.assertEqual([("a", (repr(thread),))], self.reports(Left.THREADS))

    def test_names_may_be_ignored_by_their_beginning(self) -> None:
        left = self.leftovers("pool-", "x")
        left.before()
        self.start("pool-1")
        thread = self.start("whirlpool-1")
        left.after(TEST)

        self.assertEqual([("a", (repr(thread),))], self.reports(Left.THREADS))


class TestGarbage(LeftoverCase):
    """Garbage is reported with the test that left it, and once more for the layer."""

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(gc.garbage.__delitem__, slice(len(gc.garbage), None))

    def test_only_new_items_are_told(self) -> None:
        gc.garbage.append("first")
        self.left.after(TEST)
        self.left.after(TEST)
        gc.garbage.append("second")
        self.left.after(TEST)
        self.left.after_iteration()

        self.assertEqual(
            [("a", ("'first'",)), ("a", ("'second'",)), (None, ("'first'", "'second'"))], self.reports(Left.GARBAGE)
        )

    def test_what_was_there_before_is_not(self) -> None:
        gc.garbage.append("old")
        left = self.leftovers()
        left.after(TEST)
        left.after_iteration()

        self.assertEqual([], self.sink.events)

    def test_what_was_dropped_before_is_not_taken_for_a_tests(self) -> None:
        self.addCleanup(gc.set_debug, gc.get_debug())
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        gc.set_debug(gc.DEBUG_SAVEALL)
        left = self.leftovers()
        gc.collect()
        left.after(TEST)

        self.assertEqual([], self.sink.events)

    def test_with_debug_flags_all_that_is_garbage_is_told_at_the_end(self) -> None:
        self.addCleanup(gc.set_debug, gc.get_debug())
        gc.set_debug(gc.DEBUG_SAVEALL)
        left = self.leftovers()
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        left.after_iteration()

        self.assertEqual([(None, ("[[...]]",))], self.reports(Left.GARBAGE))


class TestReprs(unittest.TestCase):
    """Objects of users are shown whatever their classes do."""

    class Bad:
        """Cannot be shown."""

        def __repr__(self) -> str:
            raise ValueError

    def test_a_repr_that_raises(self) -> None:
        self.assertRegex(safe_repr(self.Bad()), "^<TestReprs.Bad instance at 0x[0-9a-f]+>$")
        self.assertRegex(repr_lines(self.Bad())[0], "Bad'> instance at 0x[0-9a-f]+$")

    def test_a_repr_that_wants_the_process_to_end(self) -> None:
        class Leaving:
            def __repr__(self) -> str:
                raise SystemExit(3)

        self.assertRegex(safe_repr(Leaving()), "Leaving instance at 0x[0-9a-f]+>$")
        self.assertRegex(repr_lines(Leaving())[0], "Leaving'> instance at 0x[0-9a-f]+$")

    def test_long_ones_are_cut(self) -> None:
        lines = repr_lines(["x" * 100] * 10, max_width=20, max_lines=3)

        self.assertEqual(4, len(lines))
        self.assertEqual("...", lines[-1])
        self.assertEqual({20}, {len(line) for line in lines[:-1]})
