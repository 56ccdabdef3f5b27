"""What runs the plan of a run: this process, or a pool of workers; and what such an executor is given."""

from __future__ import annotations

from collections.abc import Sequence

from zope.testrunner.core.bus import Bus
from zope.testrunner.core.events import Importance, Notice
from zope.testrunner.core.layer_registry import current_registry
from zope.testrunner.execution.serial import RunContext, Serial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from zope.testrunner.assembly.output import RunOutput
    from zope.testrunner.core.events import Emit
    from zope.testrunner.core.run import Run
    from zope.testrunner.execution.serial import Executor, ReadyLayer
    from zope.testrunner.feature import Feature
    from zope.testrunner.workers.launchers import Script, Serve

    class AssembledRun(Run, Protocol):
        """A run with its features, and with the words that started it."""

        features: list[Feature]

        @property
        def script(self) -> Script:
            """How to start this run once more, for a child process."""


class ExecutorFactory:
    """Makes the executor that the options of a run ask for."""

    def __init__(self, run: AssembledRun, output: RunOutput) -> None:
        self._run = run
        self._output = output

    def context(self) -> RunContext:
        """What an executor is given."""
        run = self._run
        emit: Emit = self._output.bus.emit
        if run.config.leaks.layers:
            from zope.testrunner.execution.monitors.hunt import once_per_layer

            emit = once_per_layer(emit)
        if run.config.leaks.hunt is not None or run.config.leaks.watch:
            from zope.testrunner.execution.monitors.watch import once_per_layer as kept_once

            emit = kept_once(emit)
        if run.config.leaks.reads and run.worker == 0:
            from zope.testrunner.execution.monitors.settler_notices import once_per_run

            emit = once_per_run(emit)
        return RunContext(
            run.config.execute,
            run.config.leaks,
            emit,
            run.clock,
            current_registry(),
            self._announce,
            run.worker,
            resumed=run.options.resume_number == 0,
            held=self._output.held,
            subscriptions=self._output.bus,
            together=None if run.import_traces is None else run.import_traces.key,
        )

    def executor(self) -> Executor:
        """This process, or a pool of workers."""
        run, context = self._run, self.context()
        if not run.config.execute.uses_children:
            return Serial(context, _Resumer(run, context))
        from zope.testrunner.planning.work_groups import none_known
        from zope.testrunner.workers.launchers import pool_for

        pool = pool_for(context, run.script, self._run_worker, run.expected or none_known, self._note)
        if self._output.live_status is not None:
            pool.watch = self._output.show_running
        if run.import_traces is not None and run.config.output.verbose and pool.context.together is not None:
            from zope.testrunner.assembly.notices import undivided_modules

            for sentence in undivided_modules(run.plan, run.import_traces):
                self._note(sentence)
        return pool

    def _run_worker(self, serve: Serve, worker: int) -> None:
        """Be a copy of the process that was started, which runs tests for it."""
        run, output = self._run, self._output
        run.worker = worker
        output.recapture()

        from zope.testrunner.workers.main import Forward

        def begin(emit: Emit) -> None:
            output.bus = Bus([Forward(emit)])

        # Features that are made after a model of old do not have these hooks.
        for feature in run.features:
            getattr(feature, "worker_setup", _do_nothing)()
        serve(self.context(), begin, output.captured)
        for feature in reversed(run.features):
            getattr(feature, "worker_teardown", _do_nothing)()

    def _announce(self, layer: object) -> None:
        for feature in self._run.features:
            feature.layer_setup(layer)

    def _note(self, text: str) -> None:
        """Emit a notice that is shown with ``-v``."""
        if self._run.config.output.verbose:
            self._run.emit(Notice(self._run.clock(), 0, Importance.INFO, text))


class _Resumer:
    """Runs in child processes what this one cannot run any more; loads what that needs only when it comes to it."""

    def __init__(self, run: AssembledRun, context: RunContext) -> None:
        self._run = run
        self._context = context

    def __call__(self, layers: Sequence[ReadyLayer]) -> bool:
        from zope.testrunner.workers.resume import FreshWorkers

        return FreshWorkers(self._context, self._run.script)(layers)


def _do_nothing() -> None:
    """Stands for a hook that is not there."""
