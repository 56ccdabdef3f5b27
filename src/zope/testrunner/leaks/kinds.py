"""Leaks of one kind: what keeps them alive is the same container, and what allocates them the same line."""

from __future__ import annotations

from zope.testrunner.leaks.finding import Explanation
from zope.testrunner.leaks.wording import short_path


def kind_of(explanation: Explanation | None) -> str | None:
    """What leaks of one kind have in common, in words; None where it is not known what grows to hold them, or from where.

    It is the first container that grew, and the first line that allocates.
    """
    if explanation is None or explanation.bound is not None:
        return None
    holder = next((each for each in explanation.holders if each.after is not None), None)
    if holder is None or not explanation.places:
        return None
    place = explanation.places[0]
    return f"kept alive by {holder.expression}, allocated at {short_path(place.path)}:{place.line}"
