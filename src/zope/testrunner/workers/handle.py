"""A child process as a pool sees it: what it is doing, what is left to it, and whether it has to stop: `WorkerHandle`."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from zope.testrunner.core.events import SetUpStarted, TearDownStarted
from zope.testrunner.core.model import TestRef
from zope.testrunner.system.originals import signal, time
from zope.testrunner.workers.framing import FrameDecoder, OutputStream, packed, pieces, write_all
from zope.testrunner.workers.protocol import HEAD
from zope.testrunner.workers.time_limits import TimedProcess

if TYPE_CHECKING:
    from zope.testrunner.workers.batches import Job
    from zope.testrunner.workers.process_group import Process
    from zope.testrunner.workers.protocol import Batch

#: Seconds.  For a worker to tear its layer down when it has to stop, and to end when it has sent its last message.
TO_TEAR_DOWN, TO_LEAVE = 10.0, 5.0

#: So many bytes between two looks at everything are much: a quarter of what a pipe holds on Linux.
MUCH = 1 << 14

#: Seconds in which a worker that has to stop should do so before it is asked once more.
TO_NOTICE = 1.0


class WorkerHandle(TimedProcess):
    """A child process, what it is doing, and what has come from it.

    ``number`` counts the workers of a run from 1; ``token`` marks what it sends.
    """

    def __init__(self, number: int, process: Process, job: Job, token: bytes) -> None:
        super().__init__(process, OutputStream(token))
        self.number = number
        self.job = job
        self.token = token
        self.inbox = FrameDecoder(token)
        self.out = OutputStream(token)
        #: Whether it prints so much that it may have to wait for somebody to read, and how many bytes came since all was
        #: looked at.
        self._prints_much = False
        self._lately = 0
        self.section = HEAD
        #: The tests of the present iteration that have not begun: positions by group.
        self.left: list[tuple[int, list[int]]] = []
        self.iteration = 0
        self.test: TestRef | None = None
        #: The test that has ended and is run again, to find out whether it leaks.
        self.judged: TestRef | None = None
        #: When the test began, by the clock of the report, and since when it does what it does, by the monotonic one.
        self.began = 0.0
        self.since = time.monotonic()
        #: A class or module fixture, or the hook of a layer, that is being called.
        self.doing: str | None = None
        self.hook: SetUpStarted | TearDownStarted | None = None
        self._is_cut_off = False
        #: Whether it has sent its last message: it does not report anything more, and is about to end.
        self.is_leaving = False
        #: Whether it knows that there is nothing more to do for it.
        self.is_dismissed = False
        #: Whether there was a problem of which it knows.
        self.has_problem = False
        #: Whether it has been asked to break off what it does, since the run is over; and what that was.
        self.is_cancelled = False
        self.broken_off: str | TestRef | None = None
        #: How many tests have been broken off.
        self.tests_broken_off = 0
        #: Whether it has been asked to stop, and whether it has noticed.
        self.is_to_stop = False
        self.stop_acknowledged = False

    @property
    def what(self) -> str:
        """What it is doing, in words."""
        if self.test is not None:
            return self.test.label
        if self.hook is not None:
            return f"{hook_name(self.hook)} of {self.hook.layer}"
        if self.judged is not None:
            return f"{self.judged.label}, run again to judge it,"
        return self.doing or f"process for {self.job.buffer.name}"

    @property
    def is_leader(self) -> bool:
        """Whether it is the one whose set-up is reported."""
        return self.number == self.job.leader

    # What comes and goes

    @property
    def descriptors(self) -> list[int]:
        """All descriptors by which this process deals with it."""
        process = self.process
        found = (process.orders, process.results, process.out, process.err, process.end)
        return [each for each in found if each is not None]

    def watched(self, *, everything: bool) -> list[int]:
        """The descriptors from which something may come: messages, its end, and what it prints.

        What it prints is of interest when there is a message, or when it is so much that the pipe may be full.  Without
        ``everything``, it is left out otherwise.
        """
        process = self.process
        if everything:
            self._prints_much, self._lately = self._lately >= MUCH, 0
        found = [] if process.end is None else [process.end]
        if not self.inbox.ended:
            found.append(process.results)
        if everything or self._prints_much:
            if not self.out.ended:
                found.append(process.out)
            if not self.err.ended:
                found.append(process.err)
        return found

    def receive(self) -> None:
        """Take what has come, without waiting; raises `NoMessage` if it cannot be from the worker."""
        if not self.inbox.ended:
            for data in pieces(self.process.results):
                self.inbox.feed(data)
                self.inbox.ended = not data
        for printed, descriptor in ((self.out, self.process.out), (self.err, self.process.err)):
            if not printed.ended:
                for data in pieces(descriptor):
                    printed.feed(data)
                    printed.ended = not data
                    self._lately += len(data)
        self._prints_much |= self._lately >= MUCH

    def send(self, order: Batch | None) -> None:
        """Send it what to do next; None is nothing more."""
        value = () if order is None else (order.iteration, order.groups)
        with contextlib.suppress(OSError):
            write_all(self.process.orders, packed(self.token, value))

    # What is left to it

    @property
    def next_position(self) -> int | None:
        """The test that it would begin next, None if there is none."""
        return next((position for _, positions in self.left for position in positions), None)

    def group_of(self, position: int) -> int:
        """The group of a test that is left."""
        return next(group for group, positions in self.left if position in positions)

    def skip_to(self, position: int) -> None:
        """Note that a test has begun, and that those before it in its group have had their chance."""
        group = self.job.buffer.sections.group_of(self.section)
        for index, (each, positions) in enumerate(self.left):
            if each == group and position in positions:
                del positions[: positions.index(position) + 1]
                del self.left[:index]
                return

    def skip_group(self, group: int) -> None:
        """Note that nothing more of this group will be run."""
        if self.left and self.left[0][0] == group:
            # It nearly always is the first, and there may be thousands.
            del self.left[0]
        else:
            self.left = [each for each in self.left if each[0] != group]

    def skip_fixture(self, label: str) -> None:
        """Leave out the tests whose class or module could not be set up; ``label`` begins with the name of the hook."""
        position = self.next_position
        if position is None:
            return
        tests = self.job.buffer.tests
        of_class = label.startswith("setUpClass")
        kind = type(tests[position])
        for _, positions in self.left:
            while positions:
                each = type(tests[positions[0]])
                if each is not kind if of_class else each.__module__ != kind.__module__:
                    return
                del positions[0]

    # Its end

    def stop(self) -> None:
        """Have it break off its test and tear its layer down."""
        self.is_to_stop = True
        self.process.signal(signal.SIGINT)
        self._last = time.monotonic() + TO_TEAR_DOWN

    def cancel(self) -> None:
        """Stop it; what it is doing now is neither a result nor a problem.  A tear-down of its layers is not broken off."""
        if self.is_cancelled or self.is_leaving or self.cause is not None:
            return
        if self.is_dismissed or isinstance(self.hook, TearDownStarted) or self.process.ended():
            return
        self.is_cancelled = True
        if self.test is not None:
            self.broken_off, self.tests_broken_off = self.test, self.test.size
        else:
            self.broken_off = self.doing if self.hook is None else self.hook.layer
        self.stop()

    def begins(self, *, tear_down: bool = False) -> None:
        """It begins something else although it is to stop: a fixture, or a tear-down of a layer, which may take its time."""
        if self.is_to_stop:
            self._again = None
            self._last = None if tear_down else time.monotonic() + TO_TEAR_DOWN

    def begins_test(self) -> None:
        """It begins a test: it may not have noticed that it is to stop."""
        if self.is_to_stop:
            self._again = time.monotonic() + TO_NOTICE

    def acknowledge_stop(self) -> None:
        """It acknowledges that it has to stop, in the middle of its test if it has one."""
        self.stop_acknowledged = True
        if self.test is not None:
            self.tests_broken_off = self.test.size
        self._again = None

    def expect_exit(self) -> None:
        """It is about to end by itself."""
        self._again = self._last = None
        self._at(time.monotonic() + TO_LEAVE, self.kill)

    def is_cut_off(self) -> None:
        """Its pipe is closed, so nothing more can come from it: it has to end soon, or is ended."""
        if self._is_cut_off or self.is_leaving or self.cause is not None:
            return
        self._is_cut_off = True
        last = time.monotonic() + TO_LEAVE
        if self.deadline is None or self.deadline > last:
            self._at(last, lambda: self.end("the process closed its pipe to the test runner"))


def hook_name(event: SetUpStarted | TearDownStarted) -> str:
    """The hook of a layer, in words."""
    return "set-up" if isinstance(event, SetUpStarted) else "tear-down"
