"""The work of one layer in batches that several processes can take: `Job`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from zope.testrunner.planning.work_groups import Expected, Group, groups_of, none_known, seconds_of
from zope.testrunner.workers.protocol import Batch, Sections
from zope.testrunner.workers.reorder_buffer import ReorderBuffer

if TYPE_CHECKING:
    from zope.testrunner.core.model import Test
    from zope.testrunner.execution.serial import ReadyLayer, RunContext

#: Each worker is to get about so many orders: with fewer, one may work long after the others are done; with more, what is
#: between two orders begins to count.
SHARES = 4


class Job:
    """What is to be done for one layer.

    ``index`` is its place in the plan, ``weights`` are about how long each of its groups takes, in any unit.
    """

    def __init__(
        self, index: int, buffer: ReorderBuffer, groups: Sequence[Group], todo: list[Batch], weights: list[float]
    ) -> None:
        self.index = index
        self.buffer = buffer
        self.groups = groups
        self.todo = todo
        self._weights = weights
        self.has_begun = False
        #: The number of the worker whose set-up is reported, of those that set the layer up.
        self.leader = 0
        #: Whether no further worker can do anything for it.
        self.is_hopeless = False
        self.priority: tuple[float, ...] = (float(index),)

    def weight(self, order: Batch) -> float:
        """About how long an order takes, in any unit."""
        return sum(self._weights[group] for group, _ in order.groups)

    def next_order(self, slots: int) -> Batch | None:
        """What a worker is to do next: a smaller part of what remains each time."""
        if not self.todo:
            return None
        first = self.todo[0]
        if not self.buffer.split or self._has_fixtures(first):
            del self.todo[0]
            return first
        taken, count = list(first.groups), 1
        weight = self.weight(first)
        share = sum(map(self.weight, self.todo)) / (slots * SHARES)
        while count < len(self.todo) and weight < share:
            following = self.todo[count]
            if following.iteration != first.iteration or self._has_fixtures(following):
                break
            weight += self.weight(following)
            taken += following.groups
            count += 1
        del self.todo[:count]
        return Batch(first.iteration, tuple(sorted(taken)))

    def _has_fixtures(self, order: Batch) -> bool:
        return any(self.groups[group].key.startswith(("class ", "module ")) for group, _ in order.groups)

    def put_back(self, iteration: int, section: int, left: Sequence[tuple[int, Sequence[int]]]) -> None:
        """Let another worker do what one that is gone has not done: so much is left of its order, in this iteration.

        ``place`` is where in the report it was.
        """
        sections = self.buffer.sections
        groups = tuple((group, tuple(positions)) for group, positions in left if positions)
        if self.buffer.split:
            for group, positions in left:
                if not positions:
                    self.buffer.close(sections.group(iteration, group))
            if groups:
                self.todo.insert(0, Batch(iteration, groups))
            elif iteration:
                self.buffer.close(section)
        elif iteration and section < sections.tail and (groups or iteration < sections.iterations):
            self.todo.insert(0, Batch(iteration, groups or ((0, ()),)))


def job_for(index: int, ready: ReadyLayer, context: RunContext, expected: Expected = none_known) -> Job:
    """The job of a layer, divided as far as may be; ``expected`` tells how long its tests took in earlier runs.

    What takes longest comes first, of layers as of the tests of one layer; layers that cannot be divided are before others.
    """
    tests: list[Test] = list(ready.plan.suite)
    # Readings compare iterations in one process.
    groups = [] if context.leaks.report else groups_of(ready.plan, ready.layer, context.together)
    split = len(groups) > 1
    iterations = context.execute.repeat
    if not split:
        groups = [Group(ready.plan.name, ready.plan.name, tuple(range(len(tests))), tuple(tests))]
    sections = Sections(iterations, len(groups))
    buffer = ReorderBuffer(ready, index + 1, sections, context.emit, context.clock, split=split)
    seconds = [seconds_of(group, expected) for group in groups]
    known = [each for each in seconds if each is not None]
    mean = sum(known) / len(known) if known else 1.0
    weights = [mean if each is None else each for each in seconds]
    order = list(range(len(groups)))
    if known:
        order.sort(key=lambda group: -weights[group])
    if split:
        todo = [
            Batch(iteration, ((group, groups[group].positions),))
            for iteration in range(1, iterations + 1)
            for group in order
        ]
    else:
        todo = [Batch(1, ((0, groups[0].positions),))]
    job = Job(index, buffer, groups, todo, weights)
    if known:
        # What takes long and cannot be divided comes first.
        job.priority = (float(split), -sum(weights), float(index))
    elif expected is not none_known:
        job.priority = (0.0, float("-inf"), float(index))
    return job
