"""The number of objects that the garbage collector knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import add
from typing import Final

from zope.testrunner.leaks.pristine_gc import HAS_REFCOUNTS, get_freeze_count, get_objects, get_referents, getrefcount
from zope.testrunner.leaks.readings import Sample, Unavailable, Unit

# Taken at import: a test that replaces it must not change what is counted.
_objects: Final[Callable[..., list[object]]] = get_objects
_frozen: Final = get_freeze_count
_refcount: Final = getrefcount
#: What is told of an object that nothing but a list holds.
_IN_A_LIST: Final = next(map(getrefcount, [object()]))


class Objects:
    """Objects that can refer to others: instances, containers, functions, classes; not strings and numbers.

    Objects that are hidden from the collector (``gc.freeze``) are counted as well: Python 3.12 hides its
    immortal ones by itself whenever it collects.
    """

    name: Final = "objects"
    unit: Final = Unit.COUNT

    def unavailable(self) -> Unavailable | None:
        """Why objects cannot be counted here, or None if they can."""
        # The youngest only, where there are generations: all of them may be millions.
        for generation in ((0,), ()):
            try:
                _objects(*generation)
            except (NotImplementedError, TypeError):
                continue
            return None
        return Unavailable("the garbage collector of this Python does not list its objects")

    def sample(self) -> Sample:
        """Count."""
        return Sample(len(_objects()) + _frozen())


class Young:
    """Objects that the collector knows and that were made since everything was hidden from it (``gc.freeze``).

    For hunting on a frozen heap, where it takes microseconds; elsewhere it is what `Objects` counts, but for
    the hidden.
    """

    name: Final = "objects"
    unit: Final = Unit.COUNT

    def unavailable(self) -> Unavailable | None:
        """Why objects cannot be counted here, or None if they can."""
        return Objects().unavailable()

    def sample(self) -> Sample:
        """Count."""
        return Sample(len(_objects()))


class References:
    """References to the objects made since the heap was frozen, and from these to anything.

    What ordinary builds can see of leaks that make nothing new: a container of a test that takes in the same
    object again and again.
    """

    name: Final = "references"
    unit: Final = Unit.COUNT

    def unavailable(self) -> Unavailable | None:
        """Why references cannot be counted here, or None if they can."""
        if not HAS_REFCOUNTS:
            return Unavailable("this Python does not count references; CPython does")
        return Objects().unavailable()

    def sample(self) -> Sample:
        """Count."""
        return Sample(references_of(_objects()))


def references_of(objects: list[object]) -> int:
    """How many references there are to these objects and from them, some more of the list included."""
    return sum(map(_refcount, objects)) + len(get_referents(*objects))


def references_of_each(objects: list[object]) -> Iterable[int]:
    """The same, for each of them by itself."""
    return map(add, map(_refcount, objects), map(len, map(get_referents, objects)))


def held_once(objects: list[object]) -> list[int]:
    """The places of those that nothing but this list holds."""
    return [place for place, count in enumerate(map(_refcount, objects)) if count == _IN_A_LIST]
