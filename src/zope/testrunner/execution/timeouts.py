"""How long tests and the hooks of layers may take: `Limits`."""

from __future__ import annotations

from zope.testrunner.core.model import Test


class Limits:
    """Time limits in seconds, None for no limit: for a test that sets none itself, and for each hook of a layer."""

    def __init__(self, test: float | None = None, layer: float | None = None) -> None:
        self.test = test
        self.layer = layer

    def of(self, test: Test) -> float | None:
        """How long this test may take.

        The attribute ``timeout`` of the test method counts, or else that of its object or class, if it is a number; 0 is no
        limit.
        """
        method = getattr(type(test), getattr(test, "_testMethodName", ""), None)
        for holder in (method, test):
            own = getattr(holder, "timeout", None)
            if isinstance(own, (int, float)) and not isinstance(own, bool) and own >= 0:
                return float(own) or None
        return self.test
