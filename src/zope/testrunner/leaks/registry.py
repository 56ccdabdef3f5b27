"""The trackers there are: ours by name, and those that other packages announce."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zope.testrunner.leaks.measurement import Tracker
    from zope.testrunner.leaks.readings import Unavailable

#: Where the trackers of this package are, by name, in the order in which they have to sample: those first
#: that the others disturb, those last that allocate.
TRACKERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "refcounts": "zope.testrunner.leaks.trackers.refcounts:Refcounts",
        "blocks": "zope.testrunner.leaks.trackers.blocks:Blocks",
        "threads": "zope.testrunner.leaks.trackers.threads:Threads",
        "descriptors": "zope.testrunner.leaks.trackers.descriptors:Descriptors",
        "heap": "zope.testrunner.leaks.trackers.process_memory:Heap",
        "rss": "zope.testrunner.leaks.trackers.process_memory:Resident",
        "uss": "zope.testrunner.leaks.trackers.process_memory:Unique",
        "objects": "zope.testrunner.leaks.trackers.objects:Objects",
    }
)

#: Where other packages announce their trackers: each entry point is called without arguments and gives a
#: `Tracker`.
ENTRY_POINTS: Final = "zope.testrunner.trackers"


def tracker(name: str) -> Tracker:
    """Make the tracker of this name, one of ours or of another package.

    Raises LookupError, naming the known ones, if there is none.
    """
    from importlib import import_module

    if name in TRACKERS:
        module, _, kind = TRACKERS[name].partition(":")
        made: Tracker = getattr(import_module(module), kind)()
        return made
    others = {other.name: other for other in third_party()}
    if name in others:
        return others[name]
    raise LookupError(f"no leak tracker is called {name!r}; there are {', '.join([*TRACKERS, *others])}")


def third_party() -> tuple[Tracker, ...]:
    """The trackers that installed packages announce in the entry point group ``zope.testrunner.trackers``.

    One that cannot be loaded, or has the name of another, is left out with a warning.
    """
    import warnings

    from zope.testrunner.leaks.entry_points import announced, may_be_announced

    if not may_be_announced(ENTRY_POINTS):
        return ()
    made: dict[str, Tracker] = {}
    points, problems = announced(ENTRY_POINTS)
    for problem in problems:
        warnings.warn(f"leak trackers are left out: {problem}", stacklevel=2)
    for point in points:
        try:
            other: Tracker = point.load()()
            name = other.name
        except Exception as error:
            warnings.warn(
                f"leak tracker {point.name} = {point.value} cannot be loaded: {error!r}", stacklevel=2
            )
            continue
        if name in TRACKERS or name in made:
            warnings.warn(
                f"leak tracker {point.value} is left out: there is one called {name!r} already", stacklevel=2
            )
        else:
            made[name] = other
    return tuple(made.values())


def available() -> tuple[Tracker, ...]:
    """All trackers that work here, ours first, in the order in which they have to sample."""
    return tuple(each for each in _everyone() if each.unavailable() is None)


def unavailable() -> Mapping[str, Unavailable]:
    """Why the other trackers do not work here, by name."""
    return {each.name: why for each in _everyone() if (why := each.unavailable()) is not None}


def _everyone() -> tuple[Tracker, ...]:
    return (*map(tracker, TRACKERS), *third_party())
