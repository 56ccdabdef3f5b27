"""Talking to the user through a debugger wherever a test asks for it: `Debugging`; the historical home of `post_mortem`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextvars import Token
from typing import TYPE_CHECKING

from zope.testrunner.execution.streams.debugger import hand_back as _hand_back
from zope.testrunner.execution.streams.debugger import post_mortem
from zope.testrunner.execution.streams.debugger_streams import HandBack, Stops, watch_hook
from zope.testrunner.feature import Feature
from zope.testrunner.system.import_hooks import when_imported

if TYPE_CHECKING:
    import pdb  # noqa: T100
    from types import FrameType, TracebackType


__all__ = ["Debugging", "post_mortem"]


class Debugging(Feature):
    """Gives the standard streams back to the user whenever a debugger talks, in runs that hold output back.

    That holds for what ``breakpoint()`` enters, for `pdb.set_trace`, and for all debuggers that are made of `bdb.Bdb`.
    """

    active = True

    def global_setup(self) -> None:
        self._given: Token[HandBack] = _hand_back.set(self.runner.handed_back)
        self._undo: Callable[[], None] = _nothing
        self._stops = Stops(self.runner.handed_back)
        self._forget_stops = when_imported("bdb", self._stops.watch)
        self._forget = when_imported("pdb", self._attend)
        self._unhook = watch_hook(self.runner.handed_back)

    def late_setup(self) -> None:
        # Test modules may have brought a hook of their own.
        self._unhook()
        self._unhook = watch_hook(self.runner.handed_back)

    def _attend(self) -> None:
        import pdb  # noqa: T100

        kind, hand_back = pdb.Pdb, self.runner.handed_back
        interaction, initialise = kind.interaction, kind.__init__

        def interact(self: pdb.Pdb, frame: FrameType | None, traceback: TracebackType | None) -> None:
            outside = sys.stdout
            with hand_back():
                if self.stdout is outside:
                    self.stdout = sys.stdout
                interaction(self, frame, traceback)

        def start(self: pdb.Pdb, *args: object, **named: object) -> None:
            outside = sys.stdout
            initialise(self, *args, **named)  # type: ignore[arg-type]
            with hand_back():
                # What it says between two commands goes to where it started.
                if self.stdout is outside:
                    self.stdout = sys.stdout

        def undo() -> None:
            kind.interaction, kind.__init__ = interaction, initialise  # type: ignore[method-assign]

        kind.interaction, kind.__init__ = interact, start  # type: ignore[method-assign]
        self._undo = undo

    def global_teardown(self) -> None:
        self._unhook()
        self._forget()
        self._undo()
        self._forget_stops()
        self._stops.undo()
        _hand_back.reset(self._given)


def _nothing() -> None:
    """There is nothing to undo."""
