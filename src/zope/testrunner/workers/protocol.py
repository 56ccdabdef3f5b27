"""What a run and its workers send to each other: kinds of messages, orders, and sections of the report."""

from __future__ import annotations

import faulthandler
from typing import TYPE_CHECKING

from zope.testrunner.system.originals import signal
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from zope.testrunner.execution.serial import ReadyLayer

# Kinds of messages to the parent: their first item.  Next come the number of the message and the section in the layer.
EVENT, STARTED, FINISHED, DOING, CLOSED, BEGUN, READY, BYE = range(8)

#: The section before the first iteration; see `Sections`.
HEAD = 0


def dump_signal() -> int | None:
    """The signal at which a worker writes the stacks of all its threads to its standard error."""
    if not hasattr(faulthandler, "register"):
        return None
    # Of the real-time signals, which hardly any program uses; some systems have none.
    last = getattr(signal, "SIGRTMAX", None)
    return int(signal.SIGUSR2 if last is None else last - 3)


class Sections:
    """The sections of the report on a layer by number: set-up, in each iteration each group and what follows, the rest."""

    def __init__(self, iterations: int, groups: int) -> None:
        self.iterations = iterations
        self.groups = groups
        #: After the last iteration: the tear-downs.
        self.tail = 1 + iterations * (groups + 1)

    def group(self, iteration: int, group: int) -> int:
        """The tests of a group, in an iteration that is counted from 1."""
        return 1 + (iteration - 1) * (self.groups + 1) + group

    def after(self, iteration: int) -> int:
        """What happens after all tests of an iteration."""
        return self.group(iteration, self.groups)

    def iteration_of(self, section: int) -> int:
        """The iteration of a section that is neither the head nor the tail."""
        return (section - 1) // (self.groups + 1) + 1

    def group_of(self, section: int) -> int:
        """The group of a section; the number of groups for what comes after them."""
        return (section - 1) % (self.groups + 1)


class Batch(Record):
    """What is to be run next: tests of some groups in one iteration.

    Each group comes with the positions of its tests in the layer, in the order to run them.
    """

    iteration: int
    groups: tuple[tuple[int, tuple[int, ...]], ...]


class WorkerConfig(Record):
    """What a worker is there for: a layer, and how the report on it is laid out.

    ``split`` tells that other workers run tests of the same layer.
    """

    ready: ReadyLayer
    sections: Sections
    token: bytes
    split: bool
