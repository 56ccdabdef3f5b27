"""Leak detection on any Python: trackers, sessions over them, verdicts, and hunts that explain what they find.

It knows nothing of test runners, and needs only the standard library.  Importing it loads no tracker: what is
named here is loaded when it is first used.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from zope.testrunner.leaks.explain import describe
    from zope.testrunner.leaks.hunting import CannotRepeat, Finding, Hunter, hunt
    from zope.testrunner.leaks.markers import expected_leak, no_leak_check
    from zope.testrunner.leaks.measurement import Session, Tracker
    from zope.testrunner.leaks.readings import Unavailable
    from zope.testrunner.leaks.verdict import Policy, fixed, judge

__all__ = [
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

_LAZY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "CannotRepeat": "hunting",
        "Finding": "hunting",
        "Hunter": "hunting",
        "Policy": "verdict",
        "Session": "session",
        "Tracker": "session",
        "describe": "explain",
        "expected_leak": "expected",
        "fixed": "verdict",
        "hunt": "hunting",
        "judge": "verdict",
        "no_leak_check": "expected",
    }
)


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = value
    return value


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


def trackers_for_repeat(*, details: bool = False) -> tuple[Tracker, ...]:
    """The trackers for repeated layers: the best one for all memory of Python, and those of other packages.

    The best is the first that works here of references, memory blocks and objects.  References need a debug
    build of Python and see everything; blocks need CPython and see all but further references to what exists;
    objects work everywhere.  The answer is never empty, and the first tracker can carry details; the others do
    with ``details``.
    """
    from zope.testrunner.leaks.external_trackers import working

    return (_main_tracker(), *working(details=details))


def what_more_a_debug_build_reads() -> str | None:
    """A sentence for people who measure on an ordinary build of Python, or None on a debug build."""
    if tracker("refcounts").unavailable() is None:
        return None
    counted = (
        "memory blocks are"
        if _main_tracker().name == "blocks"
        else "objects with links to others are"
    )
    return (
        f"This Python does not count references, so {counted} counted instead; a debug build "
        "(configured --with-pydebug) also sees new references to objects that exist already."
    )


def what_disturbs() -> str | None:
    """A sentence about what runs in this process and allocates memory while tests run, or None.

    These are tracers, profilers and other tools of ``sys.monitoring`` (coverage measurement is one of them), and
    ``tracemalloc``.
    """
    import sys

    monitoring = getattr(sys, "monitoring", None)
    tools = [] if monitoring is None else [name for number in range(6) if (name := monitoring.get_tool(number))]
    tracemalloc = sys.modules.get("tracemalloc")
    from zope.testrunner.leaks.verdict import jit_is_enabled

    found = [
        *(["the JIT compiler of this Python (PYTHON_JIT=0 switches it off)"] if jit_is_enabled() else []),
        *(["a trace function (coverage, a debugger)"] if sys.gettrace() is not None else []),
        *(["a profiler"] if sys.getprofile() is not None else []),
        *(f"the monitoring tool {name!r}" for name in tools),
        *(["tracemalloc"] if tracemalloc is not None and tracemalloc.is_tracing() else []),
    ]
    if not found:
        return None
    return (
        f"Readings of memory are affected by {' and '.join(found)}, which allocates while tests run: "
        "look for leaks in a run without it."
    )


def what_hunts_cannot_see() -> str | None:
    """A sentence about the leaks that cannot be found here at all, or None if nothing that matters is missing.

    On a debug build of Python it depends on the modules that are loaded by now.
    """
    from zope.testrunner.leaks.trackers.refcounts import foreign_extensions

    foreign = foreign_extensions()
    if foreign:
        who = f"{foreign[0]} and {len(foreign) - 1} more do" if len(foreign) > 1 else f"{foreign[0]} does"
        return (
            f"References to objects that exist already are not judged: {who} not count references, being built for "
            "ordinary Python."
        )
    missing = tracker("blocks").unavailable()
    if missing is None or tracker("refcounts").unavailable() is None:
        return None
    return f"Leaked strings, numbers and bytes are not seen: {missing.why}."


def _main_tracker() -> Tracker:
    """The one that sees most of those that work here."""
    for name in ("refcounts", "blocks", "objects"):
        chosen = tracker(name)
        if chosen.unavailable() is None:
            break
    return chosen


def _everyone() -> tuple[Tracker, ...]:
    return (*map(tracker, TRACKERS), *third_party())
