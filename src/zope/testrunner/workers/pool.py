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
from zope.testrunner.workers.crash_report import CrashReport
from zope.testrunner.workers.dispatcher import Dispatcher
from zope.testrunner.workers.framing import NoMessage
from zope.testrunner.workers.handle import WorkerHandle
from zope.testrunner.workers.jobs import Job, job_for
from zope.testrunner.workers.ordered_report import OrderedReport
from zope.testrunner.workers.process_group import OrphanReaper, Process, Subreaper, readable, standard_descriptors
from zope.testrunner.workers.protocol import WorkerConfig
from zope.testrunner.workers.scheduler import Schedule

if TYPE_CHECKING:
    from types import FrameType

    from zope.testrunner.execution.timeouts import Limits

#: Seconds.  Between two looks at what runs; the longest wait for anything to happen, and where the end of a process makes
#: no descriptor readable; and the longest time in which only messages are waited for, and not what is printed.
PERIOD, TICK, SHORT_TICK, GLANCE = 0.5, 0.25, 0.02, 0.01


class Launcher(Protocol):
    """Makes a child process that does its duty."""

    def __call__(self, duty: WorkerConfig, worker: int, foreign: Sequence[int], /) -> Process: ...

    #: The command line that a report names, empty for a copy of this process.
    def command(self, layer: LayerName) -> tuple[str, ...]:
        """The command line of a child for a layer."""


class Pool:
    """Runs a plan in child processes, ``slots`` at a time, and tells it like a serial run would.

    The tests of layers that are splittable are handed out in parts, those of others are run by one child each.  A child that
    goes away costs the test that it was running; the rest of its work is done by another one.

    ``expected`` tells how long tests took in earlier runs: what takes longest is started first.
    """

    def __init__(
        self, setting: RunContext, launch: Launcher, slots: int, limits: Limits, expected: Expected = none_known
    ) -> None:
        self.setting = setting
        self._launch = launch
        self._slots = slots
        self._limits = limits
        self._expected = expected
        #: Whether the process of a child got too large.
        self.over_limit = False
        #: Whether the user broke the run off.
        self.interrupted = False
        #: No child has a debugger: it could not talk with the user.
        self.debugged = False
        #: Told from time to time what runs: the layer, what it is doing and for how many seconds.
        self.watch: Callable[[Sequence[tuple[str, str, float]]], None] | None = None

    def run(self, plan: Plan) -> None:
        """Run all layers of a plan; ends when no process is left."""
        stop_on_error = self.setting.execute.stop_on_error
        found = resolved(plan, self.setting)
        if stop_on_error and len(found) < len(plan.layers):
            return
        jobs = [job_for(index, ready, self.setting, self._expected) for index, ready in enumerate(found)]
        schedule = Schedule(jobs, self._slots, stop_on_error=stop_on_error)
        teller = OrderedReport(self.setting, schedule)
        blame = CrashReport(schedule, teller, self.setting.clock, self._launch.command)
        hearing = Dispatcher(schedule, teller, blame, self._limits, hunts=self.setting.leaks.hunts)
        loop = _Loop(schedule, teller, blame, hearing, self._launch, self.watch)
        try:
            loop.run()
        finally:
            self.over_limit = hearing.over_limit
            self.interrupted = schedule.interrupted


class _Loop:
    """One run of a pool: starts children, listens to them, and sees that they end."""

    def __init__(
        self,
        schedule: Schedule,
        teller: OrderedReport,
        blame: CrashReport,
        hearing: Dispatcher,
        launch: Launcher,
        watch: Callable[[Sequence[tuple[str, str, float]]], None] | None,
    ) -> None:
        self._schedule = schedule
        self._teller = teller
        self._blame = blame
        self._hearing = hearing
        self._launch = launch
        self._watch = watch
        self._watched = 0.0
        #: When all was looked at.
        self._looked = 0.0
        self._number = 0
        self._guardian: OrphanReaper | None = None
        self._strays = Subreaper()

    def run(self) -> None:
        strays = self._strays
        try:
            with standard_descriptors(), self._ctrl_c():
                with contextlib.suppress(OSError):
                    # Without one it works as well, as long as nobody kills this process.
                    self._guardian = OrphanReaper()
                self._start_children()
                # That takes a moment, and now there is time.
                strays.begin()
                self._go_on()
        finally:
            for child in list(self._schedule.children):
                child.kill()
                self._forget(child)
            strays.end(set())
            strays.stop()
            if self._guardian is not None:
                self._guardian.dismiss()

    def _go_on(self) -> None:
        while True:
            self._start_children()
            self._teller.go_on()
            if not self._schedule.children:
                break
            self._show()
            self._wait()
        self._teller.go_on(everything=True)

    def _show(self) -> None:
        now = time.monotonic()
        if self._watch is None or now - self._watched < PERIOD:
            return
        self._watched = now
        running = [(child.job.story.name, child.what, now - child.since) for child in self._schedule.children]
        self._watch([each for each in running if each[2] >= PERIOD])

    # Beginnings

    def _start_children(self) -> None:
        while (job := self._schedule.next_job()) is not None:
            if not self._start(job):
                return

    def _start(self, job: Job) -> bool:
        """Start a child for a job; False if that has to wait until another one ends."""
        story, others = job.story, self._schedule.children
        job.has_begun = True
        token = os.urandom(4).hex().encode("ascii")
        duty = WorkerConfig(story.ready, story.places, token, story.split)
        foreign = [each for child in others for each in child.descriptors]
        if self._guardian is not None:
            foreign.append(self._guardian.descriptor)
        try:
            process = self._launch(duty, story.worker, foreign)
        except OSError as error:
            if others:
                if not any(child.said_goodbye for child in others):
                    # With fewer at a time it may work.
                    self._schedule.slots = len(others)
                return False
            job.is_hopeless = True
            job.todo.clear()
            self._blame.lost(job, f"it could not be started ({error})", [])
            return True
        self._number += 1
        if self._guardian is not None:
            self._guardian.watch(process.pid)
        self._schedule.add(WorkerHandle(self._number, process, job, token))
        return True

    # While they run

    def _wait(self) -> None:
        """Wait until something happens, and deal with that."""
        children = self._schedule.children
        now = time.monotonic()
        glance = self._looked + GLANCE - now
        thorough = glance <= 0
        soonest = min((child.deadline for child in children if child.deadline is not None), default=now + TICK)
        seconds = min(TICK, max(0.0, soonest - now))
        if any(child.process.end is None for child in children):
            seconds = min(seconds, SHORT_TICK)
        by_descriptor = {each: child for child in children for each in child.watched(everything=thorough)}
        ready = readable(list(by_descriptor), seconds if thorough else min(seconds, glance))
        for child in {id(by_descriptor[each]): by_descriptor[each] for each in ready}.values():
            self._read(child)
        if self._schedule.is_stopping and not self._schedule.is_broken_off:
            # What has been done up to this moment counts.
            for child in children:
                self._read(child)
            self._schedule.break_off()
        for child in list(children):
            may_have_ended = thorough or child.process.end is None or child.process.end in ready
            if may_have_ended and child.process.ended():
                self._read(child)
                self._ended(child)
            else:
                child.keep_time()
        if thorough:
            self._looked = time.monotonic()
            ours = {child.process.pid for child in children}
            self._strays.collect(ours if self._guardian is None else ours | {self._guardian.pid})

    def _read(self, child: WorkerHandle) -> None:
        """Take in all that has come from a child."""
        try:
            child.receive()
            for message in child.inbox.messages():
                self._hearing.take(child, message)
            if child.inbox.ended:
                child.is_cut_off()
        except NoMessage as error:
            child.inbox.ended = True
            child.end(str(error))

    # Ends

    def _ended(self, child: WorkerHandle) -> None:
        stops = child.is_to_stop and (child.is_cancelled or child.cause is None)
        if child.said_goodbye:
            for stream, data in (("stdout", child.out.rest()), ("stderr", child.err.rest())):
                self._teller.pass_on(child, stream, data)
            if child.left:
                # It could not read its last order any more.
                self._schedule.put_back(child)
        elif stops and not isinstance(child.hook, TearDownStarted):
            self._blame.broken_off(child)
        else:
            self._blame.crashed(child)
        child.kill()
        self._forget(child)

    def _forget(self, child: WorkerHandle) -> None:
        if self._guardian is not None:
            self._guardian.forget(child.process.pid)
        child.process.close()
        self._schedule.remove(child)

    @contextlib.contextmanager
    def _ctrl_c(self) -> Iterator[None]:
        """Stop in good order at the first Ctrl-C, and at once at the second."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self._schedule.interrupted:
                for child in self._schedule.children:
                    child.kill()
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
