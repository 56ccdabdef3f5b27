"""What a run and its workers say to each other: kinds of messages, orders, and places in the report."""

from __future__ import annotations

import faulthandler
from typing import TYPE_CHECKING

from zope.testrunner.system.originals import signal
from zope.testrunner.system.value_class import Record

if TYPE_CHECKING:
    from zope.testrunner.execution.serial import ReadyLayer

# Kinds of messages to the parent: their first item.  Next come the number of the message and the place in the layer.
EVENT, STARTED, FINISHED, DOING, CLOSED, BEGUN, READY, BYE = range(8)

#: The place before the first lap; see `Places`.
HEAD = 0


def dump_signal() -> int | None:
    """The signal at which a child writes the stacks of all its threads to its standard error."""
    if not hasattr(faulthandler, "register"):
        return None
    # Of the real-time signals, which hardly any program uses; some systems have none.
    last = getattr(signal, "SIGRTMAX", None)
    return int(signal.SIGUSR2 if last is None else last - 3)


class Places:
    """Numbers for the places in the report on a layer: its set-up, in each lap each group and what follows, the rest."""

    def __init__(self, laps: int, groups: int) -> None:
        self.laps = laps
        self.groups = groups
        #: After the last lap: the tear-downs.
        self.tail = 1 + laps * (groups + 1)

    def group(self, lap: int, group: int) -> int:
        """The tests of a group, in a lap that is counted from 1."""
        return 1 + (lap - 1) * (self.groups + 1) + group

    def after(self, lap: int) -> int:
        """What is said after all tests of a lap."""
        return self.group(lap, self.groups)

    def lap_of(self, place: int) -> int:
        """The lap of a place that is neither the head nor the tail."""
        return (place - 1) // (self.groups + 1) + 1

    def group_of(self, place: int) -> int:
        """The group of a place; the number of groups for what comes after them."""
        return (place - 1) % (self.groups + 1)


class Batch(Record):
    """What is to be run next: tests of some groups in one lap.

    Each group comes with the positions of its tests in the layer, in the order to run them.
    """

    lap: int
    groups: tuple[tuple[int, tuple[int, ...]], ...]


class WorkerConfig(Record):
    """What a child is there for: a layer, and how the report on it is laid out.

    ``split`` tells that other children run tests of the same layer.
    """

    ready: ReadyLayer
    places: Places
    token: bytes
    split: bool
