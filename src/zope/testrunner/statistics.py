"""The clock of a run, and its last word."""

from __future__ import annotations

from collections.abc import Sequence

from zope.testrunner.core.events import RunFinished
from zope.testrunner.core.model import rank
from zope.testrunner.feature import Feature
from zope.testrunner.system.originals import os, time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from zope.testrunner.core.model import LayerWatched


class Statistics(Feature):
    """Counts the layers whose turn came, measures the time, and reports the totals."""

    active = True
    layers_run = 0
    started = finished = 0.0

    def late_setup(self) -> None:
        """The first layer is next."""
        self.started = time.perf_counter()

    def layer_setup(self, layer: object) -> None:
        """One more layer."""
        self.layers_run += 1

    def early_teardown(self) -> None:
        """The last layer is torn down."""
        self.finished = time.perf_counter()

    def report(self) -> None:
        """Say how it went as a whole."""
        runner = self.runner
        tally = runner.tally
        errored_at, failed_at, again = ((), (), "") if tally.is_successful or runner.worker else self._locations()
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
                errored_at=errored_at,
                failed_at=failed_at,
                again=again,
                leak_kinds=tally.leak_kinds,
                watched=tally.watched,
                to_judge=self._to_judge(tally.watched),
            )
        )

    def _to_judge(self, watched: Sequence[LayerWatched]) -> str:
        """The command that judges the tests after which most stayed."""
        stayed = sorted((each for layer in watched for each in layer.stayed if each.is_test), key=rank)
        if not stayed or self.runner.worker:
            return ""
        from zope.testrunner.history.rerun_command import judge_command

        words = self.runner.options.original_testrunner_args
        return judge_command(words, [each.label for each in stayed], self.runner.directory) or ""

    def _locations(self) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Where the errors and the failures are, and the command that runs again what has gone wrong."""
        # Most runs need neither of these.
        from zope.testrunner.history.rerun_command import rerun_command
        from zope.testrunner.report.locations import location

        runner = self.runner
        tally, options, select = runner.tally, runner.options, runner.config.select
        directory = runner.directory
        roots = [os.path.realpath(path) for path in (directory, *select.paths)]

        def location_of(report: str | None) -> str:
            return "" if report is None else location(report, roots, first=not report.startswith("Traceback"))

        labels = list(dict.fromkeys((*tally.errored, *tally.failed, *tally.leaking)))
        again = rerun_command(
            options.original_testrunner_args,
            labels,
            directory,
            remembers=options.history != "" and not runner.is_nested,
            has_filters=select.test != (".",) or select.module != (".",) or options.load_list is not None,
        )
        return (
            tuple(location_of(report) for _, report in tally.errors),
            tuple(location_of(report) for _, report in tally.failures),
            "" if again is None or options.load_list == "-" else again,
        )
