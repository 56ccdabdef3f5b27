"""Kinds of leaks, each with a clean twin that does the same and tidies up: what the hunt for leaks is measured with.

`KINDS` are all of them.  ``kind.begin()`` comes first; ``kind.work(True)`` leaks once, ``kind.work(False)`` is the twin;
``kind.undo()`` removes what the leaks left in places that other tests use.
"""

from __future__ import annotations

import abc
import array
import asyncio
import atexit
import bisect
import codecs
import collections
import concurrent.futures
import contextlib
import contextvars
import ctypes
import dataclasses
import functools
import gc
import heapq
import http.client
import http.server
import io
import itertools
import json
import linecache
import logging
import mimetypes
import mmap
import os
import queue
import selectors
import socket
import sqlite3
import sys
import threading
import time
import types
import unittest.mock
import warnings
import weakref
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

#: What the leaks of most kinds are kept in.
shelf: dict[str, Any] = {}

#: Gives every run another number.
numbers = itertools.count(1_000_000)

#: Functions to be called in the end, by name of the kind.
undone: dict[str, Callable[[], object]] = {}

#: Functions to be called in the beginning, by name of the kind.
begun: dict[str, Callable[[], object]] = {}


class Kind(NamedTuple):
    """One kind of leak.

    ``seen_by`` says what it takes: ``any`` for every build, ``debug`` for a count of all references.
    ``holder`` is how the expression for what keeps it alive begins, or None where nothing that Python can see
    does.  ``allocates`` is whether a line of this file allocates what stays.
    """

    name: str
    work: Callable[[bool], object]
    holder: str | None
    seen_by: str = "any"
    allocates: bool = True

    def begin(self) -> None:
        """Start what the work talks to."""
        begun.get(self.name, lambda: None)()

    def undo(self) -> None:
        """Remove what the leaks left behind."""
        undone.get(self.name, lambda: None)()
        items = shelf.pop(self.name, None)
        for each in items if isinstance(items, list) else ():
            if hasattr(each, "close"):
                each.close()


KINDS: list[Kind] = []


def kind(
    holder: str | None = "shelf",
    *,
    start: Callable[[], object] | None = None,
    undo: Callable[[], object] | None = None,
    seen_by: str = "any",
    allocates: bool = True,
    begin: Callable[[], object] | None = None,
) -> Callable[[Callable[[bool], object]], Callable[[bool], object]]:
    """Take a function into the catalogue, with a container of its own on the shelf if it wants one."""

    def take(work: Callable[[bool], object]) -> Callable[[bool], object]:
        name = work.__name__
        if start is not None:
            shelf[name] = start()
        if undo is not None:
            undone[name] = undo
        if begin is not None:
            begun[name] = begin
        where = f"seeded.shelf[{name!r}]" if holder == "shelf" else holder
        KINDS.append(Kind(name, work, where, seen_by, allocates))
        return work

    return take


class Plain:
    def __init__(self) -> None:
        self.number = next(numbers)


class Slotted:
    __slots__ = ("number", "__weakref__")

    def __init__(self) -> None:
        self.number = next(numbers)


@dataclasses.dataclass
class Record:
    number: int
    text: str


Pair = collections.namedtuple("Pair", "left right")


# Values in containers.


def _stacked(name: str, make: Callable[[], object]) -> None:
    def work(keep: bool) -> None:
        stack = shelf[name]
        stack.append(make())
        if not keep:
            getattr(stack.pop(), "close", str)()

    work.__name__ = name
    kind(start=list)(work)


_stacked("a_float", lambda: time.time())
_stacked("an_object", lambda: object())
_stacked("an_empty_dict", lambda: {})
_stacked("an_empty_list", lambda: [])
_stacked("a_string", lambda: f"text {next(numbers)}")
_stacked("bytes_of_text", lambda: b"%d" % next(numbers))
_stacked("a_large_number", lambda: next(numbers))
_stacked("a_tuple_of_numbers", lambda: (next(numbers), time.time()))
_stacked("a_frozen_set", lambda: frozenset({next(numbers)}))
_stacked("an_instance", lambda: Plain())
_stacked("a_slotted_instance", lambda: Slotted())
_stacked("a_record", lambda: Record(next(numbers), "text"))
_stacked("a_named_tuple", lambda: Pair(next(numbers), []))
_stacked("a_namespace", lambda: types.SimpleNamespace(number=next(numbers)))
_stacked("a_lambda", lambda: lambda: None)
_stacked("a_default_value", lambda: lambda number=next(numbers): number)
_stacked("a_partial", lambda: functools.partial(print, next(numbers)))
_stacked("a_bound_method", lambda: Plain().__init__)
_stacked("a_generator", lambda: (number for number in [next(numbers)]))
_stacked("a_weak_reference", lambda: weakref.ref(Plain, lambda reference: None))
_stacked("an_iterator", lambda: iter([next(numbers)]))
_stacked("a_text_stream", lambda: io.StringIO("text"))
_stacked("a_byte_stream", lambda: io.BytesIO(b"text"))
_stacked("a_byte_array", lambda: bytearray(100_000))
_stacked("a_memory_view", lambda: memoryview(b"text %d" % next(numbers)))
_stacked("an_array", lambda: array.array("d", range(20)))
_stacked("a_compressor", lambda: zlib.compressobj())
_stacked("a_native_buffer", lambda: ctypes.create_string_buffer(50_000))
_stacked("a_lock", lambda: threading.Lock())
_stacked("an_event", lambda: threading.Event())
_stacked("a_module", lambda: types.ModuleType("made"))
_stacked("a_mock", lambda: unittest.mock.Mock(spec=["method"]))
_stacked("a_database", lambda: sqlite3.connect(":memory:"))


# Containers of other kinds.


@kind(start=dict)
def a_dictionary(keep: bool) -> None:
    number = next(numbers)
    shelf["a_dictionary"][number] = str(number)
    if not keep:
        del shelf["a_dictionary"][number]


@kind(start=set)
def a_set(keep: bool) -> None:
    number = next(numbers)
    shelf["a_set"].add(number)
    if not keep:
        shelf["a_set"].remove(number)


@kind(start=collections.deque)
def a_deque(keep: bool) -> None:
    shelf["a_deque"].append([next(numbers)])
    if not keep:
        shelf["a_deque"].pop()


@kind(start=collections.OrderedDict)
def an_ordered_dictionary(keep: bool) -> None:
    number = next(numbers)
    shelf["an_ordered_dictionary"][number] = [number]
    if not keep:
        del shelf["an_ordered_dictionary"][number]


@kind(start=lambda: collections.defaultdict(list))
def a_default_dictionary(keep: bool) -> None:
    number = next(numbers)
    shelf["a_default_dictionary"][number].append(number)
    if not keep:
        del shelf["a_default_dictionary"][number]


@kind(start=lambda: {"inner": {"list": []}})
def a_nested_list(keep: bool) -> None:
    shelf["a_nested_list"]["inner"]["list"].append(Plain())
    if not keep:
        shelf["a_nested_list"]["inner"]["list"].clear()


@kind(start=list)
def a_heap_queue(keep: bool) -> None:
    heapq.heappush(shelf["a_heap_queue"], (next(numbers), Plain()))
    if not keep:
        shelf["a_heap_queue"].clear()


@kind(start=list)
def a_sorted_list(keep: bool) -> None:
    bisect.insort(shelf["a_sorted_list"], next(numbers))
    if not keep:
        shelf["a_sorted_list"].clear()


@kind(start=queue.Queue)
def a_queue(keep: bool) -> None:
    shelf["a_queue"].put(Plain())
    if not keep:
        shelf["a_queue"].get()


@kind(start=list)
def a_chain_of_links(keep: bool) -> None:
    shelf["a_chain_of_links"] = [shelf["a_chain_of_links"]]
    if not keep:
        shelf["a_chain_of_links"] = []


@kind(None, start=bytes)
def bytes_that_grow(keep: bool) -> None:
    shelf["bytes_that_grow"] += bytes(200_000)
    if not keep:
        shelf["bytes_that_grow"] = b""


@kind(start=bytearray)
def a_buffer_that_grows_in_place(keep: bool) -> None:
    shelf["a_buffer_that_grows_in_place"] += bytes(64 * 1024)
    if not keep:
        shelf["a_buffer_that_grows_in_place"].clear()


@kind(start=io.BytesIO)
def a_stream_that_is_written_to(keep: bool) -> None:
    shelf["a_stream_that_is_written_to"].write(bytes(50_000))
    if not keep:
        shelf["a_stream_that_is_written_to"].seek(0)
        shelf["a_stream_that_is_written_to"].truncate()


@kind(start=lambda: array.array("d"))
def an_array_that_grows(keep: bool) -> None:
    shelf["an_array_that_grows"].extend(range(5_000))
    if not keep:
        del shelf["an_array_that_grows"][:]


@kind(start=list, allocates=False)
def nothing_thousands_of_times(keep: bool) -> None:
    shelf["nothing_thousands_of_times"].extend([None] * 5_000)
    if not keep:
        shelf["nothing_thousands_of_times"].clear()


@kind("seeded.a_text", undo=lambda: globals().update(a_text=""))
def a_text_that_grows(keep: bool) -> None:
    global a_text
    a_text += "x" * 30_000
    if not keep:
        a_text = ""


a_text = ""


@kind("seeded.links", undo=lambda: globals().update(links=None))
def a_chain_of_tuples(keep: bool) -> None:
    global links
    links = (next(numbers), links) if keep else None


links: tuple[int, Any] | None = None
#: Replaced by a larger one in every run.
united: frozenset[int] = frozenset()


# Containers that are full: each run replaces something, and the leaks keep what they drop, or a part of it.

_FULL = 50


class Full:
    """A container that is full, how something in it is replaced, and what was kept of it."""

    def __init__(self, content: Any) -> None:
        self.content = content
        self.kept: list[object] = []


class Cyclic:
    """An object that refers to itself, so that only the garbage collector can free it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.me = self


def _replacing(name: str, start: Callable[[], object], replace: Callable[[Any, int], object]) -> None:
    def work(keep: bool) -> None:
        full = shelf[name]
        replace(full.content, next(numbers))
        if keep:
            full.kept.append([next(numbers)])

    work.__name__ = name
    kind(start=lambda: Full(start()))(work)


def _replace_in_list(items: list[object], number: int) -> None:
    items[number % _FULL] = [number]


def _replace_in_dictionary(items: dict[object, object], number: int) -> None:
    del items[next(iter(items))]
    items[number] = [number]


def _replace_in_set(items: set[object], number: int) -> None:
    items.pop()
    items.add(Slotted())


def _replace_in_queue(items: queue.Queue[object], number: int) -> None:
    items.get()
    items.put([number])


def _replace_weakly_held(items: tuple[list[object], Any], number: int) -> None:
    owners, values = items
    owners[number % _FULL] = values[number % _FULL] = Plain()


def _replace_by_larger(items: list[dict[str, object]], number: int) -> None:
    items[number % _FULL] = {"number": number, "text": f"text {number}"}


def _full_queue() -> queue.Queue[object]:
    made: queue.Queue[object] = queue.Queue()
    for number in range(_FULL):
        made.put([number])
    return made


def _full_with_weak() -> tuple[list[object], Any]:
    owners: list[object] = [Plain() for _ in range(_FULL)]
    return owners, weakref.WeakValueDictionary(enumerate(owners))


_replacing("a_full_list", lambda: [[number] for number in range(_FULL)], _replace_in_list)
_replacing("a_full_dictionary", lambda: {number: [number] for number in range(_FULL)}, _replace_in_dictionary)
_replacing(
    "a_full_ordered_dictionary",
    lambda: collections.OrderedDict((number, [number]) for number in range(_FULL)),
    _replace_in_dictionary,
)
_replacing("a_full_set", lambda: {Slotted() for _ in range(_FULL)}, _replace_in_set)
_replacing(
    "a_full_heap_queue",
    lambda: [(number, [number]) for number in range(_FULL)],
    lambda items, number: heapq.heapreplace(items, (number, [number])),
)
_replacing("a_full_queue", _full_queue, _replace_in_queue)
_replacing(
    "a_full_ring",
    lambda: collections.deque(([number] for number in range(_FULL)), maxlen=_FULL),
    lambda items, number: items.append([number]),
)
_replacing("a_full_weak_dictionary", _full_with_weak, _replace_weakly_held)
_replacing(
    "a_full_list_of_cycles",
    lambda: [Cyclic(number) for number in range(_FULL)],
    lambda items, number: items.__setitem__(number % _FULL, Cyclic(number)),
)
_replacing(
    "a_full_list_of_atoms",
    lambda: [float(number) for number in range(_FULL)],
    lambda items, number: items.__setitem__(number % _FULL, float(number)),
)
_replacing("a_full_list_of_smaller_values", lambda: [{"number": 1, "text": "x"} for _ in range(_FULL)], _replace_by_larger)


@kind(start=lambda: collections.deque([[None]] * _FULL, maxlen=_FULL))
def a_chain_behind_a_full_ring(keep: bool) -> None:
    ring = shelf["a_chain_behind_a_full_ring"]
    ring.append([ring[-1] if keep else None])


@kind(start=lambda: collections.deque([[None]], maxlen=1000))
def a_chain_behind_a_ring_with_room(keep: bool) -> None:
    ring = shelf["a_chain_behind_a_ring_with_room"]
    ring.append([ring[-1] if keep else None])
    if not keep:
        ring.pop()


@kind(start=lambda: collections.deque([[None]], maxlen=1))
def a_chain_behind_a_single_place(keep: bool) -> None:
    ring = shelf["a_chain_behind_a_single_place"]
    ring.append([ring[-1] if keep else None])


@kind(start=lambda: collections.deque([(0, ())] * _FULL, maxlen=_FULL))
def a_chain_of_tuples_behind_a_full_ring(keep: bool) -> None:
    ring = shelf["a_chain_of_tuples_behind_a_full_ring"]
    ring.append((next(numbers), ring[-1]) if keep else ring[0])


_last: list[object] = []


@functools.lru_cache(maxsize=1000)
def _remember_all(number: int) -> list[object]:
    _last[:] = [list(_last)]
    return _last[0]  # type: ignore[return-value]


@kind("seeded._remember_all", undo=lambda: (_remember_all.cache_clear(), _last.clear()))
def a_chain_behind_a_limited_cache(keep: bool) -> None:
    _remember_all(next(numbers) if keep else 0)


# What is made first, and given back in the next run, or the one after.


def _given_back(name: str, after: int) -> None:
    def work(keep: bool) -> None:
        runs, table, kept = shelf[name]
        runs[keep] = runs.get(keep, 0) + 1
        if runs[keep] == after:
            table.extend([number] for number in range(100))
        elif runs[keep] == after + 1:
            table.clear()
        if keep:
            kept.append([next(numbers)])

    work.__name__ = name
    kind(start=lambda: ({}, [], []))(work)


_given_back("made_first_and_then_given_back", 1)
_given_back("made_second_and_then_given_back", 2)


# Attributes, classes, functions.


@kind("seeded.Registry.known", undo=lambda: Registry.known.clear())
def a_class_attribute(keep: bool) -> None:
    Registry.known[f"name {next(numbers)}"] = Plain()
    if not keep:
        Registry.known.clear()


class Registry:
    known: dict[str, object] = {}


@kind("seeded.instance", undo=lambda: vars(instance).clear())
def an_attribute(keep: bool) -> None:
    name = f"attribute_{next(numbers)}"
    setattr(instance, name, [name])
    if not keep:
        delattr(instance, name)


instance = types.SimpleNamespace()


@kind("seeded.single", undo=lambda: vars(single).clear())
def an_attribute_without_a_dictionary(keep: bool) -> None:
    name = f"attribute_{next(numbers)}"
    setattr(single, name, name)
    if not keep:
        delattr(single, name)


single = Plain()


@kind("seeded.a_function_attribute", undo=lambda: a_function_attribute.calls.clear())  # type: ignore[attr-defined]
def a_function_attribute(keep: bool) -> None:
    a_function_attribute.calls.append(Plain())  # type: ignore[attr-defined]
    if not keep:
        a_function_attribute.calls.clear()  # type: ignore[attr-defined]


a_function_attribute.calls = []  # type: ignore[attr-defined]


def _collect(item: object, into: list[object] = []) -> list[object]:
    into.append(item)
    return into


@kind("seeded._collect.__defaults__", undo=lambda: _collect(None).clear())
def a_mutable_default(keep: bool) -> None:
    into = _collect(Plain())
    if not keep:
        into.clear()


@kind(start=list)
def a_class(keep: bool) -> None:
    shelf["a_class"].append(type("Made", (), {"number": next(numbers)}))
    if not keep:
        shelf["a_class"].clear()


@kind(start=list)
def a_closure(keep: bool) -> None:
    number = next(numbers)

    def inner() -> int:
        return number

    shelf["a_closure"].append(inner)
    if not keep:
        shelf["a_closure"].clear()


@kind(start=list)
def an_exception_with_frames(keep: bool) -> None:
    try:
        raise ValueError(next(numbers))
    except ValueError as error:
        shelf["an_exception_with_frames"].append(error)
    if not keep:
        shelf["an_exception_with_frames"].clear()


@kind(start=list)
def a_coroutine(keep: bool) -> None:
    async def wait() -> None:
        await asyncio.sleep(0)

    waiting = wait()
    shelf["a_coroutine"].append(waiting)
    waiting.close()
    if not keep:
        shelf["a_coroutine"].clear()


# Caches.


@functools.lru_cache(maxsize=None)
def _remember(number: int) -> list[int]:
    return [number]


@kind("seeded._remember", undo=_remember.cache_clear)
def an_unlimited_cache(keep: bool) -> None:
    _remember(next(numbers))
    if not keep:
        _remember.cache_clear()


class Service:
    @functools.cache
    def answer(self) -> list[int]:
        return [1]


@kind("seeded.Service.answer", undo=Service.answer.cache_clear)
def a_cached_method(keep: bool) -> None:
    Service().answer()
    if not keep:
        Service.answer.cache_clear()


@functools.singledispatch
def _dispatch(item: object) -> None:
    """Told apart by type."""


@kind("seeded._dispatch")
def a_dispatched_type(keep: bool) -> None:
    made = type("Made", (), {})
    if keep:
        _dispatch.register(made, print)


# Cycles.


class Phoenix:
    def __init__(self, keep: bool) -> None:
        self.me = self
        self.keep = keep

    def __del__(self) -> None:
        if self.keep:
            self.keep = False
            shelf["a_resurrected_cycle"].append(self)


@kind(start=list)
def a_resurrected_cycle(keep: bool) -> None:
    Phoenix(keep)


@kind("gc.garbage", undo=gc.garbage.clear)
def garbage_kept(keep: bool) -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    if keep:
        gc.garbage.append(cycle)


@kind(start=list)
def a_cycle_in_a_list(keep: bool) -> None:
    one, other = Plain(), Plain()
    one.other, other.one = other, one  # type: ignore[attr-defined]
    if keep:
        shelf["a_cycle_in_a_list"].append(one)


# Registries of the standard library.


def _at_exit() -> None:
    """Do nothing."""


@kind(None, undo=lambda: atexit.unregister(_at_exit))
def an_exit_function(keep: bool) -> None:
    atexit.register(_at_exit, [next(numbers)])
    if not keep:
        atexit.unregister(_at_exit)


_logger = logging.getLogger("seeded")


@kind("seeded._logger.handlers", undo=_logger.handlers.clear)
def a_log_handler(keep: bool) -> None:
    handler = logging.NullHandler()
    _logger.addHandler(handler)
    if not keep:
        _logger.removeHandler(handler)


@kind("loggerDict", undo=lambda: _forget_loggers())
def a_logger(keep: bool) -> None:
    name = f"seeded.{next(numbers)}"
    logging.getLogger(name)
    if not keep:
        del logging.Logger.manager.loggerDict[name]


def _forget_loggers() -> None:
    loggers = logging.Logger.manager.loggerDict
    for name in [name for name in loggers if name.startswith("seeded.")]:
        del loggers[name]


@kind(
    "sys.path", undo=lambda: sys.path.__setitem__(slice(None), [p for p in sys.path if "/seeded/" not in p])
)
def a_search_path(keep: bool) -> None:
    sys.path.append(f"/seeded/{next(numbers)}")
    if not keep:
        sys.path.pop()


@kind("sys.modules", undo=lambda: _forget_modules())
def an_imported_module(keep: bool) -> None:
    name = f"seeded_module_{next(numbers)}"
    sys.modules[name] = types.ModuleType(name)
    if not keep:
        del sys.modules[name]


def _forget_modules() -> None:
    for name in [name for name in sys.modules if name.startswith("seeded_module_")]:
        del sys.modules[name]


@kind("environ", undo=lambda: _forget_environment())
def an_environment_variable(keep: bool) -> None:
    name = f"SEEDED_{next(numbers)}"
    os.environ[name] = "text"
    if not keep:
        del os.environ[name]


def _forget_environment() -> None:
    for name in [name for name in os.environ if name.startswith("SEEDED_")]:
        del os.environ[name]


@kind("warnings.filters", undo=lambda: _forget_filters())
def a_warning_filter(keep: bool) -> None:
    with contextlib.ExitStack() as stack:
        if not keep:
            stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", f"seeded {next(numbers)}")


def _forget_filters() -> None:
    warnings.filters[:] = [row for row in warnings.filters if "seeded" not in str(row[1])]  # type: ignore[index]


@kind("mimetypes.", undo=mimetypes.init)
def a_file_type(keep: bool) -> None:
    if keep:
        mimetypes.add_type(f"application/x-seeded-{next(numbers)}", ".seeded")


@kind("gc.callbacks", undo=lambda: _forget_callbacks())
def a_collector_callback(keep: bool) -> None:
    number = next(numbers)

    def called(phase: str, details: dict[str, int]) -> int:
        return number

    gc.callbacks.append(called)
    if not keep:
        gc.callbacks.pop()


def _forget_callbacks() -> None:
    gc.callbacks[:] = [each for each in gc.callbacks if getattr(each, "__module__", None) != __name__]


@kind("linecache.cache", undo=lambda: _forget_lines())
def a_generated_source(keep: bool) -> None:
    name = f"<seeded {next(numbers)}>"
    linecache.cache[name] = (1, None, ["text\n"], name)
    if not keep:
        del linecache.cache[name]


def _forget_lines() -> None:
    for name in [name for name in linecache.cache if name.startswith("<seeded")]:
        del linecache.cache[name]


class Shape(abc.ABC):
    """Something to be registered with."""


@kind(start=list)
def a_registered_class(keep: bool) -> None:
    made = type("Made", (), {})
    Shape.register(made)
    if keep:
        shelf["a_registered_class"].append(made)


def _search(name: str) -> None:
    """Find no codec."""


@kind(None)
def a_codec_search(keep: bool) -> None:
    search = functools.partial(_search)
    codecs.register(search)
    if not keep:
        codecs.unregister(search)


@kind("seeded.target", undo=lambda: unittest.mock.patch.stopall())
def a_patch_not_stopped(keep: bool) -> None:
    patch = unittest.mock.patch.object(target, f"name_{next(numbers)}", [1], create=True)
    patch.start()
    if not keep:
        patch.stop()


target = Plain()


@kind("seeded.exits", undo=lambda: exits.close())
def an_exit_stack(keep: bool) -> None:
    exits.callback(Plain)
    if not keep:
        exits.close()


exits = contextlib.ExitStack()


@kind("weakref.finalize._registry", undo=lambda: None)
def a_finalizer(keep: bool) -> None:
    finalizer = weakref.finalize(target, print, next(numbers))
    finalizer.atexit = False
    if not keep:
        finalizer.detach()


@kind("seeded.local", undo=lambda: local.items.clear())
def a_thread_local(keep: bool) -> None:
    local.items.append(Plain())
    if not keep:
        local.items.clear()


local = threading.local()
local.items = []


@kind(None)
def a_context_variable(keep: bool) -> None:
    variable: contextvars.ContextVar[int] = contextvars.ContextVar("seeded")
    token = variable.set(next(numbers))
    if not keep:
        variable.reset(token)


# Holders that have to be asked for in their own way.


class Statics:
    @staticmethod
    @functools.cache
    def answer(number: int) -> list[int]:
        return [number]

    def __init__(self) -> None:
        self.__hidden: list[object] = []

    def keep(self, item: object) -> list[object]:
        self.__hidden.append(item)
        return self.__hidden


statics = Statics()


@kind("seeded.Statics.answer", undo=Statics.answer.cache_clear)
def a_static_cached_function(keep: bool) -> None:
    Statics.answer(next(numbers))
    if not keep:
        Statics.answer.cache_clear()


@kind("seeded.statics._Statics__hidden", undo=lambda: statics.keep(None).clear())
def a_private_attribute(keep: bool) -> None:
    kept = statics.keep(Plain())
    if not keep:
        kept.pop()


def _remembering(function: Callable[[int], object]) -> Any:
    seen: dict[int, object] = {}

    def inner(number: int) -> object:
        return seen.setdefault(number, function(number))

    inner.forget = seen.clear  # type: ignore[attr-defined]
    return inner


@_remembering
def _memoised(number: int) -> object:
    return [number]


@kind("seeded._memoised).nonlocals['seen']", undo=_memoised.forget)
def a_variable_of_a_closure(keep: bool) -> None:
    _memoised(next(numbers))
    if not keep:
        _memoised.forget()


bare_local = threading.local()


@kind("vars(seeded.bare_local)", undo=lambda: vars(bare_local).clear())
def attributes_of_a_thread_local(keep: bool) -> None:
    setattr(bare_local, f"number {next(numbers)}", Plain())
    if not keep:
        vars(bare_local).clear()


by_object: weakref.WeakKeyDictionary[Any, list[object]] = weakref.WeakKeyDictionary()
_owner = Plain()
by_object[_owner] = []


@kind("seeded.by_object[<seeded.Plain>]", undo=lambda: by_object[_owner].clear())
def a_list_behind_a_weak_key(keep: bool) -> None:
    by_object[_owner].append([next(numbers)])
    if not keep:
        by_object[_owner].pop()


@kind(start=collections.UserDict)
def a_user_dictionary(keep: bool) -> None:
    number = next(numbers)
    shelf["a_user_dictionary"][number] = Plain()
    if not keep:
        del shelf["a_user_dictionary"][number]


@kind("seeded.shelf['a_tuple_as_key'][('a', 1)]", start=lambda: {("a", 1): []})
def a_tuple_as_key(keep: bool) -> None:
    shelf["a_tuple_as_key"]["a", 1].append(Plain())
    if not keep:
        shelf["a_tuple_as_key"]["a", 1].pop()


@kind("seeded.shelf['a_keyword_of_a_partial'].keywords['into']", start=lambda: functools.partial(print, into=[]))
def a_keyword_of_a_partial(keep: bool) -> None:
    into = shelf["a_keyword_of_a_partial"].keywords["into"]
    into.append(Plain())
    if not keep:
        into.pop()


def _gathering() -> Any:
    items: list[object] = []
    while True:
        item = yield
        if item is None:
            items.clear()
        else:
            items.append(item)


def _started() -> Any:
    generator = _gathering()
    next(generator)
    return generator


@kind("seeded.shelf['a_variable_of_a_generator'].gi_frame.f_locals['items']", start=_started)
def a_variable_of_a_generator(keep: bool) -> None:
    shelf["a_variable_of_a_generator"].send(Plain())
    if not keep:
        shelf["a_variable_of_a_generator"].send(None)


@kind(start=queue.SimpleQueue)
def a_simple_queue(keep: bool) -> None:
    shelf["a_simple_queue"].put([next(numbers)])
    if not keep:
        shelf["a_simple_queue"].get()


bag_of_context: contextvars.ContextVar[list[object]] = contextvars.ContextVar("bag_of_context")


@kind("seeded.bag_of_context.get()", begin=lambda: bag_of_context.set([]), undo=lambda: bag_of_context.set([]))
def a_list_in_a_context(keep: bool) -> None:
    bag_of_context.get().append([next(numbers)])
    if not keep:
        bag_of_context.get().pop()


class Links:
    iterators: Any = None
    ahead: Any = None
    behind: Any = None


def _begin_links() -> None:
    Links.ahead, Links.behind = itertools.tee(itertools.count(10**7))


@kind("seeded.Links.iterators", undo=lambda: setattr(Links, "iterators", None))
def a_chain_of_iterators(keep: bool) -> None:
    chained = itertools.chain(Links.iterators or (), [next(numbers)])
    if keep:
        Links.iterators = chained


@kind("seeded.Links.", begin=_begin_links, undo=lambda: setattr(Links, "behind", None))
def values_that_are_read_ahead(keep: bool) -> None:
    next(Links.ahead)
    if not keep:
        # What both have read goes with fifty others.
        _begin_links()


@kind("seeded.shelf['a_ring_beside_it'][1]", start=lambda: (collections.deque(maxlen=5000), []))
def a_ring_beside_it(keep: bool) -> None:
    ring, kept = shelf["a_ring_beside_it"]
    for _ in range(4):
        made = Plain()
        ring.append(made)
    kept.append(made)
    if not keep:
        kept.pop()
        ring.clear()


@kind("seeded.shelf['a_log_beside_it'][1]", start=lambda: ([], []))
def a_log_beside_it(keep: bool) -> None:
    log, kept = shelf["a_log_beside_it"]
    made = Plain()
    log += [logging.LogRecord("seeded", 10, "", number, "made %s", (made,), None) for number in range(4)]
    kept.append(made)
    if not keep:
        kept.clear()
        log.clear()


@kind(start=list)
def a_traceback(keep: bool) -> None:
    large = [next(numbers)]
    try:
        raise ValueError(large)
    except ValueError as error:
        shelf["a_traceback"].append(error.__traceback__)
    if not keep:
        shelf["a_traceback"].clear()


@kind(start=list)
def a_text_of_ten_thousand_characters(keep: bool) -> None:
    shelf["a_text_of_ten_thousand_characters"].append({"k" * 10_000: f"{next(numbers)}" * 1_000})
    if not keep:
        shelf["a_text_of_ten_thousand_characters"].clear()


@kind(start=list)
def what_a_library_has_made(keep: bool) -> None:
    shelf["what_a_library_has_made"].append(json.loads(f'{{"a": [{next(numbers)}]}}'))
    if not keep:
        shelf["what_a_library_has_made"].clear()


# The system's resources.


@kind(None, allocates=False, undo=lambda: [os.close(each) for each in _descriptors])
def a_descriptor(keep: bool) -> None:
    descriptor = os.dup(0)
    if keep:
        _descriptors.append(descriptor)
    else:
        os.close(descriptor)


_descriptors: list[int] = []


@kind(start=list)
def an_open_file(keep: bool) -> None:
    file = open(os.devnull)
    shelf["an_open_file"].append(file)
    if not keep:
        shelf["an_open_file"].pop().close()


@kind(start=list)
def a_pair_of_sockets(keep: bool) -> None:
    shelf["a_pair_of_sockets"] += socket.socketpair()
    if not keep:
        while shelf["a_pair_of_sockets"]:
            shelf["a_pair_of_sockets"].pop().close()


@kind(start=list)
def mapped_memory(keep: bool) -> None:
    shelf["mapped_memory"].append(mmap.mmap(-1, 4096))
    if not keep:
        shelf["mapped_memory"].pop().close()


@kind(start=list)
def a_selector(keep: bool) -> None:
    shelf["a_selector"].append(selectors.DefaultSelector())
    if not keep:
        shelf["a_selector"].pop().close()


@kind(start=list)
def an_event_loop(keep: bool) -> None:
    shelf["an_event_loop"].append(asyncio.new_event_loop())
    if not keep:
        shelf["an_event_loop"].pop().close()


@kind("threading.", undo=lambda: _let_go.set())
def a_waiting_thread(keep: bool) -> None:
    thread = threading.Thread(target=(_let_go if keep else _gone).wait, daemon=True)
    thread.start()
    if not keep:
        thread.join()


_let_go, _gone = threading.Event(), threading.Event()
_gone.set()


# Nothing new, or nothing that Python sees.


@kind(None, allocates=False)
def rows_in_memory(keep: bool) -> None:
    if "rows_in_memory" not in shelf:
        shelf["rows_in_memory"] = sqlite3.connect(":memory:")
        shelf["rows_in_memory"].execute("create table kept (text)")
    if keep:
        shelf["rows_in_memory"].execute("insert into kept values (?)", ("x" * 30_000,))


@kind(None)
def a_lost_reference(keep: bool) -> None:
    value = time.time()
    if keep:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(value))


@kind("shelf", allocates=False)
def one_object_again_and_again(keep: bool) -> None:
    shelf.setdefault("one_object_again_and_again", []).append(target)
    if not keep:
        del shelf["one_object_again_and_again"]


@kind("shelf", start=list, seen_by="debug", allocates=False)
def one_object_in_an_old_list(keep: bool) -> None:
    shelf["one_object_in_an_old_list"].append(target)
    if not keep:
        shelf["one_object_in_an_old_list"].pop()


@kind(None, seen_by="debug", allocates=False)
def a_lost_reference_to_a_class(keep: bool) -> None:
    if keep:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(Plain))


# Threads of a layer: the work talks to one that is there before and stays.


class Talker:
    """What is talked to, and what it keeps."""

    def __init__(self) -> None:
        self.kept: list[object] = []
        self.end: Callable[[], object] = lambda: None


talkers: dict[str, Any] = {}


def _talking(begin: Callable[[], Any]) -> Callable[[Callable[[bool], object]], Callable[[bool], object]]:
    """A kind of leak into what a thread keeps."""

    def take(work: Callable[[bool], object]) -> Callable[[bool], object]:
        name = work.__name__
        return kind(
            "seeded.talkers",
            begin=lambda: talkers.setdefault(name, begin()),
            undo=lambda: talkers.pop(name).end(),
            allocates=False,
        )(work)

    return take


def _server(kind_of_server: type[http.server.HTTPServer]) -> Talker:
    talker: Any = Talker()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/keep":
                talker.kept.append(object())
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = kind_of_server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()

    def end() -> None:
        server.shutdown()
        thread.join()
        server.server_close()

    talker.port, talker.end = server.server_port, end
    return talker  # type: ignore[no-any-return]


def _ask(name: str, keep: bool) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", talkers[name].port)
    connection.request("GET", "/keep" if keep else "/")
    connection.getresponse().read()
    connection.close()


@_talking(lambda: _server(http.server.HTTPServer))
def a_server_in_a_thread(keep: bool) -> None:
    _ask("a_server_in_a_thread", keep)


@_talking(lambda: _server(http.server.ThreadingHTTPServer))
def a_server_with_a_thread_for_each_request(keep: bool) -> None:
    _ask("a_server_with_a_thread_for_each_request", keep)


def _executor() -> Talker:
    talker: Any = Talker()
    talker.pool = concurrent.futures.ThreadPoolExecutor(2)
    for _ in range(4):
        talker.pool.submit(time.sleep, 0.001)
    talker.end = talker.pool.shutdown
    return talker  # type: ignore[no-any-return]


@_talking(_executor)
def jobs_of_an_executor(keep: bool) -> None:
    talker = talkers["jobs_of_an_executor"]
    jobs = [talker.pool.submit(lambda: [next(numbers)]) for _ in range(3)]
    made = [job.result() for job in jobs]
    if keep:
        talker.kept.append(made[0])


def _consumer() -> Talker:
    talker: Any = Talker()
    talker.jobs = queue.Queue()

    def consume() -> None:
        while True:
            job = talker.jobs.get()
            if job is None:
                return
            made = {"job": [next(numbers)]}
            if job == "keep":
                talker.kept.append(made["job"])
            del made
            talker.jobs.task_done()

    thread = threading.Thread(target=consume, daemon=True)
    thread.start()
    talker.end = lambda: (talker.jobs.put(None), thread.join())
    return talker  # type: ignore[no-any-return]


@_talking(_consumer)
def a_consumer_of_a_queue(keep: bool) -> None:
    jobs = talkers["a_consumer_of_a_queue"].jobs
    jobs.put("keep" if keep else "drop")
    jobs.join()


def _loop() -> Talker:
    talker: Any = Talker()
    talker.loop = asyncio.new_event_loop()
    thread = threading.Thread(target=talker.loop.run_forever, daemon=True)
    thread.start()

    def end() -> None:
        talker.loop.call_soon_threadsafe(talker.loop.stop)
        thread.join()
        talker.loop.close()

    talker.end = end
    return talker  # type: ignore[no-any-return]


@_talking(_loop)
def tasks_of_a_loop_in_a_thread(keep: bool) -> None:
    talker = talkers["tasks_of_a_loop_in_a_thread"]

    async def work() -> None:
        await asyncio.gather(asyncio.sleep(0.001), asyncio.sleep(0))
        if keep:
            talker.kept.append(time.time())

    asyncio.run_coroutine_threadsafe(work(), talker.loop).result()


# What the first run does otherwise than those that follow, or not every run.


@kind(start=dict)
def growth_from_the_second_run_on(keep: bool) -> None:
    registry = shelf["growth_from_the_second_run_on"]
    # The first one makes what the others add to.
    if keep not in registry:
        registry[keep] = []
    elif keep:
        registry[keep].append(Plain())


@kind(start=lambda: ([Plain() for _ in range(200)], []))
def one_is_freed_for_each_that_is_kept(keep: bool) -> None:
    pool, kept = shelf["one_is_freed_for_each_that_is_kept"]
    fresh = Plain()
    if keep:
        pool.pop()
        kept.append(fresh)


@kind(start=lambda: ({}, []))
def a_registry_cleared_and_filled(keep: bool) -> None:
    registry, kept = shelf["a_registry_cleared_and_filled"]
    registry.clear()
    registry.update((number, Plain()) for number in range(20))
    if keep:
        kept.append(Plain())


@kind(start=lambda: [0, []])
def every_third_run(keep: bool) -> None:
    state = shelf["every_third_run"]
    if keep:
        if state[0] % 3 == 0:
            state[1].append(Plain())
        state[0] += 1


@kind(start=lambda: ([Plain() for _ in range(50)], []))
def the_first_run_frees_what_was_cached(keep: bool) -> None:
    cache, kept = shelf["the_first_run_frees_what_was_cached"]
    cache.clear()
    if keep:
        kept.append(Plain())


def lines_of(code: types.CodeType) -> set[int]:
    """The lines of a function and of those inside of it."""
    lines = {line for _, _, line in code.co_lines() if line}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            lines |= lines_of(constant)
    return lines


def own_lines(work: Any) -> set[int]:
    """The lines of this file that a kind of leak can be allocated at."""
    lines = lines_of(work.__code__)
    for cell in work.__closure__ or ():
        if isinstance(cell.cell_contents, types.FunctionType):
            lines |= lines_of(cell.cell_contents.__code__)
    return lines


def hunt_all() -> dict[str, dict[str, Any]]:
    """Hunt every kind and its twin, and say of each what was found, as plain values."""
    from zope.testrunner.leaks import Hunter

    found = {}
    for kind in KINDS:
        kind.begin()
        with Hunter() as hunter:
            twin = hunter.hunt(lambda work=kind.work: work(False))  # type: ignore[misc]
            leak = hunter.hunt(lambda work=kind.work: work(True))  # type: ignore[misc]
        kind.undo()
        known = leak.explanation
        expressions = [holder.expression for holder in known.holders] + [known.route or ""] if known else []
        places = [place.line for place in known.places if place.path == __file__] if known else []
        found[kind.name] = {
            "leaks": leak.is_leak,
            "accused": [repr(verdict) for verdict in twin.verdicts] if twin.is_leak else [],
            "held": kind.holder is None or any(kind.holder.removeprefix("seeded.") in each for each in expressions),
            "expressions": expressions,
            "placed": not kind.allocates or not own_lines(kind.work).isdisjoint(places),
            "seen by": kind.seen_by,
        }
    return found


def tell() -> None:
    """Hunt in a process of its own, and print what was found: ``python -c "import seeded; seeded.tell()"``."""
    print(json.dumps(hunt_all()))
