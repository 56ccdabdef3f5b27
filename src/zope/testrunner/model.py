"""The public home of what `zope.testrunner.core.model` defines."""

from zope.testrunner.core.model import (
    ExcInfo,
    ImportFailure,
    Judged,
    LayerName,
    LayerPlan,
    Levels,
    Outcome,
    Plan,
    Problem,
    Reason,
    Rejected,
    Stats,
    TearDownEnd,
    Test,
    TestRef,
    seen_from,
)

__all__ = [
    "ExcInfo",
    "ImportFailure",
    "Judged",
    "LayerName",
    "LayerPlan",
    "Levels",
    "Outcome",
    "Plan",
    "Problem",
    "Reason",
    "Rejected",
    "Stats",
    "TearDownEnd",
    "Test",
    "TestRef",
    "seen_from",
]
