"""Numbers that are said in passing: sizes, and how many verdicts of which kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zope.testrunner.model import Judged


def in_words(size: int) -> str:
    """A number of bytes for people: ``712MB``, ``12.4MB``, ``830.0kB``."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if abs(size) >= factor:
            value = size / factor
            return f"{value:.0f}{unit}" if abs(value) >= 100 else f"{value:.1f}{unit}"
    return f"{size}B"


def verdict_line(judged: Sequence[Judged]) -> str:
    """The numbers of all verdicts in one line."""
    numbers = ", ".join(f"{each.number} {each.growth.value}" for each in judged)
    total = sum(each.number for each in judged)
    return f"Leaks: {total} judged: {numbers}."
