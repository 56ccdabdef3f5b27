"""The tables say what was measured, in words that need no colour."""

from __future__ import annotations

import dataclasses
import json
import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks import peers, record, table, trees
from benchmarks.cases import Case, Claim, Comparison, Contender, Result, judged
from benchmarks.measure import Metric, Sample, Usage

CASE = Case(
    name="case",
    title="four tests",
    contenders=(
        Contender(label="ours", runner=peers.OURS, tree=trees.FOUR),
        Contender(label="published", runner=peers.PUBLISHED_RUNNER, tree=trees.FOUR),
        Contender(label="pytest", runner=peers.PYTEST, tree=trees.FOUR),
    ),
    claims=(
        Claim(metric=Metric.CPU, other="published", at_most=0.6),
        Claim(metric=Metric.WALL, other="published", at_most=0.2),
        Claim(metric=Metric.PEAK, other="published", comparison=Comparison.DIFFERENCE, at_most=10_000_000),
        Claim(metric=Metric.CPU, other="pytest", at_most=0.1),
        Claim(metric=Metric.WALL, other="published"),
    ),
)


def result() -> Result:
    """Ours takes half of what the published runner takes; pytest did not work."""
    return judged(
        CASE,
        {
            "ours": Sample(label="ours", usages=(Usage(cpu=0.5, wall=1.0, peak=20_000_000),)),
            "published": Sample(label="published", usages=(Usage(cpu=1.0, wall=2.0, peak=40_000_000),)),
            "pytest": Sample(label="pytest", problem="exit status 4; its last line: ERROR"),
        },
    )


class TestGrid(unittest.TestCase):
    def test_aligns_names_left_and_numbers_right(self) -> None:
        self.assertEqual("  a      1\n  long  10", table.grid([("a", "1"), ("long", "10")]))


class TestCaseTable(unittest.TestCase):
    def test_has_a_row_for_each_contender_and_a_line_for_each_problem(self) -> None:
        expected = """\
case: four tests
             CPU s  least  spread  wall s  peak MB  ours ÷ CPU  ÷ wall  ÷ peak
  ours       0.500  0.500      0%   1.000     20.0           –       –       –
  published  1.000  1.000      0%   2.000     40.0        0.50    0.50    0.50
  pytest is not measured: exit status 4; its last line: ERROR"""

        self.assertEqual(expected, table.case_table(result()))

    def test_has_no_rows_when_nothing_was_measured(self) -> None:
        samples = {each.label: Sample(label=each.label, problem="broken") for each in CASE.contenders}

        self.assertEqual(
            ["case: four tests"] + [f"  {each.label} is not measured: broken" for each in CASE.contenders],
            table.case_table(judged(CASE, samples)).splitlines(),
        )


class TestFindingsTable(unittest.TestCase):
    def test_has_the_number_the_target_and_the_verdict(self) -> None:
        expected = """\
                                  median     least     target
  case  CPU, ours ÷ published       0.50      0.50     ≤ 0.60  reached
  case  wall, ours ÷ published      0.50      0.50     ≤ 0.20  not reached
  case  peak, ours − published  -20.0 MB  -20.0 MB  ≤ 10.0 MB  reached
  case  CPU, ours ÷ pytest             –         –     ≤ 0.10  not measured
  case  wall, ours ÷ published      0.50      0.50          –"""

        self.assertEqual(expected, table.findings_table([result()]))

    def test_tells_if_the_smallest_values_reach_what_the_medians_do_not(self) -> None:
        claim = Claim(metric=Metric.CPU, other="published", at_most=0.6)
        samples = {
            label: Sample(label=label, usages=tuple(Usage(cpu=cpu, wall=1.0, peak=1) for cpu in values))
            for label, values in {"ours": (0.5, 0.7, 0.8), "published": (1.0, 1.0, 1.0)}.items()
        }

        finding = claim.judge(samples)

        self.assertEqual((0.7, 0.5, True), (finding.measured, finding.least, finding.is_missed))
        self.assertEqual("not reached, but by the least", table.verdict(finding))

    def test_has_microseconds_where_somebody_tells_what_a_test_takes(self) -> None:
        case = dataclasses.replace(CASE, contenders=CASE.contenders[:1], claims=())
        usage = Usage(cpu=0.5, wall=1.0, peak=20_000_000, each=0.00000625)

        text = table.case_table(judged(case, {"ours": Sample(label="ours", usages=(usage,))}))

        self.assertIn("µs a test", text)
        self.assertEqual("6.25", text.split()[-1])


class TestCaseListing(unittest.TestCase):
    def test_has_every_claim_with_its_target(self) -> None:
        self.assertEqual(
            [
                "case: four tests",
                "  CPU, ours ÷ published  ≤ 0.60",
                "  wall, ours ÷ published  ≤ 0.20",
                "  peak, ours − published  ≤ 10.0 MB",
                "  CPU, ours ÷ pytest  ≤ 0.10",
                "  wall, ours ÷ published",
            ],
            table.case_listing([CASE]).splitlines(),
        )


class TestJson(unittest.TestCase):
    def test_has_every_run_and_every_claim(self) -> None:
        recorded = json.loads(record.as_json("today", 1, [result()]))

        (case,) = recorded["cases"]
        self.assertEqual((1, "today", 1), (recorded["format"], recorded["heading"], recorded["runs"]))
        self.assertEqual(
            {"label": "ours", "usages": [{"cpu": 0.5, "wall": 1.0, "peak": 20_000_000, "each": None}], "problem": None},
            case["contenders"][0],
        )
        self.assertEqual(
            {
                "subject": "CPU, ours ÷ published",
                "metric": "cpu",
                "measured": 0.5,
                "least": 0.5,
                "at_most": 0.6,
                "reached": True,
            },
            case["claims"][0],
        )
