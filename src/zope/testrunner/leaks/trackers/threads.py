"""Threads of this process."""

from __future__ import annotations

import _thread
import sys
from typing import Final

from zope.testrunner.leaks.readings import Sample, Unavailable, Unit


class Threads:
    """The number of threads that Python code started and that still run, the main thread included.

    With ``details``, samples say their names; a thread that was not started through ``threading`` is called
    by its number.
    """

    name: Final = "threads"
    unit: Final = Unit.COUNT

    def __init__(self, *, details: bool = False) -> None:
        self._details = details

    def unavailable(self) -> Unavailable | None:
        """Why threads cannot be counted here, or None if they can."""
        if not hasattr(_thread, "_count"):
            return Unavailable("this Python does not count its threads")
        return None

    def sample(self) -> Sample:
        """Count."""
        total = _thread._count() + 1
        if not self._details:
            return Sample(total)
        names: dict[str, tuple[int, int]] = {}
        for name in thread_names():
            names[name] = (names.get(name, (0, 0))[0] + 1, 0)
        return Sample(total, names)


def thread_names() -> list[str]:
    """The names of the threads that run, sorted."""
    # Nobody has given a name to a thread where this module is not loaded, and to load it would change what tests see.
    threading = sys.modules.get("threading")
    known = {thread.ident: thread.name for thread in threading.enumerate()} if threading is not None else {}
    return sorted(known.get(ident) or f"thread {ident}" for ident in sys._current_frames())
