"""Settings of the garbage collector for the duration of a run: thresholds and debug flags."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.feature import Feature

if TYPE_CHECKING:
    from zope.testrunner.core.run import Run


class Threshold(Feature):
    """Sets how often garbage is collected (``--gc``), or that it is not; says so once, and undoes it at the end."""

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self.threshold: tuple[int, ...] = tuple(runner.options.gc or ())
        self.active = bool(self.threshold)
        self._before: tuple[int, int, int] | None = None

    def global_setup(self) -> None:
        """Set the thresholds."""
        self._before = gc.get_threshold()
        gc.set_threshold(*self.threshold)
        if self.threshold[0]:
            text = f"Cyclic garbage collection threshold set to: {self.threshold!r}"
        else:
            text = "Cyclic garbage collection is disabled."
        if self.runner.worker == 0:
            # It is the same in child processes, which have nothing to add.
            self.runner.emit(Notice(self.runner.clock(), 0, Importance.INFO, text))

    def global_teardown(self) -> None:
        """Set them back."""
        if self._before is not None:
            gc.set_threshold(*self._before)


class Debug(Feature):
    """Sets debug flags of the garbage collector (``-G``), and takes them back at the end."""

    def __init__(self, runner: Run) -> None:
        super().__init__(runner)
        self.flags: tuple[str, ...] = tuple(runner.options.gc_option or ())
        self.active = bool(self.flags)
        self._before: int | None = None

    def global_setup(self) -> None:
        """Set the flags, instead of those that may be set already."""
        self._before = gc.get_debug()
        flags = 0
        for name in self.flags:
            flags |= getattr(gc, name)
        gc.set_debug(flags)

    def global_teardown(self) -> None:
        """Set them back."""
        if self._before is not None:
            gc.set_debug(self._before)
