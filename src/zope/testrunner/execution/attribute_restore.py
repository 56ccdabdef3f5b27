"""The attributes of a test object before and after its run: what it gains is taken away again."""

from __future__ import annotations

from zope.testrunner.planning.slim_tests import unshare

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.model import Test

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True


def own_attributes(test: Test) -> dict[str, object] | None:
    """Let a test have attributes of its own, and return what they were before; None if it cannot have any."""
    attributes: dict[str, object] | None = getattr(test, "__dict__", None)
    if attributes is None:
        return None
    kept = attributes.copy()
    unshare(attributes)
    return kept


def restore_attributes(attributes: dict[str, object], kept: dict[str, object]) -> None:
    """Make an instance's attributes what they were, touching only what differs.

    Emptying and refilling the dictionary would cost every test object some 400 bytes: it can then no longer share its
    keys with the other instances of the class.
    """
    if len(attributes) != len(kept):
        for name in [name for name in attributes if name not in kept]:
            del attributes[name]
    for name, value in kept.items():
        try:
            if attributes[name] is value:
                continue
        except KeyError:
            pass
        attributes[name] = value
