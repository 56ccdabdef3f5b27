"""Which containers have grown, and what they took in."""

from __future__ import annotations

import itertools
import sys
import weakref
from array import array
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from itertools import chain, compress, filterfalse, islice
from operator import ne
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocation_sites import RUNS
from zope.testrunner.leaks.attributes import CACHE, is_a, resolved
from zope.testrunner.leaks.caches import Caches
from zope.testrunner.leaks.referrer_paths import MOST_HOLDERS, known_holders, leads_to_all
from zope.testrunner.leaks.steps import limit_of
from zope.testrunner.leaks.trackers.refcounts import type_title
from zope.testrunner.system.originals import io

#: Objects that are asked for their referents at once.
_BATCH: Final = 10_000

#: Of more containers that grew than this, the order is of interest; those that grew most are put into it.
_SOME: Final = 2
_RANKED: Final = 24

#: Of a longer container only what it took in last is looked at.
_LONG: Final = 10_000

_CONTAINERS: Final = (list, dict, set, deque)


#: Containers that the collector may not know: dictionaries of atoms, and arrays of bytes and numbers.
_UNTRACKED: Final = frozenset((dict, bytearray, array))


#: How long other things are that grow as they are written to, by type.
_STREAMS: Final[Mapping[type, Callable[..., int]]] = {
    array: array.__len__,
    io.BytesIO: io.BytesIO.tell,
    io.StringIO: io.StringIO.tell,
}


#: What `itertools.tee` keeps values in until all its iterators have given them.
_READ_AHEAD: Final[type] = vars(itertools)["_tee_dataobject"]


#: How to ask for the size of what is a part of something, by identity of the type.
_lengths: Final[dict[int, Callable[..., int]]] = {}


class Holders:
    """Containers that hold what earlier work leaked: which of them have grown, which may explain the next leak.

    It keeps numbers in an array, no objects that a reading would find.
    """

    def __init__(self) -> None:
        self._sizes = array("q", [-1, 0] * MOST_HOLDERS)
        # What is looked up for the first time leaves a reference in the interpreter, which a reading would find.
        self.note()

    def note(self) -> None:
        """Take their sizes, to be compared with."""
        for place, (key, size) in enumerate(_sizes_of_holders()):
            self._sizes[2 * place] = key
            self._sizes[2 * place + 1] = size

    def grown(self) -> list[object]:
        """Those that are larger now."""
        before = dict(zip(self._sizes[::2], self._sizes[1::2], strict=True))
        return [each for each in known_holders() if size_of(each) > before.get(id(each), size_of(each))]


def _sizes_of_holders() -> list[tuple[int, int]]:
    return [(id(each), size_of(each)) for each in known_holders()]


#: A container that grew, by how much, and its size then.
Grown = tuple[object, int, int]


class Containers(NamedTuple):
    """Everything that can grow; ``plain`` are those whose length can be asked for without precautions."""

    plain: list[object]
    others: list[object]

    def sizes(self) -> list[int]:
        """The sizes, those of the plain ones first."""
        plain = map(len, self.plain)  # type: ignore[arg-type]  # all of these have a length
        return list(chain(plain, map(size_of, self.others)))


def known_containers() -> tuple[Containers, Caches]:
    """All containers that the collector knows, and all caches of functions, since these do not show what is in them.

    What is done for each object is done by loops in C, as there may be millions.
    """
    # In no inner function: what that refers to would be among the objects, in a cycle with them.
    of_plain, of_others = _kinds(*_CONTAINERS, CACHE)
    parts = _parts()
    of_others += parts
    _lengths.update((id(kind), length) for kind, length in parts.items())
    # Most objects are none of these, and are gone through once.
    found = _of_types(gc.get_objects(), [*of_plain, *of_others])
    plain, others = _of_types(found, of_plain), _of_types(found, of_others)
    del found
    caches = Caches(others)
    if caches.all:
        others = [each for each in others if type(each) is not CACHE]
    return Containers(plain, others), caches


def unknown_containers(more: list[object]) -> Containers:
    """Containers that the collector does not know as they hold only atoms, what grows as it is written to, and ``more``."""
    objects = gc.get_objects()
    of_plain, of_others = _kinds(*_STREAMS)
    plain, others = _of_types(objects, of_plain), _of_types(objects, of_others)
    untracked: dict[int, object] = {}
    for start in range(0, len(objects), _BATCH):
        held = gc.get_referents(*objects[start : start + _BATCH])
        untracked.update((id(each), each) for each in filterfalse(gc.is_tracked, _of_types(held, _UNTRACKED)))
    plain += [*untracked.values(), *more]
    return Containers(plain, others)


def _of_types(objects: list[object], types: Iterable[type]) -> list[object]:
    """The objects of exactly these types."""
    try:
        return list(compress(objects, map(frozenset(types).__contains__, map(type, objects))))
    except Exception:
        # A metaclass makes its classes unhashable.
        keys = set(map(id, types))
        return list(compress(objects, map(keys.__contains__, map(id, map(type, objects)))))


def _kinds(*bases: type) -> tuple[list[type], list[type]]:
    """All types of these there are now: those of containers of which ``len`` tells the truth, and the others."""
    plain: list[type] = []
    others: list[type] = []
    seen: set[int] = set()
    for base in bases:
        length = resolved(base, "__len__") if base in _CONTAINERS else None
        level: list[type] = [base]
        while level:
            kind = level.pop()
            if id(kind) not in seen:
                seen.add(id(kind))
                is_plain = length is not None and resolved(kind, "__len__") is length
                (plain if is_plain else others).append(kind)
                level += type.__subclasses__(kind)
    return plain, others


def _parts() -> Mapping[type, Callable[..., int]]:
    """How much is in a part of what grows by parts, by type: buckets of trees, and what `itertools.tee` has read ahead."""
    found: dict[type, Callable[..., int]] = {_READ_AHEAD: _number_of_referents}
    if sys.version_info >= (3, 13) and "_queue" in sys.modules:
        # Before, its content is a list.
        found[sys.modules["_queue"].SimpleQueue] = sys.modules["_queue"].SimpleQueue.qsize
    for name in [name for name in sys.modules if name.startswith("BTrees.")]:
        for key, kind in list(vars(sys.modules[name]).items()):
            if key.endswith(("Bucket", "Set")) and not key.endswith("TreeSet") and isinstance(kind, type):
                found[kind] = _size_of_bucket
    return found


def _number_of_referents(found: object) -> int:
    return len(gc.get_referents(found))


def _size_of_bucket(bucket: object) -> int:
    # To ask one that is not loaded would load it from its database.
    return 0 if getattr(bucket, "_p_changed", False) is None else len(bucket)  # type: ignore[arg-type]  # it has a length


def size_of(container: object) -> int:
    """How much is in a container, also if its class says otherwise."""
    for kind in _CONTAINERS:
        if is_a(container, kind):
            return int(kind.__len__(container))  # type: ignore[arg-type]  # past what a subclass may define
    for stream, length in _STREAMS.items():
        if is_a(container, stream):
            try:
                return length(container)
            except ValueError:
                # It is closed.
                return 0
    of_part = _lengths.get(id(type(container)))
    return 0 if of_part is None else of_part(container)


def grown_among(containers: Containers, before: list[int]) -> list[Grown]:
    """The containers that grew with every run, with their growth and their size now, the largest growth first."""
    found = []
    after = containers.sizes()
    # Most are as they were.  No number is made for each, which takes long while allocations are traced.
    changed = list(map(ne, before, after))
    every = chain(containers.plain, containers.others)
    for container, earlier, size in zip(*(compress(each, changed) for each in (every, before, after)), strict=True):
        growth = size - earlier
        if growth >= RUNS and not growth % RUNS:
            found.append((container, growth, size))
    found.sort(key=lambda row: -row[1])
    return found


def by_relevance(grown: list[Grown], leaked: list[object], new: Collection[int]) -> list[Grown]:
    """These containers, those first that hold what leaks for good.

    Behind them are logs, and what does not lead to the leaked objects, holds them weakly only, or drops old ones by itself.
    """
    if len(grown) < _SOME:
        return grown
    first, rest = grown[:_RANKED], grown[_RANKED:]
    last = {id(row): last_of(row[0], row[1]) for row in first}
    return sorted(
        first,
        key=lambda row: (
            limit_of(row[0]) is not None,
            is_weak(row[0], last[id(row)]),
            any(type_title(type(item)) == "logging.LogRecord" for item in last[id(row)]),
            not leads_to_all([row[0]] if row[2] <= _LONG else last[id(row)], leaked, new),
            -row[1],
        ),
    ) + rest


def is_weak(container: object, last: list[object]) -> bool:
    """Whether a container holds nothing but weak references and what they are told by."""
    if any(is_a(container, kind) for kind in (set, frozenset)):
        last = list(islice(set.__iter__(container), 1)) if is_a(container, set) else []
    has_weak = any(is_a(item, weakref.ref) for item in last)
    return has_weak and not any(gc.is_tracked(item) and not is_a(item, weakref.ref) for item in last)


def last_of(container: object, number: int) -> list[object]:
    """The elements that were added last, where the container keeps an order."""
    if is_a(container, dict):
        keys = list(dict.keys(container))[-number:]
        return [*keys, *(dict.__getitem__(container, key) for key in keys)]
    for kind in (list, deque):
        if is_a(container, kind):
            elements: list[object] = list(kind.__iter__(container))  # type: ignore[arg-type]  # past a subclass
            return elements[-number:]
    return []
