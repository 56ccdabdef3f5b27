"""Holding back what a test writes, until it is known whether anybody wants to read it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from zope.testrunner.system.originals import io

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class HeldStream(io.TextIOWrapper):
    """A text stream into memory that tests may use like the real one, ``.buffer`` and ``getvalue()`` included."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="\n", write_through=True)

    def getvalue(self) -> str:
        """Everything written so far; bytes that are no UTF-8 are shown as escapes."""
        self.flush()
        raw = self.buffer
        assert isinstance(raw, io.BytesIO)
        return raw.getvalue().decode("utf-8", "backslashreplace")


class Held:
    """The two standard streams, replaced from `arm` to `take`."""

    def __init__(self) -> None:
        self._real: tuple[Any, Any] | None = None
        self._held: tuple[HeldStream, HeldStream] | None = None

    def arm(self) -> None:
        """Start to hold back; if that is going on already, go on."""
        if self._held is None:
            # A test may have deleted them.
            self._real = (getattr(sys, "stdout", None), getattr(sys, "stderr", None))
            self._held = (HeldStream(), HeldStream())
            sys.stdout, sys.stderr = self._held

    def take(self) -> tuple[str | None, str | None]:
        """Put the real streams back and return what was written to each; None for nothing, also when not armed."""
        if self._held is None or self._real is None:
            return None, None
        held, self._held = self._held, None
        sys.stdout, sys.stderr = self._real
        self._real = None
        texts = []
        for stream in held:
            try:
                texts.append(stream.getvalue() or None)
            except ValueError:
                # The test closed its standard stream; what it wrote is gone with it.
                texts.append(None)
        return texts[0], texts[1]

    @contextmanager
    def handed_back(self) -> Iterator[None]:
        """Put the real streams back for as long as somebody talks to the user, such as a debugger."""
        if self._real is None:
            yield
            return
        present = getattr(sys, "stdout", None), getattr(sys, "stderr", None)
        sys.stdout, sys.stderr = self._real
        try:
            yield
        finally:
            sys.stdout, sys.stderr = present

    def release(self) -> None:
        """Put the real streams back; what was written is of no interest."""
        self.take()


class NotHeld(Held):
    """Streams that are left alone: the same calls, no effect and next to no cost."""

    def arm(self) -> None:
        """Do nothing."""

    def take(self) -> tuple[str | None, str | None]:
        """Nothing was held back."""
        return None, None
