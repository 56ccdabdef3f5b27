"""Tracing allocations for a while, also where somebody else traces them."""

from __future__ import annotations

from typing import Final

from zope.testrunner.leaks.allocations import tracemalloc


class Tracing:
    """Traces allocations between `start` and `stop`, with so many callers each.

    Of those that somebody else traces, the earlier ones are forgotten, and they have as many callers as that one wanted.
    It is no context manager, since a ``with`` statement makes an object that is there until its end.
    """

    def __init__(self, frames: int) -> None:
        self._frames: Final = frames
        self._ours = False

    def start(self) -> None:
        """Trace what is allocated from now on."""
        self._ours = not tracemalloc.is_tracing()
        if self._ours:
            tracemalloc.start(self._frames)
        else:
            tracemalloc.clear_traces()

    def stop(self) -> None:
        """Do not trace any longer, unless somebody else did so before."""
        if self._ours:
            tracemalloc.stop()
