"""Make two samples of the same process comparable: empty caches that fill by themselves, collect garbage.

Without this, nearly half of all leak-free tests read a few memory blocks more or less from run to run (44.8 %
of 5,050 tests, collection only); with it, six in a thousand.  What is emptied only makes later work a little
slower: compiled patterns, parsed formats and dates, source lines that can be read again, method look-ups.
Nothing is imported: a module that the process has not loaded has no cache to empty.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.machinery import FileFinder
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Final, TypeVar

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks import settlers
from zope.testrunner.leaks.cursors import forget_dead

#: Functions without arguments that empty a cache of the standard library, as (module, attribute, method of
#: the attribute). Found by running leak-free tests of the standard library and of installed packages, and
#: looking at what changed.
_CACHES: Final = (
    ("re", "purge", ""),
    ("_strptime", "_regex_cache", "clear"),
    ("urllib.parse", "clear_cache", ""),
    ("struct", "_clearcache", ""),
    ("filecmp", "clear_cache", ""),
    ("fnmatch", "_compile_pattern", "cache_clear"),
    ("glob", "_compile_pattern", "cache_clear"),
    ("inspect", "_shadowed_dict_from_mro_tuple", "cache_clear"),
    ("xml.etree.ElementPath", "_cache", "clear"),
)

#: Free-threaded builds put off counting down references that cross threads; what one collection releases is
#: found by the next.
_COLLECTIONS: Final = 3 if "t" in getattr(sys, "abiflags", "") else 1

#: The collector no longer looks at tuples and dictionaries of atoms, then at those of such tuples and dictionaries, one
#: level at each collection: so many show what there is to see.
LEVELS: Final = 4

#: Python 3.12 hides some hundred immortal objects of its own; whoever freezes for a reason hides thousands.
_FROZEN_AT_START: Final = 1000

#: Empties the interpreter's own look-up caches, which keep the names of attributes alive: 3.13 has one name
#: for all of them.
_clear_internal: Final[Callable[[], None] | None] = getattr(sys, "_clear_internal_caches", None) or getattr(
    sys, "_clear_type_cache", None
)

Told = TypeVar("Told")

_FUNCTIONS: Final = (FunctionType, BuiltinFunctionType)


def settle(*, whole: bool = True) -> None:
    """Bring this process to a state that can be compared with the one after the next call.

    Caches of other packages are emptied (see `zope.testrunner.leaks.settlers`); streams are flushed; caches of the
    standard library are emptied, then those of the interpreter; garbage is collected. Whether the collector is enabled
    stays as it is, and so do its debugging flags: with ``gc.DEBUG_SAVEALL`` set, garbage is saved in ``gc.garbage`` here
    as by any other collection, and every counter shows it (see `saves_garbage`).

    Generated source that is registered in ``linecache`` is kept, as it could not be read again.

    ``whole`` is for `collect`; with it, connections of ``sqlite3`` that the collector shows forget dead cursors, too.
    """
    empty_caches()
    if whole:
        # It takes a look at all objects.
        forget_dead()
    collect(whole=whole)


def empty_caches() -> None:
    """What `settle` does before garbage is collected."""
    settlers.call()
    flush()
    modules = sys.modules
    for module, attribute, method in _CACHES:
        if module in modules:
            _call(modules[module], attribute, method)
    _drop_source_lines()
    _drop_warning_registries()
    _finders.drop_new()
    for clean in getattr(modules.get("typing"), "_cleanups", ()):
        clean()


def collect(*, whole: bool = True, look_ups: bool = True) -> None:
    """Empty the interpreter's look-up caches, and collect garbage.

    With ``whole`` false, only garbage among young objects is collected, and what the collector does besides is done
    (emptying free lists), which takes microseconds however much is alive: all objects are hidden from it meanwhile
    (``gc.freeze``).  If somebody else has frozen objects, everything is examined after all, since they would all be
    unfrozen together.

    Without ``look_ups`` the interpreter keeps its look-up caches: to fill them again costs the next test more than all the
    rest of a reading, as all code in the process has to learn anew what it accesses.
    """
    if look_ups and _clear_internal is not None:
        _clear_internal()
    hide = not whole and not frozen_by_others()
    if hide:
        gc.collect(1)
        gc.freeze()
    try:
        for _ in range(_COLLECTIONS):
            gc.collect()
    finally:
        if hide:
            gc.unfreeze()


def apart(work: Callable[[Told], object], about: Told) -> None:
    """Do some work on what it is given that is none of what is measured, and collect what garbage it leaves.

    All that is alive before is hidden from the collector meanwhile, so that the garbage is found however old it has
    become, and what is kept is looked at as often as the collector needs to know what has no links; that takes
    microseconds however much is alive.
    """
    hide = not frozen_by_others()
    if hide:
        gc.freeze()
    try:
        work(about)
        # The collector is to see also of which caches there is nothing left.
        empty_caches()
    finally:
        for _ in range(LEVELS if hide else 1):
            gc.collect()
        if hide:
            gc.unfreeze()


def frozen_by_others() -> bool:
    """Whether objects are hidden from the collector already, which unfreezing them would undo."""
    return gc.get_freeze_count() > _FROZEN_AT_START


def mark_of_modules() -> int:
    """A number that is another one when other modules are loaded."""
    return hash(tuple(map(id, list(sys.modules.values()))))


def saves_garbage() -> bool:
    """Whether ``gc.DEBUG_SAVEALL`` is set, so that garbage stays alive and looks like a leak."""
    return bool(gc.get_debug() & gc.DEBUG_SAVEALL)


def flush() -> None:
    """Write out what the standard streams hold back: pending pieces of text are objects like any others."""
    for name in ("stdout", "stderr", "__stdout__", "__stderr__"):
        # A stream may be missing, None, or anything that a test put there.
        with suppress(Exception):
            getattr(sys, name).flush()


def _call(module: object, attribute: str, method: str) -> None:
    """Call a function of a module, or a method of an attribute, if it is there."""
    found = getattr(module, attribute, None)
    clear = getattr(found, method, None) if method else found
    # A test may have left a double in its place: what is not the original is none of our business.
    if isinstance(clear, _FUNCTIONS):
        clear()


def _drop_source_lines() -> None:
    """Forget source lines that can be read again from their files."""
    cache = getattr(sys.modules.get("linecache"), "cache", None)
    if type(cache) is dict:
        for name in [name for name, entry in cache.items() if len(entry) == 1 or entry[1] is not None]:
            cache.pop(name, None)


#: Finders without a state that would be missed; None stands for a place where there is nothing to find.
_SIMPLE_FINDERS: Final = (FileFinder, type(None))


class _Finders:
    """What Python keeps for each directory in which it has looked for a module, made anew whenever it is needed.

    A test that imports something from a directory of its own, as tests of programs do, has another directory each time.
    """

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def drop_new(self) -> None:
        """Forget directories that are not searched any more, but for those that were there the first time."""
        cache = sys.path_importer_cache
        if self._known.issuperset(cache):
            return
        if not self._known:
            self._known = frozenset(cache)
            return
        for path in [path for path in cache if path not in self._known]:
            if type(cache.get(path)) in _SIMPLE_FINDERS and path not in sys.path:
                cache.pop(path, None)


_finders: Final = _Finders()


def _drop_warning_registries() -> None:
    """Forget which warnings have been given, in every module."""
    # There may be thousands of modules, and few have warned.  None of them is remembered: a test may want it to be gone.
    for module in list(sys.modules.values()):
        # Exactly modules: to look into one that is yet to be loaded (importlib.util.LazyLoader) would load it.
        if type(module) is ModuleType and "__warningregistry__" in module.__dict__:
            registry = module.__dict__["__warningregistry__"]
            if type(registry) is dict:
                registry.clear()
