"""The functions of the garbage collector, as they were before any test could replace them.

To be used in place of ``gc`` by what runs between tests: one that leaves a double behind must not change
what is measured.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from gc import (
    DEBUG_SAVEALL,
    collect,
    freeze,
    garbage,
    get_debug,
    get_freeze_count,
    get_objects,
    get_referrers,
    is_tracked,
    set_debug,
    unfreeze,
)
from itertools import compress, repeat
from operator import is_not
from typing import Final


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
    "DEBUG_SAVEALL",
    "collect",
    "freeze",
    "garbage",
    "get_debug",
    "get_freeze_count",
    "get_objects",
    "get_referents",
    "get_referrers",
    "is_tracked",
    "set_debug",
    "unfreeze",
]
