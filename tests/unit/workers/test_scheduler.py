"""What is run next when several processes run tests, without any process."""

from __future__ import annotations

import signal

from support_pool import PoolCase, Whole, WithFixture, plain, signals

from zope.testrunner.workers.batches import Job
from zope.testrunner.workers.protocol import Batch
from zope.testrunner.workers.scheduler import Schedule


def groups(order: Batch | None) -> list[int]:
    """The groups of an order."""
    assert order is not None
    return [group for group, _ in order.groups]


def all_orders(job: Job, slots: int) -> list[Batch]:
    """What workers get that do nothing but ask."""
    result = []
    while (order := job.next_order(slots)) is not None:
        result.append(order)
    return result


class TestWhoGetsAChild(PoolCase):
    """A schedule says for which job one more worker is started."""

    def setUp(self) -> None:
        super().setUp()
        self.unit = self.job(*plain("abc"))
        self.whole = self.job(*plain("abc"), index=1, layer=Whole)

    def started(self, schedule: Schedule) -> list[int]:
        """The jobs for which workers are started, until there is nothing to do for another one."""
        result = []
        while (job := schedule.next_job()) is not None:
            schedule.add(self.worker(job))
            result.append(job.index)
        return result

    def test_there_are_no_more_workers_than_slots(self) -> None:
        schedule = Schedule([self.unit, self.whole], 2)

        self.assertEqual([0, 0], self.started(schedule))
        schedule.remove(schedule.workers[0])
        self.assertEqual([0], self.started(schedule))

    def test_one_that_says_goodbye_makes_room(self) -> None:
        schedule = Schedule([self.unit, self.whole], 2)
        self.started(schedule)

        schedule.workers[0].is_leaving = True

        self.assertEqual([0], self.started(schedule))

    def test_but_not_where_there_is_one_at_a_time(self) -> None:
        schedule = Schedule([self.unit, self.whole], 1)
        self.started(schedule)

        schedule.workers[0].is_leaving = True

        self.assertEqual([], self.started(schedule))

    def test_a_layer_that_cannot_be_divided_gets_one(self) -> None:
        schedule = Schedule([self.whole], 4)

        self.assertEqual([1], self.started(schedule))

    def test_a_job_of_which_everything_is_handed_out_gets_no_more(self) -> None:
        schedule = Schedule([self.unit, self.whole], 2)
        all_orders(self.unit, 1)

        self.assertEqual([1], self.started(schedule))

    def test_a_job_that_is_hopeless_gets_no_more(self) -> None:
        schedule = Schedule([self.unit, self.whole], 2)
        self.unit.is_hopeless = True

        self.assertEqual([1], self.started(schedule))

    def test_what_takes_long_and_cannot_be_divided_comes_first(self) -> None:
        tests = plain("ab")
        jobs = [
            self.job(*tests, known={tests[0].id(): 60.0}),
            self.job(*tests, index=1, layer=Whole, known={"m.L1": 2.0}),
            self.job(*tests, index=2, layer=Whole, known={"m.L2": 5.0}),
        ]

        self.assertEqual([2, 1, 0], self.started(Schedule(jobs, 3))[:3])

    def test_a_layer_that_is_new_comes_before_those_that_are_known(self) -> None:
        tests = plain("ab")
        jobs = [
            self.job(*tests, index=0, layer=Whole, known={"m.L0": 5.0}),
            self.job(*tests, index=1, layer=Whole, known={}),
        ]

        self.assertEqual([1, 0], self.started(Schedule(jobs, 2)))

    def test_nobody_is_started_after_ctrl_c(self) -> None:
        schedule = Schedule([self.unit, self.whole], 3)
        worker = self.worker(self.unit)
        schedule.add(worker)

        schedule.interrupt()

        self.assertIsNone(schedule.next_job())
        self.assertIsNone(schedule.next_order(worker))
        self.assertEqual([signal.SIGINT], signals(worker))


class TestOrders(PoolCase):
    """A worker that asks gets an order, which is noted down."""

    def test_an_order_is_left_to_the_worker(self) -> None:
        job = self.job(*plain("ab", WithFixture), *plain("c"), iterations=2)
        schedule = Schedule([job], 1)
        worker = self.worker(job)
        schedule.add(worker)

        order = schedule.next_order(worker)

        self.assertEqual(Batch(1, ((0, (0, 1)),)), order)
        self.assertEqual((1, [(0, [0, 1])]), (worker.iteration, worker.left))
        self.assertEqual(job.buffer.sections.group(1, 0), worker.section)

    def test_what_a_lost_worker_has_not_begun_comes_next(self) -> None:
        job = self.job(*plain("ab", WithFixture), *plain("c"))
        schedule = Schedule([job], 1)
        worker = self.worker(job)
        schedule.next_order(worker)
        worker.skip_to(0)

        schedule.put_back(worker)

        self.assertEqual(Batch(1, ((0, (1,)),)), job.next_order(1))
        self.assertEqual(Batch(1, ((1, (2,)),)), job.next_order(1))

    def test_nothing_comes_back_of_what_was_done(self) -> None:
        job = self.job(*plain("ab"))
        schedule = Schedule([job], 1)
        worker = self.worker(job)
        schedule.next_order(worker)
        worker.skip_to(0)

        schedule.put_back(worker)

        self.assertEqual([Batch(1, ((1, (1,)),))], all_orders(job, 1))

    def test_a_layer_that_is_not_divided_goes_on_with_the_next_lap(self) -> None:
        job = self.job(*plain("ab"), layer=Whole, iterations=2)
        schedule = Schedule([job], 1)
        worker = self.worker(job)
        schedule.next_order(worker)
        worker.skip_to(1)

        schedule.put_back(worker)

        self.assertEqual([Batch(1, ((0, ()),))], all_orders(job, 1))

    def test_and_ends_after_the_last(self) -> None:
        job = self.job(*plain("ab"), layer=Whole)
        schedule = Schedule([job], 1)
        worker = self.worker(job)
        schedule.next_order(worker)
        worker.skip_to(1)

        schedule.put_back(worker)

        self.assertEqual([], all_orders(job, 1))


class TestStopOnError(PoolCase):
    """With ``-x`` the first problem ends the run, whoever has it."""

    def setUp(self) -> None:
        super().setUp()
        self.jobs = [self.job(*plain("abcd"), index=index) for index in range(3)]
        self.schedule = Schedule(self.jobs, 8, stop_on_error=True)

    def test_a_problem_is_none_without_it(self) -> None:
        schedule = Schedule(self.jobs, 8)

        schedule.note_problem(self.worker(self.jobs[0]))

        self.assertIs(self.jobs[0], schedule.next_job())
        self.assertFalse(schedule.is_ending)

    def test_nothing_more_is_begun(self) -> None:
        first, second = self.worker(self.jobs[1]), self.worker(self.jobs[0])
        self.assertEqual([0], groups(self.schedule.next_order(first)))

        self.schedule.note_problem(first)

        self.assertIsNone(self.schedule.next_job())
        self.assertIsNone(self.schedule.next_order(second))
        self.assertFalse(self.schedule.may_go_on(self.jobs[0]))

    def test_what_others_do_is_broken_off(self) -> None:
        workers = [self.worker(self.jobs[number]) for number in (1, 1, 0, 2)]
        for worker in workers:
            self.schedule.add(worker)

        self.schedule.note_problem(workers[0])
        self.schedule.break_off()

        self.assertEqual([[], *[[signal.SIGINT]] * 3], [signals(each) for each in workers])
        self.assertEqual([False, True, True, True], [each.is_cancelled for each in workers])

    def test_of_two_problems_at_the_same_time_both_end_by_themselves(self) -> None:
        workers = [self.worker(self.jobs[number]) for number in (0, 1)]
        for worker in workers:
            self.schedule.add(worker)
            self.schedule.note_problem(worker)

        self.schedule.break_off()

        self.assertEqual([[], []], [signals(each) for each in workers])

    def test_a_worker_that_had_a_problem_is_broken_off_where_something_else_ends_the_run(self) -> None:
        schedule = Schedule(self.jobs, 8)
        worker = self.worker(self.jobs[0])
        schedule.add(worker)
        schedule.note_problem(worker)

        schedule.stop()
        schedule.break_off()

        self.assertEqual([signal.SIGINT], signals(worker))

    def test_a_worker_that_has_nothing_more_to_do_is_left_alone(self) -> None:
        worker = self.worker(self.jobs[0])
        self.schedule.add(worker)
        self.jobs[0].todo.clear()
        self.assertIsNone(self.schedule.next_order(worker))

        self.schedule.break_off()

        self.assertEqual([], signals(worker))

    def test_nothing_of_a_lost_worker_is_run_again(self) -> None:
        worker = self.worker(self.jobs[0])
        self.schedule.next_order(worker)
        self.schedule.note_problem(worker)

        self.schedule.put_back(worker)

        self.assertEqual([1], groups(self.jobs[0].next_order(8)))

    def test_tests_that_were_broken_off_are_counted(self) -> None:
        worker = self.worker(self.jobs[0])
        self.schedule.add(worker)
        worker.tests_broken_off = 2

        self.schedule.remove(worker)

        self.assertEqual(2, self.schedule.tests_broken_off)


class TestCtrlC(PoolCase):
    """Ctrl-C is passed on to whoever can do something about it."""

    def test_a_worker_that_has_ended_by_itself_is_not_reported(self) -> None:
        job = self.job(*plain("ab"))
        schedule = Schedule([job], 1)
        worker = self.worker(job)
        worker.process.has_ended = True  # type: ignore[attr-defined]
        schedule.add(worker)

        schedule.interrupt()

        self.assertFalse(worker.is_to_stop)
