"""Explanations: what, where and why."""

from __future__ import annotations

import collections
import functools
import gc
import io
import itertools
import json
import os
import sys
import threading
import tracemalloc
import types
import unittest
import weakref
from collections.abc import Callable
from typing import Any, NoReturn
from unittest import mock

import seeded

import support
import zope.testrunner.leaks.explain as explanations
from zope.testrunner.core import event_codec as codec
from zope.testrunner.leaks import Hunter, describe, hunt
from zope.testrunner.leaks import pristine_gc as collector
from zope.testrunner.leaks.explain import explain
from zope.testrunner.leaks.finding import Counted, Explanation, Finding, Holder, New, Place
from zope.testrunner.leaks.object_texts import texts_of
from zope.testrunner.leaks.readings import Growth, Unit, Verdict

numbers = itertools.count(10**6)
#: The module, which the function of the same name is in front of.
explain_module = sys.modules[explain.__module__]
#: Whether all references are counted.
DEBUG = hasattr(sys, "gettotalrefcount")

held: dict[str, object] = {}
kept: list[object] = []


class Hostile:
    """An object that does not want to be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no text")


class Thing:
    """An object with an attribute that holds on to things."""

    def __init__(self) -> None:
        self.items: list[object] = []


class Owner:
    """A class with something to hold on to."""

    __slots__ = ("items",)
    shared: list[object] = []

    def __init__(self) -> None:
        self.items: list[object] = []


class TestWhatWorkKeeps(unittest.TestCase):
    """Work that keeps an exception or a frame keeps all frames below it: nothing that was gathered may be in these."""

    def setUp(self) -> None:
        self.kept: list[object] = []
        self.victims = [Owner()]
        self.victims[0].items.append([next(numbers)])

    def assertLetGo(self, work: Callable[[], object]) -> None:
        """What this test holds, and nobody else, can go after a hunt."""
        containers: list[Any] = [collections.deque([1]), Sack([2])]
        references = [weakref.ref(each) for each in containers]
        finding = hunt(work)
        self.assertIs(Growth.LEAK, finding.growth)
        assert finding.explanation is not None
        self.assertEqual((None, False), (finding.explanation.why, finding.explanation.failed))
        self.assertTrue(self.kept)

        containers.clear()

        self.assertEqual([None, None], [reference() for reference in references])

    def test_an_exception(self) -> None:
        def work() -> None:
            try:
                raise ValueError
            except ValueError as error:
                self.kept.append(error)

        self.assertLetGo(work)

    def test_a_frame(self) -> None:
        self.assertLetGo(lambda: self.kept.append(sys._getframe()))

    def test_a_frame_and_what_only_a_cache_holds(self) -> None:
        @functools.lru_cache(maxsize=64)
        def answer(number: int) -> list[int]:
            return [number]

        def work() -> None:
            answer(next(numbers))
            self.kept.append(sys._getframe())

        self.assertLetGo(work)

    def test_a_frame_and_texts_of_a_dictionary_of_atoms(self) -> None:
        texts: dict[str, str] = {}

        def work() -> None:
            texts[f"{next(numbers)}"] = json.dumps([next(numbers)] * 20)
            self.kept.append(sys._getframe())

        self.assertLetGo(work)

    def test_what_its_text_keeps(self) -> None:
        kept = self.kept

        class Curious(list[object]):
            def __repr__(self) -> str:
                frame: types.FrameType | None = sys._getframe()
                while frame is not None:
                    frame, last = frame.f_back, frame
                frames.append(last)
                return "curious"

        frames: list[types.FrameType] = []
        explain(lambda: kept.append(Curious()))

        self.assertTrue(frames)
        for frame in frames:
            self.assertEqual([], [name for name, value in frame.f_locals.items() if isinstance(value, Curious)])


class Sack(list[int]):
    """A container that can be referred to weakly."""


class TestExplain(unittest.TestCase):
    """One suspect each."""

    def setUp(self) -> None:
        self.addCleanup(held.clear)
        self.addCleanup(kept.clear)

    def holder_of(self, work: Callable[[], object]) -> str:
        found = explain(work)
        return found.holders[0].expression if found.holders else f"none: {found}"

    def test_everything_is_named(self) -> None:
        held["list"] = listed = []

        def work() -> None:
            listed.append((seeded.Plain(), next(numbers)))

        found = explain(work)

        self.assertEqual({"seeded.Plain", "tuple", "int"}, {row.title for row in found.new})
        self.assertEqual({1, 2}, {row.per_run for row in found.new})
        self.assertEqual((Holder(f"{__name__}.held['list']", "list", 0, 3),), found.holders)
        self.assertEqual(f"{__name__}.held['list'][2]", found.route)
        place = next(place for place in found.places if place.path == __file__)
        self.assertEqual("listed.append((seeded.Plain(), next(numbers)))", place.source)

    def test_variables_of_modules_that_the_collector_has_forgotten_about_are_named(self) -> None:
        def without_namespaces(*objects: object) -> list[object]:
            return [found for found in gc.get_referrers(*objects) if found is not globals()]

        with mock.patch.multiple(collector, FORGETS=True, get_referrers=without_namespaces):
            self.assertEqual(f"{__name__}.kept", self.holder_of(lambda: kept.append([1])))

    def test_what_cannot_be_hidden_is_told_from_what_is_new(self) -> None:
        def nothing() -> None: ...

        held["list"] = listed = []
        with mock.patch.multiple(collector, CAN_FREEZE=False, freeze=nothing, unfreeze=nothing):
            found = explain(lambda: listed.append(seeded.Plain()))

        self.assertEqual(("seeded.Plain", 1), found.new[0][:2])
        self.assertEqual(f"{__name__}.held['list']", found.holders[0].expression)

    def test_source_lines_that_are_read_for_it_are_not_taken_for_the_holder(self) -> None:
        """Reading them fills a cache, here by as many files as there are runs."""
        held["list"] = listed = []
        files = [seeded.__file__, support.__file__, __file__]
        codes = [compile("listed.append([1, 2])", file, "exec") for file in files]

        def work() -> None:
            for code in codes:
                exec(code, {"listed": listed})

        found = explain(work)

        self.assertEqual([f"{__name__}.held['list']"], [holder.expression for holder in found.holders])

    def test_expressions_lead_there(self) -> None:
        owner = Owner()
        function = functools.partial(print, [])
        space = types.SimpleNamespace(queue=collections.deque())
        held.update(owner=owner, function=function, space=space, nested={"a": [{}]})
        cases: dict[str, tuple[Callable[[], object], object]] = {
            "held['owner'].items": (lambda: owner.items.append([1]), owner.items),
            "Owner.shared": (lambda: Owner.shared.append([1]), Owner.shared),
            "held['space'].queue": (lambda: space.queue.append([1]), space.queue),
            "held['function'].args[0]": (lambda: function.args[0].append([1]), function.args[0]),
            "held['nested']['a'][0]": (
                lambda: held["nested"]["a"][0].update({next(numbers): [1]}),  # type: ignore[index]
                held["nested"]["a"][0],  # type: ignore[index]
            ),
        }
        for expected, (work, target) in cases.items():
            with self.subTest(expected):
                expression = self.holder_of(work)

                self.assertEqual(f"{__name__}.{expected}", expression)
                self.assertIs(target, eval(expression.removeprefix(f"{__name__}."), globals()))
        Owner.shared.clear()

    def test_a_value_that_is_replaced_by_a_larger_one_is_named(self) -> None:
        def larger() -> None:
            seeded.a_text += "x" * 30_000

        def longer() -> None:
            seeded.links = (next(numbers), seeded.links)

        def united() -> None:
            seeded.united |= {next(numbers)}

        self.addCleanup(setattr, seeded, "a_text", "")
        self.addCleanup(setattr, seeded, "links", None)
        self.addCleanup(setattr, seeded, "united", frozenset())
        self.assertEqual("seeded.a_text", self.holder_of(larger))
        self.assertEqual("seeded.links", self.holder_of(longer))
        self.assertEqual("seeded.united", self.holder_of(united))

    def test_an_object_with_more_and_more_attributes_is_named(self) -> None:
        self.addCleanup(setattr, seeded, "single", seeded.Plain())
        single = seeded.single = seeded.Plain()

        def more() -> None:
            number = next(numbers)
            setattr(single, f"number_{number}", number)

        # Where somebody asks for all attributes together, Python makes a dictionary of them, which then is what grows.
        self.assertIn(self.holder_of(more), ("seeded.single", "vars(seeded.single)"))

    def test_one_value_in_the_place_of_another_explains_nothing(self) -> None:
        def other() -> None:
            seeded.a_text = f"text {next(numbers)}"

        self.addCleanup(setattr, seeded, "a_text", "")
        self.assertEqual((), explain(other).holders)

    def test_what_is_written_to_is_named(self) -> None:
        for stream, piece in ((io.BytesIO(), b"text"), (io.StringIO(), "text")):
            held["stream"] = stream
            with self.subTest(type(stream)):
                self.assertEqual(f"{__name__}.held['stream']", self.holder_of(functools.partial(stream.write, piece)))

    def test_a_local_variable_is_named_with_its_function(self) -> None:
        local: list[object] = []

        self.assertIn("local", self.holder_of(lambda: local.append([next(numbers)])))

    def test_a_variable_of_another_thread_is_named_with_it(self) -> None:
        ready, end, box = threading.Event(), threading.Event(), collections.deque([None])

        def wait() -> None:
            private = Owner()
            box[0] = private.items.append  # type: ignore[assignment]
            ready.set()
            end.wait()
            del private

        thread = threading.Thread(target=wait, name="the holder")
        thread.start()
        ready.wait()
        append = box.pop()
        try:
            expression = self.holder_of(lambda: append([next(numbers)]))  # type: ignore[misc]
        finally:
            end.set()
            thread.join()

        self.assertTrue("private" in expression or "append" in expression, expression)

    def test_text_is_made_of_what_refuses_it(self) -> None:
        held["list"] = listed = []
        found = explain(lambda: listed.append(Hostile()))

        self.assertTrue(found.new[0].example.startswith("<Hostile"), found.new[0].example)

    def test_text_that_ends_the_process_or_never_ends_is_left_out(self) -> None:
        class Exiting:
            def __repr__(self) -> str:
                raise SystemExit(3)

        class Endless:
            def __repr__(self) -> str:
                while True:
                    pass

        self.assertIn("whose repr raises SystemExit", texts_of([Exiting()])[0])
        with mock.patch("zope.testrunner.leaks.object_texts._TIME_FOR_TEXT", 0.01):
            slow, other = texts_of([Endless(), [2]])

        self.assertIn("whose repr takes", slow)
        self.assertEqual("[2]", other)

    def test_text_of_large_things_is_short(self) -> None:
        held["list"] = listed = []
        found = explain(lambda: listed.append(["x" * 10**5] * 1000))

        self.assertLess(len(found.new[0].example), 250)

    def test_a_list_that_does_not_want_to_be_gone_through_is_named(self) -> None:
        class Closed(list[object]):
            def refuse(self, *arguments: object) -> NoReturn:
                raise RuntimeError("closed")

            __iter__ = __len__ = __getitem__ = __contains__ = __getattribute__ = refuse  # type: ignore[assignment]

        held["closed"] = closed = Closed()
        found = explain(lambda: list.append(closed, [next(numbers)]))

        self.assertEqual(f"{__name__}.held['closed']", found.holders[0].expression)
        self.assertEqual(f"{__name__}.held['closed'][2]", found.route)

    def test_what_surrounds_the_work_is_not_where_it_was_allocated(self) -> None:
        """A runner of this package makes streams that a test may keep."""
        runner = compile("[work(), kept.append([1])]", codec.__file__, "exec")
        held["list"] = listed = []
        found = explain(lambda: exec(runner, {"work": lambda: listed.append([2]), "kept": listed}))

        self.assertEqual({__file__}, {place.path for place in found.places})

    def test_classes_that_hide_do_no_harm(self) -> None:
        class Meta(type):
            __hash__ = None  # type: ignore[assignment]

            def __eq__(cls, other: object) -> bool:
                raise RuntimeError("not to be compared")

            def __getattribute__(cls, name: str) -> object:
                raise RuntimeError(f"no attribute {name}")

        class Hidden(list, metaclass=Meta):
            @property
            def __class__(self) -> type:
                raise RuntimeError("no class")

            def __len__(self) -> int:
                raise RuntimeError("no length")

        held["list"] = listed = []
        found = explain(lambda: listed.append(Hidden()))

        self.assertEqual(f"{__name__}.held['list'][2]", found.route)
        self.assertIn("Hidden", found.new[0].title)

    def test_new_descriptors_have_names(self) -> None:
        opened: list[int] = []
        try:
            found = explain(lambda: opened.append(os.open(__file__, os.O_RDONLY)))
        finally:
            for each in opened:
                os.close(each)

        self.assertEqual((os.path.realpath(__file__),), found.named)

    def test_work_that_fails_now_says_so(self) -> None:
        def work() -> None:
            raise ValueError("not again")

        self.assertEqual(
            "it could not be run again to be explained: ValueError: not again", explain(work).why
        )

    def test_no_memory_to_look_for_it_is_no_failure_of_the_hunt(self) -> None:
        with mock.patch.object(explain_module, "known_containers", side_effect=MemoryError):
            found = explain(lambda: None)

        self.assertEqual("looking for what holds it failed: MemoryError()", found.why)

    def test_tracing_is_left_as_it_was(self) -> None:
        explain(lambda: None)
        self.assertFalse(tracemalloc.is_tracing())
        tracemalloc.start(1)
        try:
            explain(lambda: None)
            self.assertTrue(tracemalloc.is_tracing())
        finally:
            tracemalloc.stop()

    def test_the_line_that_called_a_library_is_named(self) -> None:
        held["list"] = listed = []

        found = explain(lambda: listed.append(json.loads("[[7], [8], [9]]")))

        self.assertEqual([__file__], [place.path for place in found.places])
        self.assertIn("json.loads", found.places[0].source)

    def test_the_work_is_done_once_more_for_the_line_that_called_a_library(self) -> None:
        held["list"] = listed = []
        runs = iter(range(100))

        def work() -> None:
            next(runs)
            listed.append(json.loads("[[7], [8], [9]]"))

        explain(work)

        self.assertEqual(4, next(runs))

    def test_callers_are_told_apart_from_those_of_what_is_replaced(self) -> None:
        held["list"] = listed = []

        def work() -> None:
            held["last"] = json.loads("[[1], [2], [3], [4]]")
            listed.append(json.loads("[[7], [8], [9]]"))

        found = explain(work)

        self.assertIn("listed.append", found.places[0].source)
        self.assertNotIn("held", "".join(place.source for place in found.places))

    def test_a_line_deep_below_is_named_as_well(self) -> None:
        held["list"] = listed = []

        source = "def deep(levels):\n    return deep(levels - 1) if levels else [[0]]"
        library: dict[str, Any] = {}
        exec(compile(source, json.__file__, "exec"), library)

        found = explain(lambda: listed.append(library["deep"](8)))

        self.assertIn('library["deep"]', found.places[0].source)

    def test_what_every_run_replaces_is_not_told(self) -> None:
        held["list"] = listed = []

        def work() -> None:
            held["state"] = [[Thing() for _ in range(9)] for _ in range(9)]
            listed.append([next(numbers)])

        found = explain(work)

        self.assertEqual({"list": 1, "int": 1}, {row.title: row.per_run for row in found.new})
        self.assertEqual(["listed.append([next(numbers)])"], [place.source for place in found.places])

    def test_what_is_replaced_does_not_hold_what_nothing_of_python_holds(self) -> None:
        lost = next(kind for kind in seeded.KINDS if kind.name == "a_lost_reference")
        self.addCleanup(lost.undo)

        def work() -> None:
            held["state"] = {(number, f"text {number}"): f"value {number}" for number in range(9)}
            lost.work(True)

        found = explain(work)

        self.assertEqual((), found.holders)
        self.assertIn("no object of Python is seen to hold it", found.why or "")

    def test_many_containers_that_grow_are_all_named(self) -> None:
        lists: list[list[object]] = [[] for _ in range(4)]
        held.update((f"list {number}", each) for number, each in enumerate(lists))

        found = explain(lambda: [each.append([1]) for each in lists])

        self.assertEqual(
            [f"{__name__}.held['list {number}']" for number in range(4)],
            sorted(holder.expression for holder in found.holders),
        )

    def test_of_several_names_that_of_a_public_module_is_told(self) -> None:
        listed: list[object] = []
        names = ["_shop_storage", "shop_storage._items", "shop_storage"]
        for name in names:
            module = types.ModuleType(name)
            module.items = listed  # type: ignore[attr-defined]  # it has this one
            self.enterContext(mock.patch.dict(sys.modules, {name: module}))

        found = explain(lambda: listed.append([1]))

        self.assertEqual("shop_storage.items", found.holders[0].expression)

    def test_the_way_leads_to_what_nothing_new_refers_to(self) -> None:
        held["list"] = listed = []

        found = explain(lambda: listed.append([[[seeded.Plain()]]]))

        self.assertEqual(f"{__name__}.held['list'][2]", found.route)

    def test_a_class_in_a_cycle_is_led_to_as_well(self) -> None:
        held["list"] = listed = []

        found = explain(lambda: listed.append(type("Made", (), {"number": next(numbers)})))

        self.assertEqual(f"{__name__}.held['list'][2]", found.route)


class TestHoldersOfEarlierLeaks(unittest.TestCase):
    """Leaks of several pieces of work into the same containers."""

    def setUp(self) -> None:
        self.addCleanup(held.clear)
        self.thing = held["thing"] = Thing()
        self.looks = mock.Mock(wraps=explanations.known_containers)
        patch = mock.patch.object(explanations, "known_containers", self.looks)
        patch.start()
        self.addCleanup(patch.stop)

    def test_they_are_named_without_a_look_at_the_whole_heap(self) -> None:
        with Hunter() as hunter:
            hunter.hunt(lambda: self.thing.items.append([next(numbers)]))
            self.looks.reset_mock()
            found = hunter.hunt(lambda: self.thing.items.append([next(numbers)])).explanation

        self.assertIsNotNone(found)
        self.looks.assert_not_called()
        [holder] = found.holders
        expression = f"{__name__}.held['thing'].items"
        # It comes before the leak is confirmed.
        self.assertEqual(Holder(expression, "list", holder.before, (holder.before or 0) + 3), holder)
        self.assertEqual(f"{expression}[{(holder.before or 0) + 2}]", found.route)

    def test_taking_their_sizes_is_not_seen_by_the_readings(self) -> None:
        with Hunter() as hunter:
            first, second = (hunter.hunt(lambda: self.thing.items.append({None: []})) for _ in range(2))

        # What the allocator of a debug build takes now and then is no matter of sizes; of the second, fewer runs are needed.
        first, second = ([each for each in finding.verdicts if each.tracker != "heap"] for finding in (first, second))
        self.assertEqual([each._replace(deltas=each.deltas[:3]) for each in first], second)

    def test_what_another_container_takes_in_is_looked_for(self) -> None:
        held["other"] = other = []

        def work() -> None:
            self.thing.items.append([next(numbers)])
            other.append(seeded.Plain())

        with Hunter() as hunter:
            hunter.hunt(lambda: self.thing.items.append([next(numbers)]))
            found = hunter.hunt(work).explanation

        self.assertIsNotNone(found)
        self.assertEqual(
            {f"{__name__}.held['thing'].items", f"{__name__}.held['other']"},
            {holder.expression for holder in found.holders},
        )

    def test_one_that_is_gone_or_does_not_grow_is_left_alone(self) -> None:
        held["other"] = other = []
        with Hunter() as hunter:
            hunter.hunt(lambda: self.thing.items.append([next(numbers)]))
            self.thing.items = []
            found = hunter.hunt(lambda: other.append([next(numbers)])).explanation

        self.assertIsNotNone(found)
        self.assertEqual([f"{__name__}.held['other']"], [holder.expression for holder in found.holders])


class TestCachesOfFunctions(unittest.TestCase):
    """What ``functools.lru_cache`` keeps, where it grows by no multiple of the runs."""

    def setUp(self) -> None:
        self.addCleanup(held.clear)
        self.runs = itertools.count()

    def irregular(self) -> range:
        """What to look up in one run: as many new texts as no multiple of three runs has."""
        return range(1, 3 + (next(self.runs) % 3 == 0))

    def fill(self, measure: Callable[[str, str], int]) -> None:
        """Lay out a few texts that were never seen before, with an object that is replaced every time."""
        for number in self.irregular():
            measure(f"<object at {next(numbers)}, line {number}>", "auto")
        held["console"] = [seeded.Plain(), seeded.Plain()]

    def test_a_limited_one_is_the_bound(self) -> None:
        @functools.lru_cache(4096)
        def measure(text: str, version: str) -> int:
            return len(text) + 1000

        found = explain(lambda: self.fill(measure))

        self.assertEqual(4096, found.bound, found)
        self.assertEqual(("functools cache of at most 4096",), tuple(row.title for row in found.holders))
        self.assertIn("measure", found.holders[0].expression)
        self.assertEqual(found.holders[0].expression, found.route)
        self.assertEqual((0, 7), (found.holders[0].before, found.holders[0].after))

    def test_a_hunt_takes_it_for_bounded_growth(self) -> None:
        @functools.lru_cache(4096)
        def measure(text: str, version: str) -> int:
            return len(text) + 1000

        finding = hunt(lambda: self.fill(measure))

        self.assertEqual((Growth.BOUNDED, "bounded at 4096"), (finding.growth, finding.why))

    def test_what_it_holds_may_be_any_object(self) -> None:
        @functools.lru_cache(4096)
        def make(text: str, version: str) -> object:
            return [seeded.Plain(), {text: [version]}]

        def work() -> None:
            for number in self.irregular():
                make(f"{next(numbers)} {number}", "auto")

        finding = hunt(work)

        self.assertEqual((Growth.BOUNDED, "bounded at 4096"), (finding.growth, finding.why))

    def test_one_that_is_full_by_then_is_the_bound_as_well(self) -> None:
        @functools.lru_cache(12)
        def answer(number: int) -> list[int]:
            return [number]

        finding = hunt(lambda: answer(next(numbers)))

        self.assertEqual((Growth.BOUNDED, "bounded at 12"), (finding.growth, finding.why))

    def test_garbage_from_before_the_hunt_is_not_what_the_work_has_left(self) -> None:
        @functools.lru_cache(12)
        def answer(number: int) -> list[int]:
            return [number]

        self.addCleanup(gc.enable)
        gc.disable()
        for _ in range(1000):
            cycle: list[object] = []
            cycle.append(cycle)
        gc.collect(1)
        finding = hunt(lambda: answer(next(numbers)))

        self.assertEqual((Growth.BOUNDED, "bounded at 12"), (finding.growth, finding.why))

    def test_an_unlimited_one_is_a_leak_and_named(self) -> None:
        @functools.lru_cache(None)
        def measure(text: str, version: str) -> int:
            return len(text) + 1000

        finding = hunt(lambda: self.fill(measure))

        self.assertIs(Growth.LEAK, finding.growth)
        assert finding.explanation is not None
        self.assertIn("measure", finding.explanation.holders[0].expression)
        size = finding.explanation.holders[0].after
        # Where all references are counted, the work is done some more times after that.
        (self.assertLessEqual if DEBUG else self.assertEqual)(size, measure.cache_info().currsize)
        text = "\n".join(describe(finding, "work"))
        self.assertRegex(text, f"measure.*, an unbounded functools cache that grew from .* to {size}")

    def test_a_limited_one_excuses_nothing_else(self) -> None:
        @functools.lru_cache(4096)
        def measure(text: str, version: str) -> int:
            return len(text) + 1000

        node = [seeded.Plain()]
        texts: list[str] = []

        def chained() -> None:
            held["node"] = [held.get("node"), next(numbers)]

        def irregular() -> None:
            node.extend(seeded.Plain() for _ in self.irregular())

        def irregular_atoms() -> None:
            texts.extend(f"{next(numbers)} {number}" for number in self.irregular())

        lost = next(kind for kind in seeded.KINDS if kind.name == "a_lost_reference")
        buffer = [b""]

        def larger() -> None:
            buffer[0] += bytes(50_000)

        leaks: list[Callable[[], object]] = [
            chained, irregular, irregular_atoms, larger, lambda: lost.work(True), lambda: texts.append(f"{next(numbers)}")
        ]
        for leak in leaks:
            with self.subTest(leak):

                def work() -> None:
                    self.fill(measure)
                    leak()

                self.assertIs(Growth.LEAK, hunt(work).growth)

    def test_one_that_does_not_grow_explains_nothing(self) -> None:
        """It is a common way to make something once."""

        @functools.lru_cache(128)
        def registry() -> list[object]:
            return []

        registry()

        finding = hunt(lambda: registry().append([next(numbers)]))

        self.assertIs(Growth.LEAK, finding.growth)

    def test_neither_does_a_limited_queue_of_lists_that_grow(self) -> None:
        held["queue"] = queue = collections.deque([[]], maxlen=10)

        self.assertIs(Growth.LEAK, hunt(lambda: queue[0].append([next(numbers)])).growth)

    def test_a_limited_one_beside_a_list_excuses_no_list(self) -> None:
        @functools.lru_cache(128)
        def answer(number: int) -> list[int]:
            return [number]

        held["list"] = listed = []

        def work() -> None:
            answer(next(numbers))
            listed.append([1])

        self.assertIs(Growth.LEAK, hunt(work).growth)


class TestDescribe(unittest.TestCase):
    """A finding in words."""

    def test_a_leak(self) -> None:
        grown = Verdict("blocks", Unit.COUNT, Growth.LEAK, (6,) * 11, 6)
        heap = Verdict("heap", Unit.BYTES, Growth.LEAK, (20480,) * 11, 20480)
        known = Explanation(
            new=(New("leak.Leakable", 1, "<Leakable>"), New("tuple", 1, "()")),
            places=(Place("leak.py", 26, 4, "leaked.append(Leakable())"),),
            holders=(Holder("leak.leaked", "list", 3, 6),),
            route="leak.leaked[5]",
            named=("/tmp/log",),
        )
        expected = (
            "Leak in testleak",
            "  every run: +6 memory blocks, +20,480 bytes on the C heap  (11 of 11 runs after 1 warm-up)",
            "  new each run: 1 leak.Leakable, 1 tuple",
            "  for example: <Leakable>",
            "  new by name: /tmp/log",
            "  allocated at leak.py:26",
            "      leaked.append(Leakable())",
            "  kept alive by leak.leaked, a list that grew from 3 to 6",
            "  one of them is leak.leaked[5]",
        )

        self.assertEqual(expected, describe(Finding(Growth.LEAK, (grown, heap), 12, None, known), "testleak"))

    def test_one_is_one(self) -> None:
        grown = Verdict("blocks", Unit.COUNT, Growth.LEAK, (1,), 1)

        self.assertIn("+1 memory block ", describe(Finding(Growth.LEAK, (grown,), 2), "work")[1])

    def test_nothing_to_tell(self) -> None:
        self.assertEqual((), describe(Finding(Growth.STABLE), "work"))

    def test_other_outcomes_have_a_line(self) -> None:
        finding = Finding(Growth.NOT_REPEATABLE, (), 1, "it failed when run again")

        self.assertEqual(("Cannot be repeated in work: it failed when run again",), describe(finding, "work"))

    def test_text_of_objects_stays_on_its_line(self) -> None:
        new = New("shop.Note", 1, "first\n\nTests with errors:\x1b[31m \udcff \N{SNOWMAN}")
        verdict = Verdict("blocks", Unit.COUNT, Growth.LEAK, (1,) * 11, 1)
        finding = Finding(Growth.LEAK, (verdict,), 12, None, Explanation(new=(new,)))

        expected = r"  for example: first\n\nTests with errors:\x1b[31m \udcff " + "\N{SNOWMAN}"
        self.assertEqual(expected, describe(finding, "work")[3])

    def test_no_line_is_longer_than_a_line(self) -> None:
        verdict = Verdict("blocks", Unit.COUNT, Growth.LEAK, (1,), 1)
        title = "shop." + "deeply." * 12 + "Note"
        known = Explanation(
            new=tuple(New(f"{title}{number}", 1, "x" * 500) for number in range(6)),
            places=(Place("shop.py", 1, 1, "call(" + "argument, " * 60 + ")"),),
            holders=(Holder("shop." + "child." * 80 + "items", "list", 1, 4),),
            named=("/tmp/" + "folder/" * 90,),
        )

        lines = describe(Finding(Growth.LEAK, (verdict,), 2, None, known), "work")

        self.assertLessEqual(max(map(len, lines)), 180)
        self.assertEqual(f"  new each run: 1 {title}0, …", lines[2])
        self.assertTrue(lines[-1].endswith("items, a list that grew from 1 to 4"), lines)

    def test_growth_that_ends_has_numbers(self) -> None:
        once = Verdict("blocks", Unit.COUNT, Growth.ONE_TIME, (5, 0, 0))
        still = Verdict("objects", Unit.COUNT, Growth.STABLE, (0, 0, 0))

        self.assertEqual(
            ("One-time growth in work", "  in 3 runs together: +5 memory blocks, none after run 1"),
            describe(Finding(Growth.ONE_TIME, (once, still), 4), "work"),
        )

    def test_an_object_with_more_references(self) -> None:
        verdict = Verdict("refcounts", Unit.COUNT, Growth.LEAK, (1,), 1)
        known = Explanation(counted=(Counted("shop.cart", "shop.Cart", 2, "<Cart>"), Counted(None, "int", 1, "7")))

        self.assertEqual(
            ["  2 more references every run to shop.cart, a shop.Cart: <Cart>", "  1 more reference every run to an int: 7"],
            list(describe(Finding(Growth.REFERENCES, (verdict,), 2, None, known), "work"))[2:],
        )

    def test_a_current_directory_that_is_gone_does_no_harm(self) -> None:
        place = Place(__file__, 1, 1, "line")
        verdict = Verdict("blocks", Unit.COUNT, Growth.LEAK, (1,) * 11, 1)
        finding = Finding(Growth.LEAK, (verdict,), 12, None, Explanation(places=(place,)))
        with mock.patch("os.getcwd", side_effect=FileNotFoundError):
            self.assertIn(f"  allocated at {__file__}:1", describe(finding, "work"))

    def test_nothing_that_python_sees(self) -> None:
        kind = next(kind for kind in seeded.KINDS if kind.name == "a_lost_reference")
        finding = hunt(lambda: kind.work(True))

        self.assertIs(Growth.LEAK, finding.growth)
        self.assertTrue(any("allocated at" in line for line in describe(finding, "work")))


if __name__ == "__main__":
    unittest.main()
