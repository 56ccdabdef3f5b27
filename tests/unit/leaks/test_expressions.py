"""Expressions for what holds on: what a person would write."""

from __future__ import annotations

import collections
import contextvars
import enum
import functools
import inspect
import itertools
import queue
import sys
import threading
import types
import unittest
import weakref
from collections.abc import Callable
from typing import Any
from unittest import mock

from zope.testrunner.leaks.attributes import elements_of
from zope.testrunner.leaks.explain import explain
from zope.testrunner.leaks.keys import written_arguments, written_key

numbers = itertools.count(10**6)

local = threading.local()
local.bag = []
weak: weakref.WeakKeyDictionary[Any, list[object]] = weakref.WeakKeyDictionary()
user_dictionary: collections.UserDict[int, object] = collections.UserDict()
simple: queue.SimpleQueue[object] = queue.SimpleQueue()
variable: contextvars.ContextVar[Any] = contextvars.ContextVar("variable")
context = contextvars.copy_context()
by_tuple: dict[tuple[str, int], list[object]] = {("a", 1): []}
by_text: dict[str, list[object]] = {"k" * 10_000: []}
errors: list[BaseException] = []


class Color(enum.Enum):
    RED = 1


class Key:
    pass


key = Key()


@functools.cache
def cached(number: int) -> list[int]:
    return [number]


class Cached:
    @functools.lru_cache(maxsize=None)
    def method(self, number: int) -> list[int]:
        return [number]

    @staticmethod
    @functools.cache
    def static(number: int) -> list[int]:
        return [number]

    @classmethod
    @functools.cache
    def of_class(cls, number: int) -> list[int]:
        return [number]


def memoised(function: Callable[[int], object]) -> Callable[[int], object]:
    seen: dict[int, object] = {}

    def inner(number: int) -> object:
        return seen.setdefault(number, function(number))

    return inner


@memoised
def remembered(number: int) -> list[int]:
    return [number]


@functools.singledispatch
def dispatched(_value: object) -> None:
    pass


class Chain:
    links: object = iter(())


class TestHolders(unittest.TestCase):
    """What holds it, as it is named."""

    def assertHeldBy(self, expected: str, work: Callable[[], object], title: str = "") -> None:
        found = explain(work)
        self.assertTrue(found.holders, found)
        self.assertEqual(expected.replace("here.", f"{__name__}."), found.holders[0].expression)
        self.assertNotIn("get_referents", found.route or "")
        if title:
            self.assertEqual(title, found.holders[0].title)

    def test_a_cache_is_named_and_not_its_table(self) -> None:
        self.addCleanup(cached.cache_clear)
        self.assertHeldBy("here.cached", lambda: cached(next(numbers)), "unbounded functools cache")
        self.assertRegex(explain(lambda: cached(next(numbers))).route or "", rf"{__name__}\.cached\(\d+\)")

    def test_cached_methods_of_every_kind(self) -> None:
        cases: dict[str, Callable[[], object]] = {
            "method": lambda: Cached().method(next(numbers)),
            "static": lambda: Cached.static(next(numbers)),
            "of_class": lambda: Cached.of_class(next(numbers)),
        }
        for name, work in cases.items():
            with self.subTest(name):
                self.assertHeldBy(f"here.Cached.{name}", work, "unbounded functools cache")

    def test_a_variable_of_the_enclosing_function(self) -> None:
        self.assertHeldBy("inspect.getclosurevars(here.remembered).nonlocals['seen']", lambda: remembered(next(numbers)))
        self.assertIn("seen", inspect.getclosurevars(remembered).nonlocals)

    def test_the_registry_of_a_generic_function(self) -> None:
        def work() -> None:
            class Local:
                pass

            dispatched.register(Local, lambda _value: None)

        self.assertHeldBy("here.dispatched.registry", work)

    def test_an_attribute_that_each_thread_has(self) -> None:
        self.assertHeldBy("here.local.bag", lambda: local.bag.append([next(numbers)]))
        self.assertHeldBy("vars(here.local)", lambda: setattr(local, f"a{next(numbers)}", Key()))

    def test_a_weak_dictionary_by_the_key_itself(self) -> None:
        weak[key] = []
        self.assertHeldBy(f"here.weak[<{__name__}.Key>]", lambda: weak[key].append([next(numbers)]))

    def test_what_only_wraps_a_container(self) -> None:
        def work() -> None:
            user_dictionary[next(numbers)] = Key()

        self.assertHeldBy("here.user_dictionary", work, "collections.UserDict")

    @unittest.skipIf(sys.version_info >= (3, 13), "its content is nowhere that the collector could show")
    def test_what_keeps_its_content_to_itself(self) -> None:
        self.assertHeldBy("here.simple", lambda: simple.put([next(numbers)]), "queue.SimpleQueue")

    def test_context_variables(self) -> None:
        context.run(variable.set, [])
        self.assertHeldBy("here.context[here.variable]", lambda: context.run(lambda: variable.get().append([next(numbers)])))
        variable.set([])
        self.assertHeldBy("here.variable.get()", lambda: variable.get().append([next(numbers)]))
        self.assertHeldBy("here.variable.get()", lambda: variable.set((Key(), variable.get())))

    def test_keys_are_written_if_they_are_short(self) -> None:
        self.assertHeldBy("here.by_tuple[('a', 1)]", lambda: by_tuple["a", 1].append([next(numbers)]))
        half = "k" * 20
        self.assertHeldBy(f"here.by_text['{half}…{half}']", lambda: by_text["k" * 10_000].append([next(numbers)]))

    def test_an_attribute_that_is_assigned_to_again_and_again(self) -> None:
        def work() -> None:
            Chain.links = itertools.chain(Chain.links, [next(numbers)])  # type: ignore[call-overload]  # they are iterators

        self.addCleanup(setattr, Chain, "links", None)
        self.assertHeldBy("here.Chain.links", work, "itertools.chain")

    def test_variables_of_a_kept_exception(self) -> None:
        self.addCleanup(errors.clear)

        def fail() -> None:
            items: list[object] = []
            raise ValueError(items)

        try:
            fail()
        except ValueError as error:
            errors.append(error)
            bag = error.args[0]
            error.args = ()
        self.assertHeldBy("here.errors[0].__traceback__.tb_next.tb_frame.f_locals['items']", lambda: bag.append([1]))

    def test_elements_of_an_array_of_objects(self) -> None:
        class ndarray:  # noqa: N801
            """As that of numpy, which shows the collector nothing."""

            __slots__ = ("dtype", "flat")

        array = ndarray()
        array.dtype = types.SimpleNamespace(hasobject=True)
        array.flat = iter([0, errors])
        with mock.patch.dict(sys.modules, numpy=types.SimpleNamespace(ndarray=ndarray)):
            self.assertEqual([0, errors], elements_of(array))
            self.assertEqual([], elements_of(errors))


class TestKeys(unittest.TestCase):
    """Keys as text."""

    def test_what_is_plain_is_written_and_what_is_long_is_cut(self) -> None:
        cases: list[tuple[object, str]] = [
            (1, "1"),
            (None, "None"),
            (b"x" * 50, f"b'{'x' * 20}…{'x' * 20}'"),
            (10**50, "<int>"),
            (("a", (1, 2)), "('a', (1, 2))"),
            (tuple(range(9)), "<tuple>"),
            (("x" * 40, "y" * 40), "<tuple>"),
            (Color.RED, f"{__name__}.Color.RED"),
            (Key, f"{__name__}.Key"),
            (key, f"<{__name__}.Key>"),
            (weakref.ref(key), f"<weak reference to {__name__}.Key>"),
            (types, "types"),
            (cached.__wrapped__, f"{__name__}.cached"),
        ]
        for each, expected in cases:
            with self.subTest(expected):
                self.assertEqual(expected, written_key(each))

    def test_arguments_of_a_cache(self) -> None:
        mark = object()

        self.assertEqual("1, 'a'", written_arguments((1, "a")))
        self.assertEqual("1, name='a'", written_arguments((1, mark, "name", "a")))
        self.assertEqual("'a'", written_arguments("a"))
