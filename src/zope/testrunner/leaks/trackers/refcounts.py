"""The total number of references, and the instances of every type with the references to them.

`Refcounts` is the tracker of debug builds of Python, which count every reference in the process.  `TypeTable`
tells by type what a number is made of, on every build.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import compress, repeat
from itertools import count as number_from
from operator import not_, rshift
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.pristine_gc import getrefcount
from zope.testrunner.leaks.readings import Sample, Unavailable, Unit

_total_refcount: Final[Callable[[], int] | None] = getattr(sys, "gettotalrefcount", None)

#: Objects with more references than this are immortal or allocated statically; their count is a mark, not a
#: number.  Static objects of 3.11 begin near 1e9; immortal ones are at or above 2**30 on 64-bit and 2**29
#: (5.4e8) on 32-bit builds of 3.12+.
_IMMORTAL: Final = 500_000_000

#: Objects of the interpreter of which there is exactly one each.
_SINGLETONS: Final = frozenset(map(id, (None, True, False, Ellipsis, NotImplemented, (), "", b"")))

#: How many objects are asked for their referents at once: large enough to be quick, small enough for the
#: argument tuple.
_BATCH: Final = 10_000

#: So many low bits of an address tell nothing: no two objects begin within 16 bytes.
_ALIGNMENT: Final = 4

# Taken at import: a test that replaces sys.getrefcount must not change what is counted.
_refcount: Final = getrefcount
#: The references that `references_to` itself adds to each object: from the list, and from the loop.
_HELD: Final = next(map(_refcount, [object()]))

_module_of: Final = type.__dict__["__module__"].__get__
_qualname_of: Final = type.__dict__["__qualname__"].__get__


class Refcounts:
    """All references to all objects of the process; counted by debug builds of Python (``--with-pydebug``).

    It sees everything that Python objects can leak, one more reference to an existing object included.
    Extension modules that were built for ordinary Python do not keep it up to date, and make it drift.
    """

    name: Final = "refcounts"
    unit: Final = Unit.COUNT

    def unavailable(self) -> Unavailable | None:
        """Why references cannot be counted here, or None if they can."""
        if _total_refcount is None:
            return Unavailable("this Python does not count references; a debug build (--with-pydebug) does")
        return None

    def sample(self) -> Sample:
        """Count; raises RuntimeError where that is unavailable."""
        if _total_refcount is None:
            raise RuntimeError("sys.gettotalrefcount needs a debug build of Python; ask unavailable() first")
        return Sample(_total_refcount())


class TypeTable:
    """Instances of every type, and the references to them, apart from what this table itself makes.

    The objects known to the garbage collector are counted, and of those without links of their own (strings,
    numbers, tuples of them), the ones that can be reached from an object made since `begin`: a leaked float in
    a leaked tuple has its row, one in an old list has not.  That is the same on every build.  With reference
    tracing (``--with-trace-refs``) Python could tell of all objects, but the numbers that counting makes would
    be among them.

    Immortal and static objects are left out: they cannot leak, and their numbers of references mean nothing.
    """

    __slots__ = ("_base", "_slots", "_instances", "_references", "_sums")

    def __init__(self) -> None:
        # Objects and references at the last look, and the references in the last table; in an array for the reason
        # given below.
        self._sums = array("q", (-1, -1, 0))
        self._base: set[int] = set()
        # Titles to places in the arrays.  Arrays hold numbers without an object for each of them, so that
        # nothing of the table's own is seen the next time (the titles are passed over by identity).
        self._slots: dict[str, int] = {}
        self._instances = array("q")
        self._references = array("q")

    def begin(self) -> None:
        """Take everything that is alive as old: atoms are looked for in younger objects only."""
        self._base = set()
        self._base.update(_places_in_memory(gc.get_objects()))

    def numbers(self) -> dict[str, tuple[int, int]]:
        """Instances and references by title, as of the last update; types that are gone have zeros."""
        return {title: (self._instances[slot], self._references[slot]) for title, slot in self._slots.items()}

    def is_as_before(self, own: Collection[int] = ()) -> bool:
        """Whether there are as many objects, with as many references to them all together, as at the last call.

        A fifth of the work of `update`.  ``own`` is as there, and the caller has to be as deep in calls as the last time:
        running functions have references to themselves.  It is for work of which another counter knows that it left
        no atoms either.
        """
        skip = self._skip(own)
        objects = gc.get_objects()
        references = sum(map(_refcount, objects))
        mine = list(compress(objects, map(skip.__contains__, map(id, objects))))
        references -= sum(map(_refcount, mine)) - len(mine)
        number = len(objects) - len(mine)
        same = self._sums[0] == number and self._sums[1] == references
        self._sums[0] = number
        self._sums[1] = references
        return same

    def _skip(self, own: Collection[int]) -> set[int]:
        """Identities of what is passed over: the caller's own objects and those of the table."""
        skip = {id(self), id(self._base), id(self._slots), id(self._instances), id(self._references), id(self._sums)}
        skip.update(own)
        skip.update(map(id, self._slots))
        # Sets of numbers, whose numbers would be found as well.
        skip.update((id(skip), id(own)))
        return skip

    @property
    def total(self) -> int:
        """All references found at the last `update`."""
        return self._sums[2]

    def update(self, own: Collection[int] = ()) -> tuple[int, list[tuple[str, int, int]]]:
        """Count, and compare with the last time.

        ``own`` are identities of further objects to pass over, those that the caller made to remember earlier
        results.  The answer is the number of all references found, and for every type that changed a row of
        title, change of instances and change of references, sorted by title.
        """
        counts = self._count(own)
        instances: dict[str, int] = {}
        references: dict[str, int] = {}
        for kind, number in counts.instances.items():
            title = type_title(counts.kinds[kind])
            instances[title] = instances.get(title, 0) + number
            references[title] = references.get(title, 0) + counts.references[kind]
        self._sums[2] = sum(references.values())
        return self._sums[2], self._exchange(instances, references)

    def _exchange(self, instances: dict[str, int], references: dict[str, int]) -> list[tuple[str, int, int]]:
        """Put the new numbers in the place of the old ones, and tell the differences."""
        slots = self._slots
        for title in instances.keys() - slots.keys():
            slots[title] = len(slots)
            self._instances.append(0)
            self._references.append(0)
        rows = []
        for title, slot in slots.items():
            many, refs = instances.get(title, 0), references.get(title, 0)
            if many != self._instances[slot] or refs != self._references[slot]:
                rows.append((title, many - self._instances[slot], refs - self._references[slot]))
                self._instances[slot] = many
                self._references[slot] = refs
        rows.sort()
        return rows

    def _count(self, own: Collection[int]) -> _Counts:
        skip = self._skip(own)
        objects = gc.get_objects()
        numbers = references_to(objects)
        # Made after that: its numbers are not to be found among those of younger objects.
        counts = _Counts()
        base = self._base
        # Own objects are to be among the few that are looked at one by one.
        base.difference_update(map(rshift, skip, repeat(_ALIGNMENT)))
        old = map(base.__contains__, _places_in_memory(objects))
        places = array("q", compress(number_from(), map(not_, old)))
        if len(objects) - len(places) < len(base):
            # Some have died: an object made later could have their place in memory, and must not be taken for
            # old.
            base.intersection_update(_places_in_memory(objects))
        own = [place for place in places if id(objects[place]) in skip]
        counts.add(objects, numbers, own)
        young = [objects[place] for place in places if id(objects[place]) not in skip]
        del objects
        atoms = atoms_of(young)
        counts.add(atoms, references_to(atoms), [])
        return counts


def foreign_extensions() -> tuple[str, ...]:
    """Extension modules in this process that were not built for a debug build, whose references nobody counts; sorted.

    Empty on ordinary builds, where it means nothing.
    """
    if _total_refcount is None:
        return ()
    from importlib.machinery import EXTENSION_SUFFIXES

    ours = EXTENSION_SUFFIXES[0]
    others = tuple(EXTENSION_SUFFIXES[1:])
    found = []
    for name, module in list(sys.modules.items()):
        path = getattr(getattr(module, "__spec__", None), "origin", None)
        if isinstance(path, str) and path.endswith(others) and not path.endswith(ours):
            found.append(name)
    return tuple(sorted(found))


class _Counts:
    """How many instances of each type, and how many references to them all together, by identity of the type.

    Not by the type itself, for a metaclass may make its classes unhashable.
    """

    def __init__(self) -> None:
        self.kinds: dict[int, type] = {}
        self.instances: defaultdict[int, int] = defaultdict(int)
        self.references: defaultdict[int, int] = defaultdict(int)

    def add(self, objects: list[object], numbers: array[int], own: Iterable[int]) -> None:
        """Add objects with their `references_to` them, but for those in the places ``own``.

        What is done for each object is done by loops in C, as there may be millions.
        """
        keys = list(map(id, map(type, objects)))
        many = Counter(zip(keys, numbers, strict=True))
        many.subtract((keys[place], numbers[place]) for place in own)
        for (key, number), alike in many.items():
            if number < _IMMORTAL and alike:
                self.instances[key] += alike
                self.references[key] += alike * (number - _HELD)
        examples = dict(zip(keys, objects, strict=True))
        self.kinds.update((key, type(found)) for key, found in examples.items())


def _places_in_memory(objects: list[object]) -> Iterator[int]:
    """The identities without the bits that are always zero: sets find such numbers twice as fast."""
    return map(rshift, map(id, objects), repeat(_ALIGNMENT))


def references_to(objects: list[object]) -> array[int]:
    """How many references there are to each object; `_HELD` of them are the list's and the loop's.

    It has to be asked before anything else is made that refers to them.
    """
    return array("q", map(_refcount, objects))


def atoms_of(objects: list[object]) -> list[object]:
    """What can be reached from these objects without passing another one that the garbage collector knows.

    Strings, numbers, tuples and dictionaries of such, and the like; each once.  Left out are the constants of
    which the interpreter has one each, and the types built into it.
    """
    seen = set(_SINGLETONS)
    atoms: list[object] = []
    level = objects
    while level:
        following: list[object] = []
        for start in range(0, len(level), _BATCH):
            for found in gc.get_referents(*level[start : start + _BATCH]):
                if id(found) not in seen and not gc.is_tracked(found) and type(found) is not type:
                    seen.add(id(found))
                    following.append(found)
        atoms += following
        level = following
    return atoms


def type_title(kind: type) -> str:
    """The name of a type for tables: ``dict`` for a built-in one, ``package.module.Class`` for any other.

    It asks the type itself, not its metaclass, so that a class cannot make this fail.
    """
    try:
        module = _module_of(kind)
    except Exception:
        module = None
    name = _qualname_of(kind)
    return name if module == "builtins" or not isinstance(module, str) else f"{module}.{name}"
