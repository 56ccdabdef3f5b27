"""Doing work while much has been gathered, without anything of that staying alive because of the work."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from types import CodeType, FrameType


class Bare:
    """The work, to be called as ``do``, and the functions that do it, whose variables are emptied when they are over.

    Whoever keeps an exception or a frame keeps all frames below it, and so what these have in their variables: each
    container there is, when a leak is explained.  ``below`` is the function from which on frames are left alone.
    """

    def __init__(self, work: Callable[[], object], below: CodeType) -> None:
        # To call it takes no frame of this class.
        self.do = work
        self._below = below
        self._frames: list[FrameType] = []

    def note_frames(self) -> None:
        """To be called by whoever is about to do the work, before anything is hidden or counted: to note it makes objects.

        What functions have gathered that are over by now is let go of.
        """
        self.empty_frames()
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code is not self._below:
            self._frames.append(frame)
            frame = frame.f_back

    def empty_frames(self) -> None:
        """Empty those that are over; the others are left alone."""
        for frame in self._frames:
            with suppress(RuntimeError):
                frame.clear()
        self._frames.clear()
