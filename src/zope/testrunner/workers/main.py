"""The worker's side of a pool: runs what it is ordered to, until nothing more is ordered: `serve`."""

from __future__ import annotations

import contextlib
import faulthandler
import sys
import unittest
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, TextIO, cast

from zope.testrunner import threadsupport  # noqa: F401 - later there may be no descriptor left to load it
from zope.testrunner.core.events import Event
from zope.testrunner.core.layer_order import with_bases
from zope.testrunner.core.model import Plan, Stats, Test
from zope.testrunner.core.report_names import test_id
from zope.testrunner.exceptions import EndRun
from zope.testrunner.execution.fixtures import Fixtures
from zope.testrunner.execution.result import Result, hooks_of
from zope.testrunner.execution.serial import ReadyLayer, RunContext, Serial, resolved
from zope.testrunner.system.originals import os, signal
from zope.testrunner.workers.command_line import FakeInputContinueGenerator
from zope.testrunner.workers.event_sender import EventSender
from zope.testrunner.workers.framing import NoMessage, read_message
from zope.testrunner.workers.process_group import WorkerPipes
from zope.testrunner.workers.protocol import BYE, READY, Batch, Sections, WorkerConfig, dump_signal

if TYPE_CHECKING:
    from zope.testrunner.core.events import Emit
    from zope.testrunner.execution.streams.capture_fd import Captured
    from zope.testrunner.workers.command_line import WorkerChannel


class WorkerExecutor(Serial):
    """Runs parts of one layer as they are ordered, between one set-up and one tear-down."""

    def __init__(
        self, context: RunContext, sender: EventSender, config: WorkerConfig, next_order: Callable[[], Batch | None]
    ) -> None:
        super().__init__(context, fallback=_nowhere)
        self._sender = sender
        sender.has_hooks = bool(hooks_of(with_bases([config.ready.layer])))
        self._config = config
        self._tests: list[Test] = list(config.ready.plan.suite)
        self._next = next_order
        self._has_had_orders = False
        #: Whether a test asked for the end of the run.
        self.ended_run = False

    def _run_layers(self, layers: Sequence[ReadyLayer]) -> None:
        try:
            super()._run_layers(layers)
        except EndRun:
            self.ended_run = True
            raise

    def _run_iterations(self, ready: ReadyLayer, size: int) -> Stats:
        self._sender.close()
        if self._config.split:
            while not self._is_over() and (order := self._order()) is not None:
                self._run_iteration(ready.replace(rest=self._in_turn(order)), order.iteration, size)
            return Stats()
        order = self._order()
        if order is None:
            return Stats()
        ((_, positions),) = order.groups
        rest = [self._tests[position] for position in positions]
        return super()._run_iterations(ready.replace(iterations_done=order.iteration - 1, rest=rest), size)

    def _order(self) -> Batch | None:
        self._sender.send(READY)
        try:
            order = self._next()
        except NoMessage:
            if not self._has_had_orders:
                # It was the set-up, and no other worker would get further.
                self._sender.cut_off()
            # Another worker does what there is to do, and this one can still put its things away.
            return None
        self._has_had_orders = True
        return order

    def _in_turn(self, order: Batch) -> Iterator[Test]:
        """The tests of an order; notes the section when it comes to them."""
        sender = self._sender
        for index, (group, positions) in enumerate(order.groups):
            if index:
                sender.close()
            sender.section = self._config.sections.group(order.iteration, group)
            for position in positions:
                sender.running = position
                yield self._tests[position]

    def _fixtures(self, result: Result) -> Fixtures:
        fixtures = super()._fixtures(result)
        fixtures.doing = self._sender.send_fixture
        return fixtures


def serve(
    config: WorkerConfig,
    context: RunContext,
    ends: WorkerPipes,
    begin: Callable[[Emit], None],
    captured: Captured | None = None,
) -> None:
    """Run what the parent orders until it orders nothing more, and send the last message.

    ``begin`` is called with what emits events from now on.
    """
    streams = (1, 2) if captured is None else captured.descriptors
    _be_ready_for_questions(streams[1])
    tests = list(config.ready.plan.suite)
    sender = EventSender(config.token, ends.results, config.sections, tests, streams, split=config.split)
    emit = sender.emit
    bus = None
    if captured is not None:
        from zope.testrunner.execution.streams.capture_fd import CapturingBus

        bus = CapturingBus([Forward(emit)], None, captured, context.worker)
        emit = bus.emit
    begin(emit)
    stdin, sys.stdin = sys.stdin, cast("TextIO", FakeInputContinueGenerator())
    try:
        # Each test is reported, whoever listens in the end: the parent has to know which one runs.
        here = context.replace(emit=emit, held=captured, subscriptions=None)
        executor = WorkerExecutor(here, sender, config, lambda: _read_order(ends, config.token))
        executor.run(Plan((config.ready.plan,)))
    finally:
        sender.flush()
        sys.stdin = stdin
        if bus is not None and captured is not None:
            bus.finish()
            captured.stop()
    sender.send(BYE, executor.over_limit, executor.ended_run, executor.interrupted)


def serve_spawned(orders: WorkerChannel, plan: Plan, context: RunContext, captured: Captured | None = None) -> bool:
    """Do the same in a process that was started anew, and has found its tests by itself.

    False if they are not those that the parent wants.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # The parent asks by it to stop; Ctrl-C, which a command in the background ignores, does not get here.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    ends = WorkerPipes(orders.orders, orders.results)
    token = orders.token.encode("ascii")
    first = read_message(ends.orders, token)
    if not isinstance(first, tuple):
        return False
    worker, split, iterations, groups, ids = first
    (layer,) = resolved(plan, context)
    found: dict[str, list[Test]] = {}
    for test in layer.plan.suite:
        found.setdefault(test_id(test), []).append(test)
    try:
        tests = [found[each].pop(0) for each in ids]
    except (KeyError, IndexError):
        return False
    suite = unittest.TestSuite(tests)  # type: ignore[arg-type]  # suites take whatever can be called
    ready = layer.replace(plan=layer.plan.replace(suite=suite))
    config = WorkerConfig(ready, Sections(iterations, groups), token, split)
    try:
        serve(config, context.replace(worker=worker), ends, _begin_nothing, captured)
    except BaseException:
        # Threads that tests have started may keep the process from ending, but nothing more will be sent.
        os.close(ends.results)
        raise
    return True


def _nowhere(layers: Sequence[ReadyLayer]) -> bool:
    """There is one layer only, so nothing is left for anybody else."""
    return False


def _begin_nothing(emit: Emit) -> None:
    """Nobody else in this process emits events."""


class Forward:
    """A sink that passes everything on."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit

    def takes(self, kind: type[Event]) -> Emit | None:
        return self._emit


def _read_order(ends: WorkerPipes, token: bytes) -> Batch | None:
    """What to do next, None if there is nothing; raises `NoMessage` if it cannot be read any more."""
    value = read_message(ends.orders, token)
    if not isinstance(value, tuple):
        raise NoMessage("the pipe of its orders is closed")
    return Batch(*value) if value else None


def _be_ready_for_questions(stderr: int) -> None:
    """Let fatal errors, and the parent, get the stacks of all threads on standard error."""
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        # A descriptor of its own: tests may close the usual one.
        descriptor = os.dup(stderr)
        faulthandler.enable(descriptor, all_threads=True)
        number = dump_signal()
        if number is not None:
            faulthandler.register(number, descriptor, all_threads=True, chain=False)
