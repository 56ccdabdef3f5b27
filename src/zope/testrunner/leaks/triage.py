"""What a finding means to those who run the work: whether it is a problem, and what is to be told."""

from __future__ import annotations

from typing import NamedTuple

# What explains is there before the first test: a test must not find more modules after a leak than before it.
from zope.testrunner.leaks import explain as _explain  # noqa: F401
from zope.testrunner.leaks.finding import Finding
from zope.testrunner.leaks.markers import Agreement, Expected, compare
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.leaks.wording import describe


class Judgement(NamedTuple):
    """A finding, weighed against what somebody knew before.

    ``report`` tells it in lines, none if there is nothing to tell; ``why`` is the reason in a sentence, if
    there is one.  ``agreement`` is there if something was known and could be judged.
    """

    is_problem: bool
    report: tuple[str, ...]
    why: str | None = None
    agreement: Agreement | None = None


def weigh(finding: Finding, label: str, known: Expected | None) -> Judgement:
    """What to make of a finding about the work of this name, given its marker."""
    report = describe(finding, label)
    if known is None or finding.growth in (Growth.NOT_REPEATABLE, Growth.NOT_JUDGED):
        return Judgement(finding.is_leak, report, finding.why)
    agreement, why = compare(known, finding.verdicts)
    if agreement is Agreement.UNCHECKED and not finding.is_leak:
        return Judgement(False, report, finding.why)
    if agreement is Agreement.STALE and not finding.is_leak:
        report = (f"Leak expected in {label}, but gone", f"  {why}")
    else:
        report = (*report, f"  {agreement.value}: {why}")
    return Judgement(agreement in (Agreement.WORSE, Agreement.STALE), report, why, agreement)
