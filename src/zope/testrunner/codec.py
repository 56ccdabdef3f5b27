"""The public home of what `zope.testrunner.core.event_codec` defines."""

from zope.testrunner.core.event_codec import (
    KINDS,
    VERSION,
    NotAnEvent,
    Plain,
    from_wire,
    to_wire,
)

__all__ = [
    "KINDS",
    "VERSION",
    "NotAnEvent",
    "Plain",
    "from_wire",
    "to_wire",
]
