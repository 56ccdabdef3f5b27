"""Tracing that goes on although tested code switches it off."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import TraceFunction


def keep_tracing() -> Callable[[], None]:
    """See to it that tested code which switches tracing off with ``sys.settrace(None)`` gets back what traces now.

    Debuggers do that, for instance.  Returns a function that undoes it.
    """
    present, switch, thread = sys.gettrace(), sys.settrace, threading.get_ident()
    if present is None:
        # Whoever measures does so in another way (`sys.monitoring`), which nobody is in the way of.
        return lambda: None

    def settrace(function: TraceFunction | None) -> None:
        # Other threads have tracers of their own.
        switch(present if function is None and threading.get_ident() == thread else function)

    def undo() -> None:
        if sys.settrace is settrace:
            sys.settrace = switch

    sys.settrace = settrace
    return undo
