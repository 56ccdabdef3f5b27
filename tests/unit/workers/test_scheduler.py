"""What is run next when several processes run tests, without any process."""

from __future__ import annotations

import signal

from support_pool import Other, PoolCase, Whole, WithFixture, plain, signals

from zope.testrunner.core.config import LeakPolicy
from zope.testrunner.workers.jobs import SHARES, Job
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


class TestWhatIsHandedOut(PoolCase):
    """Tests are handed out each once in each iteration, in parts that get smaller."""

    def test_every_test_comes_once_in_each_lap(self) -> None:
        job = self.job(*plain("abcdefgh"), *plain("abcdefgh", Other), *plain("ab", WithFixture), iterations=3)

        orders = all_orders(job, 2)
        handed = [(order.iteration, each) for order in orders for _, positions in order.groups for each in positions]

        self.assertEqual([(iteration, each) for iteration in (1, 2, 3) for each in range(18)], sorted(handed))

    def test_iterations_come_in_order_and_no_order_is_of_two_laps(self) -> None:
        orders = all_orders(self.job(*plain("abcd"), iterations=3), 1)

        # The last share of an iteration is cut short.
        self.assertEqual([(1, [0, 1, 2]), (1, [3]), (2, [0, 1])], [(each.iteration, groups(each)) for each in orders[:3]])
        self.assertEqual([each.iteration for each in orders], sorted(each.iteration for each in orders))

    def test_shares_get_smaller(self) -> None:
        job = self.job(*(test for _ in range(16) for test in plain("abcdefgh")))

        sizes = [len(order.groups) for order in all_orders(job, 2)]

        self.assertEqual(128 // (2 * SHARES), sizes[0])
        self.assertEqual(sorted(sizes, reverse=True), sizes)
        self.assertEqual(1, sizes[-1])

    def test_more_workers_get_smaller_shares(self) -> None:
        tests = [test for _ in range(16) for test in plain("abcdefgh")]

        few, many = self.job(*tests).next_order(2), self.job(*tests).next_order(8)

        self.assertGreater(len(groups(few)), len(groups(many)))

    def test_shares_are_of_time_where_it_is_known(self) -> None:
        tests = plain("abcdefgh")
        job = self.job(*tests, known={tests[0].id(): 10.0, **{test.id(): 0.1 for test in tests[1:]}})

        first, second = job.next_order(1), job.next_order(1)

        self.assertEqual([0], groups(first))
        self.assertEqual([1, 2], groups(second))

    def test_tests_of_an_order_are_run_in_the_order_of_the_plan(self) -> None:
        tests = plain("abcdefgh")
        job = self.job(*tests, known={test.id(): float(seconds) for seconds, test in enumerate(tests, 1)})

        # The last one takes longest, so it was taken first.
        self.assertEqual([6, 7], groups(job.next_order(1)))

    def test_what_takes_longest_comes_first(self) -> None:
        tests = plain("abc")
        known = {test.id(): seconds for test, seconds in zip(tests, (1.0, 5.0, 3.0), strict=True)}
        job = self.job(*tests, known=known, iterations=2)

        self.assertEqual([1, 2, 0] * 2, [groups(order)[0] for order in all_orders(job, 4)])

    def test_a_test_of_which_nothing_is_known_counts_like_the_mean(self) -> None:
        tests = plain("abc")
        job = self.job(*tests, known={tests[0].id(): 1.0, tests[2].id(): 4.0})

        self.assertEqual([2, 1, 0], [groups(order)[0] for order in all_orders(job, 4)])
        self.assertEqual(2.5, job.weight(Batch(1, ((1, (1,)),))))

    def test_without_a_record_the_plan_is_the_order(self) -> None:
        self.assertEqual([0, 1, 2], [groups(order)[0] for order in all_orders(self.job(*plain("abc")), 4)])


class TestWhatStaysTogether(PoolCase):
    """Groups with fixtures are orders of their own, and some layers are one order."""

    def test_a_class_with_fixtures_is_not_added_to_other_tests(self) -> None:
        job = self.job(*plain("abcde"), *plain("ab", WithFixture), *plain("abcdefgh", Other))

        orders = all_orders(job, 1)

        self.assertEqual([[0, 1, 2, 3], [4], [5]], [groups(order) for order in orders[:3]])
        self.assertEqual(Batch(1, ((5, (5, 6)),)), orders[2])

    def test_nothing_is_added_to_one_that_comes_first(self) -> None:
        job = self.job(*plain("ab", WithFixture), *plain("abcdefgh"))

        self.assertEqual([0], groups(job.next_order(1)))

    def test_a_layer_that_cannot_be_divided_is_one_order(self) -> None:
        job = self.job(*plain("abc"), layer=Whole, iterations=3)

        self.assertFalse(job.buffer.split)
        self.assertEqual([Batch(1, ((0, (0, 1, 2)),))], all_orders(job, 4))

    def test_nothing_is_divided_where_readings_are_compared(self) -> None:
        job = self.job(*plain("abc"), leaks=LeakPolicy(report=True))

        self.assertEqual([Batch(1, ((0, (0, 1, 2)),))], all_orders(job, 4))


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
