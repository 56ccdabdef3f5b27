"""Which process runs what next: `Schedule`, for all jobs of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zope.testrunner.workers.handle import WorkerHandle
    from zope.testrunner.workers.jobs import Job
    from zope.testrunner.workers.protocol import Batch


class Schedule:
    """The jobs of a run in the order of the plan, and who does what of them, ``slots`` children at a time.

    With ``stop_on_error`` the first problem, of whichever child, stops the run: nothing more is begun, and what the other
    children are doing is broken off.
    """

    def __init__(self, jobs: Sequence[Job], slots: int, *, stop_on_error: bool = False) -> None:
        self.jobs = jobs
        self.children: list[WorkerHandle] = []
        self.slots = slots
        #: Whether the user broke the run off.
        self.interrupted = False
        #: Whether something else ends the run early: the first problem, for instance.
        self.is_stopping = False
        #: Whether the children have been told so.
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
        """The job that one more child should be started for, None if none should be now."""
        # One that has said goodbye is about to end, and takes no part any more; but where there is one at a time, the next
        # one may want what goes away only with the process.
        busy = self.children if self.slots == 1 else [child for child in self.children if not child.said_goodbye]
        if self.is_ending or len(busy) >= self.slots:
            return None
        return next((job for job in self._by_priority if self._wants_child(job)), None)

    def _wants_child(self, job: Job) -> bool:
        if job.is_hopeless or not job.todo:
            return False
        return job.story.split or not self.children_of(job)

    def children_of(self, job: Job) -> list[WorkerHandle]:
        """Those that work for this job."""
        return [child for child in self.children if child.job is job]

    def may_go_on(self, job: Job) -> bool:
        """Whether more is going to be done for this job, by children that there may yet be."""
        return bool(job.todo) and not job.is_hopeless and not self.is_ending

    def add(self, child: WorkerHandle) -> None:
        """One more child."""
        self.children.append(child)

    def remove(self, child: WorkerHandle) -> None:
        """A child is gone."""
        self.tests_broken_off += child.tests_broken_off
        self.children.remove(child)

    def next_order(self, child: WorkerHandle) -> Batch | None:
        """What a child that has nothing to do is to do next, None if it should leave; it is noted down as left to it."""
        job = child.job
        order = job.next_order(self.slots) if self.may_go_on(job) else None
        if order is None:
            child.is_dismissed = True
        else:
            child.lap = order.lap
            child.left = [(group, list(positions)) for group, positions in order.groups]
            job.story.begin(order.lap)
            child.place = job.story.places.group(order.lap, order.groups[0][0])
        return order

    def put_back(self, child: WorkerHandle) -> None:
        """A child is gone: let another one do the rest of its work, unless the run is to end."""
        if not self.is_ending:
            child.job.put_back(child.lap, child.place, child.left)

    def note_problem(self, child: WorkerHandle | None = None) -> None:
        """There is a problem; this child knows of it."""
        if self._stop_on_error:
            self.is_stopping = True
        if child is not None:
            child.has_problem = True

    def stop(self) -> None:
        """Begin nothing more."""
        self.is_stopping = True

    def break_off(self) -> None:
        """Have the children break off what they are doing, but for those that have had a problem: they end by themselves."""
        self.is_broken_off = True
        for child in self.children:
            if not (self._stop_on_error and child.has_problem):
                child.cancel()

    def interrupt(self) -> None:
        """The user wants the run to end: start nothing more, and have everything that runs broken off in good order."""
        self.interrupted = True
        for child in self.children:
            if not (child.said_goodbye or child.is_cancelled or child.process.ended()):
                child.stop()
