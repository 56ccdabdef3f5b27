"""Messages of workers, with processes that are made up."""

from __future__ import annotations

import signal
from unittest import mock

from support_pool import PoolCase, plain, signals

from zope.testrunner.core.events import (
    Importance,
    Notice,
    OutputPassed,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TestBrokenOff,
    TestFinished,
)
from zope.testrunner.core.layer_registry import UNIT_TESTS
from zope.testrunner.core.model import Outcome, Problem, TestRef
from zope.testrunner.execution.timeouts import Limits
from zope.testrunner.workers import protocol, time_limits
from zope.testrunner.workers.batches import Job
from zope.testrunner.workers.crash_report import CrashReport
from zope.testrunner.workers.dispatcher import Dispatcher
from zope.testrunner.workers.framing import mark
from zope.testrunner.workers.handle import WorkerHandle
from zope.testrunner.workers.marshal_codec import encode_event
from zope.testrunner.workers.ordered_report import OrderedReport
from zope.testrunner.workers.protocol import HEAD, Batch
from zope.testrunner.workers.scheduler import Schedule


class HearingCase(PoolCase):
    """One worker, which has been given the first of four tests."""

    def setUp(self) -> None:
        super().setUp()
        self.only: Job = self.job(*plain("abcd"))
        self.schedule = Schedule([self.only], 1)
        ordered_report = OrderedReport(self.context(), self.schedule)
        self.crash_report = CrashReport(self.schedule, ordered_report, self.context().clock, lambda layer: ())
        self.dispatcher = Dispatcher(self.schedule, ordered_report, self.crash_report, Limits(5.0))
        self.now = 100.0
        patch = mock.patch.object(time_limits.time, "monotonic", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)
        self.one: WorkerHandle = self.worker(self.only)
        self.one.send = mock.Mock()  # type: ignore[method-assign]
        self.schedule.add(self.one)
        self.only.has_begun = True
        ordered_report.go_on()
        self.number = 1000
        self.say(protocol.CLOSED, 0.0, section=HEAD)
        self.say(protocol.READY, section=HEAD)

    def say(self, kind: int, *values: object, section: int | None = None) -> None:
        """A message of the worker, at the section where it is."""
        self.number += 1
        here = self.one.section if section is None else section
        self.dispatcher.dispatch(self.one, (kind, self.number, here, *values))

    def finish(self, position: int, outcome: Outcome = Outcome.PASSED) -> None:
        self.say(protocol.FINISHED, 2.0, position, outcome.value, 0.5, (), None, None, None)

    def hunting(self) -> None:
        """From now on tests are run again when they have ended."""
        ordered_report = OrderedReport(self.context(), self.schedule)
        self.dispatcher = Dispatcher(self.schedule, ordered_report, self.crash_report, Limits(5.0), hunts=True)

    def outcomes(self) -> list[Outcome]:
        return [event.outcome for event in self.sink.of(TestFinished)]


class TestWhat(HearingCase):
    """What a worker is doing, for those who wonder why it takes so long."""

    def test_a_test(self) -> None:
        self.say(protocol.STARTED, 1.0, 0)

        self.assertEqual(self.one.test.label, self.one.what)  # type: ignore[union-attr]

    def test_what_follows_a_test_is_nothing_of_its_own(self) -> None:
        self.say(protocol.STARTED, 1.0, 0)
        self.finish(0)

        self.assertEqual(f"process for {UNIT_TESTS}", self.one.what)

    def test_a_test_that_is_run_again_to_judge_it(self) -> None:
        self.hunting()
        self.say(protocol.STARTED, 1.0, 0)
        label = self.one.test.label  # type: ignore[union-attr]
        self.finish(0)

        self.assertEqual(f"{label}, run again to judge it,", self.one.what)

        self.say(protocol.STARTED, 1.0, 1)
        self.assertNotIn("again", self.one.what)


class TestTests(HearingCase):
    """Tests are reported as they are run."""

    def test_an_order_comes_when_it_is_asked_for(self) -> None:
        self.one.send.assert_called_once_with(Batch(1, ((0, (0,)),)))  # type: ignore[attr-defined]
        self.say(protocol.STARTED, 1.0, 0)
        self.finish(0)
        self.say(protocol.READY)

        self.one.send.assert_called_with(Batch(1, ((1, (1,)),)))  # type: ignore[attr-defined]
        self.assertEqual([Outcome.PASSED], self.outcomes())

    def test_what_was_printed_before_comes_before(self) -> None:
        self.say(protocol.STARTED, 1.0, 0)
        self.one.out.feed(b"hello" + mark(b"token", self.number + 1) + b"later")

        self.finish(0)

        self.assertEqual([b"hello"], [event.data for event in self.sink.of(OutputPassed)])
        self.assertEqual(["OutputPassed", "TestFinished"], self.sink.kinds()[-2:])

    def test_a_worker_that_was_interrupted_interrupts_the_run(self) -> None:
        self.say(protocol.BYE, False, False, True)

        self.assertTrue(self.schedule.interrupted)
        self.assertEqual([], signals(self.one))


class TestBreakingOff(HearingCase):
    """The run is over, by a problem of somebody else with ``-x``, and this worker has to stop."""

    def setUp(self) -> None:
        super().setUp()
        self.say(protocol.STARTED, 1.0, 0)
        self.schedule.stop()
        self.schedule.break_off()

    def problem(self, test: TestRef) -> None:
        problem = Problem(Outcome.ERRORED, "KeyboardInterrupt", "", "Traceback\n")
        self.say(protocol.EVENT, encode_event(ProblemReported(2.0, 1, test, problem, 0.5)))

    def notice(self) -> None:
        self.say(protocol.EVENT, encode_event(Notice(2.0, 1, Importance.ERROR, "\nInterrupted in test test_a.")))

    def told(self) -> list[str]:
        return [f"{event.test.id[-1]}" for event in self.sink.of(TestBrokenOff)]

    def test_the_test_has_no_result(self) -> None:
        self.assertEqual([signal.SIGINT], signals(self.one))
        self.notice()
        self.say(protocol.BYE, False, False, True)
        self.schedule.remove(self.one)

        self.assertEqual((["a"], []), (self.told(), self.outcomes()))
        self.assertEqual([], self.sink.of(Notice))
        self.assertEqual(1, self.schedule.tests_broken_off)
        self.assertFalse(self.schedule.interrupted)

    def test_one_that_takes_the_interruption_for_a_failure_has_none_either(self) -> None:
        self.problem(TestRef(None, UNIT_TESTS, 1, id=self.only.buffer.tests[0].id()))
        self.finish(0, Outcome.ERRORED)

        self.assertEqual((["a"], [], []), (self.told(), self.outcomes(), self.sink.of(ProblemReported)))

    def test_one_that_has_just_finished_has_one(self) -> None:
        self.finish(0)
        self.schedule.remove(self.one)

        self.assertEqual(([], [Outcome.PASSED]), (self.told(), self.outcomes()))
        self.assertEqual(0, self.schedule.tests_broken_off)

    def test_what_is_begun_afterwards_has_none(self) -> None:
        self.finish(0)
        self.say(protocol.STARTED, 3.0, 1)
        self.problem(TestRef(None, UNIT_TESTS, 1, id=self.only.buffer.tests[1].id()))
        self.finish(1, Outcome.ERRORED)
        self.schedule.remove(self.one)

        self.assertEqual([Outcome.PASSED], self.outcomes())
        self.assertEqual(1, self.schedule.tests_broken_off)

    def test_problems_of_fixtures_that_are_torn_down_are_reported(self) -> None:
        self.problem(TestRef(None, UNIT_TESTS, 0, id="tearDownClass (m.Plain)"))

        self.assertEqual(1, len(self.sink.of(ProblemReported)))

    def test_a_worker_that_goes_away_without_a_word(self) -> None:
        self.crash_report.broken_off(self.one)

        self.assertEqual((["a"], []), (self.told(), self.sink.of(ProblemReported)))

    def test_a_worker_that_has_to_be_killed(self) -> None:
        self.one.did_not_stop = True

        self.crash_report.broken_off(self.one)

        (notice,) = self.sink.of(Notice)
        told = f"\nThe process for {UNIT_TESTS} did not stop, and was ended; its layers were not torn down."
        self.assertEqual(told, notice.text)


class TestBreakingOffAFixture(HearingCase):
    """The same in the middle of a fixture, or of a set-up."""

    def break_off(self) -> None:
        self.schedule.stop()
        self.schedule.break_off()

    def test_a_fixture_that_takes_the_interruption_for_a_failure_has_none(self) -> None:
        label = "setUpClass (m.Plain)"
        self.say(protocol.DOING, label)
        self.break_off()
        problem = Problem(Outcome.ERRORED, "KeyboardInterrupt", "", "Traceback\n")
        fixture = TestRef(None, UNIT_TESTS, 0, id=label)
        self.say(protocol.EVENT, encode_event(ProblemReported(2.0, 1, fixture, problem, 0.5)))

        self.assertEqual([], self.sink.of(ProblemReported))

    def test_a_set_up_that_does(self) -> None:
        self.one.section = HEAD
        self.say(protocol.EVENT, encode_event(SetUpStarted(1.0, 1, UNIT_TESTS)))
        self.break_off()
        problem = Problem(Outcome.ERRORED, "KeyboardInterrupt", "", "Traceback\n")
        self.say(protocol.EVENT, encode_event(SetUpFinished(2.0, 1, UNIT_TESTS, 0.5, problem)))

        self.assertEqual([], self.sink.of(SetUpFinished))
        self.assertEqual(["\nBroken off."], [event.text for event in self.sink.of(Notice)])


class TestLimits(HearingCase):
    """Each test has its time."""

    def time_out(self) -> None:
        self.say(protocol.STARTED, 1.0, 0)
        self.now += 5.0
        with mock.patch.object(time_limits, "dump_signal", lambda: None):
            self.one.keep_time()

    def test_a_test_in_time(self) -> None:
        self.say(protocol.STARTED, 1.0, 0)
        self.now += 4.9
        self.finish(0)
        self.now += 1.0
        self.one.keep_time()

        self.assertEqual([], signals(self.one))

    def test_a_test_that_takes_too_long(self) -> None:
        self.time_out()
        self.assertEqual([signal.SIGTERM], signals(self.one))

        self.crash_report.crashed(self.one)

        (event,) = self.sink.of(ProblemReported)
        self.assertEqual("timed out after 5 seconds", event.problem.message)

    def test_it_is_too_late_to_finish_then(self) -> None:
        self.time_out()
        self.finish(0)
        self.say(protocol.STARTED, 3.0, 1, section=self.one.section + 1)

        self.crash_report.crashed(self.one)

        self.assertEqual([Outcome.ERRORED], self.outcomes())
        self.assertEqual([self.only.buffer.tests[0]], [event.test.live for event in self.sink.of(ProblemReported)])
        self.assertEqual([1, 2, 3], [group for order in self.only.todo for group, _ in order.groups])
