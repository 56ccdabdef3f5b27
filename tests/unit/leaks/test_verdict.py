"""The rule, fed with numbers."""

from __future__ import annotations

import random
import unittest
from itertools import pairwise

from zope.testrunner.leaks.conclusions import overall
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.leaks.verdict import DEFAULT, LAPS, Policy, fixed, is_open, judge, most_runs, recurs


def growth(*changes: int, tracker: str = "blocks", policy: Policy | None = None) -> Growth:
    return judge(tracker, Unit.COUNT, changes, policy or Policy()).growth


class TestJudge(unittest.TestCase):
    """One counter."""

    def test_growth_in_every_run_and_every_confirmation_is_a_leak(self) -> None:
        self.assertIs(Growth.LEAK, growth(900, *[1] * 11))

    def test_one_confirmation_without_growth_clears(self) -> None:
        self.assertIs(Growth.BOUNDED, growth(900, *[1] * 10, 0))

    def test_growth_that_was_not_confirmed_is_not_judged(self) -> None:
        verdict = judge("blocks", Unit.COUNT, (900, 1, 1, 1))

        self.assertIs(Growth.NOT_JUDGED, verdict.growth)
        self.assertIn("not confirmed", verdict.why or "")

    def test_the_warm_up_does_not_count(self) -> None:
        self.assertIs(Growth.STABLE, growth(900, 0))

    def test_one_later_rise_is_one_time_growth(self) -> None:
        self.assertIs(Growth.ONE_TIME, growth(900, 3, 0))
        self.assertIs(Growth.ONE_TIME, growth(900, 0, 3, 0))

    def test_pauses_that_end_are_not_judged(self) -> None:
        verdict = judge("blocks", Unit.COUNT, (900, 3, 0, 3))

        self.assertIs(Growth.NOT_JUDGED, verdict.growth)
        self.assertEqual("it grew in 2 of 3 runs, by 2 a run on average", verdict.why)

    def test_rises_and_falls_that_balance_are_stable_and_say_so(self) -> None:
        verdict = judge("blocks", Unit.COUNT, (900, 3, -3, 3, -3))

        self.assertIs(Growth.STABLE, verdict.growth)
        self.assertIn("hide", verdict.why or "")

    def test_too_few_runs_are_not_judged(self) -> None:
        verdict = judge("blocks", Unit.COUNT, (900, 1), LAPS)

        self.assertIs(Growth.NOT_JUDGED, verdict.growth)
        self.assertEqual("it takes 3 runs, and there were 2", verdict.why)

    def test_bytes_need_more_than_noise(self) -> None:
        self.assertIs(Growth.STABLE, growth(0, *[4096] * 11, tracker="heap"))
        self.assertIs(Growth.LEAK, growth(0, *[16 * 1024] * 11, tracker="heap"))

    def test_a_buffer_with_a_reserve_is_a_leak_although_some_runs_fit_into_it(self) -> None:
        rise = 72 * 1024
        verdict = judge("heap", Unit.BYTES, (0, *[rise] * 7, 0, rise, 0, rise))

        self.assertIs(Growth.LEAK, verdict.growth)
        self.assertEqual(rise * 9 // 11, verdict.per_run)
        self.assertIs(Growth.LEAK, growth(0, *[rise] * 4, 0, 0, rise, 0, rise, 0, 0, tracker="heap"))

    def test_a_pause_clears_what_does_not_go_on_or_is_given_back(self) -> None:
        rise = 72 * 1024

        self.assertIs(Growth.BOUNDED, growth(0, *[rise] * 9, 0, 0, tracker="heap"))
        self.assertIs(Growth.BOUNDED, growth(0, *[rise] * 8, 0, 0, 0, tracker="heap"))
        self.assertIs(Growth.NOT_JUDGED, growth(0, *[rise] * 7, 0, rise, -rise, rise, tracker="heap"))
        self.assertIs(Growth.NOT_JUDGED, growth(0, rise, rise, 0, *[rise] * 8, tracker="heap"))
        self.assertIs(Growth.BOUNDED, growth(0, *[rise] * 4, 0, *[rise] * 3, 0, 0, 0, tracker="heap"))
        self.assertIs(Growth.NOT_JUDGED, growth(0, *[1] * 7, 0, *[1] * 3))

    def test_a_fixed_number_of_runs_allows_no_pause(self) -> None:
        rise = 72 * 1024

        self.assertIs(Growth.NOT_JUDGED, growth(*[rise] * 7, 0, rise, tracker="heap", policy=fixed(":")))

    def test_what_every_run_adds_is_the_least_of_them(self) -> None:
        self.assertEqual(2, judge("blocks", Unit.COUNT, (900, 5, 2, 3), Policy(confirm=0)).per_run)

    def test_a_threshold_can_be_given(self) -> None:
        changes = (0, *[5] * 11)

        self.assertIs(Growth.STABLE, judge("blocks", Unit.COUNT, changes, threshold=6).growth)


class TestFalls(unittest.TestCase):
    """What is given back ends another warm-up, and is no verdict."""

    def test_growth_after_a_fall_is_a_leak(self) -> None:
        verdict = judge("blocks", Unit.COUNT, (900, -198, *[2] * 11))

        self.assertIs(Growth.LEAK, verdict.growth)
        self.assertEqual(((2,) * 11, 2), (verdict.deltas, verdict.per_run))

    def test_a_fall_in_a_later_run_is_one_as_well(self) -> None:
        self.assertIs(Growth.LEAK, growth(900, 202, -198, *[2] * 11))
        self.assertIs(Growth.LEAK, growth(900, -5, -4, -3, *[2] * 11))

    def test_growth_after_a_fall_has_to_be_confirmed(self) -> None:
        self.assertIs(Growth.NOT_JUDGED, growth(900, -198, *[2] * 9))

    def test_three_falls_are_warm_ups_and_no_more(self) -> None:
        self.assertIs(Growth.LEAK, growth(900, *[9, -9] * 3, *[1] * 11))
        self.assertIs(Growth.NOT_JUDGED, growth(900, *[9, -9] * 4, *[1] * 11))

    def test_rest_after_a_fall_is_stable(self) -> None:
        verdict = judge("blocks", Unit.COUNT, (900, -5, 0))

        self.assertIs(Growth.STABLE, verdict.growth)
        self.assertIn("hide", verdict.why or "")

    def test_laps_that_are_few_do_not_make_a_leak_of_the_way_back(self) -> None:
        self.assertIs(Growth.NOT_JUDGED, growth(900, 9, -9, 1, 1, policy=LAPS))
        self.assertIs(Growth.LEAK, growth(900, -1, 1, 1, 1, policy=LAPS))


class TestGrowthWithPauses(unittest.TestCase):
    """What comes back every second or third run is never called stable."""

    def test_it_is_not_judged_and_the_reason_says_how_fast_it_grows(self) -> None:
        for changes, slope in (([1, 0] * 6, "6 of 12 runs, by 0.5"), ([0, 0, 3] * 4, "4 of 12 runs, by 1")):
            with self.subTest(changes):
                verdict = judge("blocks", Unit.COUNT, (900, *changes))

                self.assertIs(Growth.NOT_JUDGED, verdict.growth)
                self.assertEqual(f"it grew in {slope} a run on average", verdict.why)

    def test_it_is_waited_for(self) -> None:
        for changes in ((1, 0), (1, 0, 0), (1, 0, 1, 0), (1, 0, 0, 1, 0, 0)):
            with self.subTest(changes):
                self.assertTrue(is_open("blocks", changes, DEFAULT))

    def test_what_does_not_come_back_in_three_runs_has_ended(self) -> None:
        self.assertFalse(is_open("blocks", (1, 0, 0, 0), DEFAULT))
        self.assertFalse(is_open("blocks", (1, 0, 1, 0, 0, 0), DEFAULT))
        self.assertIs(Growth.BOUNDED, growth(900, 1, 0, 1, 0, 0, 0))


class TestWhatIsRunAgain(unittest.TestCase):
    """Whether one more run could change the verdict."""

    def test_what_did_not_move_is_clear(self) -> None:
        self.assertFalse(is_open("blocks", (0,), DEFAULT))
        self.assertFalse(is_open("heap", (4096,), DEFAULT))

    def test_rises_are_confirmed(self) -> None:
        self.assertTrue(is_open("blocks", [1] * 10, DEFAULT))
        self.assertFalse(is_open("blocks", [1] * 11, DEFAULT))

    def test_a_fall_asks_for_another_run(self) -> None:
        self.assertTrue(is_open("blocks", (-3,), DEFAULT))
        self.assertTrue(is_open("blocks", (-3, 1), DEFAULT))
        self.assertFalse(is_open("blocks", (-3, 0), DEFAULT))

    def test_what_goes_up_and_down_is_let_go_after_the_third_fall(self) -> None:
        self.assertTrue(is_open("blocks", [3, -3] * 3, DEFAULT))
        self.assertFalse(is_open("blocks", [3, -3] * 4, DEFAULT))

    def test_it_always_ends(self) -> None:
        rng = random.Random(7)
        for policy in (DEFAULT, fixed("5:4"), fixed("0:1"), LAPS, Policy(0, 3, 20)):
            for restless in (False, True):
                for _ in range(300):
                    choice = rng.choice([(0, 1), (-1, 1), (-2, 0, 1, 2), (1,), (-1,), (0, 0, 0, 1), (-1, 1, 1, 1)])
                    changes: list[int] = [rng.choice(choice)]
                    while is_open("blocks", changes, policy, restless=restless):
                        changes.append(rng.choice(choice))
                        self.assertLessEqual(len(changes), most_runs(policy) - policy.warmup)


class TestOtherThreads(unittest.TestCase):
    """Counters that other threads move up and down."""

    def verdict(self, *changes: int) -> Verdict:
        return judge("blocks", Unit.COUNT, (900, *changes), restless=True)

    def test_what_stays_over_all_runs_is_a_leak(self) -> None:
        verdict = self.verdict(1, 1, 3, -1, 1, 1, 0, 2, 1, 1, 1)

        self.assertEqual((Growth.LEAK, 1), (verdict.growth, verdict.per_run))

    def test_what_comes_and_goes_is_none(self) -> None:
        for changes in ((2, -2, 2, -2, 2, -2, 2, -2, 2, -2, 2), (1, 1, -2, 1, 1, -2, 1, 1, -2, 1, 1)):
            with self.subTest(changes):
                self.assertIsNot(Growth.LEAK, self.verdict(*changes).growth)

    def test_what_grew_for_a_while_is_none(self) -> None:
        self.assertIsNot(Growth.LEAK, self.verdict(5, 1, 1, 1, -1, 1, 0, 0, 0, 0, 0).growth)

    def test_without_other_threads_every_run_has_to_grow(self) -> None:
        self.assertIs(Growth.NOT_JUDGED, growth(900, 1, 1, 3, -1, 1, 1, 0, 2, 1, 1, 1))

    def test_chance_accuses_nobody(self) -> None:
        rng = random.Random(5)
        for noise in range(1, 6):
            for _ in range(2_000):
                at = [rng.randint(0, noise) for _ in range(23)]
                changes = [later - earlier for earlier, later in pairwise(at)]

                self.assertIsNot(Growth.LEAK, self.verdict(*changes[:11]).growth, changes)
                self.assertIsNot(Growth.LEAK, self.verdict(*changes).growth, changes)

    def test_a_leak_of_one_is_told_from_a_noise_of_one_or_two(self) -> None:
        rng = random.Random(6)
        found = 0
        for _ in range(500):
            at = [run + rng.choice((0, 0, 0, 1, 2)) for run in range(23)]
            changes = [later - earlier for earlier, later in pairwise(at)]
            found += self.verdict(*changes).growth is Growth.LEAK
        self.assertEqual(500, found)

    def test_only_what_recurs_is_what_others_do(self) -> None:
        self.assertFalse(recurs((0, -2, 0), 3))
        self.assertFalse(recurs((9, 0, 0), 3))
        self.assertFalse(recurs((1, -1, 1), 1))
        self.assertTrue(recurs((1, 1, 1), 1))
        self.assertTrue(recurs((3, 0, 4), 3))
        self.assertTrue(recurs((2, 2, 1), 3))


class TestOverall(unittest.TestCase):
    """Several counters."""

    def test_what_cannot_be_decided_is_not_let_go_for_what_is_clear(self) -> None:
        kinds = {"blocks": Growth.NOT_JUDGED, "heap": Growth.ONE_TIME, "threads": Growth.STABLE}
        verdicts = [verdict(name, growth) for name, growth in kinds.items()]

        self.assertIs(Growth.NOT_JUDGED, overall(verdicts))

    def test_a_leak_of_one_counter_is_a_leak(self) -> None:
        verdicts = [verdict("blocks", Growth.LEAK), verdict("heap", Growth.ONE_TIME)]

        self.assertIs(Growth.LEAK, overall(verdicts))

    def test_growth_of_nothing_but_references_is_a_class_of_its_own(self) -> None:
        verdicts = [verdict("refcounts", Growth.LEAK), verdict("blocks", Growth.STABLE)]

        self.assertIs(Growth.REFERENCES, overall(verdicts))

    def test_no_counters_no_growth(self) -> None:
        self.assertIs(Growth.STABLE, overall([]))


def verdict(tracker: str, kind: Growth) -> Verdict:
    return Verdict(tracker, Unit.COUNT, kind)


class TestFixed(unittest.TestCase):
    """Spellings of STAB:RUN."""

    def test_both_numbers_have_defaults(self) -> None:
        for spelling, expected in (
            (":", (5, 4)),
            ("5:", (5, 4)),
            (":4", (5, 4)),
            ("5:4", (5, 4)),
            ("0:1", (0, 1)),
        ):
            with self.subTest(spelling):
                policy = fixed(spelling)

                self.assertEqual((*expected, 0), policy)

    def test_anything_else_is_refused_with_an_example(self) -> None:
        for spelling in ("", "5", "a:4", "5:b", "-1:4", "5:4:3", "²:1"):
            with self.subTest(spelling), self.assertRaisesRegex(ValueError, "not STAB:RUN, such as 5:4"):
                fixed(spelling)

    def test_nothing_to_judge_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "at least 1"):
            fixed("5:0")

    def test_growth_in_all_of_the_runs_is_a_leak(self) -> None:
        self.assertIs(Growth.LEAK, growth(9, 9, 9, 9, 9, 2, 2, 2, 2, policy=fixed(":")))
        self.assertIs(Growth.BOUNDED, growth(9, 9, 9, 9, 9, 2, 2, 2, 0, policy=fixed(":")))


if __name__ == "__main__":
    unittest.main()
