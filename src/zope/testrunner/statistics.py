"""The clock of a run, and its last word."""

from __future__ import annotations

from time import perf_counter

from zope.testrunner.events import RunFinished
from zope.testrunner.feature import Feature


class Statistics(Feature):
    """Counts the layers whose turn came, measures the time, and reports the totals."""

    active = True
    layers_run = 0
    started = finished = 0.0

    def late_setup(self) -> None:
        """The first layer is next."""
        self.started = perf_counter()

    def layer_setup(self, layer: object) -> None:
        """One more layer."""
        self.layers_run += 1

    def early_teardown(self) -> None:
        """The last layer is torn down."""
        self.finished = perf_counter()

    def report(self) -> None:
        """Say how it went as a whole."""
        runner = self.runner
        tally = runner.tally
        runner.emit(
            RunFinished(
                runner.clock(),
                runner.worker,
                tally.stats,
                self.finished - self.started,
                self.layers_run,
                tuple(tally.errored),
                tuple(tally.failed),
                listing=runner.listing,
                interrupted=runner.interrupted,
                leaking=tally.leaking,
                judged=tally.judged,
            )
        )
