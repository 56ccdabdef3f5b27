"""Historical face of the table by type: `TrackRefs`.  `zope.testrunner.leaks.trackers.refcounts` does the counting."""

from __future__ import annotations

import sys

from zope.testrunner.leaks.settle import collect
from zope.testrunner.leaks.trackers.refcounts import TypeTable


class TrackRefs:
    """Tells how the instances of every type, and references to them, changed from one `update` to the next.

    Objects are counted that the garbage collector knows, and what else can be reached from objects made since this one was.
    """

    __slots__ = ("_table", "delta", "n")

    #: (title, change of instances, change of references) of every type that changed, sorted; None before
    #: there are two updates to compare, and after `output`.
    delta: list[tuple[str, int, int]] | None
    #: The number of references to everything that was counted.
    n: int

    def __init__(self) -> None:
        self._table = TypeTable()
        self.delta = None
        self.n = 0
        collect()
        self._table.begin()
        # The first round makes what is made only once, such as the names of types.
        self.update()
        self.update()
        self.delta = None

    @property
    def type2count(self) -> dict[str, int]:
        """The number of instances by the name of their type."""
        return {title: many for title, (many, _) in self._table.numbers().items() if many}

    @property
    def type2all(self) -> dict[str, int]:
        """The number of references to all instances of a type, by its name."""
        return {title: references for title, (many, references) in self._table.numbers().items() if many}

    def update(self) -> None:
        """Count again, after a garbage collection, and set `delta` and `n`."""
        collect()
        own = {id(self), id(self.delta), id(self.n), id(TrackRefs), *map(id, vars(TrackRefs).values())}
        for row in self.delta or ():
            own.update((id(row), *map(id, row)))
        self.n, self.delta = self._table.update(own)

    def output(self) -> None:
        """Print a table of the changes, and forget them; nothing is printed if there are none."""
        rows, self.delta = self.delta, None
        if rows:
            from zope.testrunner.report.console.growth_table import growth_table

            sys.stdout.write(growth_table(rows))


def type_or_class_title(kind: type) -> str:
    """The name of a class for people: ``dict`` for a built-in one, ``module.Class`` for others."""
    if kind.__module__ in ("builtins", "__builtin__"):
        return kind.__name__
    return f"{kind.__module__}.{kind.__name__}"
