"""The parent's side of child processes, with processes that are made up."""

from __future__ import annotations

import io
import subprocess
import unittest
from collections.abc import Sequence
from unittest import mock

from zope.testrunner.core.config import Execution, LeakPolicy
from zope.testrunner.core.event_codec import VERSION
from zope.testrunner.core.events import (
    Event,
    Importance,
    LayerStarted,
    Notice,
    OutputPassed,
    ResultsCounted,
    RunFinished,
    WorkerLost,
)
from zope.testrunner.core.layer_registry import LayerRegistry
from zope.testrunner.core.model import LayerName, LayerPlan, Stats
from zope.testrunner.execution.serial import ReadyLayer, RunContext
from zope.testrunner.testing import FakeClock, RecordingSink
from zope.testrunner.workers import stdout_frames as wire
from zope.testrunner.workers.command_line import VARIABLE
from zope.testrunner.workers.launchers import Script
from zope.testrunner.workers.resume import FreshWorkers

DONE = RunFinished(0.0, 1, Stats(ran=2), 0.1, 1)


class FakeProcess:
    """A child process whose life is a list of what it writes."""

    returncode = 7

    def __init__(self, lines: Sequence[bytes | OSError], stderr: bytes | str) -> None:
        self.lines = list(lines)
        self.stdout = self
        self.stderr = io.BytesIO(stderr) if isinstance(stderr, bytes) else io.StringIO(stderr)

    def readline(self) -> bytes:
        line = self.lines.pop(0) if self.lines else b""
        if isinstance(line, OSError):
            raise line
        return line

    def wait(self, timeout: float) -> int:
        return self.returncode

    def kill(self) -> None:
        """It is dead already."""

    def communicate(self) -> None:
        """It has said all there is to say."""


class ChildrenCase(unittest.TestCase):
    """Runs layers in processes that are made up."""

    def setUp(self) -> None:
        self.sink = RecordingSink()
        self.commands: list[list[str]] = []
        self.announced: list[object] = []

    def run_children(
        self,
        *events: Event | bytes | OSError,
        stderr: bytes | str = b"2 0 0\n",
        hello: int | None = VERSION,
        layers: int = 1,
        execute: Execution | None = None,
    ) -> bool:
        """What `FreshWorkers` returns when each child says this."""

        def start(command: list[str], *, env: dict[str, str], **more: object) -> FakeProcess:
            self.commands.append(command)
            token = env[VARIABLE]
            lines: list[bytes | OSError] = []
            if hello is not None:
                lines.append(wire.hello(token).replace(b'"version": %d' % VERSION, b'"version": %d' % hello))
            lines += [event if isinstance(event, (bytes, OSError)) else wire.frame(token, event) for event in events]
            return FakeProcess(lines, stderr)

        context = RunContext(
            execute or Execution(),
            LeakPolicy(),
            self.sink.events.append,
            FakeClock(),
            LayerRegistry(),
            self.announced.append,
        )
        children = FreshWorkers(context, Script(("script",), "/", ("-v",), ("-N2",)))
        ready = [ReadyLayer(LayerPlan(LayerName(f"m.L{n}"), unittest.TestSuite()), f"layer {n}") for n in range(layers)]
        with mock.patch.object(subprocess, "Popen", start):
            return children(ready)


class TestEvents(ChildrenCase):
    """What a child says becomes events of this run."""

    def test_events_get_the_number_of_the_child(self) -> None:
        problems = self.run_children(LayerStarted(0.0, 0, LayerName("m.L"), 2), DONE, layers=2)

        self.assertFalse(problems)
        self.assertEqual([1, 2], [event.worker for event in self.sink.of(LayerStarted)])
        self.assertEqual([], self.sink.of(RunFinished))

    def test_output_of_tests_is_passed_on_as_it_is(self) -> None:
        self.run_children(b"caf\xe9\n", DONE)

        self.assertEqual([b"caf\xe9\n"], [event.data for event in self.sink.of(OutputPassed)])

    def test_and_so_is_standard_error_without_the_trailer(self) -> None:
        self.run_children(DONE, stderr=b"a warning\n2 0 0\n")

        (passed,) = self.sink.of(OutputPassed)
        self.assertEqual(("stderr", b"a warning\n"), (passed.stream, passed.data))

    def test_problems_are_told(self) -> None:
        failed = RunFinished(0.0, 1, Stats(ran=2, failures=1), 0.1, 1, (), ("test_x",))

        self.assertTrue(self.run_children(failed, stderr=b"2 1 0\ntest_x\n"))

    def test_the_command_line(self) -> None:
        self.run_children(DONE)

        ((_, *words),) = self.commands
        self.assertEqual(["script", "--resume-layer", "m.L0", "0", "--default", "-v", "-N2"], words)

    def test_layers_after_the_first_are_announced(self) -> None:
        self.run_children(DONE, layers=3)

        self.assertEqual(["layer 1", "layer 2"], self.announced)

    def test_none_is_started_after_a_problem_if_that_is_to_stop_the_run(self) -> None:
        failed = RunFinished(0.0, 1, Stats(ran=2, errors=1), 0.1, 1)

        self.run_children(failed, layers=3, execute=Execution(stop_on_error=True))

        self.assertEqual(1, len(self.commands))


class TestOlderRunners(ChildrenCase):
    """A script may start a runner that sends no frames."""

    def test_its_counts_are_read_and_its_report_is_passed_on(self) -> None:
        problems = self.run_children(
            b"Running m.L tests:\n", hello=None, stderr="noise\n5 1 1\ntest_f (m.T)\ntest_e (m.T)\n"
        )

        self.assertTrue(problems)
        (counted,) = self.sink.of(ResultsCounted)
        self.assertEqual((5, ("test_f (m.T)",), ("test_e (m.T)",)), (counted.ran, counted.failed, counted.errored))
        self.assertEqual(b"Running m.L tests:\n", self.sink.of(OutputPassed)[0].data)


class TestLosses(ChildrenCase):
    """A child that does not deliver is an error, and what it delivered is kept."""

    def cause(self) -> str:
        """Why the only child is lost."""
        (lost,) = self.sink.of(WorkerLost)
        return lost.cause

    def test_without_a_trailer(self) -> None:
        notice = Notice(0.0, 1, Importance.INFO, "kept")

        self.assertTrue(self.run_children(notice, stderr=b"Segmentation fault\n"))

        self.assertIn("status 7", self.cause())
        self.assertEqual(["kept"], [event.text for event in self.sink.of(Notice)])
        self.assertEqual(("Segmentation fault",), self.sink.of(WorkerLost)[0].stderr)

    def test_without_the_end_of_the_run(self) -> None:
        self.assertTrue(self.run_children(stderr=b"0 0 0\n"))

        self.assertIn("before it was done", self.cause())

    def test_with_another_version(self) -> None:
        self.assertTrue(self.run_children(DONE, hello=99))

        self.assertIn("version 99", self.cause())

    def test_with_an_output_that_breaks(self) -> None:
        self.assertTrue(self.run_children(OSError(5, "Input/output error")))

        self.assertIn("could not be read", self.cause())

    def test_interrupted_reading_goes_on(self) -> None:
        self.assertFalse(self.run_children(InterruptedError(), DONE))

    def test_one_that_cannot_be_started(self) -> None:
        with mock.patch.object(subprocess, "Popen", side_effect=OSError(12, "Cannot allocate memory")):
            context = RunContext(
                Execution(), LeakPolicy(), self.sink.events.append, FakeClock(), LayerRegistry(), self.announced.append
            )
            ready = ReadyLayer(LayerPlan(LayerName("m.L"), unittest.TestSuite()), None)
            self.assertTrue(FreshWorkers(context, Script(("script",), "/", (), ()))([ready]))

        self.assertIn("could not be started", self.cause())
