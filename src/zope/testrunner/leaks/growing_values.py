"""What grows although no container gets longer: values that each run replaces by larger ones, and new attributes.

A text or a tuple of numbers is nothing that the collector knows, a frozen set never gets longer, and objects do not show how
many attributes they have.  Only what modules lead to in a few steps is looked at.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Collection, Container, Sequence
from itertools import chain, compress, filterfalse, repeat
from operator import is_
from types import ModuleType
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.allocations import trace_of
from zope.testrunner.leaks.trackers.refcounts import atoms_of

#: A longer container is not gone through: what is added to it shows in its length.
_LONG: Final = 1_000

_LENGTHS: Final[dict[object, Callable[..., int]]] = {
    kind: kind.__len__ for kind in (list, dict, set, deque, tuple)
}

_namespace_of: Final = vars(ModuleType)["__dict__"].__get__
#: The trace of an object, or None: what tracemalloc has for the same makes objects of each.
_trace: Final = trace_of
_OURS: Final = "zope.testrunner."


class Fresh(NamedTuple):
    """New values: those that can have grown, and the objects that may refer to new ones, with these by identity."""

    larger: list[object]
    below: list[tuple[list[object], dict[int, object]]]


class Replaced(NamedTuple):
    """New values that can have grown, and those of which some older object has a new one from every run."""

    larger: list[object]
    more: list[object]


def fresh(runs: int, size: int, lines: Container[tuple[str, int]]) -> Fresh:
    """Values unknown to the collector, and frozen sets, that these lines have allocated since ``tracemalloc`` was started.

    Those of modules now, and of the classes and other objects that these refer to.  After so many ``runs``, one that has
    grown has at least this ``size`` in bytes, or as many new parts as there were runs.
    """

    def is_fresh(value: object) -> bool:
        trace = _trace(value)
        return trace is not None and trace[0] in lines

    modules: list[object] = [
        _namespace_of(module)
        for name, module in list(sys.modules.items())
        if issubclass(type(module), ModuleType) and not str(name).startswith(_OURS)
    ]
    seen = set(map(id, modules))
    values = _small(gc.get_referents(*modules), seen)
    below = gc.get_referents(*values)
    # Most are none: to ask one by one takes long while allocations are traced.
    namespaces = _small(list(compress(below, map(is_, map(type, below), repeat(dict)))), seen)
    result = Fresh([], [])
    for level in (modules, values, namespaces):
        below = gc.get_referents(*level)
        sets = compress(below, map(is_, map(type, below), repeat(frozenset)))
        once = chain(filterfalse(gc.is_tracked, below), sets)
        traced = filter(_trace, {id(value): value for value in once}.values())
        found = {id(value): value for value in traced if is_fresh(value)}
        result.larger.extend(
            value
            for value in found.values()
            if sys.getsizeof(value, 0) >= size or len(list(filter(is_fresh, atoms_of([value])))) >= runs
        )
        if len(found) >= runs:
            result.below.append((level, found))
    return result


def replaced(values: Fresh, runs: int, young: Collection[int]) -> Replaced:
    """What these values can be, given the identities of all new objects; best asked when nothing is traced any longer."""
    more: list[object] = []
    for level, found in values.below:
        for here in level:
            # What is in a new object is as new as that.
            if id(here) not in young:
                own = set(map(id, gc.get_referents(here))).intersection(found)
                if len(own) >= runs:
                    more += map(found.__getitem__, own)
    return Replaced(values.larger, more)


def _small(values: Sequence[object], seen: set[int]) -> list[object]:
    """Those that are worth to be looked into, each once.

    What is done for each is done by loops in C, as far as possible: there may be a hundred thousand.
    """
    unique = dict(zip(map(id, values), values, strict=True))
    for key in seen.intersection(unique):
        del unique[key]
    seen.update(unique)
    found = []
    every = list(unique.values())
    # The collector does not know dictionaries of atoms.
    of_atoms = filterfalse(gc.is_tracked, compress(every, map(is_, map(type, every), repeat(dict))))
    for value in chain(filter(gc.is_tracked, every), of_atoms):
        length = _LENGTHS.get(type(value))
        if length is None or length(value) <= _LONG:
            found.append(value)
    return found
