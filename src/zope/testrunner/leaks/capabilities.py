"""What can be measured in this process, and what disturbs it, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zope.testrunner.leaks.registry import tracker

if TYPE_CHECKING:
    from zope.testrunner.leaks.measurement import Tracker


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
