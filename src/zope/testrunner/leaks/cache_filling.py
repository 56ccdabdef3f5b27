"""Which bounded caches of functions (``functools.lru_cache``) were filled meanwhile: `Filling`.

What they hold is growth that ends when they are full.  A reading cannot tell it from a leak, so it is told beside it.
"""

from __future__ import annotations

from array import array
from typing import Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.attributes import CACHE

#: Caches that are named; the others are counted.
_NAMED: Final = 3


class Filling:
    """The sizes of all bounded caches now, to be compared with later ones.

    It keeps numbers, no objects that a reading would find, and none of the caches alive.
    """

    def __init__(self) -> None:
        rows = sorted((id(each), size) for each, size, _ in _limited())
        self._before = array("q", [number for row in rows for number in row])

    def sentence(self) -> str | None:
        """Those that are larger now, in one line, with their sizes and limits; None if none is."""
        before = dict(zip(self._before[::2], self._before[1::2], strict=True))
        grown = []
        for cache, size, limit in _limited():
            # One that was not there is new, and was empty.
            earlier = before.get(id(cache), 0)
            if size > earlier:
                grown.append((size - earlier, f"{_name(cache)} from {earlier:,} to {size:,} of {limit:,}"))
        if not grown:
            return None
        grown.sort(reverse=True)
        told = [text for _, text in grown[:_NAMED]]
        if len(grown) > _NAMED:
            told.append(f"{len(grown) - _NAMED} more")
        return f"What these caches took in is part of the readings, until they are full: {'; '.join(told)}."


def _limited() -> list[tuple[object, int, int]]:
    """All of them, each with its size and its limit."""
    found: list[tuple[object, int, int]] = []
    # Not there where it is an ordinary function.
    ask = getattr(CACHE, "cache_info", None)
    if ask is None:
        return found
    for each in gc.get_objects():
        if type(each) is CACHE:
            try:
                _, _, limit, size = ask(each)
            except Exception:
                # Made by hand, with a function of its own to put this into words.
                continue
            if isinstance(limit, int):
                found.append((each, int(size), limit))
    return found


def _name(cache: object) -> str:
    function = getattr(cache, "__wrapped__", None)
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', '?')}"
