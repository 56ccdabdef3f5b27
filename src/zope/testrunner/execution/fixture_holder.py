"""What stands for a class or module fixture where a test is expected: `FixtureHolder`."""

from __future__ import annotations

from zope.testrunner.core.model import TestRef

TYPE_CHECKING = False
if TYPE_CHECKING:
    import unittest

    from zope.testrunner.core.model import LayerName

# Frames of this module are the runner's own; tracebacks leave them out, as they do with unittest's.
__unittest = True


class FixtureHolder:
    """Stands for a class or module fixture where a test is expected; its text is ``setUpClass (mod.Class)``.

    It can also stand for a test, or something else, that is over.
    """

    failureException = None

    def __init__(self, label: str) -> None:
        self._label = label
        self._over: TestRef | None = None

    @classmethod
    def of(cls, test: TestRef) -> FixtureHolder:
        """What stands for something that is over."""
        holder = cls(test.label)
        holder._over = test
        return holder

    def reference(self, layer: LayerName) -> TestRef:
        """What events say about it."""
        over = self._over
        if over is None:
            return TestRef(self, layer, 0)
        return TestRef(None, layer, 0, id=over.id, label=over.label).named(over.names)

    def id(self) -> str:
        """The same text, since a fixture has no id of its own."""
        return self._label

    def countTestCases(self) -> int:
        """A fixture is no test."""
        return 0

    def shortDescription(self) -> None:
        """There is none."""

    def __call__(self, result: unittest.TestResult) -> None:
        raise TypeError(f"{self._label} is a fixture and cannot be run by itself")

    def __str__(self) -> str:
        return self._label
