"""What people and machines read of a run; everything here listens to events and runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zope.testrunner.report.base import Settings
    from zope.testrunner.report.text import OutputFormatter


def formatter_for(options: Settings) -> OutputFormatter:
    """The formatter that the options ask for, which becomes ``options.output``."""
    if getattr(options, "color", False):
        from zope.testrunner.report.palette import ColorfulOutputFormatter

        return ColorfulOutputFormatter(options)
    from zope.testrunner.report.text import OutputFormatter

    return OutputFormatter(options)
