"""Work that cannot be done again, or that goes differently then."""

from __future__ import annotations


class CannotRepeat(Exception):
    """To be raised by work that went differently than the first time; the message says how."""


class CannotGoOn(CannotRepeat):
    """The same, by work that would go no better if it could see all objects: it is not tried once more."""


class NotRepeatable(Exception):
    """The work failed when it was done again: the reason, and how often it had been done."""


def why_not_again(error: Exception) -> str:
    """What went differently than the first time."""
    return str(error) if isinstance(error, CannotRepeat) else f"{type(error).__name__} when run again: {error}"
