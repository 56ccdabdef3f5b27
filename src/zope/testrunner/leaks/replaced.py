"""What grows although no container gets longer: values that each run replaces by larger ones, and new attributes.

A text or a tuple of numbers is nothing that the collector knows, and neither do objects show how many attributes they
have.  Only what modules lead to in a few steps is looked at.
"""

from __future__ import annotations

import _tracemalloc
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import filterfalse
from types import ModuleType
from typing import Final, NamedTuple

from zope.testrunner.leaks import collector as gc
from zope.testrunner.leaks.refcounts import atoms_of

#: A longer container is not gone through: what is added to it shows in its length.
_LONG: Final = 1_000

_LENGTHS: Final[dict[object, Callable[..., int]]] = {
    kind: kind.__len__ for kind in (list, dict, set, deque, tuple)
}

_namespace_of: Final = vars(ModuleType)["__dict__"].__get__
#: The trace of an object, or None: what tracemalloc has for the same makes objects of each.
_trace: Final = _tracemalloc._get_object_traceback  # noqa: SLF001  # a module that is private as a whole
_OURS: Final = "zope.testrunner."


class Replaced(NamedTuple):
    """New values that can have grown, and those of which some object has a new one from every run."""

    larger: list[object]
    more: list[object]


def replaced(runs: int, size: int) -> Replaced:
    """Values unknown to the collector, made since ``tracemalloc`` was started, that modules lead to by now.

    Those of modules, and of the classes and other objects that these refer to.  After so many ``runs``, one that has
    grown has at least this ``size`` in bytes, or as many new parts as there were runs.
    """
    modules: list[object] = [
        _namespace_of(module)
        for name, module in list(sys.modules.items())
        if issubclass(type(module), ModuleType) and not str(name).startswith(_OURS)
    ]
    seen = set(map(id, modules))
    values = list(_small(gc.get_referents(*modules), seen))
    namespaces = [each for each in _small(gc.get_referents(*values), seen) if type(each) is dict]
    result = Replaced([], [])
    for level in (modules, values, namespaces):
        below = gc.get_referents(*level)
        fresh = {id(value): value for value in filter(_trace, filterfalse(gc.is_tracked, below))}
        del below
        if not fresh:
            continue
        result.larger.extend(
            value
            for value in fresh.values()
            if sys.getsizeof(value, 0) >= size or len(list(filter(_trace, atoms_of([value])))) >= runs
        )
        for here in level:
            own = [value for value in map(fresh.get, map(id, gc.get_referents(here))) if value is not None]
            if len(own) >= runs:
                result.more.extend(own)
    return result


def _small(values: Sequence[object], seen: set[int]) -> Iterator[object]:
    """Those that are worth to be looked into, each once."""
    for value in filter(gc.is_tracked, values):
        if id(value) not in seen:
            seen.add(id(value))
            length = _LENGTHS.get(type(value))
            if length is None or length(value) <= _LONG:
                yield value
