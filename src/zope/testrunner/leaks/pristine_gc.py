"""The functions of the garbage collector, as they were before any test could replace them.

To be used in place of ``gc`` by what runs between tests: one that leaves a double behind must not change
what is measured.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from gc import collect, garbage, get_referrers
from itertools import compress, repeat
from operator import is_not
from types import FunctionType
from typing import Final


def _nothing(*_: object) -> None:
    """What is done where the collector has no such function."""


def _no_statistics() -> list[dict[str, int]]:
    return [{"collections": 0}]


def _none_of_them(*_: object) -> int:
    return 0


#: What refers to nothing, so that no collector needs to know it.
_ATOMS: Final = frozenset({str, bytes, int, float, complex, bool, type(None), type(NotImplemented), type(...)})


def _can_refer(found: object) -> bool:
    return type(found) not in _ATOMS


def _referring(generation: int | None = None) -> list[object]:
    """What can refer to others; PyPy's collector shows all there is, and gives equal numbers one identity."""
    shown = gc.get_objects() if generation is None else gc.get_objects(generation)
    return [found for found in shown if _can_refer(found)]


#: Whether objects can be hidden from the collector.
CAN_FREEZE: Final = hasattr(gc, "freeze")
#: Whether objects that can refer to others may be unknown to it for good: builds without the global lock make modules,
#: functions and classes immortal at the first collection after a thread was started (seen on 3.13.5).
FORGETS: Final = "t" in getattr(sys, "abiflags", "")

# What only the collector of CPython has: PyPy's hides no objects, has no flags, and knows of every object.
get_objects: Final[Callable[..., list[object]]] = gc.get_objects if hasattr(gc, "is_tracked") else _referring
freeze: Final[Callable[[], None]] = gc.freeze if CAN_FREEZE else _nothing
unfreeze: Final[Callable[[], None]] = gc.unfreeze if CAN_FREEZE else _nothing
get_freeze_count: Final[Callable[[], int]] = getattr(gc, "get_freeze_count", _none_of_them)
is_tracked: Final[Callable[[object], bool]] = getattr(gc, "is_tracked", _can_refer)
get_stats: Final[Callable[[], list[dict[str, int]]]] = getattr(gc, "get_stats", _no_statistics)
get_debug: Final[Callable[[], int]] = getattr(gc, "get_debug", _none_of_them)
set_debug: Final[Callable[[int], None]] = getattr(gc, "set_debug", _nothing)
#: Whether there are numbers of references; where there are none, each object has one.
HAS_REFCOUNTS: Final = hasattr(sys, "getrefcount")
getrefcount: Final[Callable[[object], int]] = getattr(sys, "getrefcount", lambda _: 1)
#: More references than anything has that is counted.
_COUNTED: Final = 1 << 29
DEBUG_SAVEALL: Final[int] = getattr(gc, "DEBUG_SAVEALL", 0)


def keeps_functions() -> bool:
    """Whether a function that is made now, and is not part of another one, is never freed.

    Without the global lock, Python 3.13 makes functions, classes, modules and code immortal as soon as a thread was started
    (seen on 3.13.5).
    """
    # One that is defined in another function is freed all the same.
    return getrefcount(FunctionType(_none_of_them.__code__, {})) > _COUNTED


def referents_past(name: str) -> Callable[..., list[object]]:
    """``gc.get_referents`` that does not look into this module."""
    ask = gc.get_referents

    def get_referents(*objects: object) -> list[object]:
        module = sys.modules.get(name)
        return ask(*(objects if module is None else compress(objects, map(is_not, objects, repeat(module)))))

    return get_referents


#: Up to 3.12.5, the module ``_asyncio`` shows objects that are freed already: to refer to one frees it a second time, after
#: which the next collection never ends (python/cpython#122695).
get_referents: Final[Callable[..., list[object]]] = (
    referents_past("_asyncio") if (3, 12) <= sys.version_info < (3, 12, 6) else gc.get_referents
)

__all__ = [
    "CAN_FREEZE",
    "DEBUG_SAVEALL",
    "FORGETS",
    "HAS_REFCOUNTS",
    "collect",
    "freeze",
    "garbage",
    "get_debug",
    "get_freeze_count",
    "get_objects",
    "get_referents",
    "get_referrers",
    "get_stats",
    "getrefcount",
    "is_tracked",
    "keeps_functions",
    "set_debug",
    "unfreeze",
]
