"""Text in a file, and the formatter for runs whose standard output belongs to a program."""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

from zope.testrunner.core.events import OutputPassed
from zope.testrunner.report.formatter_adapter import FormatterAdapter, pass_through
from zope.testrunner.system.originals import io

if TYPE_CHECKING:
    import argparse

    from zope.testrunner.core.bus import Sink
    from zope.testrunner.core.events import Emit, Event


def text_file(path: str) -> TextIO:
    """A file to write text to, which no text waits for in memory but in a buffer of one size.

    Pieces of text that wait are objects, more of them in one lap than in another, and would be read as growth of the
    tests' memory.  Raises OSError if it cannot be opened.
    """
    file = io.open(path, "wb")
    return TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", write_through=True)


class InFile:
    """A sink that lets a formatter of text, which writes to ``sys.stdout``, write to a file instead."""

    def __init__(self, formatter: object, path: str) -> None:
        self._verbs = FormatterAdapter(lambda: formatter)
        self._file: TextIO = text_file(path)

    def takes(self, kind: type[Event]) -> Emit | None:
        """What the formatter takes."""
        take = self._verbs.takes(kind)
        if take is None:
            return None

        def redirected(event: Event) -> None:
            streams = sys.stdout, sys.stderr
            sys.stdout = sys.stderr = self._file
            try:
                take(event)
            finally:
                sys.stdout, sys.stderr = streams

        return redirected

    def close(self) -> None:
        """Write what is left."""
        self._file.close()


class Silent:
    """A formatter whose methods do nothing: standard output belongs to a sink."""

    def __init__(self) -> None:
        self._stderr = sys.stderr

    def takes(self, kind: type[Event]) -> Emit | None:
        """What child processes wrote by themselves; it goes to standard error."""
        return self._pass if kind is OutputPassed else None  # type: ignore[return-value]  # asked for its own kind only

    def _pass(self, event: OutputPassed) -> None:
        pass_through(self._stderr, event.data)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return _nothing


def text(options: argparse.Namespace, target: str | None) -> Sink:
    """Plain text in a file."""
    from zope.testrunner.report.console.text import OutputFormatter

    assert target is not None, "text on standard output needs no sink"
    return InFile(OutputFormatter(options), target)


def color(options: argparse.Namespace, target: str | None) -> Sink:
    """Text with colours in a file."""
    from zope.testrunner.report.console.color_text import ColorfulOutputFormatter

    assert target is not None, "text on standard output needs no sink"
    return InFile(ColorfulOutputFormatter(options), target)


def _nothing(*args: object, **named: object) -> None:
    """What every method does."""
