"""What findings and rises of memory mean, in numbers and words."""

from __future__ import annotations

import unittest

from zope.testrunner.leaks import Finding, Hunter, Policy
from zope.testrunner.leaks.markers import Agreement, known, unchecked
from zope.testrunner.leaks.readings import Growth, Unit, Verdict
from zope.testrunner.leaks.rss_confirm import Rise, rise_again
from zope.testrunner.leaks.triage import weigh
from zope.testrunner.leaks.wording import deltas

STABLE = Finding(Growth.STABLE, (), 2)
BLOCKS = Verdict("blocks", Unit.COUNT, Growth.LEAK, (2, 2, 3), 2)
REFERENCES = Verdict("references", Unit.COUNT, Growth.LEAK, (9, 9, 9), 9)
HEAP = Verdict("heap", Unit.BYTES, Growth.LEAK, (20_000, 20_000, 20_000), 20_000)
LEAK = Finding(Growth.LEAK, (BLOCKS, REFERENCES), 4)


class TestWeighing(unittest.TestCase):
    """A finding is a problem, or was known."""

    def test_without_a_marker_leaks_are_problems(self) -> None:
        self.assertTrue(weigh(LEAK, "it", None).is_problem)
        self.assertEqual((False, ()), weigh(STABLE, "it", None)[:2])

    def test_with_a_marker_what_has_changed_is_a_problem(self) -> None:
        for finding, marker, problem, agreement in (
            (LEAK, known(reason="a log"), False, Agreement.KNOWN),
            (LEAK, known(reason="a log", max=1), True, Agreement.WORSE),
            (STABLE, known(reason="a log"), True, Agreement.STALE),
            (LEAK, unchecked(reason="at exit"), False, Agreement.UNCHECKED),
        ):
            with self.subTest(agreement):
                judged = weigh(finding, "it", marker)
                self.assertEqual((problem, agreement), (judged.is_problem, judged.agreement))

    def test_what_was_not_judged_agrees_with_any_marker(self) -> None:
        finding = Finding(Growth.NOT_REPEATABLE, (), 1, "it failed")

        self.assertEqual((False, "it failed", None), (*weigh(finding, "it", known(reason="a log"))[::2], None))

    def test_markers_have_sensible_values(self) -> None:
        senseless = ({"reason": ""}, {"reason": "x", "max": 0}, {"reason": "x", "max": "2"}, {"reason": "x", "kind": 3})
        for arguments in senseless:
            with self.subTest(arguments), self.assertRaises(ValueError):
                known(**arguments)  # type: ignore[arg-type]


class TestDeltas(unittest.TestCase):
    """What every run added is listed by counter."""

    def test_references_are_left_out_where_objects_are_seen(self) -> None:
        self.assertEqual("leaked memory blocks: [2, 2, 3]", deltas(LEAK))
        only = Finding(Growth.REFERENCES, (REFERENCES,), 4)
        self.assertEqual("leaked references to new objects: [9, 9]", deltas(only, 2))

    def test_bytes_are_called_so(self) -> None:
        self.assertEqual("leaked bytes on the C heap: [20000]", deltas(Finding(Growth.LEAK, (HEAP,), 4), 1))


class TestFixedNumbers(unittest.TestCase):
    """A fixed number of runs is made for everything, and confirmed only where it has to be."""

    def runs(self, *, leaky: bool) -> tuple[int, Growth]:
        done, kept = [0], []

        def work() -> None:
            done[0] += 1
            if leaky:
                kept.append([])

        with Hunter(policy=Policy(2, 3, 4), adaptive=False, explain=False) as hunter:
            finding = hunter.hunt(work)
        return done[0], finding.growth

    def test_clean_work_is_not_confirmed(self) -> None:
        self.assertEqual((5, Growth.STABLE), self.runs(leaky=False))

    def test_a_leak_is_confirmed(self) -> None:
        self.assertEqual((9 + 2, Growth.LEAK), self.runs(leaky=True))


class TestRises(unittest.TestCase):
    """A rise of memory is a leak if it comes back twice."""

    def rise(self, *sizes: int) -> Rise:
        readings = [0]

        def again() -> None:
            readings[0] += steps.pop(0)

        steps = list(sizes)
        return rise_again(90, 10, lambda: readings[0], again)

    def test_it_comes_back(self) -> None:
        self.assertEqual(Rise(90, (80, 70), is_leak=True), self.rise(80, 70))

    def test_it_does_not_come_back(self) -> None:
        self.assertEqual(Rise(90, (5,)), self.rise(5))
        self.assertEqual(Rise(90, (80, 5)), self.rise(80, 5))

    def test_lines(self) -> None:
        self.assertEqual("LEAKED 712MB in a::b", Rise(1, (2, 712_000_000), is_leak=True).line("a::b"))
        self.assertEqual("Grew once by 20.0MB in b, and not when it was run again", Rise(20_000_000, (0,)).line("b"))
        self.assertEqual("Grew once by 1B in b (it failed)", Rise(1, why="it failed").line("b"))
