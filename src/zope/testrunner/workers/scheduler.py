"""What is run next when several processes run tests: `Job` for one layer, `Schedule` for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zope.testrunner.planning.work_groups import Expected, Group, groups_of, none_known, seconds_of
from zope.testrunner.workers.main import Order, Places
from zope.testrunner.workers.reorder_buffer import Story

if TYPE_CHECKING:
    from zope.testrunner.core.model import Test
    from zope.testrunner.execution.serial import ReadyLayer, Setting
    from zope.testrunner.workers.handle import Child

#: Each child is to get about so many orders: with fewer, one may work long after the others are done; with more, what is
#: between two orders begins to count.
SHARES = 4


class Job:
    """What is to be done for one layer.

    ``index`` is its place in the plan, ``weights`` tell about how long each of its groups takes, in any unit.
    """

    def __init__(self, index: int, story: Story, groups: Sequence[Group], todo: list[Order], weights: list[float]) -> None:
        self.index = index
        self.story = story
        self.groups = groups
        self.todo = todo
        self._weights = weights
        self.children: list[Child] = []
        self.has_begun = False
        #: The number of the child whose set-up is told, of those that set the layer up.
        self.leader = 0
        #: Whether no further child can do anything for it.
        self.is_hopeless = False
        self.priority: tuple[float, ...] = (float(index),)

    def weight(self, order: Order) -> float:
        """About how long an order takes, in any unit."""
        return sum(self._weights[group] for group, _ in order.groups)

    def next_order(self, slots: int) -> Order | None:
        """What a child is to do next: a smaller part of what remains each time."""
        if not self.todo:
            return None
        first = self.todo[0]
        if not self.story.split or self._has_fixtures(first):
            del self.todo[0]
            return first
        taken, count = list(first.groups), 1
        weight = self.weight(first)
        share = sum(map(self.weight, self.todo)) / (slots * SHARES)
        while count < len(self.todo) and weight < share:
            following = self.todo[count]
            if following.lap != first.lap or self._has_fixtures(following):
                break
            weight += self.weight(following)
            taken += following.groups
            count += 1
        del self.todo[:count]
        return Order(first.lap, tuple(sorted(taken)))

    def _has_fixtures(self, order: Order) -> bool:
        return any(self.groups[group].key.startswith(("class ", "module ")) for group, _ in order.groups)

    def put_back(self, child: Child) -> None:
        """Let another child do what this one, which is gone, has not done."""
        places = self.story.places
        groups = tuple((group, tuple(positions)) for group, positions in child.left if positions)
        if self.story.split:
            for group, positions in child.left:
                if not positions:
                    self.story.close(places.group(child.lap, group))
            if groups:
                self.todo.insert(0, Order(child.lap, groups))
            elif child.lap:
                self.story.close(child.place)
        elif child.lap and child.place < places.tail and (groups or child.lap < places.laps):
            self.todo.insert(0, Order(child.lap, groups or ((0, ()),)))


def job_for(index: int, ready: ReadyLayer, setting: Setting, expected: Expected = none_known) -> Job:
    """The job of a layer, divided as far as may be; ``expected`` tells how long its tests took in earlier runs.

    What takes longest comes first, of layers as of the tests of one layer; layers that cannot be divided are before others.
    """
    tests: list[Test] = list(ready.plan.suite)
    # Readings compare laps in one process.
    groups = [] if setting.leaks.report else groups_of(ready.plan, ready.layer, setting.together)
    split = len(groups) > 1
    laps = setting.execute.repeat
    if not split:
        groups = [Group(ready.plan.name, ready.plan.name, tuple(range(len(tests))), tuple(tests))]
    places = Places(laps, len(groups))
    story = Story(ready, index + 1, places, setting.emit, setting.clock, split=split)
    seconds = [seconds_of(group, expected) for group in groups]
    known = [each for each in seconds if each is not None]
    mean = sum(known) / len(known) if known else 1.0
    weights = [mean if each is None else each for each in seconds]
    order = list(range(len(groups)))
    if known:
        order.sort(key=lambda group: -weights[group])
    if split:
        todo = [Order(lap, ((group, groups[group].places),)) for lap in range(1, laps + 1) for group in order]
    else:
        todo = [Order(1, ((0, groups[0].places),))]
    job = Job(index, story, groups, todo, weights)
    if known:
        # What takes long and cannot be divided comes first.
        job.priority = (float(split), -sum(weights), float(index))
    elif expected is not none_known:
        job.priority = (0.0, float("-inf"), float(index))
    return job


class Schedule:
    """The jobs of a run in the order of the plan, and who does what of them, ``slots`` children at a time.

    With ``stop_on_error`` the first problem, of whichever child, stops the run: nothing more is begun, and what the other
    children are doing is broken off.
    """

    def __init__(self, jobs: Sequence[Job], slots: int, *, stop_on_error: bool = False) -> None:
        self.jobs = jobs
        self.children: list[Child] = []
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
        return not job.children or job.story.split

    def may_go_on(self, job: Job) -> bool:
        """Whether more is going to be done for this job, by children that there may yet be."""
        return bool(job.todo) and not job.is_hopeless and not self.is_ending

    def add(self, child: Child) -> None:
        """One more child."""
        child.job.children.append(child)
        self.children.append(child)

    def remove(self, child: Child) -> None:
        """A child is gone."""
        self.tests_broken_off += child.tests_broken_off
        self.children.remove(child)
        child.job.children.remove(child)

    def next_order(self, child: Child) -> Order | None:
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

    def put_back(self, child: Child) -> None:
        """A child is gone: let another one do the rest of its work, unless the run is to end."""
        if not self.is_ending:
            child.job.put_back(child)

    def note_problem(self, child: Child | None = None) -> None:
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
