"""What is said in words."""

from __future__ import annotations

import unittest

from zope.testrunner.core.events import Left, LeftBehind
from zope.testrunner.core.model import Judged, LayerName, TestRef
from zope.testrunner.leaks.readings import Growth
from zope.testrunner.report.shared_wording import left_behind, verdict_line


class TestVerdicts(unittest.TestCase):
    """All verdicts are added up in a line."""

    def test_one_line(self) -> None:
        judged = (Judged(Growth.LEAK, 2), Judged(Growth.STABLE, 40))

        self.assertEqual("Leaks: 42 judged: 2 leak, 40 stable.", verdict_line(judged))


class TestLeftBehind(unittest.TestCase):
    """The same words as in the report for people."""

    def words(self, kind: Left, *items: str) -> str:
        test = TestRef(None, LayerName("m.L"), id="m.T.test", label="test (m.T.test)")
        return left_behind(LeftBehind(1.0, 0, LayerName("m.L"), test, kind, items))

    def test_garbage(self) -> None:
        self.assertEqual(
            "The following test left garbage:\ntest (m.T.test)\n[1, [2]]\n", self.words(Left.GARBAGE, "1", "[2]")
        )

    def test_threads(self) -> None:
        self.assertEqual(
            "The following test left new threads behind:\ntest (m.T.test)\nNew thread(s): [<a>]\n",
            self.words(Left.THREADS, "<a>"),
        )

    def test_cycles(self) -> None:
        self.assertEqual(
            "The following test left cyclic garbage behind:\ntest (m.T.test)\n"
            "Cycle 1\n *  <a\n   b>\n *  <c>\nCycle 2\n *  <d>\n",
            self.words(Left.CYCLES, "<a\n   b>\n<c>", "<d>"),
        )
