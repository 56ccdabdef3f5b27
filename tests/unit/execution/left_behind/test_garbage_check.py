"""Collecting garbage after each test."""

from __future__ import annotations

import gc
import unittest
from unittest import mock

from support import hide_heap
from zope.testrunner.core.events import Left, LeftBehind
from zope.testrunner.core.model import LayerName, TestRef
from zope.testrunner.execution.left_behind.garbage_check import GarbageCheck, collect_cycles, cycles_among
from zope.testrunner.testing import FakeClock, RecordingSink

TEST = TestRef(None, LayerName("m.L"), id="a", label="a")


class Node:
    """Something that refers to something else."""

    __slots__ = ("name", "other")

    def __init__(self, name: str, other: object = None) -> None:
        self.name = name
        self.other = other

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Split(Node):
    """Its repr takes two lines."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{self.name}\nand more>"


class Unprintable(Node):
    """It has no repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        raise ValueError


def loop(kind: type[Node] = Node) -> None:
    """Leave a cycle of two."""
    first = kind("first")
    first.other = kind("second", first)


class CollectionCase(unittest.TestCase):
    """Records what is reported; what is garbage already is out of the way, and nothing is collected by chance."""

    def setUp(self) -> None:
        hide_heap(self)
        if gc.isenabled():
            gc.disable()
            self.addCleanup(gc.enable)
        self.addCleanup(gc.garbage.__delitem__, slice(len(gc.garbage), None))
        self.sink = RecordingSink()

    def garbage_check(self, *, cycles: bool = False) -> GarbageCheck:
        """What collects."""
        return GarbageCheck(self.sink.events.append, FakeClock(), LayerName("m.L"), cycles=cycles, worker=3)


class TestCounting(CollectionCase):
    """The number of objects in cycles."""

    def test_nothing(self) -> None:
        garbage_check = self.garbage_check()
        garbage_check.collect()
        garbage_check.report(TEST)

        self.assertEqual((0, []), (garbage_check.collect(), self.sink.events))

    def test_what_was_there_before_is_not_counted(self) -> None:
        loop()
        garbage_check = self.garbage_check()

        self.assertEqual(0, garbage_check.collect())

    def test_objects_are_counted_with_or_without_their_cycles(self) -> None:
        for cycles in (False, True):
            with self.subTest(cycles=cycles):
                garbage_check = self.garbage_check(cycles=cycles)
                loop()

                self.assertEqual((2, 0), (garbage_check.collect(), garbage_check.collect()))

    def test_a_test_that_replaces_the_collector_does_no_harm(self) -> None:
        garbage_check = self.garbage_check(cycles=True)
        loop()
        with mock.patch("gc.collect"), mock.patch("gc.set_debug"), mock.patch("gc.garbage", []):
            count = garbage_check.collect()

        self.assertEqual(2, count)


class TestCycles(CollectionCase):
    """What the cycles consist of."""

    def test_an_event_has_each_object_of_each_cycle(self) -> None:
        garbage_check = self.garbage_check(cycles=True)
        loop(Split)
        alone = Node("alone")
        alone.other = alone
        del alone
        garbage_check.collect()
        garbage_check.report(TEST)
        garbage_check.report(TEST)

        [event] = self.sink.of(LeftBehind)
        self.assertEqual((Left.CYCLES, TEST, "m.L", 3), (event.kind, event.test, event.layer, event.worker))
        self.assertEqual(
            {("<alone>",), ("<first\n   and more>", "<second\n   and more>")},
            {tuple(sorted("\n   ".join(lines) for lines in cycle)) for cycle in event.live},
        )
        self.assertEqual({1, 4}, {len(item.splitlines()) for item in event.items})

    def test_what_only_hangs_on_a_cycle_is_no_part_of_it(self) -> None:
        first = Node("first", [])
        second = Node("second", (first, Node("appendix", [1])))
        first.other = second

        cycles = cycles_among([first, second, second.other, second.other[1]])

        self.assertEqual([["(<first>, <appendix>)"], ["<first>"], ["<second>"]], sorted(cycles[0]))
        self.assertEqual(1, len(cycles))

    def test_objects_without_a_repr(self) -> None:
        loop(Unprintable)
        _, cycles = collect_cycles()

        self.assertRegex(cycles[0][0][0], r"^<class '.*Unprintable'> instance at 0x[0-9a-f]+$")

    def test_a_long_chain_is_no_problem(self) -> None:
        first = last = Node("x")
        for _ in range(20_000):
            last = Node("x", last)
        first.other = last
        del first, last
        count, cycles = collect_cycles()

        self.assertEqual((20_001, [20_001]), (count, [len(cycle) for cycle in cycles]))

    def test_garbage_that_is_kept_stays(self) -> None:
        kept = Node("kept")
        kept.other = kept
        gc.garbage.append(kept)
        loop()
        count, cycles = collect_cycles()

        self.assertEqual((2, 1), (count, len(cycles)))
        self.assertIs(kept, gc.garbage[-1])

    def test_flags_come_back(self) -> None:
        self.addCleanup(gc.set_debug, gc.get_debug())
        gc.set_debug(gc.DEBUG_SAVEALL)
        loop()
        count, _ = collect_cycles()

        self.assertEqual((2, gc.DEBUG_SAVEALL), (count, gc.get_debug()))
        self.assertEqual(["<first>", "<second>"], sorted(map(repr, gc.garbage[-2:])))
