"""What a set-up has made and its tear-down has not given back: objects by type, descriptors, threads, temporary files."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from itertools import compress
from typing import Final, NamedTuple

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.referrer_paths import route_to
from zope.testrunner.leaks.trackers.descriptors import Descriptors, describe
from zope.testrunner.leaks.trackers.refcounts import type_title
from zope.testrunner.system.originals import os, time

#: So many types are named, those with the most objects, and for as many it is looked who holds one of them, in so many
#: seconds altogether.
_TYPES: Final = 3
_SECONDS: Final = 0.5
#: So many descriptors, threads and files are named.
_NAMED: Final = 5


class Remains(NamedTuple):
    """What is left: numbers by type, and where an object of that type is held; the rest by name."""

    objects: tuple[tuple[int, str, str | None], ...] = ()
    number: int = 0
    descriptors: tuple[str, ...] = ()
    threads: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The same in words for people."""
        told = [
            f"still there: {number} {title}" + ("" if way is None else f", one of them is {way}")
            for number, title, way in self.objects
        ]
        for title, names in (("open on", self.descriptors), ("running", self.threads), ("files", self.files)):
            if names:
                more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
                told.append(f"{title}: {', '.join(names[:_NAMED])}{more}")
        return told


class SetUp:
    """One set-up; to be made right before it.  `done` right after it takes what it has made, `remains` what is left of that.

    It keeps identities, and no object alive.  One that is freed, and whose place in memory another one of the same type
    takes, is taken for still there.  ``with_files`` looks at the directory of temporary files, which other processes share.
    """

    def __init__(self, *, with_files: bool = True) -> None:
        self._descriptors = Descriptors()
        self._has_descriptors = self._descriptors.unavailable() is None
        self._with_files = with_files
        self._types = array("Q")
        # Lists, as the collector forgets about tuples of such dictionaries, but not before it has seen them often enough:
        # a hunt would take them for gone.
        self._things: list[dict[str, str]] = [{}, {}, {}]
        self._earlier = self._alive()
        self._ids = array("Q", map(id, gc.get_objects()))

    def done(self) -> None:
        """The set-up is over."""
        objects = gc.get_objects()
        old = frozenset(self._ids)
        new = [found for found in objects if id(found) not in old]
        del objects
        self._ids = array("Q", map(id, new))
        self._types = array("Q", map(id, map(type, new)))
        del new
        self._things = [
            {key: name for key, name in now.items() if before.get(key) != name}
            for before, now in zip(self._earlier, self._alive(), strict=True)
        ]
        self._earlier.clear()

    def remains(self) -> Remains:
        """What is left of it now."""
        # First of all: what is made from here on may be where something was that has gone.
        objects = gc.get_objects()
        made = dict(zip(self._ids, self._types, strict=True))
        left = list(compress(objects, [made.get(id(found)) == id(type(found)) for found in objects]))
        mine = {id(objects), id(left), id(made), id(self), id(self.__dict__)}
        del objects
        names = [
            tuple(name for key, name in made.items() if now.get(key) == name)
            for made, now in zip(self._things, self._alive(), strict=True)
        ]
        return Remains(_by_type(left, mine), len(left), *names)

    def _alive(self) -> list[dict[str, str]]:
        """The descriptors, threads and temporary files that there are, by a key that no other one gets."""
        return [self._open_descriptors(), _threads(), _temporary_files() if self._with_files else {}]

    def _open_descriptors(self) -> dict[str, str]:
        found = {}
        for number in self._descriptors.open_numbers() if self._has_descriptors else ():
            try:
                state = os.fstat(number)
            except OSError:
                continue
            found[f"{number}:{state.st_dev}:{state.st_ino}"] = describe(number)
        return found


def _threads() -> dict[str, str]:
    # To load the module would change what tests see.
    threading = sys.modules.get("threading")
    known = {} if threading is None else {thread.ident: thread.name for thread in threading.enumerate()}
    # A number of a thread is given again when it has ended.
    return {f"{ident}:{known.get(ident)}": str(known.get(ident) or f"thread {ident}") for ident in sys._current_frames()}


def _temporary_files() -> dict[str, str]:
    """What this user has in the directory of temporary files, where anybody in this process has asked for that."""
    directory = getattr(sys.modules.get("tempfile"), "tempdir", None)
    if not isinstance(directory, str):
        return {}
    try:
        names = os.listdir(directory)
    except OSError:
        return {}
    paths = [os.path.join(directory, name) for name in names]
    return {path: path for path in paths}


def _by_type(left: list[object], mine: set[int]) -> tuple[tuple[int, str, str | None], ...]:
    examples: dict[str, object] = {}
    numbers: Counter[str] = Counter()
    for found in left:
        title = type_title(type(found))
        numbers[title] += 1
        examples.setdefault(title, found)
    mine |= {id(examples), id(numbers)}
    new = set(map(id, left))
    mine |= {id(new)}
    end = time.monotonic() + _SECONDS
    rows = []
    for title, number in numbers.most_common(_TYPES):
        targets = [examples[title]]
        mine.add(id(targets))
        route = route_to(targets, new, mine, end)
        rows.append((number, title, None if route is None else route.expression))
    return tuple(rows)
