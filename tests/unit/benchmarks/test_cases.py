"""Claims are judged by the medians, and the table of cases is sound."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks import peers
from benchmarks.cases import CASES, Claim, Comparison, judged
from benchmarks.measure import Metric, Sample, Usage


def sample(label: str, *cpu: float, peak: int = 1) -> Sample:
    """One run for each CPU time."""
    return Sample(label=label, usages=tuple(Usage(cpu=seconds, wall=2.0, peak=peak) for seconds in cpu))


class TestClaim(unittest.TestCase):
    def test_divides_the_medians(self) -> None:
        samples = {"ours": sample("ours", 1.0, 9.0, 3.0), "published": sample("published", 4.0, 6.0, 5.0)}

        finding = Claim(metric=Metric.CPU, other="published", at_most=0.6).judge(samples)

        self.assertEqual((0.6, True, False), (finding.measured, finding.reached, finding.is_missed))

    def test_is_missed_above_the_target(self) -> None:
        samples = {"ours": sample("ours", 3.01), "published": sample("published", 5.0)}

        finding = Claim(metric=Metric.CPU, other="published", at_most=0.6).judge(samples)

        self.assertEqual((False, True), (finding.reached, finding.is_missed))

    def test_subtracts_when_it_claims_a_difference(self) -> None:
        samples = {"ours": sample("ours", 1.0, peak=40), "less": sample("less", 1.0, peak=30)}
        claim = Claim(metric=Metric.PEAK, other="less", comparison=Comparison.DIFFERENCE, at_most=10)

        finding = claim.judge(samples)

        self.assertEqual((10, True), (finding.measured, finding.reached))

    def test_is_missed_when_one_side_has_no_runs(self) -> None:
        samples = {"ours": Sample(label="ours", problem="broken"), "published": sample("published", 5.0)}

        finding = Claim(metric=Metric.CPU, other="published", at_most=0.6).judge(samples)

        self.assertEqual((None, None, True), (finding.measured, finding.reached, finding.is_missed))

    def test_cannot_be_missed_without_a_target(self) -> None:
        samples = {"ours": sample("ours", 9.0), "published": sample("published", 5.0)}

        finding = Claim(metric=Metric.CPU, other="published").judge(samples)

        self.assertEqual((1.8, None, False), (finding.measured, finding.reached, finding.is_missed))

    def test_has_no_ratio_to_nothing(self) -> None:
        samples = {"ours": sample("ours", 1.0), "published": sample("published", 0.0)}

        self.assertIsNone(Claim(metric=Metric.CPU, other="published").judge(samples).measured)


class TestCases(unittest.TestCase):
    def test_names_are_unique(self) -> None:
        names = [case.name for case in CASES]

        self.assertEqual(sorted(set(names)), sorted(names))

    def test_labels_are_unique_in_a_case(self) -> None:
        for case in CASES:
            with self.subTest(case=case.name):
                labels = [contender.label for contender in case.contenders]
                self.assertEqual(sorted(set(labels)), sorted(labels))

    def test_claims_are_about_contenders(self) -> None:
        for case in CASES:
            with self.subTest(case=case.name):
                labels = {contender.label for contender in case.contenders}
                self.assertLessEqual({claim.ours for claim in case.claims}, labels)
                self.assertLessEqual({claim.other for claim in case.claims}, labels)

    def test_runners_can_do_what_they_are_asked(self) -> None:
        for case in CASES:
            for contender in case.contenders:
                with self.subTest(case=case.name, contender=contender.label):
                    self.assertIn(contender.work, contender.runner.words)

    def test_only_the_bare_interpreter_is_not_counted(self) -> None:
        uncounted = {
            contender.runner.name
            for case in CASES
            for contender in case.contenders
            if contender.work not in contender.runner.count
        }

        self.assertLessEqual(uncounted, {peers.BARE.name})

    def test_a_contender_is_shown_against_ours_at_the_same_job(self) -> None:
        (case,) = (case for case in CASES if case.name == "retaining-2000")
        baselines = {contender.label: case.baseline(contender) for contender in case.contenders}

        self.assertEqual("ours", baselines["published"])
        self.assertEqual("ours without", baselines["published without"])

    def test_results_have_a_finding_for_each_claim(self) -> None:
        for case in CASES:
            with self.subTest(case=case.name):
                samples = {contender.label: sample(contender.label, 1.0) for contender in case.contenders}
                findings = judged(case, samples).findings
                self.assertEqual(case.claims, tuple(finding.claim for finding in findings))
