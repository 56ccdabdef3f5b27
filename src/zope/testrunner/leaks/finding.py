"""What a hunt finds, as plain values: the verdicts, and what explains a leak."""

from __future__ import annotations

from typing import NamedTuple

from zope.testrunner.leaks.readings import Growth, Verdict


class New(NamedTuple):
    """Objects of one type that stay alive: how many from every run, and one of them as text."""

    title: str
    per_run: int
    example: str


class Call(NamedTuple):
    """A line that calls another one, and its text."""

    path: str
    line: int
    source: str


class Place(NamedTuple):
    """A line that allocates what stays alive: the number of blocks per run there, and the line itself.

    Where a library does that for the user's code, it is the line of the user's code, and ``inside`` that of the library.
    ``caller`` is the innermost line of the test's own file, if it is known and another one.
    """

    path: str
    line: int
    per_run: int
    source: str
    inside: Call | None = None
    caller: Call | None = None


class Holder(NamedTuple):
    """What holds on to it: an expression as Python would write it, its type, and its sizes if it is what grew."""

    expression: str
    title: str
    before: int | None = None
    after: int | None = None


class Counted(NamedTuple):
    """An object with more references after every run: the way to it if there is one, its type, how many more, its text."""

    expression: str | None
    title: str
    per_run: int
    text: str


class Explanation(NamedTuple):
    """What is known about a leak.

    ``route`` is the way to one of the new objects, from a module, class, thread or frame.  ``bound`` is the
    size at which the growth ends by itself, as for a cache.  ``named`` are the new descriptors and threads,
    by name.  ``counted`` are objects that exist anyway, and get more references.  ``why`` says what could not
    be found out, and ``failed`` that something went wrong with it.  ``allocator`` is the line that allocates most, also
    where ``places`` name the one that called for it.
    """

    new: tuple[New, ...] = ()
    places: tuple[Place, ...] = ()
    holders: tuple[Holder, ...] = ()
    route: str | None = None
    bound: int | None = None
    named: tuple[str, ...] = ()
    why: str | None = None
    failed: bool = False
    counted: tuple[Counted, ...] = ()
    allocator: tuple[str, int] | None = None


class Finding(NamedTuple):
    """What a hunt found out.

    ``growth`` is the verdict on the work, ``verdicts`` those on the counters.  ``runs`` is how often the work
    was done to reach it, and ``why`` gives the reason if it was not judged or not repeated.  ``explanation``
    is there for a suspect.  ``kind`` is what leaks of the same kind have in common, in words (see
    `zope.testrunner.leaks.kinds`), and ``like`` the same if an earlier leak of this kind was explained in full.  ``again``
    is in how many more runs it grew, those of the explanation.
    """

    growth: Growth
    verdicts: tuple[Verdict, ...] = ()
    runs: int = 0
    why: str | None = None
    explanation: Explanation | None = None
    kind: str | None = None
    like: str | None = None
    again: int = 0

    @property
    def is_leak(self) -> bool:
        """Whether the work leaks: something new stays alive from every run, or references to what exists grow."""
        return self.growth in (Growth.LEAK, Growth.REFERENCES)

    @property
    def grown(self) -> tuple[Verdict, ...]:
        """The verdicts on the counters that leak."""
        return tuple(verdict for verdict in self.verdicts if verdict.is_leak)
