"""The memory of the process around each test, in a file: `MemoryLog`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from zope.testrunner.core import events
from zope.testrunner.exceptions import UsageError
from zope.testrunner.system.originals import io

if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit, Event


# As it is before any test can put something in its place.
_dumps = json.dumps


class MemoryLog:
    """A sink that writes the test id and the bytes at its start and end, a line a test.

    A file that ends in ``.csv`` gets a headline and comma-separated values, any other one lines of JSON.  Raises
    `UsageError` if it cannot be written.
    """

    def __init__(self, path: str) -> None:
        try:
            self._file = io.open(path, "w", encoding="utf-8", newline="", buffering=1)
            self._is_csv = path.lower().endswith(".csv")
            if self._is_csv:
                self._write_row("test", "start", "end")
        except OSError as error:
            raise UsageError(f"Cannot write {path} (--rss-log): {error.strerror}; name another file") from None

    def takes(self, kind: type[Event]) -> Emit | None:
        """Readings."""
        return self._write if kind is events.MemoryRead else None  # type: ignore[return-value]  # asked for its own kind only

    def close(self) -> None:
        """Nothing more will come."""
        self._file.close()

    def _write(self, event: events.MemoryRead) -> None:
        if self._is_csv:
            self._write_row(event.test.id, event.start, event.end)
        else:
            self._file.write(_dumps({"test": event.test.id, "start": event.start, "end": event.end}) + "\n")

    def _write_row(self, *values: object) -> None:
        import csv

        csv.writer(self._file).writerow(values)
