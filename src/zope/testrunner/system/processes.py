"""Which processes a process is the parent of, asked of the system."""

from __future__ import annotations

from zope.testrunner.system.originals import io, os


def children_of(pid: int) -> set[int]:
    """The processes that this one is the parent of."""
    found: set[int] = set()
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with io.open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found.update(map(int, file.read().split()))
    except OSError:
        pass
    return found
