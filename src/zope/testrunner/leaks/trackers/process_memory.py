"""Bytes: the heap of the C library, and the memory that the system has given to this process.

Three trackers: `Heap` sees what extension modules allocate past Python, `Resident` and `Unique` what the
system sees.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from zope.testrunner.leaks.readings import Sample, Unavailable, Unit
from zope.testrunner.system.originals import io, os


class Heap:
    """Bytes in use on the heap of the C library (``mallinfo2``; glibc 2.33 or later).

    Python's own small objects are not among them: those come in arenas of which this sees only whole ones.
    """

    name: Final = "heap"
    unit: Final = Unit.BYTES

    def __init__(self) -> None:
        self._in_use = _heap_reader()

    def unavailable(self) -> Unavailable | None:
        """Why the heap cannot be measured here, or None if it can."""
        if self._in_use is None:
            return Unavailable(
                "the C library does not tell how much of its heap is in use; glibc 2.33 or later does"
            )
        return None

    def sample(self) -> Sample:
        """Measure; raises RuntimeError where that is unavailable."""
        if self._in_use is None:
            raise RuntimeError("mallinfo2 needs glibc 2.33 or later; ask unavailable() first")
        return Sample(self._in_use())


class Resident:
    """Bytes of physical memory that this process occupies (RSS), shared pages included; from ``/proc``."""

    name: Final = "rss"
    unit: Final = Unit.BYTES
    _path = "/proc/self/statm"

    def unavailable(self) -> Unavailable | None:
        """Why it cannot be measured here, or None if it can."""
        if not os.access(self._path, os.R_OK):
            return Unavailable(f"this system ({sys.platform}) has no {self._path} that can be read")
        return None

    def sample(self) -> Sample:
        """Measure; raises OSError where that is unavailable."""
        with io.open(self._path, "rb", buffering=0) as file:
            return Sample(int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE"))


class Unique(Resident):
    """Bytes of physical memory that the end of this process would free (USS); from ``/proc``, a millisecond a time."""

    name: Final = "uss"  # type: ignore[misc]  # another tracker, measured the same way
    _path = "/proc/self/smaps_rollup"

    def sample(self) -> Sample:
        """Measure; raises OSError where that is unavailable."""
        private = 0
        with io.open(self._path, "rb", buffering=0) as file:
            for line in file.read().splitlines():
                if line.startswith(b"Private_"):
                    private += int(line.split()[1])
        return Sample(private * 1024)


def _heap_reader() -> Callable[[], int] | None:
    """A function that tells the bytes in use, or None if this C library has none."""
    try:
        import ctypes

        mallinfo = ctypes.CDLL(None).mallinfo2
    except (ImportError, OSError, AttributeError, TypeError):
        return None

    # struct mallinfo2 of malloc.h (glibc): ten size_t, of which hblkhd is in mapped blocks and uordblks in
    # the rest.
    class Info(ctypes.Structure):
        _fields_ = [
            (field, ctypes.c_size_t)
            for field in (
                *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
                *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
            )
        ]

    mallinfo.restype = Info
    mallinfo.argtypes = []

    def in_use() -> int:
        found = mallinfo()
        return int(found.uordblks + found.hblkhd)

    return in_use
