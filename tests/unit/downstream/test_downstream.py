"""What the run of other packages' suites makes of reports, and of bad input."""

from __future__ import annotations

import sys
import unittest
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3]))

from benchmarks.errors import BenchmarkError
from benchmarks.measure import Usage
from downstream import __main__ as main
from downstream.outcomes import Outcome, differences, outcome_of
from downstream.places import CONSTRAINTS
from downstream.suites import REQUIREMENTS, SUITES
from downstream.table import Row, Run, as_table

ONE_LAYER = """\
Running zope.testrunner.layer.UnitTests tests:
  Ran 3 tests with 1 failures, 1 errors and 1 skipped in 0.017 seconds.
Tearing down left over layers:

Tests with errors:
   test_b (tests.T.test_b)
Tests with failures:
   test_a (tests.T.test_a)
"""

MANY_LAYERS = """\
  Ran 3 tests with 0 failures, 0 errors and 0 skipped in 0.017 seconds.
  Ran 5 tests with 0 failures, 0 errors and 2 skipped in 1 minutes 0.017 seconds.

Test-modules with import problems:
  tests.gone
Total: 8 tests, 0 failures, 1 errors and 2 skipped in 2 minutes 0.131 seconds.
"""


def outcome(**changes: object) -> Outcome:
    fields: dict[str, object] = {"ran": 3, "failures": 0, "errors": 0, "skipped": 1, "problems": (), "status": 0}
    return Outcome(**{**fields, **changes})  # type: ignore[arg-type]


class TestOutcomes(unittest.TestCase):
    """Reading reports."""

    def test_the_numbers_of_one_layer_and_the_names_of_its_problems(self) -> None:
        names = ("test_a (tests.T.test_a)", "test_b (tests.T.test_b)")
        found = outcome_of(ONE_LAYER, 1)

        self.assertEqual(outcome(failures=1, errors=1, problems=names, status=1), found)
        assert found is not None
        self.assertEqual("3 / 1 / 1 / 1", found.numbers)

    def test_the_total_of_several_layers(self) -> None:
        self.assertEqual(
            outcome(ran=8, errors=1, skipped=2, problems=("tests.gone",), status=1), outcome_of(MANY_LAYERS, 1)
        )

    def test_a_document_is_named_without_its_place(self) -> None:
        def report(place: str) -> str:
            name = f"/{place}/lib/python3.11/site-packages/acme/tests/page.txt"
            numbers = "  Ran 2 tests with 2 failures, 0 errors and 0 skipped in 0.1 seconds."
            return f"{numbers}\n\nTests with failures:\n   {name}\n   {name}\n"

        one, two = outcome_of(report("one"), 1), outcome_of(report("two"), 1)

        assert one is not None
        self.assertEqual(("acme/tests/page.txt",) * 2, one.problems)
        self.assertEqual([], differences(one, two))

    def test_a_report_without_numbers_has_no_outcome(self) -> None:
        self.assertIsNone(outcome_of("Traceback (most recent call last):\n", 1))
        self.assertEqual(["no numbers in the report of ours"], differences(outcome(), None))

    def test_equal_runs_do_not_differ(self) -> None:
        self.assertEqual([], differences(outcome(), outcome()))

    def test_other_numbers_names_or_statuses_are_told(self) -> None:
        found = differences(outcome(), outcome(failures=1, problems=("test_a",), status=1))

        self.assertEqual(
            [
                "3 / 0 / 0 / 1 is published, 3 / 1 / 0 / 1 ours",
                "only ours has the problem test_a",
                "exit status 0 is published, 1 ours",
            ],
            found,
        )

    def test_an_import_problem_that_all_children_name_is_one(self) -> None:
        many, one = outcome(problems=("tests.gone",) * 3), outcome(problems=("tests.gone",))

        self.assertEqual([], differences(many, one, in_children=True))
        self.assertEqual(2, len(differences(many, one)))

    def test_what_children_skip_is_not_counted_by_the_published_runner(self) -> None:
        published = outcome(skipped=0)

        self.assertEqual([], differences(published, outcome(), in_children=True))
        self.assertEqual(1, len(differences(published, outcome())))
        self.assertEqual(1, len(differences(published, outcome(ran=4), in_children=True)))


class TestTable(unittest.TestCase):
    def test_a_row_has_both_and_says_whether_they_are_equal(self) -> None:
        usage = Usage(cpu=1.0, wall=2.25, peak=31_000_000)
        run = Run(outcome=outcome(), usage=usage)
        text = as_table([
            Row(suite="acme", way="serial", published=run, ours=run),
            Row(suite="acme", way="-j2", published=run, ours=Run(outcome=None, usage=usage)),
        ])

        lines = [" ".join(line.split()) for line in text.splitlines()]
        self.assertIn("acme serial 3 / 0 / 0 / 1 2.2 31 3 / 0 / 0 / 1 2.2 31 equal", lines)
        self.assertIn("acme -j2 3 / 0 / 0 / 1 2.2 31 no numbers 2.2 31 differs", lines)

    def test_where_the_published_runner_is_unable_its_serial_run_counts(self) -> None:
        usage = Usage(cpu=1.0, wall=2.25, peak=31_000_000)
        unable = Run(outcome=outcome(ran=0, errors=1, status=1), usage=usage, unable=True)
        run = Run(outcome=outcome(), usage=usage)

        self.assertEqual([], Row(suite="acme", way="-j2", published=unable, ours=run, serial=run).differences)
        other = Run(outcome=outcome(skipped=0), usage=usage)
        self.assertEqual(1, len(Row(suite="acme", way="-j2", published=unable, ours=other, serial=run).differences))
        self.assertEqual(2, len(Row(suite="acme", way="-j2", published=unable, ours=run).differences))


class TestSuites(unittest.TestCase):
    def test_each_has_what_it_needs_in_a_pinned_version(self) -> None:
        pinned = {line.partition("==")[0] for line in CONSTRAINTS.read_text().splitlines() if "==" in line}
        for suite in SUITES:
            self.assertIn(suite.package, pinned)
            self.assertIn(suite.package, [each.partition("[")[0] for each in REQUIREMENTS[suite.group]])
        self.assertNotIn("zope.testrunner", pinned)


class TestBadInput(unittest.TestCase):
    def test_it_is_a_line(self) -> None:
        for words in (["--only", "acme"], ["--python", "no-such-python", "--only", "transaction"], ["--nonsense"]):
            with self.subTest(words), self.assertRaises(BenchmarkError) as caught:
                main.downstream(words)
            self.assertNotIn("\n", str(caught.exception))
