"""The rule, fed with numbers."""

from __future__ import annotations

import unittest

from zope.testrunner.leaks.hunting import overall
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.leaks.verdict import LAPS, Policy, fixed, judge


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
        self.assertEqual("it grew in 2 of 3 runs", verdict.why)

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
        self.assertIs(Growth.NOT_JUDGED, growth(0, *[rise] * 4, 0, *[rise] * 3, 0, 0, 0, tracker="heap"))
        self.assertIs(Growth.NOT_JUDGED, growth(0, *[1] * 7, 0, *[1] * 3))

    def test_a_fixed_number_of_runs_allows_no_pause(self) -> None:
        rise = 72 * 1024

        self.assertIs(Growth.NOT_JUDGED, growth(*[rise] * 7, 0, rise, tracker="heap", policy=fixed(":")))

    def test_what_every_run_adds_is_the_least_of_them(self) -> None:
        self.assertEqual(2, judge("blocks", Unit.COUNT, (900, 5, 2, 3), Policy(confirm=0)).per_run)

    def test_a_threshold_can_be_given(self) -> None:
        changes = (0, *[5] * 11)

        self.assertIs(Growth.STABLE, judge("blocks", Unit.COUNT, changes, threshold=6).growth)


class TestOverall(unittest.TestCase):
    """Several counters."""

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
