"""The historical home of the formatters, which now live in `zope.testrunner.report`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.testrunner.report.console import terminfo as terminal
from zope.testrunner.report.console.color_text import ColorfulOutputFormatter
from zope.testrunner.report.console.terminfo import tigetnum
from zope.testrunner.report.console.text import OutputFormatter
from zope.testrunner.report.xml.legacy_xml import XMLOutputFormattingWrapper

if TYPE_CHECKING:
    from zope.testrunner.report.subunit.formatters import SubunitOutputFormatter, SubunitV2OutputFormatter


def terminal_has_colors() -> bool:
    """Whether the terminal has at least the eight usual colours, as `tigetnum` of this module says."""
    return terminal.terminal_has_colors(tigetnum)


def __getattr__(name: str) -> object:
    if name in ("SubunitOutputFormatter", "SubunitV2OutputFormatter"):
        # Only few runs need these.
        from zope.testrunner.report.subunit import formatters as subunit

        return getattr(subunit, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "ColorfulOutputFormatter",
    "OutputFormatter",
    "SubunitOutputFormatter",
    "SubunitV2OutputFormatter",
    "XMLOutputFormattingWrapper",
    "terminal_has_colors",
    "tigetnum",
]
