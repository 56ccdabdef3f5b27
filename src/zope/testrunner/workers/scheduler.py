"""Which process runs what next: `Schedule`, for all jobs of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zope.testrunner.workers.batches import Job
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.protocol import Batch


class Schedule:
    """The jobs of a run in the order of the plan, and who does what of them, ``slots`` workers at a time.

    With ``stop_on_error`` the first problem, of whichever worker, stops the run: nothing more is begun, and what the other
    workers are doing is broken off.
    """

    def __init__(self, jobs: Sequence[Job], slots: int, *, stop_on_error: bool = False) -> None:
        self.jobs = jobs
        self.workers: list[WorkerHandle] = []
        self.slots = slots
        #: Whether the user broke the run off.
        self.interrupted = False
        #: Whether something else ends the run early: the first problem, for instance.
        self.is_stopping = False
        #: Whether the workers know that.
        self.is_broken_off = False
        #: How many tests have been.
        self.tests_broken_off = 0
        self._by_priority = sorted(jobs, key=lambda job: job.priority)
        self._stop_on_error = stop_on_error

    @property
    def is_ending(self) -> bool:
        """Whether nothing more is to be begun."""
        return self.interrupted or self.is_stopping

    def next_job(self) -> Job | None:
        """The job that one more worker should be started for, None if none should be now."""
        # One that has sent its last message is about to end, and takes no part any more; but where there is one at a time,
        # the next one may want what goes away only with the process.
        busy = self.workers if self.slots == 1 else [worker for worker in self.workers if not worker.is_leaving]
        if self.is_ending or len(busy) >= self.slots:
            return None
        return next((job for job in self._by_priority if self._wants_worker(job)), None)

    def _wants_worker(self, job: Job) -> bool:
        if job.is_hopeless or not job.todo:
            return False
        return job.buffer.split or not self.workers_of(job)

    def workers_of(self, job: Job) -> list[WorkerHandle]:
        """Those that work for this job."""
        return [worker for worker in self.workers if worker.job is job]

    def may_go_on(self, job: Job) -> bool:
        """Whether more is going to be done for this job, by workers that there may yet be."""
        return bool(job.todo) and not job.is_hopeless and not self.is_ending

    def add(self, worker: WorkerHandle) -> None:
        """One more worker."""
        self.workers.append(worker)

    def remove(self, worker: WorkerHandle) -> None:
        """A worker is gone."""
        self.tests_broken_off += worker.tests_broken_off
        self.workers.remove(worker)

    def next_order(self, worker: WorkerHandle) -> Batch | None:
        """What a worker that has nothing to do is to do next, None if it should leave; it is noted down as left to it."""
        job = worker.job
        order = job.next_order(self.slots) if self.may_go_on(job) else None
        if order is None:
            worker.is_dismissed = True
        else:
            worker.iteration = order.iteration
            worker.left = [(group, list(positions)) for group, positions in order.groups]
            job.buffer.begin(order.iteration)
            worker.section = job.buffer.sections.group(order.iteration, order.groups[0][0])
        return order

    def put_back(self, worker: WorkerHandle) -> None:
        """A worker is gone: let another one do the rest of its work, unless the run is to end."""
        if not self.is_ending:
            worker.job.put_back(worker.iteration, worker.section, worker.left)

    def note_problem(self, worker: WorkerHandle | None = None) -> None:
        """There is a problem; this worker knows of it."""
        if self._stop_on_error:
            self.is_stopping = True
        if worker is not None:
            worker.has_problem = True

    def stop(self) -> None:
        """Begin nothing more."""
        self.is_stopping = True

    def break_off(self) -> None:
        """Have the workers break off what they are doing, but for those that have had a problem: they end by themselves."""
        self.is_broken_off = True
        for worker in self.workers:
            if not (self._stop_on_error and worker.has_problem):
                worker.cancel()

    def interrupt(self) -> None:
        """The user wants the run to end: start nothing more, and have everything that runs broken off in good order."""
        self.interrupted = True
        for worker in self.workers:
            if not (worker.is_leaving or worker.is_cancelled or worker.process.ended()):
                worker.stop()
