"""Naming modules whose import takes long while it does: `ImportWatch`.

A timer of the system tells, and neither a thread nor a process: tests could see those, and a fork would have to heed them.
"""

from __future__ import annotations

import os
import signal
import sys
from time import monotonic
from types import FrameType
from typing import Final, Self

#: Seconds after which an import is worth a line, and until it is worth another one.
PATIENCE: Final = 2.0
_AGAIN: Final = 10.0


class ImportWatch:
    """Writes a line to standard error when an import takes longer than ``patience`` seconds.

    As in::

        with ImportWatch() as watch:
            for name in names:
                watch.begin(name)
                __import__(name)

    It does nothing where the timer is not free: in another thread than the main one, where there is a handler for its
    signal, and on systems that have none.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience
        self._name = ""
        self._began = 0.0
        self._works = False

    def __enter__(self) -> Self:
        if hasattr(signal, "setitimer") and signal.getsignal(signal.SIGALRM) is signal.SIG_DFL:
            try:
                signal.signal(signal.SIGALRM, self._on_alarm)
            except ValueError:
                # This is not the main thread.
                return self
            # What a module waits for in C is not to be broken off.
            signal.siginterrupt(signal.SIGALRM, False)
            self._works = True
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._works and self._is_ours():
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self._works = False

    def begin(self, name: str) -> None:
        """This module is imported next, and the one before has been."""
        if not self._works:
            return
        if not self._is_ours():
            # A module wants the signal for itself, and now has it.
            self._works = False
            return
        self._name, self._began = name, monotonic()
        signal.setitimer(signal.ITIMER_REAL, self._patience, _AGAIN)

    def _is_ours(self) -> bool:
        return signal.getsignal(signal.SIGALRM) == self._on_alarm

    def _on_alarm(self, number: int, frame: FrameType | None) -> None:
        seconds = monotonic() - self._began
        inner = _module_of(frame)
        where = "" if inner in ("", self._name) else f", at {inner}"
        text = f"Slow: importing {self._name} has taken {seconds:.0f} seconds so far{where}\n"
        try:
            # Not through the stream, which may be in the middle of something.
            os.write(sys.__stderr__.fileno() if sys.__stderr__ is not None else 2, text.encode("utf-8", "backslashreplace"))
        except (OSError, ValueError):
            # There is nobody to tell.
            return


def _module_of(frame: FrameType | None) -> str:
    """The innermost module that is being imported at this moment."""
    while frame is not None:
        if frame.f_code.co_name == "<module>":
            return str(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    return ""
