"""What the verdicts on counters come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from zope.testrunner.leaks import pristine_gc as gc
from zope.testrunner.leaks.finding import Explanation, Finding
from zope.testrunner.leaks.readings import Growth, Verdict

if TYPE_CHECKING:
    pass


#: The verdicts on counters, from the one that matters most: a suspicion that stays is not let go for what is clear.
_BY_WEIGHT: Final = (Growth.LEAK, Growth.REFERENCES, Growth.NOT_JUDGED, Growth.BOUNDED, Growth.ONE_TIME, Growth.STABLE)


OTHERS: Final = "as much is made while nothing is done: another thread is at work"


_KEPT_KINDS: Final = frozenset({"function", "type", "module", "code"})


_RESOURCES: Final = frozenset({"heap", "descriptors", "threads"})


_REFERENCE_COUNTERS: Final = frozenset({"refcounts", "references"})


def overall(verdicts: Sequence[Verdict]) -> Growth:
    """The verdict on the work, given those on its counters.

    Growth of nothing but references is a class of its own, since nothing new stays alive.
    """
    kinds = {
        Growth.REFERENCES if verdict.is_leak and verdict.tracker in _REFERENCE_COUNTERS else verdict.growth
        for verdict in verdicts
    }
    return next((growth for growth in _BY_WEIGHT if growth in kinds), Growth.STABLE)


def undecided(verdicts: Sequence[Verdict], *, restless: bool) -> str | None:
    """Why it is not known whether the work leaks, by the first counter that might tell."""
    found = next(each for each in verdicts if each.growth is Growth.NOT_JUDGED)
    if found.why is None or found.why == OTHERS:
        return found.why
    return f"{found.tracker}: {found.why}{', while other threads were at work' if restless else ''}"


def cleared(finding: Finding, judged: Sequence[Verdict], why: str) -> Finding:
    """The finding that nothing leaks after all, for this reason; ``judged`` are the verdicts that count."""

    def without(verdict: Verdict) -> Verdict:
        return verdict._replace(growth=Growth.STABLE, per_run=0, why=why) if verdict.is_leak else verdict

    return Finding(overall([*map(without, judged)]), tuple(map(without, finding.verdicts)), finding.runs)


def has_grown(explanation: Explanation | None) -> bool:
    """Whether it is known what grows; also if nothing is, as to look for it failed."""
    return explanation is not None and (explanation.failed or any(each.after is not None for each in explanation.holders))


def is_more_than_weak(explanation: Explanation, verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing new is seen but weak references, which cannot be what the system's resources go into."""
    return all(row.title == "weakref.ReferenceType" for row in explanation.new) and any(
        verdict.is_leak and verdict.tracker in _RESOURCES for verdict in verdicts
    )


def may_be_kept_by_python(explanation: Explanation, verdicts: Sequence[Verdict]) -> bool:
    """Whether the interpreter itself may be what keeps the new objects: classes have left theirs, or none is seen at all.

    Those that it keeps are not seen themselves, but the tuple of its bases is seen of a class.
    """
    return (
        not explanation.failed
        and not explanation.holders
        and (
            not explanation.new
            or any(row.title in _KEPT_KINDS or row.example.startswith("(<class ") for row in explanation.new)
        )
        and gc.keeps_functions()
        and not any(verdict.is_leak and verdict.tracker in _RESOURCES for verdict in verdicts)
    )
