"""What is reported when a child process goes away, with processes that are made up."""

from __future__ import annotations

import unittest

from support_pool import PoolCase, Whole, WithFixture, plain

from zope.testrunner.core.events import (
    OutputPassed,
    ProblemReported,
    SetUpFinished,
    SetUpStarted,
    TearDownFinished,
    TearDownStarted,
    TestFinished,
    TestStarted,
    WorkerLost,
)
from zope.testrunner.core.model import LayerName, Outcome, TearDownEnd, TestRef
from zope.testrunner.workers.batches import Job
from zope.testrunner.workers.crash_report import LINES_SHOWN, CrashReport, crash_problem
from zope.testrunner.workers.handle import WorkerHandle
from zope.testrunner.workers.ordered_report import OrderedReport
from zope.testrunner.workers.protocol import HEAD, Batch
from zope.testrunner.workers.scheduler import Schedule


class BlameCase(PoolCase):
    """A layer with one worker, which goes away."""

    def lose(self, job: Job, **doing: object) -> WorkerHandle:
        """What is reported about a worker of this job goes to ``sink``; ``doing`` are attributes of the worker."""
        job.has_begun = True
        schedule = Schedule([job], 1)
        ordered_report = OrderedReport(self.context(), schedule)
        worker = self.worker(job)
        schedule.add(worker)
        job.leader = worker.number
        ordered_report.go_on()
        if worker.section == HEAD and "at_head" not in doing:
            job.buffer.close(HEAD)
            schedule.next_order(worker)
        stderr = doing.pop("stderr", b"")
        assert isinstance(stderr, bytes)
        worker.err.feed(stderr)
        for name, value in doing.items():
            setattr(worker, name, value)
        crash_report = CrashReport(schedule, ordered_report, self.context().clock, lambda layer: ("script", layer))
        crash_report.crashed(worker)
        schedule.remove(worker)
        return worker

    def problems(self) -> list[tuple[str, str]]:
        """What has a problem, and which."""
        return [(event.test.label, event.problem.message) for event in self.sink.of(ProblemReported)]


class TestWhoIsBlamed(BlameCase):
    """A hook is blamed before a fixture, that before a test, that before the test that was to come."""

    def test_the_test_that_ran(self) -> None:
        job = self.job(*plain("ab"))
        ref = TestRef(job.buffer.tests[0], job.buffer.name)

        self.lose(job, test=ref, left=[(0, [])])

        self.assertEqual([(ref.label, "the process ended with status 7 during this test")], self.problems())
        self.assertEqual([Outcome.ERRORED], [event.outcome for event in self.sink.of(TestFinished)])

    def test_the_next_one_if_none_ran(self) -> None:
        job = self.job(*plain("ab"))

        self.lose(job)

        label = TestRef(job.buffer.tests[0], job.buffer.name).label
        self.assertEqual([(label, "the process ended with status 7 before this test began")], self.problems())
        self.assertEqual(1, len(self.sink.of(TestStarted)))
        self.assertEqual([Batch(1, ((1, (1,)),))], job.todo)

    def test_a_class_fixture_with_all_tests_that_need_it(self) -> None:
        job = self.job(*plain("ab", WithFixture), *plain("c"))

        self.lose(job, doing="setUpClass (m.WithFixture)")

        notify = "the process ended with status 7 during setUpClass (m.WithFixture)"
        self.assertEqual([("setUpClass (m.WithFixture)", notify)], self.problems())
        self.assertEqual([Batch(1, ((1, (2,)),))], job.todo)

    def test_a_set_up_and_nobody_tries_again(self) -> None:
        job = self.job(*plain("ab"), layer=Whole)

        self.lose(job, hook=SetUpStarted(0.0, 1, LayerName("m.L0")), section=HEAD, at_head=True)

        (event,) = self.sink.of(SetUpFinished)
        assert event.problem is not None
        self.assertEqual("the process ended with status 7 during this set-up", event.problem.message)
        self.assertTrue(job.is_hopeless)

    def test_a_tear_down(self) -> None:
        job = self.job(*plain("ab"), layer=Whole)

        self.lose(job, hook=TearDownStarted(0.0, 1, LayerName("m.L0")), section=job.buffer.sections.tail)

        (event,) = self.sink.of(TearDownFinished)
        assert event.problem is not None
        self.assertEqual(TearDownEnd.FAILED, event.end)
        self.assertEqual("the process ended with status 7 during this tear-down", event.problem.message)

    def test_nobody_where_nothing_was_left(self) -> None:
        job = self.job(*plain("ab"), layer=Whole)

        self.lose(job, left=[], section=job.buffer.sections.tail)

        (event,) = self.sink.of(WorkerLost)
        self.assertEqual(("the process ended with status 7", ("script", "m.L0")), (event.cause, event.command))

    def test_why_it_was_ended_comes_before_how(self) -> None:
        job = self.job(*plain("ab"))

        self.lose(job, cause="timed out after 3 seconds", test=TestRef(job.buffer.tests[0], job.buffer.name))

        self.assertEqual("timed out after 3 seconds", self.problems()[0][1])

    def test_long_last_words_are_told_apart_and_their_end_with_the_problem(self) -> None:
        job = self.job(*plain("ab"))
        words = "".join(f"line {number}\n" for number in range(LINES_SHOWN + 1))

        self.lose(job, stderr=words.encode())

        self.assertEqual([words.encode()], [event.data for event in self.sink.of(OutputPassed)])
        (event,) = self.sink.of(ProblemReported)
        self.assertIn("  ...\n  line 2\n", event.problem.traceback)


class TestTold(unittest.TestCase):
    """`crash_problem` has why, when, and the last lines."""

    def test_a_crash(self) -> None:
        problem = crash_problem("the process ended with status 3", "during this test", ["last", "words"])

        self.assertEqual("the process ended with status 3 during this test", problem.message)
        self.assertEqual(f"{problem.message}\nStandard error of the process:\n  last\n  words\n", problem.traceback)
        self.assertEqual("zope.testrunner.exceptions.TestCrashed", problem.type_name)

    def test_a_timeout(self) -> None:
        problem = crash_problem("timed out after 3 seconds", "during this test", [])

        self.assertEqual(("timed out after 3 seconds", "timed out after 3 seconds\n"), (problem.message, problem.traceback))
        self.assertEqual("zope.testrunner.exceptions.TestTimedOut", problem.type_name)
