"""The number of memory blocks that Python's allocator has given out."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable
from typing import Final

from zope.testrunner.leaks.readings import Sample, Unavailable, Unit
from zope.testrunner.system.originals import os

_allocated: Final[Callable[[], int] | None] = getattr(sys, "getallocatedblocks", None)


class _ImmortalStrings:
    """Counts the interned strings that are never freed: all of them in early releases of 3.12, some since.

    To tell them apart takes a walk over all interned strings, which is put off until their number changes.
    """

    def __init__(self) -> None:
        self._interned: Callable[..., int] | None = getattr(sys, "getunicodeinternedsize", None)
        self._mixed = True
        # Numbers without objects: of all strings, and of those that are immortal, as of the last walk.
        self._last = array("q", (-1, 0))
        try:
            self.count()
        except TypeError:
            self._mixed = False

    def count(self) -> int:
        """Their number now."""
        if self._interned is None:
            return 0
        number = self._interned()
        if not self._mixed:
            return number
        if number != self._last[0]:
            self._last[1] = self._interned(_only_immortal=True)
            self._last[0] = number
        return self._last[1]


class Blocks:
    """Memory blocks in use by Python objects and their parts, on ordinary builds of CPython.

    The number is exact: a leaked ``float`` is one block more, a list two (one if it is empty), a ``bytearray``
    two, however large it is.  Interned strings that Python 3.12 and later never free are left out, since they
    cannot leak more than once.
    """

    name: Final = "blocks"
    unit: Final = Unit.COUNT

    def __init__(self) -> None:
        self._strings = _ImmortalStrings()

    def unavailable(self) -> Unavailable | None:
        """Why blocks cannot be counted here, or None if they can."""
        if _allocated is None:
            return Unavailable("this Python does not count memory blocks; CPython does")
        if not _allocated():
            if "malloc" not in os.environ.get("PYTHONMALLOC", ""):
                return Unavailable("this build of Python counts no memory blocks, as it has no allocator of its own")
            return Unavailable(
                "memory blocks are not counted with PYTHONMALLOC=malloc; unset it to count them"
            )
        return None

    def sample(self) -> Sample:
        """Count; raises RuntimeError where that is unavailable."""
        if _allocated is None:
            raise RuntimeError("sys.getallocatedblocks needs CPython; ask unavailable() first")
        number = _allocated()
        return Sample(number - self._strings.count())
