"""Leak detection on any Python: trackers, sessions over them, verdicts, and hunts that explain what they find.

It knows nothing of test runners, and needs only the standard library.  Importing it loads no tracker: what is
named here is loaded when it is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zope.testrunner.leaks.capabilities import (
        trackers_for_repeat,
        what_disturbs,
        what_hunts_cannot_see,
        what_more_a_debug_build_reads,
    )
    from zope.testrunner.leaks.finding import Finding
    from zope.testrunner.leaks.hunting import Hunter, hunt
    from zope.testrunner.leaks.markers import expected_leak, no_leak_check
    from zope.testrunner.leaks.measurement import Session, Tracker
    from zope.testrunner.leaks.not_repeatable import CannotRepeat
    from zope.testrunner.leaks.registry import ENTRY_POINTS, TRACKERS, available, third_party, tracker, unavailable
    from zope.testrunner.leaks.verdict import Policy, fixed, judge
    from zope.testrunner.leaks.wording import describe

__all__ = [
    "ENTRY_POINTS",
    "TRACKERS",
    "CannotRepeat",
    "Finding",
    "Hunter",
    "Policy",
    "Session",
    "Tracker",
    "available",
    "describe",
    "expected_leak",
    "fixed",
    "hunt",
    "judge",
    "no_leak_check",
    "third_party",
    "tracker",
    "trackers_for_repeat",
    "unavailable",
    "what_disturbs",
    "what_hunts_cannot_see",
    "what_more_a_debug_build_reads",
]

_LAZY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "TRACKERS": "registry",
        "CannotRepeat": "not_repeatable",
        "ENTRY_POINTS": "registry",
        "Finding": "finding",
        "Hunter": "hunting",
        "Policy": "verdict",
        "Session": "measurement",
        "Tracker": "measurement",
        "describe": "wording",
        "expected_leak": "markers",
        "fixed": "verdict",
        "hunt": "hunting",
        "judge": "verdict",
        "no_leak_check": "markers",
        "available": "registry",
        "third_party": "registry",
        "tracker": "registry",
        "trackers_for_repeat": "capabilities",
        "unavailable": "registry",
        "what_disturbs": "capabilities",
        "what_hunts_cannot_see": "capabilities",
        "what_more_a_debug_build_reads": "capabilities",
    }
)


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value
