"""What leak tracking measures and decides, as plain values: a sample, a reading, a verdict.

Everything here is a named tuple of numbers, strings and enumerations, so that it can be sent from one process
to another as JSON, and so that this module costs next to nothing to import.  It knows no tracker.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple


class Unit(Enum):
    """What the numbers of a tracker count."""

    COUNT = "count"
    BYTES = "bytes"


class Sample(NamedTuple):
    """What a tracker counts at one moment.

    ``total`` is the number.  ``detail`` says by name or type what it is made of, where the tracker can tell:
    for each title the number of instances and the number of references to them (0 where references mean
    nothing, as for descriptors).
    """

    total: int
    detail: Mapping[str, tuple[int, int]] | None = None


class Change(NamedTuple):
    """How many ``instances`` of one type (or name) came or went, and how many ``references`` to them."""

    title: str
    instances: int
    references: int


class Reading(NamedTuple):
    """What a tracker says about one lap: the ``total`` after it, and the ``change`` since the lap before.

    With details, ``changes`` has one row for every type whose numbers changed, sorted by title, and
    ``detail_total`` is the number of references to everything that was inspected.  The inspected objects are
    not all objects there are, so ``detail_total`` is less than the total number of references.
    """

    tracker: str
    unit: Unit
    total: int
    change: int
    detail_total: int | None = None
    changes: tuple[Change, ...] = ()


class Unavailable(NamedTuple):
    """A tracker cannot measure anything here; ``why`` is a sentence for people."""

    why: str


class Growth(Enum):
    """What repeated runs of the same work say about one counter, or about the work as a whole.

    The order is that of importance: the verdict on a test is the first of these that one of its counters
    shows.
    """

    #: It grew in every judged run, and in every one that was run to confirm it.
    LEAK = "leak"
    #: Only the number of references to what exists already grew like that: nothing new stays alive.
    REFERENCES = "reference growth"
    #: It grew for a while and then stopped: a cache or a pool that is full now.
    BOUNDED = "bounded growth"
    #: Only the first run, or a single later one, added to it: an import, a table that is built once.
    ONE_TIME = "one-time growth"
    #: It did not grow.
    STABLE = "stable"
    #: The work behaved differently when it was run again, so that its runs cannot be compared.
    NOT_REPEATABLE = "cannot be repeated"
    #: There is a reason not to say anything.
    NOT_JUDGED = "not judged"


class Verdict(NamedTuple):
    """What was decided about one counter over several runs of the same work.

    ``deltas`` are the changes that the judgement rests on, one for each run after the warm-up, in the order
    of the runs (the confirming ones included).  ``per_run`` is what every run adds at least, 0 unless it is a
    leak.  ``why`` is the reason of a verdict that is not clear from the numbers alone.
    """

    tracker: str
    unit: Unit
    growth: Growth
    deltas: tuple[int, ...] = ()
    per_run: int = 0
    why: str | None = None

    @property
    def is_leak(self) -> bool:
        """Whether this is a leak."""
        return self.growth is Growth.LEAK
