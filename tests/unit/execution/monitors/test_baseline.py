"""A file of known leaks."""

from __future__ import annotations

import json
from unittest import mock

from support import ProjectCase
from zope.testrunner.core.config import LeakPolicy
from zope.testrunner.core.model import LayerName
from zope.testrunner.exceptions import UsageError
from zope.testrunner.execution.monitors.baseline import Baseline
from zope.testrunner.execution.monitors.hunt import Hunt
from zope.testrunner.leaks import Finding
from zope.testrunner.leaks.markers import Expected
from zope.testrunner.leaks.readings import Growth, Unit, Verdict


def leak(tracker: str, per_run: int) -> Verdict:
    """A verdict of a leak."""
    return Verdict(tracker, Unit.COUNT, Growth.LEAK, (per_run,) * 3, per_run)


def finding(*verdicts: Verdict) -> Finding:
    """What a hunt found out."""
    return Finding(Growth.LEAK if verdicts else Growth.STABLE, verdicts, 4)


class TestBaseline(ProjectCase):
    """Leaks in the file are tolerated, by test and by what leaks."""

    def baseline(self, *, update: bool = False) -> Baseline:
        """The file of the project."""
        return Baseline(str(self.project / "known.json"), update=update)

    def written(self, **findings: Finding) -> Baseline:
        """The file after these findings were written to it."""
        baseline = self.baseline(update=True)
        for name, found in findings.items():
            baseline.note(name, found)
        baseline.write()
        return self.baseline()

    def test_what_is_known_and_less_is_tolerated_and_more_is_not(self) -> None:
        known = self.written(test_a=finding(leak("blocks", 3)))

        self.assertTrue(known.tolerates("test_a", (leak("blocks", 3),)))
        self.assertTrue(known.tolerates("test_a", (leak("blocks", 1),)))
        self.assertFalse(known.tolerates("test_a", (leak("blocks", 4),)))

    def test_another_kind_or_another_test_is_not_tolerated(self) -> None:
        known = self.written(test_a=finding(leak("blocks", 3)))

        self.assertFalse(known.tolerates("test_a", (leak("blocks", 3), leak("threads", 1))))
        self.assertFalse(known.tolerates("test_b", (leak("blocks", 3),)))

    def test_a_marker_that_is_no_longer_true_is_a_problem_whatever_is_known(self) -> None:
        known = self.written(test_a=finding(leak("blocks", 3)))
        hunt = Hunt(LeakPolicy(hunt="", baseline="known.json"), lambda event: None, lambda: 0.0, known)
        test = mock.Mock(id="test_a", label="test_a")
        layer = LayerName("shop.Layer")

        quiet = Verdict("descriptors", Unit.COUNT, Growth.STABLE, (0,))
        found = finding(leak("blocks", 3), quiet)

        self.assertFalse(hunt.judge(layer, test, found, None))
        self.assertTrue(hunt.judge(layer, test, found, Expected("a file", "descriptors")))

    def test_clean_tests_leave_the_file(self) -> None:
        self.written(test_a=finding(leak("blocks", 3)), test_b=finding(leak("blocks", 1)))
        known = self.written(test_a=finding())

        self.assertFalse(known.tolerates("test_a", (leak("blocks", 1),)))
        self.assertTrue(known.tolerates("test_b", (leak("blocks", 1),)))

    def test_the_file_is_sorted_so_that_differences_are_small(self) -> None:
        self.written(test_b=finding(leak("blocks", 1)), test_a=finding(leak("blocks", 3)))

        data = json.loads((self.project / "known.json").read_text())
        self.assertEqual(["test_a", "test_b"], list(data["leaks"]))

    def test_a_place_that_cannot_be_written(self) -> None:
        baseline = Baseline(str(self.project / "no" / "known.json"), update=True)

        with self.assertRaisesRegex(UsageError, "^Cannot write .*known.json"):
            baseline.write()

    def test_without_update_there_has_to_be_a_file(self) -> None:
        with self.assertRaisesRegex(UsageError, "^There is no file .*known.json"):
            self.baseline()
