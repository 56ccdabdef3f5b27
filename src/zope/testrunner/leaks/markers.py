"""Markers for tests, classes, suites and layers: this leak is known, or this one is not to be judged.

A marker is an attribute of the object it is put on.  `marker_for` finds it, `compare` says whether it is
still true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Final, NamedTuple, TypeVar

from zope.testrunner.leaks.readings import Growth, Verdict

_ATTRIBUTE: Final = "__leaks_expected__"

#: What is not just another view of the same leak: an object is in several counters, but a thread is no list.
_APART: Final = frozenset({"descriptors", "threads"})

Marked = TypeVar("Marked")


class Expected(NamedTuple):
    """What somebody knows about the leaks of some work.

    ``kind`` is the name of the tracker that shows the leak, or None for any; ``most`` is the largest growth
    per run that is tolerated, or None for any; with ``judged`` false nothing is said about the work at all.
    """

    reason: str
    kind: str | None = None
    most: int | None = None
    judged: bool = True


class Agreement(Enum):
    """How a marker and the verdicts agree."""

    #: The known leak is there, and no other.
    KNOWN = "known leak"
    #: There is a leak that the marker does not cover, or more of it.
    WORSE = "worse than expected"
    #: There is no leak any more: the marker is to be removed.
    STALE = "expected, but gone"
    #: Nothing is to be said.
    UNCHECKED = "not judged"


def expected_leak(
    *, reason: str, kind: str | None = None, max: int | None = None
) -> Callable[[Marked], Marked]:
    """Mark a test, class, suite or layer whose leak is known; it is a problem only when the leak grows, or is gone.

    ``reason`` is for people.  ``kind`` names the tracker that shows it (``blocks``, ``descriptors``,
    ``threads`` ...); without it, growth of any kind is known.  ``max`` is the largest growth per run that is
    tolerated.

    Raises ValueError if there is no reason, or if ``max`` is not positive.
    """
    return _marker(known(reason=reason, kind=kind, max=max))


def no_leak_check(*, reason: str) -> Callable[[Marked], Marked]:
    """Mark a test, class, suite or layer that is not to be judged at all.

    Raises ValueError if there is no reason.
    """
    return _marker(unchecked(reason=reason))


def known(*, reason: str, kind: str | None = None, max: int | None = None) -> Expected:
    """What `expected_leak` with these arguments says; for those who have other ways to mark things."""
    if kind is not None and not isinstance(kind, str):
        raise ValueError(f"expected_leak(kind={kind!r}): the name of a tracker is a string, such as 'blocks'")
    if kind is not None:
        _check_kind(kind)
    if max is not None and (not isinstance(max, int) or max < 1):
        raise ValueError(f"expected_leak(max={max!r}): a leak grows by at least 1 per run")
    return Expected(_checked(reason, "expected_leak"), kind, max)


def unchecked(*, reason: str) -> Expected:
    """What `no_leak_check` says; for those who have other ways to mark things."""
    return Expected(_checked(reason, "no_leak_check"), judged=False)


def marker_for(*objects: object) -> Expected | None:
    """The marker of the first of these objects that has one: ask with the test's method first, then class, suite, layer."""
    for each in objects:
        found = getattr(each, _ATTRIBUTE, None)
        if isinstance(found, Expected):
            return found
    return None


def compare(expected: Expected, verdicts: Iterable[Verdict]) -> tuple[Agreement, str]:
    """Whether the verdicts are what was expected, and a sentence that says so."""
    if not expected.judged:
        return Agreement.UNCHECKED, expected.reason
    verdicts = tuple(verdicts)
    if expected.kind is not None and not any(
        verdict.tracker == expected.kind and verdict.growth is not Growth.NOT_JUDGED for verdict in verdicts
    ):
        return Agreement.UNCHECKED, f"{expected.kind} cannot be judged here ({expected.reason})"
    leaks = [verdict for verdict in verdicts if verdict.growth in (Growth.LEAK, Growth.REFERENCES)]
    known = [verdict for verdict in leaks if expected.kind in (None, verdict.tracker)]
    if not known:
        what = f"a leak of {expected.kind}" if expected.kind else "a leak"
        return (
            Agreement.STALE,
            f"{what} was expected ({expected.reason}), and there is none: remove the marker",
        )
    other = next((each for each in leaks if each not in known and each.tracker in _APART), None)
    if other is not None:
        only = f"only a leak of {expected.kind} was expected ({expected.reason})"
        return Agreement.WORSE, f"every run adds {other.per_run} to {other.tracker}, and {only}"
    if expected.most is not None:
        # References to new objects are not shown where the objects are, so nobody could know their number.
        shown = [verdict for verdict in known if verdict.tracker != "references"] or known
        over = [verdict for verdict in shown if verdict.per_run > expected.most]
        if over:
            worst = max(over, key=lambda verdict: verdict.per_run)
            return (
                Agreement.WORSE,
                f"every run adds {worst.per_run} to {worst.tracker}, and {expected.most} were expected ({expected.reason})",
            )
    return Agreement.KNOWN, expected.reason


def _checked(reason: str, marker: str) -> str:
    if not isinstance(reason, str) or not reason.strip():
        raise ValueError(f"{marker}(reason={reason!r}): say in words why, for those who find it later")
    return reason


def _check_kind(kind: str) -> None:
    from zope.testrunner.leaks.registry import TRACKERS, third_party

    # What counts references object by object is a part of every hunt, and no tracker for other uses.
    ours = (*TRACKERS, "references")
    if kind in ours or kind in (others := [each.name for each in third_party()]):
        return
    raise ValueError(
        f"expected_leak(kind={kind!r}): no leak tracker is called so; there are {', '.join([*ours, *others])}"
    )


def _marker(expected: Expected) -> Callable[[Marked], Marked]:
    def mark(marked: Marked) -> Marked:
        setattr(marked, _ATTRIBUTE, expected)
        return marked

    return mark
