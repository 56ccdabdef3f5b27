"""Running layers in several child processes at once, with one report: `Pool`."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from zope.testrunner.core.events import TearDownStarted
from zope.testrunner.core.model import LayerName, Plan
from zope.testrunner.execution.serial import RunContext, resolved
from zope.testrunner.planning.work_groups import Expected, none_known
from zope.testrunner.system.originals import os, signal, threading, time
from zope.testrunner.workers.batches import Job, job_for
from zope.testrunner.workers.crash_report import CrashReport
from zope.testrunner.workers.dispatcher import Dispatcher
from zope.testrunner.workers.framing import NoMessage
from zope.testrunner.workers.handle import WorkerHandle
from zope.testrunner.workers.ordered_report import OrderedReport
from zope.testrunner.workers.orphans import OrphanReaper, Subreaper
from zope.testrunner.workers.process_group import Process, readable, standard_descriptors
from zope.testrunner.workers.protocol import WorkerConfig
from zope.testrunner.workers.scheduler import Schedule

if TYPE_CHECKING:
    from types import FrameType

    from zope.testrunner.execution.timeouts import Limits

#: Seconds.  Between two looks at what runs; the longest wait for anything to happen, and where the end of a process makes
#: no descriptor readable; and the longest time in which only messages are waited for, and not what is printed.
PERIOD, TICK, SHORT_TICK, GLANCE = 0.5, 0.25, 0.02, 0.01


class Launcher(Protocol):
    """Makes a child process that works for a layer."""

    def __call__(self, config: WorkerConfig, worker: int, foreign: Sequence[int], /) -> Process: ...

    #: The command line that a report names, empty for a copy of this process.
    def command(self, layer: LayerName) -> tuple[str, ...]:
        """The command line of a worker for a layer."""


class Pool:
    """Runs a plan in child processes, ``slots`` at a time, and reports it like a serial run would.

    The tests of layers that are splittable are handed out in parts, those of others are run by one worker each.  A worker
    that goes away costs the test that it was running; the rest of its work is done by another one.

    ``expected`` tells how long tests took in earlier runs: what takes longest is started first.
    """

    def __init__(
        self, context: RunContext, launch: Launcher, slots: int, limits: Limits, expected: Expected = none_known
    ) -> None:
        self.context = context
        self._launch = launch
        self._slots = slots
        self._limits = limits
        self._expected = expected
        #: Whether the process of a worker got too large.
        self.over_limit = False
        #: Whether the user broke the run off.
        self.interrupted = False
        #: No worker has a debugger: it could not talk with the user.
        self.debugged = False
        #: Called from time to time with what runs: the layer, what it is doing and for how many seconds.
        self.watch: Callable[[Sequence[tuple[str, str, float]]], None] | None = None

    def run(self, plan: Plan) -> None:
        """Run all layers of a plan; ends when no process is left."""
        stop_on_error = self.context.execute.stop_on_error
        found = resolved(plan, self.context)
        if stop_on_error and len(found) < len(plan.layers):
            return
        jobs = [job_for(index, ready, self.context, self._expected) for index, ready in enumerate(found)]
        schedule = Schedule(jobs, self._slots, stop_on_error=stop_on_error)
        ordered_report = OrderedReport(self.context, schedule)
        crash_report = CrashReport(schedule, ordered_report, self.context.clock, self._launch.command)
        dispatcher = Dispatcher(schedule, ordered_report, crash_report, self._limits, hunts=self.context.leaks.hunts)
        loop = _Loop(schedule, ordered_report, crash_report, dispatcher, self._launch, self.watch)
        try:
            loop.run()
        finally:
            self.over_limit = dispatcher.over_limit
            self.interrupted = schedule.interrupted


class _Loop:
    """One run of a pool: starts workers, listens to them, and sees that they end."""

    def __init__(
        self,
        schedule: Schedule,
        ordered_report: OrderedReport,
        crash_report: CrashReport,
        dispatcher: Dispatcher,
        launch: Launcher,
        watch: Callable[[Sequence[tuple[str, str, float]]], None] | None,
    ) -> None:
        self._schedule = schedule
        self._ordered_report = ordered_report
        self._crash_report = crash_report
        self._dispatcher = dispatcher
        self._launch = launch
        self._watch = watch
        self._watched = 0.0
        #: When all was looked at.
        self._looked = 0.0
        self._number = 0
        self._orphan_reaper: OrphanReaper | None = None
        self._subreaper = Subreaper()

    def run(self) -> None:
        subreaper = self._subreaper
        try:
            with standard_descriptors(), self._ctrl_c():
                with contextlib.suppress(OSError):
                    # Without one it works as well, as long as nobody kills this process.
                    self._orphan_reaper = OrphanReaper()
                self._start_workers()
                # That takes a moment, and now there is time.
                subreaper.begin()
                self._go_on()
        finally:
            for worker in list(self._schedule.workers):
                worker.kill()
                self._forget(worker)
            subreaper.end(set())
            subreaper.stop()
            if self._orphan_reaper is not None:
                self._orphan_reaper.dismiss()

    def _go_on(self) -> None:
        while True:
            self._start_workers()
            self._ordered_report.go_on()
            if not self._schedule.workers:
                break
            self._show()
            self._wait()
        self._ordered_report.go_on(everything=True)

    def _show(self) -> None:
        now = time.monotonic()
        if self._watch is None or now - self._watched < PERIOD:
            return
        self._watched = now
        running = [(worker.job.buffer.name, worker.what, now - worker.since) for worker in self._schedule.workers]
        self._watch([each for each in running if each[2] >= PERIOD])

    # Beginnings

    def _start_workers(self) -> None:
        while (job := self._schedule.next_job()) is not None:
            if not self._start(job):
                return

    def _start(self, job: Job) -> bool:
        """Start a worker for a job; False if that has to wait until another one ends."""
        buffer, others = job.buffer, self._schedule.workers
        job.has_begun = True
        token = os.urandom(4).hex().encode("ascii")
        config = WorkerConfig(buffer.ready, buffer.sections, token, buffer.split)
        foreign = [each for worker in others for each in worker.descriptors]
        if self._orphan_reaper is not None:
            foreign.append(self._orphan_reaper.descriptor)
        try:
            process = self._launch(config, buffer.worker_number, foreign)
        except OSError as error:
            if others:
                if not any(worker.is_leaving for worker in others):
                    # With fewer at a time it may work.
                    self._schedule.slots = len(others)
                return False
            job.is_hopeless = True
            job.todo.clear()
            self._crash_report.lost(job, f"it could not be started ({error})", [])
            return True
        self._number += 1
        if self._orphan_reaper is not None:
            self._orphan_reaper.watch(process.pid)
        self._schedule.add(WorkerHandle(self._number, process, job, token))
        return True

    # While they run

    def _wait(self) -> None:
        """Wait until something happens, and deal with that."""
        workers = self._schedule.workers
        now = time.monotonic()
        glance = self._looked + GLANCE - now
        thorough = glance <= 0
        soonest = min((worker.deadline for worker in workers if worker.deadline is not None), default=now + TICK)
        seconds = min(TICK, max(0.0, soonest - now))
        if any(worker.process.end is None for worker in workers):
            seconds = min(seconds, SHORT_TICK)
        by_descriptor = {each: worker for worker in workers for each in worker.watched(everything=thorough)}
        ready = readable(list(by_descriptor), seconds if thorough else min(seconds, glance))
        for worker in {id(by_descriptor[each]): by_descriptor[each] for each in ready}.values():
            self._read(worker)
        if self._schedule.is_stopping and not self._schedule.is_broken_off:
            # What has been done up to this moment counts.
            for worker in workers:
                self._read(worker)
            self._schedule.break_off()
        for worker in list(workers):
            may_have_ended = thorough or worker.process.end is None or worker.process.end in ready
            if may_have_ended and worker.process.ended():
                self._read(worker)
                self._ended(worker)
            else:
                worker.keep_time()
        if thorough:
            self._looked = time.monotonic()
            ours = {worker.process.pid for worker in workers}
            self._subreaper.collect(ours if self._orphan_reaper is None else ours | {self._orphan_reaper.pid})

    def _read(self, worker: WorkerHandle) -> None:
        """Take in all that has come from a worker."""
        try:
            worker.receive()
            for message in worker.inbox.messages():
                self._dispatcher.dispatch(worker, message)
            if worker.inbox.ended:
                worker.is_cut_off()
        except NoMessage as error:
            worker.inbox.ended = True
            worker.end(str(error))

    # Ends

    def _ended(self, worker: WorkerHandle) -> None:
        stops = worker.is_to_stop and (worker.is_cancelled or worker.cause is None)
        if worker.is_leaving:
            for stream, data in (("stdout", worker.out.rest()), ("stderr", worker.err.rest())):
                self._ordered_report.pass_on(worker, stream, data)
            if worker.left:
                # It could not read its last order any more.
                self._schedule.put_back(worker)
        elif stops and not isinstance(worker.hook, TearDownStarted):
            self._crash_report.broken_off(worker)
        else:
            self._crash_report.crashed(worker)
        worker.kill()
        self._forget(worker)

    def _forget(self, worker: WorkerHandle) -> None:
        if self._orphan_reaper is not None:
            self._orphan_reaper.forget(worker.process.pid)
        worker.process.close()
        self._schedule.remove(worker)

    @contextlib.contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """Stop in good order at the first Ctrl-C, and at once at the second."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self._schedule.interrupted:
                for worker in self._schedule.workers:
                    worker.kill()
                raise KeyboardInterrupt
            self._schedule.interrupt()

        ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if ours:
            signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            if ours:
                signal.signal(signal.SIGINT, signal.default_int_handler)
