"""The public home of what `zope.testrunner.core.config` defines."""

from zope.testrunner.core.config import (
    Config,
    Execution,
    LeakPolicy,
    Ordering,
    Output,
    Selection,
    from_start,
)

__all__ = [
    "Config",
    "Execution",
    "LeakPolicy",
    "Ordering",
    "Output",
    "Selection",
    "from_start",
]
