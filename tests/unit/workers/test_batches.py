"""What is to be done for one layer, and in which parts it is handed out."""

from __future__ import annotations

from support_pool import Other, PoolCase, Whole, WithFixture, plain

from zope.testrunner.core.config import LeakPolicy
from zope.testrunner.workers.batches import SHARES, Job
from zope.testrunner.workers.protocol import Batch


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
